"""What a power-law fit returns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...errors import NetsciError

if TYPE_CHECKING:
    import powerlaw

    from .alternatives import Comparison
    from .verdict import Outcome


def _nothing() -> Any:
    return np.empty(0)


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
    values, counts
        The distinct values and how often each occurs.
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
    fixed_xmin: bool = False
    values: NDArray[np.float64] = field(default_factory=_nothing, repr=False, compare=False)
    counts: NDArray[np.int64] = field(default_factory=_nothing, repr=False, compare=False)

    @property
    def p_text(self) -> str:
        """The p-value as text, with the synthetic samples where they limit it."""
        if self.p_value == 0:
            return f"< {1 / self.bootstraps:.1g} ({self.bootstraps} synthetic samples)"
        return f"{self.p_value:.2g}"

    def to_powerlaw(self) -> powerlaw.Fit:
        """Return a fit of the package ``powerlaw`` to the same positive values, from this xmin up.

        Its default bounds, exponents up to 3 alone, are widened, and integers are fitted without
        its approximation; its estimates are its own, so that the two can be compared.

        Raises
        ------
        NetsciError
            If nothing could be fitted.
        """
        import powerlaw

        if math.isnan(self.xmin):
            raise NetsciError(f"there is no fit to hand on: {self.verdict}")
        data = np.repeat(self.values, self.counts)
        return powerlaw.Fit(
            data[data > 0],
            discrete=self.discrete,
            xmin=self.xmin,
            estimate_discrete=False,
            parameter_ranges={"alpha": (1.0 + 1e-6, None)},
            verbose=0,
        )

    @property
    def tail_share(self) -> float:
        """Share of all values that the tail holds."""
        return self.n_tail / self.n if self.n else math.nan


@dataclass(frozen=True)
class PowerLawSpread:
    """How much a fit varies over resamples of the data, the choice of xmin included.

    Attributes
    ----------
    alpha, xmin, n_tail, gamma
        Standard deviation of each.
    alpha_interval, xmin_interval
        From the 2.5th to the 97.5th percentile.
    resamples
        Number of resamples.
    """

    alpha: float
    xmin: float
    n_tail: float
    gamma: float
    alpha_interval: tuple[float, float]
    xmin_interval: tuple[float, float]
    resamples: int
