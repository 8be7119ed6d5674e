"""``netsci-dst info``: what is in a run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import _completion, _console, _networks

PANEL = "Look"


def command(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            help="Runs, folders of runs, patterns, URLs; or network files of any form "
            "('-': stdin).",
            autocompletion=_completion.runs_or_networks,
            show_default=False,
        ),
    ] = None,
    report: Annotated[
        bool,
        typer.Option(
            "--report", help="Versions and machine, for the report of a problem; no paths."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    columns: _networks.Columns = None,
    separator: _networks.Separator = None,
    directed: _networks.Directed = None,
    form: _networks.Form = None,
    comments: _networks.Comments = None,
) -> None:
    """Say what a run holds, or how a network file is read: nodes, links, weights, attributes."""
    from ._subjects import expanded, one_run

    if report:
        _report(one_run(runs[0]) if runs else None, json)
        return
    if not runs:
        raise typer.BadParameter("name a run, or give --report for versions and machine")
    given = _networks.options(columns, separator, directed, form, comments)
    facts = [_facts_of(name, given) for name in expanded(runs)]
    if json:
        _console.result_json(facts if len(facts) > 1 else facts[0])
        return
    for place, one in enumerate(facts):
        _print(one, place > 0)


def _print(facts: dict[str, Any], spaced: bool) -> None:
    layers = facts.pop("layers", None)
    if spaced:
        _console.result("")
    for key, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join(
                f"{k} {v:.6g}" if isinstance(v, float) else f"{k} {v}"
                for k, v in value.items()
                if v is not None
            )
        _console.result(f"{key:<12}{value}")
    if layers:
        _console.table(None, list(layers[0]), [list(layer.values()) for layer in layers])


def _facts_of(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a run, or of a network file."""
    from ..exchange.networks import names_a_file
    from ..run import load_run

    return _network_facts(name, given) if names_a_file(name) else _facts(load_run(name))


def _network_facts(file: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return how a network file is read, with a few of its links to check that by."""
    from ..exchange.networks import read_snapshot

    snapshot = read_snapshot(file, **given)
    topology = snapshot.topology
    layer, labels = topology.layers[0], topology.node_labels
    arrow = " -> " if topology.is_directed else " - "
    first = []
    for i, (u, v) in enumerate(zip(layer.sources[:3], layer.targets[:3], strict=True)):
        weight = "" if layer.weights is None else f" ({layer.weights[i]:.6g})"
        first.append(f"{labels[u]}{arrow}{labels[v]}{weight}")
    facts: dict[str, Any] = {"network": file, "read": snapshot.extra.get("read", repr(topology))}
    facts |= {"nodes": topology.n_nodes, "links": topology.n_links}
    facts |= {"directed": topology.is_directed, "weighted": topology.is_weighted}
    facts["attributes"] = ", ".join(topology.populations[0].attributes) or "none"
    facts["begins"] = "; ".join(first)
    return facts


def _report(run: str | None, json: bool) -> None:
    """Print versions and machine; of a run, those that it was made with."""
    from ..run import load_run
    from ._environment import environment

    found = environment()
    if run is not None:
        made = load_run(run).provenance
        keys = ("format", "status", "versions", "machine")
        found["run"] = {key: made[key] for key in keys if key in made}
    if json:
        _console.result_json(found)
        return
    for title, facts in found.items():
        _console.result(f"{title}:")
        for key, value in facts.items():
            _console.result(f"  {key}: {value}")


def _layers(topology: Any, provenance: Any) -> list[dict[str, Any]]:
    """Return a row for each layer; where a link has a kernel, its weights and their sparsity."""
    known = (provenance.get("model") or {}).get("sparse_layers") or {}
    rows = []
    for layer in topology.layers:
        row = {
            "layer": layer.name,
            "from": f"{layer.source} ({layer.shape[0]})",
            "to": f"{layer.target} ({layer.shape[1]})",
            "links": layer.n_links,
            "sparsity": round(layer.sparsity, 6),
        }
        if any(one.multiplicity is not None for one in topology.layers):
            row["weights"] = layer.n_entries
            size = known.get(layer.name)
            possible = size["n_source"] * size["n_target"] if size else layer.n_possible
            row["sparsity of weights"] = round(1 - layer.n_entries / possible, 6)
        rows.append(row)
    return rows


def _facts(run: Any) -> dict[str, Any]:
    from ..run_library import status_now

    recipe, provenance = run.recipe, run.provenance
    facts: dict[str, Any] = {"run": run.path, "status": status_now(run)}
    for part in ("data", "model", "method"):
        value = recipe.get(part)
        if value is not None:
            facts[part] = value.get("name", value) if isinstance(value, dict) else value
    facts["seed"] = provenance.get("seed")
    facts["created"] = provenance.get("started")
    facts["seconds"] = provenance.get("seconds", provenance.get("duration_s"))
    compute = provenance.get("compute")
    facts["compute"] = compute if isinstance(compute, dict) and compute else "not recorded"
    metrics = run.metrics
    if len(metrics):
        last = metrics.iloc[-1].dropna().to_dict()
        facts["last"] = {k: v for k, v in last.items() if k not in ("wall_s", "samples_per_s")}
    facts["snapshots"] = len(run.snapshots)
    facts["layers"] = []
    if len(run.snapshots):
        snapshot = run.snapshots[-1]
        topology = snapshot.topology
        facts["snapshot"] = {"step": snapshot.step, "links": topology.n_links}
        facts["layers"] = _layers(topology, provenance)
    return {key: value for key, value in facts.items() if value is not None}
