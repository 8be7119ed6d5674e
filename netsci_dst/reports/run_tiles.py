"""The tiles of a run: quality, structure, exploration."""

from __future__ import annotations

import numpy as np

from .numbers import p_value, percent, significant
from .run_data import RunData
from .sketch import sparkline
from .tile import Tile, TileGroup, groups

_CHT = "Zhang et al. (CHT), ICLR 2024"

HEAVY = 3.5  # above it a tail falls too fast to call its best linked neurons hubs


def tiles(run: RunData) -> list[TileGroup]:
    """Return the tiles for which the run has numbers, eight at most."""
    return groups(
        quality=[_metric(run), _aae(run)],
        structure=[_anp(run), _modularity(run), _tail(run), _asi(run)],
        exploration=[_itop(run), _elm(run)],
    )


def metric_text(run: RunData, value: float) -> str:
    """Return a value of the run's metric as people write it."""
    return percent(value) if run.metric_is_share else significant(value)


def _metric(run: RunData) -> Tile | None:
    if run.metric is None:
        return None
    y = run.curve(run.metric)[1]
    rest = y[-max(len(y) // 5, 2) :]
    drift = abs(rest[-1] - rest[0])
    state = "It has levelled off." if drift < 0.01 * abs(y[-1]) else "It was still moving."
    if len(y) < 4:
        state = f"{len(y)} evaluation{'s' if len(y) > 1 else ''}."
    return Tile(
        "quality",
        f"Test {run.metric_name}",
        metric_text(run, y[-1]),
        state,
        "On the whole test set, at the last evaluation.",
        "higher" if run.more_is_better else "lower",
        sparkline(y),
    )


def _aae(run: RunData) -> Tile | None:
    if run.aae is None or run.metric is None:
        return None
    return Tile(
        "aae",
        "Area across the epochs, AAE",
        metric_text(run, run.aae),
        "How early it learned.",
        f"Mean test {run.metric_name} over training: of two networks that end equal, the one that "
        f"learned sooner has the better one. {_CHT}, section 4.",
        "higher" if run.more_is_better else "lower",
    )


def _last(run: RunData, column: str) -> float | None:
    frame = run.whole_evolution
    found = frame[column].dropna() if column in frame else ()
    return float(found.iloc[-1]) if len(found) else None  # type: ignore[union-attr]


def _spark(run: RunData, column: str):
    frame = run.whole_evolution
    return sparkline(frame[column].to_numpy(dtype=float) if column in frame else np.empty(0))


def _anp(run: RunData) -> Tile | None:
    value = _last(run, "anp")
    if value is None:
        return None
    text = (
        "Every neuron takes part."
        if value == 1
        else f"{percent(1 - value, 1)} of the neurons can pass nothing on."
    )
    return Tile(
        "anp",
        "Active neurons, ANP",
        percent(value, 1),
        text,
        "Active neuron percentage: share of neurons with a link that passes something on. Fewer "
        "is a smaller network at equal accuracy; percolation removes the others. "
        f"{_CHT}, appendix D.",
        "lower",
        _spark(run, "anp"),
    )


def _modularity(run: RunData) -> Tile | None:
    value = run.value("modularity", "modularity")
    if value is None:
        return None
    text = "clear communities" if value > 0.5 else "some" if value > 0.3 else "weak communities"
    threshold = "> 0.5" if value > 0.5 else "> 0.3" if value > 0.3 else "≤ 0.3"
    return Tile(
        "modularity",
        "Modularity Q",
        significant(value, 2),
        f"{text[0].upper()}{text[1:]} (Q {threshold}).",
        "Share of links inside communities less that expected by chance, of the best partition "
        "found. Newman & Girvan, Physical Review E 69, 2004.",
        "",
        sparkline(run.series("modularity", "modularity")["value"].to_numpy(dtype=float)),
    )


def _tail(run: RunData) -> Tile | None:
    alpha, gamma = (run.value("power_law", name) for name in ("alpha", "gamma"))
    if alpha is None and gamma is None:
        return None
    step = int(run.series("power_law", "alpha")["step"].iloc[-1])
    p = run.value("power_law_test", "p_value", step=step)
    share = run.value("power_law", "tail_share")
    if p is None:
        text = "Not tested for a power law."
    elif alpha is not None and alpha > HEAVY:
        text = f"No heavy tail: its likeliest exponent is {significant(alpha, 3)} > {HEAVY:g}."
    elif p > 0.1:
        text = f"A power law is not ruled out (p {run.tail_p(step=step)} > 0.1)"
        text += "." if share is None else f"; the tail holds {percent(share, 0)} of the neurons."
    else:
        text = f"No power law (p {run.tail_p(step=step)}" + (" < 0.1)." if p > 0 else ").")
    capped = gamma is not None and gamma >= 9.995
    value = "none" if capped else significant(gamma if gamma is not None else alpha or 0)
    return Tile(
        "gamma",
        "Exponent of the tail, γ",
        value,
        "At the cap of 10: no heavy tail." if capped else text,
        "Exponent of a power law fitted to the tail of the degrees, on plfit's grid up to 10; 2 to "
        "3 is the papers' scale-free range. Clauset, Shalizi & Newman, SIAM Review 51, 2009.",
        "",
        sparkline(run.series("power_law", "gamma")["value"].to_numpy(dtype=float)),
    )


def _asi(run: RunData) -> Tile | None:
    value = run.value("asi", "asi_layers")
    if value is None:
        return None
    p = run.value("asi", "asi_layers_p")
    where = "fully" if value > 0.999 else "mostly" if value > 0.7 else "hardly"
    text = f"The layers separate {where} on the hyperbolic circle"
    text += "." if p is None else f" (permutation p {p_value(p)})."
    return Tile(
        "asi",
        "Separation of layers, ASI",
        significant(value, 2),
        text,
        "Angular separation index: 1 when every layer has an arc of its own in the hyperbolic "
        "disk, 0 when they mix as far as they can. Muscoloni & Cannistraci, 2019.",
        "higher",
    )


def _itop(run: RunData) -> Tile | None:
    value = _last(run, "itop")
    if value is None:
        return None
    ratio = value / max(1 - run.sparsity, 1e-12)
    return Tile(
        "itop",
        "Links ever tried, ITOP",
        percent(value, 1),
        f"{significant(ratio, 2)} times as many as it holds at once.",
        "In-time over-parameterisation: share of all possible links that was ever active. Liu et "
        "al., ICML 2021.",
        "higher",
        _spark(run, "itop"),
    )


def _elm(run: RunData) -> Tile | None:
    rows = {scope: run.value("elm", "episodes", scope) for scope in run.layers()}
    known = {scope: n for scope, n in rows.items() if n is not None}
    if not known:
        return None
    settled = sum(n > 0 for n in known.values())
    text = (
        f"The overlap never reached {run.elm_threshold:g}: it explored to the end."
        if not settled
        else f"{settled} of {len(known)} layers settled (overlap ≥ {run.elm_threshold:g})."
    )
    return Tile(
        "elm",
        "Local minima, ELM",
        str(int(sum(known.values()))),
        text,
        "Epitopological local minimum: a spell in which an update regrows what it had just "
        f"removed. {_CHT}.",
        "",
        _spark(run, "overlap"),
    )
