"""Power laws in degrees or any other values: fit, test, and a verdict in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import whole_number
from ..measure import Value, measure
from ..scopes import neuron_scopes
from .histogram import as_histogram, check_options, kind_of
from .types import PowerLawFit, PowerLawSpread

if TYPE_CHECKING:
    from ...snapshots import Snapshot
    from .alternatives import Comparison

__all__ = [
    "PowerLawFit",
    "PowerLawSpread",
    "cht_gamma",
    "compare_distributions",
    "fit_power_law",
    "power_law_ccdf",
    "power_law_spread",
]

_CSN = "Clauset, Shalizi & Newman 2009"


def fit_power_law(
    values: ArrayLike,
    xmin: float | tuple[float, float] | None = None,
    bootstraps: int = 2500,
    seed: int = 0,
    *,
    counts: ArrayLike | None = None,
    discrete: bool | None = None,
    support: Literal["full", "observed"] = "full",
    parametric: bool = False,
    alternatives: bool = True,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> PowerLawFit:
    """Fit a power law to the tail of some values, and test whether it holds.

    Integers are fitted by the exact discrete likelihood (Hurwitz zeta, no cap on the exponent),
    real numbers by the continuous one. Without ``xmin`` every value but the largest is a candidate
    and the one of least KS distance, over the full support, is chosen.

    Parameters
    ----------
    values
        Non-negative numbers, of any shape; zeros are left out and counted.
    xmin
        Where the tail starts; a pair of bounds between which to search; None to search all values.
    bootstraps
        Number of synthetic samples behind the p-value; 0 for no test. Its standard error is
        ``sqrt(p (1 - p) / bootstraps)``. Of 10⁵ distinct values the fit takes half a second and
        each sample some 35 ms, so that 2,500 take a minute and a half; ``progress`` says how far.
    seed
        Of the synthetic samples; the result does not depend on ``workers``.
    counts
        How often each value occurs, for data given as a histogram.
    discrete
        Whether the values are integers; None to look.
    support
        Where the distributions of integers are compared: at every integer, as Clauset et al. do,
        or just below each observed value alone, as igraph does.
    parametric
        Draw synthetic samples from the fitted tail alone, with its size and its fixed xmin
        (Survival, section 4.6), instead of the tail together with values resampled from below
        xmin.
    alternatives
        Whether to compare with other distributions.
    workers
        Number of threads.
    progress
        Called with the synthetic samples done and their number.

    Returns
    -------
    PowerLawFit
        Values that cannot be fitted (fewer than ten positive ones, all equal, all zero) give NaN,
        with the reason in ``verdict``.

    Raises
    ------
    NetsciError
        If a value is negative, NaN or infinite, or an option makes no sense.

    References
    ----------
    A. Clauset, C. R. Shalizi, M. E. J. Newman, "Power-law distributions in empirical data", SIAM
    Review 51 (2009): eqs. 3.1, 3.5, 3.9, section 4.1, appendix C.

    Examples
    --------
    >>> import numpy as np
    >>> degrees = np.random.default_rng(0).zipf(2.5, 3000)
    >>> fit = fit_power_law(degrees, xmin=1, bootstraps=100)
    >>> round(fit.alpha, 1), fit.outcome
    (2.5, 'not ruled out')
    """
    from .estimate import estimate

    u, number = as_histogram(values, counts)
    check_options(xmin, bootstraps, workers)
    xmin = (xmin[0], xmin[1]) if isinstance(xmin, (tuple, list)) else xmin
    return estimate(
        u, number, xmin, int(bootstraps), whole_number("seed", seed),
        kind_of(u, discrete, xmin, support), bool(parametric), bool(alternatives), int(workers),
        progress,
    )  # fmt: skip


def cht_gamma(values: ArrayLike) -> float:
    """Return CHT's gamma of some degrees: the exponent on plfit's grid, at most 10.

    The exponent of greatest likelihood on 1.01, 1.02, ..., 10 at the xmin of least KS distance,
    with the finite-size correction for fewer than 100 values; zeros are left out. 10 is the cap,
    that is, no power law. NaN when all values are equal.

    The normalising sum is exact. plfit subtracts partial sums from ζ(α), which cancels to nothing
    where xmin is above about 30 and the exponent near the cap: there it passes good candidates
    over, and its exponent can differ.

    Parameters
    ----------
    values
        Degrees, of any shape.

    Returns
    -------
    float
        From 1.01 to 10.

    Raises
    ------
    NetsciError
        If a value is negative, NaN or infinite.

    Examples
    --------
    >>> degrees = np.random.default_rng(0).zipf(2.5, 3000)
    >>> round(cht_gamma(degrees), 1)
    2.5
    """
    from .gamma import gamma_on_grid

    u, number = as_histogram(values, None)
    return gamma_on_grid(u[u > 0], number[u > 0])


def compare_distributions(
    values: ArrayLike,
    xmin: float | None = None,
    *,
    counts: ArrayLike | None = None,
    discrete: bool | None = None,
) -> tuple[Comparison, ...]:
    """Compare a power law with other distributions on the tail of some values.

    Log-normal, exponential, stretched exponential, and the power law with an exponential cut-off,
    each fitted by maximum likelihood and normalised on the integers (or reals) from xmin up.

    Parameters
    ----------
    values, xmin, counts, discrete
        As for `fit_power_law`, which finds xmin when none is given.

    Returns
    -------
    tuple of Comparison
        With ``name``, ``ratio`` (log-likelihood ratio, negative where the alternative fits better),
        ``p_value`` of its sign, ``parameters`` and ``better``; empty where nothing can be fitted.

    Raises
    ------
    NetsciError
        As `fit_power_law`.

    References
    ----------
    Clauset, Shalizi & Newman 2009, section 5 and appendix C; Vuong, Econometrica 57, 307 (1989).

    Examples
    --------
    >>> poisson = np.random.default_rng(0).poisson(20, 1000)
    >>> found = compare_distributions(poisson, xmin=10)
    >>> [comparison.name for comparison in found if comparison.better]
    ['lognormal', 'exponential', 'stretched_exponential', 'truncated_power_law']
    """
    return fit_power_law(values, xmin, 0, counts=counts, discrete=discrete).alternatives


def power_law_ccdf(k: ArrayLike, alpha: float, xmin: float) -> NDArray[np.float64]:
    """Return the share of a discrete power law's values that are at least ``k``.

    Parameters
    ----------
    k
        Integers of at least ``xmin``.
    alpha, xmin
        The exponent, above 1, and the smallest value.

    Returns
    -------
    numpy.ndarray
        Shares in (0, 1], in the shape of ``k``.

    Examples
    --------
    >>> power_law_ccdf([1, 2, 3], 2.0, 1).round(4).tolist()
    [1.0, 0.3921, 0.2401]
    """
    from .zeta import scaled_zeta

    at = np.asarray(k, dtype=float)
    # The scaled form: steep tails that begin late would underflow.
    ratio = np.array([scaled_zeta(alpha, q) for q in at.ravel()]).reshape(at.shape)
    return (xmin / at) ** alpha * ratio / scaled_zeta(alpha, xmin)


def power_law_spread(values: ArrayLike, resamples: int = 1000, seed: int = 0) -> PowerLawSpread:
    """Estimate how uncertain a fit is by refitting the data resampled with replacement.

    These are the errors of Clauset et al., table 6.1: unlike ``sigma``, they include the
    uncertainty of xmin. All NaN where nothing can be fitted.

    Parameters
    ----------
    values
        Non-negative numbers, as for `fit_power_law`.
    resamples
        Number of resamples, each refitted.
    seed
        Seeds them.

    Returns
    -------
    PowerLawSpread
        Standard deviations and 95 % intervals.

    Raises
    ------
    NetsciError
        As `fit_power_law`, or for fewer than two resamples.

    Examples
    --------
    >>> degrees = np.random.default_rng(0).zipf(2.5, 1000)
    >>> spread = power_law_spread(degrees, resamples=50)
    >>> spread.resamples, 0 < spread.alpha < 0.5
    (50, True)
    """
    from .resample import refit_resamples
    from .verdict import degenerate

    resamples = whole_number("resamples", resamples, 2)
    u, number = as_histogram(values, None)
    kind = kind_of(u, None, None, "full")
    u, number = u[u > 0], number[u > 0]
    if degenerate(int(number.sum()), int(number.sum()), u.size):
        nan = math.nan
        return PowerLawSpread(nan, nan, nan, nan, (nan, nan), (nan, nan), int(resamples))
    found = refit_resamples(u, number, kind, int(resamples), int(seed))
    found = found[~np.isnan(found[:, 0])]
    low, high = np.percentile(found, [2.5, 97.5], axis=0)
    alpha, xmin, n_tail, gamma = (float(value) for value in found.std(axis=0, ddof=1))
    alphas, xmins = ((float(low[i]), float(high[i])) for i in (0, 1))
    return PowerLawSpread(alpha, xmin, n_tail, gamma, alphas, xmins, int(resamples))


def _fits(snapshot: Snapshot, **options: Any) -> Iterator[tuple[str, PowerLawFit]]:
    for scope in neuron_scopes(snapshot.topology):
        yield scope.name, fit_power_law(scope.degrees, **options)


@measure(
    "power_law",
    tier="cheap",
    source=f"{_CSN}, eqs. 3.5, 3.9; CHT, fig. 2; Survival, 4.6",
    version=2,
)
def power_law(snapshot: Snapshot, xmin: float | None = None) -> Iterator[Value]:
    """Exponent of the degrees' tail, where the tail starts, and its distance from a power law.

    Isolated neurons have degree 0 and are left out. ``gamma`` is CHT's exponent.
    """
    for scope, fit in _fits(snapshot, xmin=xmin, bootstraps=0, alternatives=False):
        for quantity in ("alpha", "sigma", "xmin", "ks", "n_tail", "tail_share", "gamma"):
            yield Value(scope, quantity, float(getattr(fit, quantity)))


def _test_seconds(topology: Any) -> float:
    distinct = max((np.unique(scope.degrees).size for scope in neuron_scopes(topology)), default=0)
    return (
        1.5
        * (len(topology.layers) + 2)
        * (0.5 + 2500 * (7e-9 * topology.n_nodes + 2.5e-6 * distinct))
    )


@measure(
    "power_law_test",
    tier="deep",
    source=f"{_CSN}, section 4.1, appendix C; Survival, 4.6",
    estimate=_test_seconds,
    version=2,
)
def power_law_test(
    snapshot: Snapshot,
    xmin: float | None = None,
    bootstraps: int = 2500,
    seed: int = 0,
    parametric: bool = False,
    survival_xmin: int = 110,
) -> Iterator[Value]:
    """Whether the degrees' tail follows a power law: bootstrap p-value, alternatives, verdict.

    In a neural network also Survival's own test: parametric, at its fixed xmin.
    """
    options = {"xmin": xmin, "bootstraps": bootstraps, "seed": seed, "parametric": parametric}
    for scope, fit in _fits(snapshot, **options):
        yield Value(scope, "p_value", fit.p_value, text=fit.p_text)
        yield Value(scope, "alpha_low", fit.confidence_interval[0])
        yield Value(scope, "alpha_high", fit.confidence_interval[1])
        for other in fit.alternatives:
            yield Value(scope, f"ratio_{other.name}", other.ratio)
            yield Value(scope, f"ratio_p_{other.name}", other.p_value)
        passes = {"not ruled out": 1.0, "ruled out": 0.0, "another fits better": 0.0}
        yield Value(scope, "verdict", passes.get(fit.outcome, math.nan), text=fit.verdict)
    if snapshot.topology.is_layered:
        fixed = {"xmin": survival_xmin, "parametric": True, "alternatives": False}
        for scope, fit in _fits(snapshot, **{**options, **fixed}):
            for quantity in ("p_value", "alpha", "ks", "n_tail"):
                yield Value(scope, f"survival_{quantity}", float(getattr(fit, quantity)))
