"""Tables and the figure of the page on capacity, from the committed results of the benchmarks."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from _tables import markdown_table

GIB = 2**30
# The ways in which steps on a GPU are made, as the benchmark calls them.
WAYS = ("singly", "graph", "compiled", "compiled, graph")


def pages(results: Path) -> dict[str, str]:
    """Return the generated parts of the page: file name -> text."""
    found = {file.stem: json.loads(file.read_text()) for file in results.glob("*.json")}
    return {
        "capacity_machine.md": _machine(found["scaling"]["machine"]),
        "capacity_measured.md": _table(("what", "size", "measured", "benchmark"), measured(found)),
        "capacity_growth.md": growth(found["scaling"]["rows"]),
        "capacity_checks.md": _table(
            ("what", "law fitted on", "continued to", "it says", "measured there"),
            checks(found),
        ),
        "capacity_memory.md": _table(("memory", "links", "a step", "an update"), memory(found)),
        "capacity_gpu.md": gpu(),
        "gpu_updates.md": _table(
            ("model", "links", "method", "a step, ms", "an update, ms", "share of training"),
            gpu_updates(found["gpu"]["results"]),
        ),
        "gpu_steps.md": _table(
            ("network", *(f"{way}, ms" for way in WAYS)), gpu_steps(found["gpu"]["results"])
        ),
        "capacity_sweep.md": _table(
            ("method", "one run of 100 epochs, s", "runs in an hour on 80 cores"), sweeps(found)
        ),
        "scaling.svg": figure(found["scaling"]["points"]),
    }


def _machine(facts: dict[str, Any]) -> str:
    return f"{facts['cpu']}, {facts['cores']} cores, {facts['system']}, Python {facts['python']}\n"


def gpu_updates(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return rows of topology updates on a GPU, with their share at one per 100 steps."""
    rows = []
    for name, row in results["updates"].items():
        method, size = name.split()
        links = "50 %, falling" if method == "chtss" else "5 %" if size == "1B" else "30 %"
        step, update = 1e3 * row["step_s"], 1e3 * row["update_s"]
        share = update / (update + 100 * step)
        rows.append(
            (f"LLaMA-{size}", links, method, f"{step:.0f}", f"{update:.0f}", f"{share:.1%}")
        )
    return rows


def gpu_steps(results: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return rows of training steps on a GPU, dense and masked, each way in which they are made."""
    parts = {"MLP": "mlp_steps", "LLaMA-60M": "llama_steps", "Multi30k": "translation_steps"}
    rows = []
    for network, part in parts.items():
        steps = results[part] | results.get(f"{part}_alone", {})
        cases = dict.fromkeys(name.partition(", ")[0] for name in steps)
        for case in cases:
            known = (steps.get(f"{case}, {way}") for way in WAYS)
            row = [f"{1e3 * one['step_s']:.3g}" if one else "" for one in known]
            rows.append((f"{network} {case}", *row))
    return rows


def measured(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return rows of what was measured, each with the benchmark it comes from."""
    rows = []
    steps = found["training_step"]["results"]["SGD(fused=True)"]
    for name, case in steps.items():
        value = f"{case['train_cpu_ms']:.2f} ms; dense {case['dense_cpu_ms']:.1f} ms"
        rows.append(("a training step", name, value, "training_step"))
    for row in found["epoch"]["rows"]:
        value = f"{row['recorded epoch, s']:.1f} s, {row['ratio']:.2f} times its bare steps"
        size = f"MNIST recipe, {row['method']}, 60,000 images"
        rows.append(("a recorded epoch", size, value, "epoch"))
    large = found["million_neurons"]["results"]
    size = f"{large['neurons']:,} neurons, {large['links']:,} links, SET"
    value = (
        f"step {large['step_s']:.2f} s, update and snapshot "
        f"{large['update_and_snapshot_s']:.1f} s, {large['peak_gib']:.2f} GiB"
    )
    rows.append(("training", size, value, "million_neurons"))
    predicted = found["link_prediction"]["results"]
    top = predicted["top_links of 50000x50000, ch3_l3p"]
    value = f"{top['seconds']:.1f} s, {top['extra_MiB']:.0f} MiB, two threads"
    size = f"{top['links']:,} links, 50,000 × 50,000"
    rows.append(("the best CH3-L3p links", size, value, "link_prediction"))
    tiers = found["analysis_tiers"]["results"]
    one, run = tiers["one_snapshot"], tiers["run"]
    value = f"cheap {one['cheap_s']:.2f} s, cheap and deep {one['both_s']:.0f} s"
    rows.append(("all measures of a snapshot", "74,000 links", value, "analysis_tiers"))
    size, value = (
        f"{run['snapshots']} snapshots",
        f"{run['seconds']:.0f} s in {run['jobs']} processes",
    )
    rows.append(("analysis of a run", size, value, "analysis_tiers"))
    topology = found["large_topology"]["results"]
    value = f"{topology['total_s']:.0f} s, {topology['peak_gib']:.1f} GiB"
    size = f"{topology['links']:,} links, {len(topology['seconds'])} cheap measures"
    rows.append(("analysis of a topology", size, value, "large_topology"))
    for size, page in found["report"]["results"].items():
        value = f"made in {page['made_s']:.1f} s, {page['MB']:.1f} MB"
        rows.append(("a report", size, f"{value}, opens in {page['ready_s']:.1f} s", "report"))
    return rows


def growth(rows: list[dict[str, Any]]) -> str:
    """Return the fitted laws as a table."""
    head = ("curve", "what", "from", "to", "cost there", "exponent", "at the end")
    body = []
    for row in rows:
        unit = row["quantity"]
        ends = f"{_number(row['at_from'])} to {_number(row['at_to'])} {unit}"
        slope = f"{row['exponent']:.2f} ± {row['error']:.2f}"
        end = f"{row['exponent_at_end']:.2f}"
        body.append((row["curve"], row["what"], row["from"], row["to"], ends, slope, end))
    return _table(head, body)


def _law(found: dict[str, Any], curve: str, what: str, quantity: str = "s") -> dict[str, Any]:
    return next(
        row
        for row in found["scaling"]["rows"]
        if row["curve"].startswith(curve) and (row["what"], row["quantity"]) == (what, quantity)
    )


def _at(law: dict[str, Any], x: float) -> tuple[float, float]:
    """Continue a law from its last point with the slope of the whole curve and that of its end."""
    times = x / float(law["to"].replace(",", ""))
    low, high = (law["at_to"] * times ** law[key] for key in ("exponent", "exponent_at_end"))
    return min(low, high), max(low, high)


def checks(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return what laws say far beyond where they were fitted, beside what was measured there."""
    large = found["million_neurons"]["results"]
    topology = found["large_topology"]["results"]
    width, recipe = "links, by width", "links, by density at 784"
    step = _law(found, width, "step")
    update = _law(found, width, "update, SET")
    written = _law(found, recipe, "write a snapshot")
    cheap = _law(found, recipe, "cheap measures of a snapshot")
    size = _law(found, recipe, "write a snapshot", "bytes per link")
    n, m = large["links"], topology["links"]
    return [
        _check("a step, s", [step], n, large["step_s"]),
        _check(
            "SET's update and a snapshot, s", [update, written], n, large["update_and_snapshot_s"]
        ),
        _check("bytes per link of a snapshot", [size], n, large["snapshot_bytes_per_link"]),
        _check("cheap measures of a snapshot, s", [cheap], m, topology["total_s"]),
    ]


def _check(what: str, laws: list[dict[str, Any]], x: float, is_: float) -> tuple[str, ...]:
    low, high = (sum(ends) for ends in zip(*(_at(law, x) for law in laws)))
    where = f"{laws[0]['from']} to {laws[0]['to']} links"
    return what, where, f"{x:,} links", f"{_number(low)} to {_number(high)}", _number(is_)


def memory(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return how many links fit into a machine, in proportion to the largest one measured."""
    large = found["million_neurons"]["results"]
    rows = []
    for gib in (8, 16, 64):
        times = gib / large["peak_gib"]
        step, update = large["step_s"] * times, large["update_and_snapshot_s"] * times
        rows.append(
            (
                f"{gib} GiB",
                f"{large['links'] * times / 1e6:.0f} million",
                f"{step:.0f} s",
                f"{update:.0f} s",
            )
        )
    return rows


def gpu() -> str:
    """Return the bytes of masked layers with optimizer state, counted on a real layer."""
    from netsci_dst.training.models.llama import _SIZES

    sgd, adam = _bytes_per_position("SGD", momentum=0.9), _bytes_per_position("Adam")
    head = ("model", "positions", "SGD with momentum", "Adam")
    rows: list[tuple[str, ...]] = [("one position", "1", f"{sgd:g} bytes", f"{adam:g} bytes")]
    shapes = {"MLP 784-1568-1568-1568": 784 * 1568 + 2 * 1568**2}
    for name, (width, inner, blocks, _) in _SIZES.items():
        shapes[name] = blocks * (4 * width**2 + 3 * width * inner)
    for name, n in shapes.items():
        rows.append((name, f"{n:,}", f"{n * sgd / GIB:.2f} GiB", f"{n * adam / GIB:.2f} GiB"))
    for gib in (24, 80):
        fits = [f"{gib * GIB / size / 1e9:.1f} · 10⁹ positions" for size in (sgd, adam)]
        rows.append((f"fit into {gib} GiB", "", *fits))
    return _table(head, rows)


def _bytes_per_position(optimizer: str, **options: Any) -> float:
    import torch

    from netsci_dst.training.formats import convert
    from netsci_dst.training.matrix_view import views_of

    n = 256
    keys = torch.arange(0, n * n, 10)
    model = torch.nn.Sequential(torch.nn.Linear(n, n, bias=False))
    parameter: Any
    (parameter,) = convert(model, views_of(model), {"0": "masked"}, {"0": keys}).values()
    layer = model[0]
    chosen = getattr(torch.optim, optimizer)(layer.parameters(), lr=0.1, **options)
    layer(torch.ones(2, n)).sum().backward()
    chosen.step()
    held = [layer.weight, layer.weight.grad, parameter.mask_matrix]
    held += [t for t in chosen.state[layer.weight].values() if torch.is_tensor(t) and t.dim()]
    return sum(t.numel() * t.element_size() for t in held) / n**2


def sweeps(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return how many runs of the MNIST recipe many cores train, each as fast as alone."""
    rows = []
    for row in found["epoch"]["rows"]:
        spent = 100 * row["recorded epoch, s"]
        rows.append((row["method"], f"{spent:.0f}", f"{round(80 * 3600 / spent, -2):.0f}"))
    return rows


def figure(points: list[dict[str, Any]]) -> str:
    """Draw the measured curves."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    panels = (
        ("links, by density at width 1,024", "links", "links, width 1,024"),
        ("links, by width at 20 per neuron", "links", "links, 20 per neuron"),
        ("sparse layers of 512 at 20 per neuron", "layers", "sparse layers of 512"),
        ("batch, 62,916 links", "batch", "batch"),
    )
    colours = {
        "step": "#0072B2",
        "update, SET": "#009E73",
        "update, CHTs, CH2-L3n": "#D55E00",
        "update, CHTs, CH3-L3p": "#CC79A7",
    }
    style: Any = {
        "svg.hashsalt": "netsci-dst",
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "figure.constrained_layout.use": True,
    }
    with mpl.rc_context(style):
        drawn, axes = plt.subplots(2, 2, figsize=(7.5, 5.4), sharey=True)
        for axis, (curve, by, label) in zip(axes.flat, panels):
            for what, colour in colours.items():
                chosen = [p for p in points if (p["curve"], p["what"]) == (curve, what)]
                if chosen:
                    x, y = [p[by] for p in chosen], [p["s"] for p in chosen]
                    axis.loglog(x, y, "o-", ms=3, color=colour, label=what)
            axis.set_xlabel(label)
            if by != "links":
                ticks = sorted({p[by] for p in points if p["curve"] == curve})
                axis.set_xticks(ticks, [str(tick) for tick in ticks])
            axis.xaxis.set_minor_formatter(NullFormatter())
        drawn.supylabel("seconds of processor time", fontsize=9)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        axes[1, 1].legend(handles, labels, frameon=False, loc="upper left")
        text = io.StringIO()
        drawn.savefig(text, format="svg", metadata={"Date": None}, bbox_inches="tight")
        plt.close(drawn)
    return text.getvalue()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    return markdown_table(head, rows) + "\n"
