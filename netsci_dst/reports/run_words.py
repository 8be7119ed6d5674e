"""The first sentences of a run: is it better, what did it become, what did it cost."""

from __future__ import annotations

from ..topology import Topology
from .comparison.statistics import interval
from .numbers import amount, count, duration, percent, significant
from .run_data import RunData
from .run_tiles import HEAVY, metric_text


def facts(run: RunData) -> str:
    """Return one line: method, data, model, sparsity, seed, date."""
    parts = [run.method, run.dataset, run.model]
    if run.topology is not None and run.topology.layers:
        parts.append(f"sparsity {percent(run.sparsity)}")
    if run.seed is not None:
        parts.append(f"seed {run.seed}")
    day = str(run.provenance.get("finished") or run.provenance.get("started") or "")[:10]
    if run.run.status not in ("finished", "imported"):
        parts.append(run.run.status)
    return " · ".join(part for part in (*parts, day) if part)


def sentences(run: RunData) -> list[str]:
    """Return the result against the dense baseline, the structure and the cost, in words."""
    return [text for text in (_result(run), _structure(run), _cost(run)) if text]


def _result(run: RunData) -> str:
    if run.metric is None:
        return ""
    x, y = run.curve(run.metric)
    best = y.max() if run.more_is_better else y.min()
    when = f"{run.time_label} {significant(float(x[-1]), 4)}"
    text = f"Test {run.metric_name} {metric_text(run, y[-1])} at {when}"
    if best != y[-1]:
        text += f" (best {metric_text(run, best)})"
    if run.method == "dense":
        return text + ": the fully connected baseline."
    if not run.baselines:
        return text + "; no dense baseline here to measure it against."
    metric = run.metric
    dense = [b.curve(metric)[1][-1] for b in run.baselines if b.metric == metric]
    if not dense:
        return text + "; the dense baseline has another metric."
    return f"{text}; {_against(run, float(y[-1]), [float(v) for v in dense])}."


def _against(run: RunData, mine: float, dense: list[float]) -> str:
    found = interval(dense)
    change = mine - found.mean
    size = f"{abs(100 * change):.2f} points" if run.metric_is_share else significant(abs(change))
    word = "above" if change > 0 else "below"
    if found.n < 2:
        return f"{size} {word} the dense run (one run each, so no interval)"
    inside = abs(change) <= found.half
    near = "inside" if inside else "outside"
    half = f"{100 * found.half:.2f} points" if run.metric_is_share else significant(found.half)
    return f"{size} {word} dense, {near} the 95 % interval of {found.n} dense runs (± {half})"


def _structure(run: RunData) -> str:
    topology = run.topology
    if topology is None:
        return "No snapshot was recorded, so only the training can be shown."
    if not topology.layers:
        return "It is fully connected: no sparse layer whose topology could evolve."
    parts = [f"{count(topology.n_links)} links, {percent(topology.density)} of those possible"]
    if abs(1 - run.sparsity - topology.density) > 0.005:
        parts[0] += f" between its channels ({percent(1 - run.sparsity)} of the weights)"
    parts.append(_active(topology, run.first_topology))
    tail = _tail(run)
    if tail:
        parts.append(tail)
    q = run.value("modularity", "modularity")
    if q is not None:
        word = "clear" if q > 0.5 else "some" if q > 0.3 else "weak"
        parts.append(f"{word} communities (Q = {significant(q, 2)})")
    linked = topology.degrees[topology.degrees > 0]
    if linked.size:
        ratio = linked.max() / linked.mean()
        parts.append(
            f"the best linked neuron has {significant(ratio, 2)} times the mean of its links"
        )
    begun = "It became" if len(run.run.snapshots) > 1 else "It is"
    return f"{begun} a network of {parts[0]}: {'; '.join(p for p in parts[1:] if p)}."


def _active(topology: Topology, first: Topology | None) -> str:
    now = int((topology.degrees > 0).sum())
    text = f"{count(now)} of {count(topology.n_nodes)} neurons still linked"
    if now == topology.n_nodes:
        return "every neuron linked"
    then = int((first.degrees > 0).sum()) if first is not None else now
    return f"{text} ({count(then)} at the start)" if then != now else text


def _tail(run: RunData) -> str:
    p = run.value("power_law_test", "p_value")
    if p is None:
        return ""
    alpha = run.value("power_law", "alpha")
    share = run.value("power_law", "tail_share")
    held = "" if share is None else f", {percent(share, 0)} of the neurons"
    if alpha is not None and alpha > HEAVY:
        return f"no heavy tail (exponent {alpha:.1f} > {HEAVY:g}{held})"
    if p > 0.1 and alpha is not None:
        return (
            f"a heavy tail: a power law of exponent {alpha:.2f} is not ruled out "
            f"(p {run.tail_p()}{held})"
        )
    return f"no power law in its degrees (p {run.tail_p()})"


def _cost(run: RunData) -> str:
    spent = run.compute
    seconds = run.provenance.get("duration_s")
    parts = []
    links, executed = (spent.get(f"training_flops_{part}") for part in ("links", "executed"))
    if links:
        parts.append(f"{amount(links, 'FLOPs')} of training by its links")
        if executed:
            parts[-1] += f", {amount(executed, 'FLOPs')} executed"
        dense = [
            b.compute["training_flops_executed"]
            for b in run.baselines
            if b.compute.get("training_flops_executed")
        ]
        if dense:
            parts.append(f"{_times(sum(dense) / len(dense) / links)} dense training")
    if spent.get("weight_bytes"):
        parts.append(f"{amount(spent['weight_bytes'], 'B')} of weights")
    if isinstance(seconds, (int, float)):
        parts.append(f"{duration(float(seconds))} of training")
    if not links:
        parts.append("FLOPs not recorded")
    return f"Cost: {', '.join(parts)}."


def _times(ratio: float) -> str:
    if ratio >= 1:
        return f"{significant(ratio, 2)} times fewer FLOPs than"
    return f"{significant(1 / ratio, 2)} times more FLOPs than"
