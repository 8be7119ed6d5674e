"""Slow and plain references for power-law fits, written from the definitions with scipy alone."""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import zeta


def alpha_mle(tail, xmin):
    logs = np.log(tail).sum()
    n = len(tail)
    found = minimize_scalar(
        lambda a: a * logs + n * np.log(zeta(a, xmin)), bounds=(1.0001, 60), method="bounded",
        options={"xatol": 1e-11},
    )  # fmt: skip
    return found.x


def ks_distance(tail, xmin, alpha):
    support = np.arange(xmin, tail.max() + 1)
    model = 1 - zeta(alpha, support + 1) / zeta(alpha, xmin)
    observed = np.searchsorted(np.sort(tail), support, side="right") / len(tail)
    return np.abs(model - observed).max()


def fit(values):
    """Return (xmin, alpha, ks) over all candidates but the largest value."""
    best = (np.nan, np.nan, np.inf)
    for xmin in np.unique(values)[:-1]:
        tail = values[values >= xmin]
        alpha = alpha_mle(tail, xmin)
        ks = ks_distance(tail, xmin, alpha)
        if ks < best[2]:
            best = (xmin, alpha, ks)
    return best


def draw(rng, alpha, xmin, n, top=200_000):
    """Draw from a discrete power law by inverting its cumulative sum (cut off far out)."""
    support = np.arange(xmin, xmin + top)
    cdf = 1 - zeta(alpha, support + 1.0) / zeta(alpha, xmin)
    return support[np.searchsorted(cdf, rng.random(n) * cdf[-1])]


def bootstrap_p(rng, values, replicates):
    """The semi-parametric p-value, replicate by replicate."""
    xmin, alpha, ks = fit(values)
    body, n_tail = values[values < xmin], (values >= xmin).sum()
    exceeding = 0
    for _ in range(replicates):
        k = rng.binomial(len(values), n_tail / len(values))
        tail = draw(rng, alpha, xmin, k, top=20_000)
        rest = rng.choice(body, len(values) - k) if body.size else np.empty(0, int)
        exceeding += fit(np.concatenate([tail, rest]))[2] >= ks
    return exceeding / replicates


def plfit_gamma(values):
    """CHT's gamma by trying every grid point of every candidate."""
    grid = np.round(np.arange(1.01, 10.005, 0.01), 2)
    best, gamma, size = np.inf, np.nan, 0
    for xmin in np.unique(values)[:-1]:
        tail = values[values >= xmin]
        likelihood = -grid * np.log(tail).sum() - len(tail) * np.log(zeta(grid, xmin))
        alpha = grid[np.argmax(likelihood)]
        ks = ks_distance(tail, xmin, alpha)
        if ks < best:
            best, gamma, size = ks, alpha, len(tail)
    return gamma * (size - 1) / size + 1 / size if len(values) < 100 else gamma
