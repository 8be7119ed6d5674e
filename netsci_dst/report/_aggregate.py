"""Numbers across runs: means over seeds, win rates, changes against dense, paired tests."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

DENSE = "dense"


@dataclass(frozen=True)
class Mean:
    """Mean and standard error over seeds."""

    mean: float
    error: float
    n: int


@dataclass(frozen=True)
class Paired:
    """Wilcoxon's signed-rank test of one method against another."""

    first: str
    second: str
    n: int
    difference: float
    wins: int
    p_value: float


def mean_se(values: Iterable[float]) -> Mean | None:
    """Return mean and standard error of the finite values; None of none."""
    from ..analysis import mean_and_error

    found = mean_and_error(list(values))
    return Mean(*found) if found.n else None


def setting(row: Mapping[str, Any]) -> tuple[str, str, float]:
    """Return what two runs must share to be compared: data, model, sparsity."""
    return (row["data"], row["model"], row["sparsity"])


def table(
    rows: Sequence[Mapping[str, Any]], quantity: str
) -> dict[tuple[str, str, float], dict[str, Mean]]:
    """Return per setting and method the mean over seeds of a quantity."""
    grouped: dict[Any, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        grouped[setting(row)][row["method"]].append(row["values"].get(quantity, math.nan))
    out = {}
    for where, methods in sorted(grouped.items()):
        means = {name: mean_se(values) for name, values in sorted(methods.items())}
        out[where] = {name: mean for name, mean in means.items() if mean is not None}
    return out


def win_rates(
    rows: Sequence[Mapping[str, Any]], quantity: str, more_is_better: bool = True
) -> dict[str, tuple[float, int]]:
    """Return per sparse method the settings won, ties shared, and the settings it took part in.

    Only settings with at least two sparse methods count (CHTs-24 fig. 3).
    """
    won: dict[str, float] = defaultdict(float)
    played: dict[str, int] = defaultdict(int)
    for means in table(rows, quantity).values():
        sparse = {name: mean.mean for name, mean in means.items() if name != DENSE}
        if len(sparse) < 2:
            continue
        best = max(sparse.values()) if more_is_better else min(sparse.values())
        winners = [name for name, value in sparse.items() if value == best]
        for name in sparse:
            played[name] += 1
        for name in winners:
            won[name] += 1 / len(winners)
    return {name: (won[name], played[name]) for name in sorted(played)}


def against_dense(
    rows: Sequence[Mapping[str, Any]], quantity: str
) -> dict[tuple[str, str, float], dict[str, float]]:
    """Return per setting and sparse method the mean minus dense's on the same data and model."""
    means = table(rows, quantity)
    dense = {where[:2]: found[DENSE].mean for where, found in means.items() if DENSE in found}
    return {
        where: {name: mean.mean - dense[where[:2]] for name, mean in found.items() if name != DENSE}
        for where, found in means.items()
        if where[:2] in dense and set(found) - {DENSE}
    }


def paired_tests(
    rows: Sequence[Mapping[str, Any]], quantity: str, more_is_better: bool = True
) -> list[Paired]:
    """Return Wilcoxon's test for each two methods over runs of equal setting and seed.

    A dense run pairs with a sparse one of the same data, model and seed whatever the sparsity.
    Several runs of one method, setting and seed count as their mean.
    """
    places: dict[str, dict[Any, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        value = row["values"].get(quantity, math.nan)
        if math.isfinite(value) and row["seed"] is not None:
            places[row["method"]][(*setting(row), row["seed"])].append(value)
    by_method = {m: {k: float(np.mean(v)) for k, v in found.items()} for m, found in places.items()}
    names = sorted(by_method)
    tests = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            pairs = _pairs(by_method[first], by_method[second], DENSE in (first, second))
            if pairs:
                tests.append(_wilcoxon(first, second, np.array(pairs), more_is_better))
    return tests


def _pairs(
    a: Mapping[Any, float], b: Mapping[Any, float], with_dense: bool
) -> list[tuple[float, float]]:
    if not with_dense:
        return [(a[key], b[key]) for key in sorted(a.keys() & b.keys())]
    short = lambda key: (key[0], key[1], key[3])  # noqa: E731
    other = {short(key): value for key, value in b.items()}
    if len(other) == len(b):
        return [(a[key], other[short(key)]) for key in sorted(a) if short(key) in other]
    own = {short(key): value for key, value in a.items()}
    return [(own[short(key)], b[key]) for key in sorted(b) if short(key) in own]


def _wilcoxon(first: str, second: str, pairs: np.ndarray, more_is_better: bool) -> Paired:
    from ..analysis import paired_wilcoxon

    difference = pairs[:, 0] - pairs[:, 1]
    ahead = difference > 0 if more_is_better else difference < 0
    p = paired_wilcoxon(pairs[:, 0], pairs[:, 1]).p_value
    return Paired(first, second, len(pairs), float(difference.mean()), int(ahead.sum()), p)
