"""The first screen: what did this network become, and is it better?"""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.degree.activity import active_neurons
from ..topology import Topology
from ._data import RunData
from .charts.evolution import elm_episodes

LABELS = {"bleu": "BLEU"}


@dataclass(frozen=True)
class Card:
    """One figure with the sentence that says what it means."""

    key: str
    label: str
    value: str
    sentence: str


def cards(data: RunData) -> list[Card]:
    """Return the cards for which the run has numbers."""
    makers = (_quality, _aae, _sparsity, _anp, _itop, _elm, _power_law, _gamma, _modularity, _asi)
    return [card for card in (maker(data) for maker in makers) if card is not None]


def verdict(data: RunData, baseline: RunData | None = None) -> list[str]:
    """Return a few plain sentences: what it became, and whether it is better."""
    sentences = [_became(data), _learned(data), _better(data, baseline)]
    return [text for text in sentences if text]


def percent(value: float, digits: int = 2) -> str:
    """Return a share as a percentage; never 100 % for what is less."""
    text = f"{100 * value:.{digits}f}"
    if float(text) == 100 and value < 1:
        text = f"{100 * value:.{digits + 2}f}"
    return f"{text} %"


def metric_text(name: str, value: float) -> str:
    """Return a metric as people write it."""
    return percent(value) if name == "accuracy" else f"{value:.3g}"


def _became(data: RunData) -> str:
    topology, first = data.topology, data.first_topology
    if topology is None or first is None:
        return "No snapshot was recorded, so only the training can be shown."
    if not topology.layers:
        return "A fully connected network: it has no sparse layer whose topology could evolve."
    parts = [f"{topology.n_links:,} links, {percent(topology.density)} of those possible"]
    now, then = _active(topology), _active(first)
    if then and now < then:
        parts.append(
            f"and {now:,} of {topology.n_nodes:,} neurons still linked ({then:,} at the start)"
        )
    if not topology.is_layered:
        parts.insert(0, f"{topology.n_nodes:,} nodes and")
    begun = "It became" if data.metric is not None or len(data.run.snapshots) > 1 else "This is"
    return f"{begun} a network of {' '.join(parts)}{_shape(topology)}."


def _active(topology: Topology) -> int:
    return int((topology.degrees > 0).sum())


def _shape(topology: Topology) -> str:
    linked = topology.degrees[topology.degrees > 0]
    if not linked.size:
        return ""
    node = "neuron" if topology.is_layered else "node"
    ratio = linked.max() / linked.mean()
    of = " of the linked ones" if linked.size < topology.n_nodes else ""
    return f"; the best linked {node} has {linked.max():,} links, {ratio:.1f} times the mean{of}"


def _learned(data: RunData) -> str:
    if data.metric is None:
        return ""
    x, y = data.curve(data.metric)
    name = f"test {LABELS.get(data.metric, data.metric)}"
    best = y.max() if data.more_is_better else y.min()
    epochs = f"{round(float(x[-1]), 2):g}"
    text = f"It reached {metric_text(data.metric, y[-1])} {name} after {epochs} epochs"
    if best != y[-1]:
        text += f" (best: {metric_text(data.metric, best)})"
    return text + "."


def _better(data: RunData, baseline: RunData | None) -> str:
    if data.metric is None or data.method == "dense":
        return ""
    if baseline is None:
        return (
            "Whether that is better than a dense network needs one beside it: give this report a "
            "dense run too."
        )
    if baseline.metric != data.metric:
        return ""
    mine, theirs = data.curve(data.metric)[1][-1], baseline.curve(data.metric)[1][-1]
    change = mine - theirs
    better = (change > 0) == data.more_is_better
    word = "the same as" if change == 0 else "better than" if better else "worse than"
    size = f"{100 * change:+.2f} points" if data.metric == "accuracy" else f"{change:+.3g}"
    return f"That is {word} the dense run {baseline.name[:60]} ({size}; one run each, so no test)."


def _quality(data: RunData) -> Card | None:
    if data.metric is None:
        return None
    y = data.curve(data.metric)[1]
    rest = y[-max(len(y) // 5, 2) :]
    drift = abs(rest[-1] - rest[0])
    state = "It has levelled off." if drift < 0.01 * abs(y[-1]) else "It was still moving."
    return Card(
        "quality",
        f"Test {LABELS.get(data.metric, data.metric)}",
        metric_text(data.metric, y[-1]),
        state,
    )


def _aae(data: RunData) -> Card | None:
    if data.aae is None or data.metric is None:
        return None
    return Card(
        "aae",
        "AAE",
        metric_text(data.metric, data.aae),
        f"Mean test {LABELS.get(data.metric, data.metric)} over training: how early it learned.",
    )


def _sparsity(data: RunData) -> Card | None:
    topology = data.topology
    if topology is None or not topology.layers:
        return None
    possible = sum(layer.n_possible for layer in topology.layers)
    return Card(
        "sparsity",
        "Sparsity",
        percent(data.sparsity),
        f"It keeps {topology.n_links:,} of {possible:,} possible links in its sparse layers.",
    )


def _last(data: RunData, column: str) -> float | None:
    frame = data.whole_evolution
    if column not in frame:
        return None
    found = frame[column].dropna()
    return None if found.empty else float(found.iloc[-1])


def _anp(data: RunData) -> Card | None:
    value = _last(data, "anp")
    if value is None:
        return None
    text = "Every neuron has a link."
    if value < 1:
        text = f"{percent(1 - value, 1)} of the neurons are left without links to pass anything on"
        if data.first_topology is not None:
            first = active_neurons(data.first_topology).share
            begun = "none was" if first == 1 else f"{percent(1 - first, 1)} were"
            text += f"; {begun} at the start"
        text += "."
    return Card("anp", "ANP, active neurons", percent(value, 1), text)


def _itop(data: RunData) -> Card | None:
    value = _last(data, "itop")
    if value is None:
        return None
    ratio = value / max(1 - data.sparsity, 1e-12)
    return Card(
        "itop",
        "ITOP, links ever tried",
        percent(value, 1),
        f"Training tried {ratio:.1f} times as many links as it holds at once.",
    )


def _elm(data: RunData) -> Card | None:
    episodes = _stored_episodes(data) or elm_episodes(data)
    if not episodes:
        return None
    total = sum(episodes.values())
    settled = [name for name, n in episodes.items() if n]
    text = (
        f"The overlap never reached {data.elm_threshold:g}: the topology was exploring to the end."
        if not total
        else f"{len(settled)} of {len(episodes)} layers settled (overlap at {data.elm_threshold:g} "
        "or more)."
    )
    return Card("elm", "ELM episodes", str(total), text)


def _stored_episodes(data: RunData) -> dict[str, int]:
    rows = {scope: data.value("elm", "episodes", scope) for scope in data.layers()}
    return {scope: int(n) for scope, n in rows.items() if n is not None}


def _power_law(data: RunData) -> Card | None:
    alpha = data.value("power_law", "alpha")
    if alpha is None:
        return None
    step = int(data.series("power_law", "alpha")["step"].iloc[-1])
    p = data.value("power_law_test", "p_value", step=step)
    said = None if p is None else data.text("power_law_test", "verdict")
    word = (said or "not tested").split(":")[0].strip()
    tail = data.value("power_law", "tail_share")
    text = f"Power law {word}" if word != "too few points" else "Too few neurons in the tail to say"
    if p is not None:
        text += f", p = {p:.2g}"
    if tail is not None:
        text += f"; the tail holds {percent(tail, 0)} of the neurons"
    return Card("alpha", "Power-law α", f"{alpha:.2f}", text + ".")


def _gamma(data: RunData) -> Card | None:
    gamma = data.value("power_law", "gamma")
    if gamma is None:
        return None
    text = (
        "At the cap of the grid: no power law."
        if gamma >= 9.995
        else "Inside the papers' scale-free range, 2 to 3."
        if 2 <= gamma <= 3
        else f"{'Below' if gamma < 2 else 'Above'} the papers' scale-free range, 2 to 3."
    )
    return Card("gamma", "γ (plfit's grid)", f"{gamma:.2f}", text)


def _modularity(data: RunData) -> Card | None:
    value = data.value("modularity", "modularity")
    if value is None:
        return None
    text = (
        "It falls apart into clear communities."
        if value > 0.5
        else "It has some community structure."
        if value > 0.3
        else "Its communities are weak."
    )
    return Card("modularity", "Modularity", f"{value:.2f}", text)


def _asi(data: RunData) -> Card | None:
    value = data.value("asi", "asi_layers")
    if value is None:
        return None
    p = data.value("asi", "asi_layers_p")
    text = (
        "The layers separate completely on the hyperbolic circle"
        if value > 0.999
        else "The layers mostly separate on the hyperbolic circle"
        if value > 0.7
        else "The layers mix on the hyperbolic circle"
    )
    if p is not None:
        text += f" (permutation p = {p:.2g})"
    return Card("asi", "ASI of the layers", f"{value:.2f}", text + ".")
