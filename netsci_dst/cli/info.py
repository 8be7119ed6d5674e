"""``netsci-dst info``: what is in a run."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import _completion, _console

PANEL = "Look"


def command(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run folder or fsspec URL.", autocompletion=_completion.runs, show_default=False
        ),
    ] = None,
    report: Annotated[
        bool,
        typer.Option(
            "--report", help="Versions and machine, for the report of a problem; no paths."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a run holds: recipe, status, accuracy, snapshots, topology, analysis."""
    from ..run import load_run

    if report:
        _report(run, json)
        return
    if run is None:
        raise typer.BadParameter("name a run, or give --report for versions and machine")
    opened = load_run(run)
    facts = _facts(opened)
    if json:
        _console.result_json(facts)
        return
    layers = facts.pop("layers")
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
    recipe, provenance = run.recipe, run.provenance
    facts: dict[str, Any] = {"run": run.path, "status": run.status}
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
