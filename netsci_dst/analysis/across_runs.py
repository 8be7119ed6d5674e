"""Statistics across runs: means with errors, paired tests, rank correlations with accuracy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import NetsciError
from ..run import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "MeanError",
    "PairedTest",
    "mean_and_error",
    "paired_wilcoxon",
    "rank_correlations",
    "spearman_interval",
]


class MeanError(NamedTuple):
    """A mean over seeds with its standard error; the error of a single value is NaN."""

    mean: float
    error: float
    n: int


def mean_and_error(values: ArrayLike) -> MeanError:
    """Return mean, standard error ``s / √n`` (s with n − 1) and n of the finite values.

    Parameters
    ----------
    values
        A value per seed, of any shape; those that are not finite are left out.

    Returns
    -------
    MeanError
        ``mean``, ``error`` and ``n``; NaN and 0 without a finite value.

    Raises
    ------
    NetsciError
        If something is no number.

    Examples
    --------
    >>> mean_and_error([98.8, 98.9, 98.7])
    MeanError(mean=98.8, error=0.0577..., n=3)
    """
    try:
        x = np.asarray(values, dtype=float).ravel()
    except (TypeError, ValueError) as error:
        raise NetsciError(f"a mean needs numbers: {error}") from error
    x = x[np.isfinite(x)]
    if not x.size:
        return MeanError(float("nan"), float("nan"), 0)
    error = float(x.std(ddof=1) / np.sqrt(x.size)) if x.size > 1 else float("nan")
    return MeanError(float(x.mean()), error, x.size)


class PairedTest(NamedTuple):
    """Wilcoxon's signed-rank test of paired values."""

    difference: float  # median of a − b
    p_value: float
    n: int  # pairs whose two values differ


def paired_wilcoxon(a: ArrayLike, b: ArrayLike) -> PairedTest:
    """Test whether paired values, such as two methods on the same seeds, differ.

    Two-sided, and exact, also where differences are equal: p counts the signs that the ranks could
    have had. Pairs with a NaN are left out, pairs without a difference do not count (Wilcoxon's
    rule); with no pair left p is 1. With n pairs p cannot be below ``2^(1−n)``: six are the fewest
    that can show p < 0.05. From 200 pairs on, the normal approximation.

    Parameters
    ----------
    a, b
        Values in the same order, shape ``(n,)`` each.

    Returns
    -------
    PairedTest
        ``difference``, the median of a − b; ``p_value``; and ``n``, the pairs that differ.

    Raises
    ------
    NetsciError
        If the two have different numbers of values.

    References
    ----------
    Wilcoxon, Biometrics Bulletin 1, 80 (1945); equal differences have their mean rank.

    Examples
    --------
    >>> paired_wilcoxon([0.98, 0.97, 0.99], [0.97, 0.96, 0.98]).p_value
    0.25
    """
    x, y = np.asarray(a, dtype=float).ravel(), np.asarray(b, dtype=float).ravel()
    if x.shape != y.shape:
        raise NetsciError(f"a paired test needs as many values on both sides: {x.size}, {y.size}")
    keep = np.isfinite(x) & np.isfinite(y)
    difference = (x - y)[keep]
    median = float(np.median(difference)) if difference.size else float("nan")
    changed = difference[difference != 0]
    if not changed.size:
        return PairedTest(median, 1.0, 0)
    return PairedTest(median, _signed_rank_p(changed), changed.size)


def _signed_rank_p(differences: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata, wilcoxon

    if differences.size >= 200:
        _, found = wilcoxon(differences, method="approx")
        return float(found)  # type: ignore[arg-type]
    sizes = np.abs(differences)
    # Differences that only rounding tells apart are equal: 0.9 - 0.8 and 0.8 - 0.7.
    sizes = np.round(sizes / sizes.max(), 12)
    doubled = np.rint(2 * rankdata(sizes)).astype(np.int64)  # mean ranks are whole or halves
    ways = np.ones(1)  # by the sum of the positive ranks, in shares of all signs
    for rank in doubled:
        ways = (np.pad(ways, (0, rank)) + np.pad(ways, (rank, 0))) / 2
    seen = int(doubled[differences > 0].sum())
    return float(min(1.0, 2 * min(ways[: seen + 1].sum(), ways[seen:].sum())))


@dataclass(frozen=True)
class SpearmanInterval:
    """A rank correlation with its bootstrap percentile interval."""

    rho: float
    low: float
    high: float
    p_value: float
    n: int


def spearman_interval(
    x: ArrayLike, y: ArrayLike, bootstraps: int = 2000, level: float = 0.95, seed: int = 0
) -> SpearmanInterval:
    """Return Spearman's ρ with a bootstrap interval over the pairs, and its p-value.

    The p-value is Student's approximation. Fewer than three pairs, or values that do not vary,
    give NaN.

    Parameters
    ----------
    x, y
        Values in the same order, shape ``(n,)`` each; only pairs of finite values count.
    bootstraps
        Resamples of the pairs behind the interval.
    level
        Coverage of the interval.
    seed
        Seeds the resamples.

    Returns
    -------
    SpearmanInterval
        ``rho``, ``low``, ``high``, ``p_value`` and ``n``.

    Raises
    ------
    NetsciError
        If the two have different numbers of values.

    Examples
    --------
    >>> found = spearman_interval([1, 2, 3, 4, 5], [1, 4, 9, 25, 16])
    >>> round(found.rho, 6), found.n
    (0.9, 5)
    """
    from scipy.stats import rankdata, spearmanr

    a, b = np.asarray(x, dtype=float).ravel(), np.asarray(y, dtype=float).ravel()
    if a.shape != b.shape:
        raise NetsciError(f"a correlation needs as many values on both sides: {a.size}, {b.size}")
    keep = np.isfinite(a) & np.isfinite(b)
    a, b = a[keep], b[keep]
    nan = float("nan")
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return SpearmanInterval(nan, nan, nan, nan, a.size)
    statistic, p_value = spearmanr(a, b)
    drawn = np.random.default_rng(seed).integers(0, a.size, size=(bootstraps, a.size))
    rho = _pearson(rankdata(a[drawn], axis=1), rankdata(b[drawn], axis=1))
    rho = rho[np.isfinite(rho)]
    tail = (1 - level) / 2
    low, high = np.quantile(rho, [tail, 1 - tail]) if rho.size else (nan, nan)
    return SpearmanInterval(float(statistic), float(low), float(high), float(p_value), a.size)


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    a = a - a.mean(axis=1, keepdims=True)
    b = b - b.mean(axis=1, keepdims=True)
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.divide((a * b).sum(axis=1), scale, out=np.full(len(a), np.nan), where=scale > 0)


def rank_correlations(
    runs: Iterable[Run],
    metric: str = "accuracy",
    bootstraps: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the rank correlations of stored measures with a metric across runs.

    For every measure the value at the last snapshot that has it is taken, for the metric its last
    evaluation. Association is no cause: runs that differ in method or sparsity differ in both.

    Parameters
    ----------
    runs
        At least three runs that have been analysed.
    metric
        A column of the runs' metrics.
    bootstraps, level, seed
        Of the intervals, see `spearman_interval`.

    Returns
    -------
    pandas.DataFrame
        A row per scope, measure and quantity known of at least three runs: scope, measure,
        quantity, n, rho, low, high, p_value, strongest first.

    Raises
    ------
    NetsciError
        If fewer than three runs have the metric.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst import Run, Snapshot, Topology, analyze
    >>> def run(seed):
    ...     run = Run.create(f"{tempfile.mkdtemp()}/{seed}", {"seed": seed})
    ...     links = np.arange(20).reshape(4, 5) % (2 + seed) == 0
    ...     run.write_snapshot(Snapshot(Topology.chain([links]), 0, 0.0))
    ...     run.append("metrics", [{"step": 0, "epoch": 0.0, "accuracy": 0.9 - seed / 10}])
    ...     return run
    >>> runs = [run(seed) for seed in range(4)]
    >>> values = analyze(runs, "degrees")
    >>> table = rank_correlations(runs, bootstraps=100)
    >>> table.query("quantity == 'links'")[["scope", "n", "rho"]].to_dict("records")
    [{'scope': 'network', 'n': 4, 'rho': 1.0}]
    """
    import pandas as pd

    from .stored_results import results

    columns = ["scope", "measure", "quantity", "n", "rho", "low", "high", "p_value"]
    frames, scores = [], []
    for run in runs:
        score = _last(run.metrics, metric)
        if score is None:
            continue
        values = results(run).values
        last = values.drop_duplicates(["scope", "measure", "quantity"], keep="last")
        frames.append(last.assign(run=len(scores)))
        scores.append(score)
    if len(scores) < 3:
        raise NetsciError(
            f"{len(scores)} of the runs have a metric {metric!r}; a correlation needs three"
        )
    rows = []
    score = np.array(scores)
    table = pd.concat(frames)
    for (scope, measure, quantity), group in table.groupby(columns[:3], sort=True):
        found = spearman_interval(
            group["value"], score[group["run"].to_numpy()], bootstraps, level, seed
        )
        if np.isfinite(found.rho):
            place = (scope, measure, quantity)
            rows.append((*place, found.n, found.rho, found.low, found.high, found.p_value))
    frame = pd.DataFrame(rows, columns=columns)
    order = frame["rho"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def _last(metrics: Any, name: str) -> float | None:
    if name not in metrics.columns:
        return None
    known = metrics[name].dropna()
    return float(known.iloc[-1]) if len(known) else None
