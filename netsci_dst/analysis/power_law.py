"""Power laws in degrees or any other values: fit, test, and a verdict in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import NetsciError
from ._measure import Value, measure, scopes

if TYPE_CHECKING:
    from ..snapshots import Snapshot
    from ._power_law_alternatives import Comparison
    from ._power_law_verdict import Outcome

__all__ = ["PowerLawFit", "cht_gamma", "fit_power_law"]

_CSN = "Clauset, Shalizi & Newman 2009"


@dataclass(frozen=True)
class PowerLawFit:
    """A power law ``p(x) ~ x^-alpha`` for ``x >= xmin``, and how well it holds.

    Attributes
    ----------
    alpha, sigma
        Maximum-likelihood exponent and its standard error.
    xmin
        Where the tail starts.
    ks
        Largest distance between the cumulative distributions of the tail and of the fit.
    p_value
        Share of synthetic samples at least as far from their own fit; NaN when not tested.
    n, n_zeros, n_tail
        Number of values, of zeros among them (part of no power law), and of values from xmin up.
    gamma
        The exponent on the grid 1.01, 1.02, ..., 10 that CHT reports; 10 is the cap, that is, no
        power law.
    confidence_interval
        95 % profile-likelihood interval of alpha at this xmin.
    log_likelihood
        Of the tail under the fit.
    xmax
        Largest value.
    discrete
        Whether the values were taken as integers.
    alternatives
        Likelihood-ratio tests against other distributions on the same tail.
    outcome
        ``not ruled out``, ``ruled out``, ``another fits better``, ``too few points``,
        ``no variation`` or ``not tested``.
    verdict
        The outcome with its evidence, in a sentence or two.
    bootstraps, seed, parametric
        How ``p_value`` was found.
    """

    alpha: float
    sigma: float
    xmin: float
    ks: float
    p_value: float
    n: int
    n_zeros: int
    n_tail: int
    gamma: float
    confidence_interval: tuple[float, float]
    log_likelihood: float
    xmax: float
    discrete: bool
    alternatives: tuple[Comparison, ...]
    outcome: Outcome
    verdict: str
    bootstraps: int = 0
    seed: int = 0
    parametric: bool = False
    fixed_xmin: bool = field(default=False)

    @property
    def tail_share(self) -> float:
        """Share of all values that the tail holds."""
        return self.n_tail / self.n if self.n else math.nan


def fit_power_law(
    values: ArrayLike,
    xmin: float | None = None,
    bootstraps: int = 2500,
    seed: int = 0,
    *,
    counts: ArrayLike | None = None,
    discrete: bool | None = None,
    support: Literal["full", "observed"] = "full",
    parametric: bool = False,
    alternatives: bool = True,
    workers: int = 1,
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
        Where the tail starts; None to search.
    bootstraps
        Number of synthetic samples behind the p-value; 0 for no test. Its standard error is
        ``sqrt(p (1 - p) / bootstraps)``.
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
    from ._power_law_estimate import estimate

    u, number = _histogram(values, counts)
    _check_options(xmin, bootstraps, workers)
    return estimate(
        u, number, xmin, int(bootstraps), int(seed),
        _kind(u, discrete, xmin, support), bool(parametric), bool(alternatives), int(workers),
    )  # fmt: skip


def cht_gamma(values: ArrayLike) -> float:
    """Return CHT's gamma of some degrees: the exponent on plfit's grid, at most 10.

    The exponent of greatest likelihood on 1.01, 1.02, ..., 10 at the xmin of least KS distance,
    with the finite-size correction for fewer than 100 values; zeros are left out. 10 is the cap,
    that is, no power law. NaN when all values are equal.

    Raises
    ------
    NetsciError
        If a value is negative, NaN or infinite.
    """
    from ._power_law_gamma import gamma_on_grid

    u, number = _histogram(values, None)
    return gamma_on_grid(u[u > 0], number[u > 0])


def _histogram(
    values: ArrayLike, counts: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    x = np.asarray(values)
    if x.dtype.kind not in "biuf" and x.size:
        raise NetsciError(f"a power law needs numbers, not values of type {x.dtype}")
    x = x.astype(np.float64).ravel()
    if not np.isfinite(x).all():
        raise NetsciError("a power law needs finite values, but some are NaN or infinite")
    if x.size and x.min() < 0:
        raise NetsciError(f"a power law needs values of at least 0, but one is {x.min():g}")
    if counts is None:
        u, number = np.unique(x, return_counts=True)
        return u, number.astype(np.int64)
    weights = np.asarray(counts).ravel()
    if weights.shape != x.shape:
        raise NetsciError(f"there are {x.size} values but {weights.size} counts")
    if weights.size and (weights.dtype.kind not in "biu" or weights.min() < 0):
        raise NetsciError("counts must be integers of at least 0")
    u, place = np.unique(x, return_inverse=True)
    number = np.zeros(u.size, np.int64)
    np.add.at(number, place, weights.astype(np.int64))
    return u[number > 0], number[number > 0]


def _kind(u: NDArray[np.float64], asked: bool | None, xmin: float | None, support: str) -> int:
    from ._power_law_search import INTEGER, OBSERVED, REAL

    if support not in ("full", "observed"):
        raise NetsciError(f"support must be 'full' or 'observed', not {support!r}")
    whole = bool((u == np.floor(u)).all())
    if asked and not whole:
        raise NetsciError("discrete=True needs integers, but some values are not")
    if not (whole if asked is None else asked):
        if support == "observed":
            raise NetsciError("support='observed' is for integers only")
        return REAL
    if xmin is not None and not float(xmin).is_integer():
        raise NetsciError(f"xmin must be whole for integers, not {xmin} (or say discrete=False)")
    return INTEGER if support == "full" else OBSERVED


def _check_options(xmin: float | None, bootstraps: int, workers: int) -> None:
    if xmin is not None and not (math.isfinite(xmin) and xmin > 0):
        raise NetsciError(f"xmin must be positive and finite, not {xmin}")
    if int(bootstraps) != bootstraps or bootstraps < 0:
        raise NetsciError(f"bootstraps must be a whole number of at least 0, not {bootstraps}")
    if int(workers) != workers or workers < 1:
        raise NetsciError(f"workers must be a whole number of at least 1, not {workers}")


def _fits(snapshot: Snapshot, **options: Any) -> Iterator[tuple[str, PowerLawFit]]:
    for scope, part in scopes(snapshot.topology):
        yield scope, fit_power_law(part.degrees, **options)


@measure("power_law", tier="cheap", source=f"{_CSN}, eqs. 3.5, 3.9; CHT, fig. 2; Survival, 4.6")
def power_law(snapshot: Snapshot, xmin: float | None = None) -> Iterator[Value]:
    """Exponent of the degrees' tail, where the tail starts, and its distance from a power law.

    Isolated neurons have degree 0 and are left out. ``gamma`` is CHT's exponent.
    """
    for scope, fit in _fits(snapshot, xmin=xmin, bootstraps=0, alternatives=False):
        for quantity in ("alpha", "sigma", "xmin", "ks", "n_tail", "tail_share", "gamma"):
            yield Value(scope, quantity, float(getattr(fit, quantity)))


def _test_seconds(topology: Any) -> float:
    distinct = max((len(np.unique(part.degrees)) for _, part in scopes(topology)), default=0)
    return (len(topology.layers) + 2) * (0.5 + 2500 * (7e-9 * topology.n_nodes + 2.5e-6 * distinct))


@measure(
    "power_law_test",
    tier="deep",
    source=f"{_CSN}, section 4.1, appendix C; Survival, 4.6",
    estimate=_test_seconds,
)
def power_law_test(
    snapshot: Snapshot,
    xmin: float | None = None,
    bootstraps: int = 2500,
    seed: int = 0,
    parametric: bool = False,
) -> Iterator[Value]:
    """Whether the degrees' tail follows a power law: bootstrap p-value, alternatives, verdict."""
    options = {"xmin": xmin, "bootstraps": bootstraps, "seed": seed, "parametric": parametric}
    for scope, fit in _fits(snapshot, **options):
        yield Value(scope, "p_value", fit.p_value)
        yield Value(scope, "alpha_low", fit.confidence_interval[0])
        yield Value(scope, "alpha_high", fit.confidence_interval[1])
        for other in fit.alternatives:
            yield Value(scope, f"ratio_{other.name}", other.ratio)
            yield Value(scope, f"ratio_p_{other.name}", other.p_value)
        passes = {"not ruled out": 1.0, "ruled out": 0.0, "another fits better": 0.0}
        yield Value(scope, "verdict", passes.get(fit.outcome, math.nan), text=fit.verdict)
