"""Angular separation index: how well groups of neurons keep apart on the circle or the sphere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...checks import whole_number
from ...errors import NetsciError
from ...snapshots import Snapshot
from ..measure import NotApplicable, Value, measure
from ..nulls.sequential import p_in_words
from .embedding import embedded_scopes, embedding_seconds

__all__ = ["AngularSeparation", "angular_separation_index"]

_CHUNK = 100


@dataclass(frozen=True, eq=False)
class AngularSeparation:
    """How well groups keep apart.

    Attributes
    ----------
    index
        1 when no sample lies inside another group's arc (or hull), 0 in the worst case.
    group_index
        The index of each group by its label; NaN for a group too small to be judged.
    mistakes
        Samples of other groups inside each group, by its label; NaN likewise.
    worst
        The mistakes of the worst case for each group, by its label.
    p_value
        Share of random assignments at least as separated, ``(1 + #{≥}) / (1 + n)``; NaN when no
        permutations were asked for.
    """

    index: float
    group_index: dict[Any, float]
    mistakes: dict[Any, float]
    worst: dict[Any, float]
    p_value: float


def angular_separation_index(
    theta: ArrayLike | None,
    labels: ArrayLike,
    worst: Literal["theoretical", "permutations"] | None = None,
    permutations: int = 1000,
    seed: int = 0,
) -> AngularSeparation:
    """Measure how well groups are separated in angle.

    Parameters
    ----------
    theta
        Angles on the circle, shape ``(n,)``, or azimuth in [0, 2π] and elevation in [−π/2, π/2]
        on the sphere, shape ``(n, 2)``. Angles on the circle are taken modulo 2π. None, as an
        embedding in three dimensions has it, is refused.
    labels
        Group of each sample, shape ``(n,)``.
    worst
        What counts as index 0. ``theoretical``: ``⌈(N−N_k)(N_k−1)/N_k⌉`` mistakes for a group of
        N_k (circle only; the default there). ``permutations``: the most mistakes over the
        permutations (the default, and the only one, on the sphere).
    permutations
        Number of random assignments of samples to places.
    seed
        Seeds the permutations.

    Returns
    -------
    AngularSeparation
        The index, and what it is made of by group.

    Raises
    ------
    NetsciError
        If shapes disagree, angles are not finite or out of range, there are too few samples, or
        the groups are one or as many as the samples.

    Notes
    -----
    Equal angles count in the order given. Groups of one (on the sphere: of fewer than three) are
    left out.

    References
    ----------
    Muscoloni and Cannistraci, arXiv:1907.00025 (2019).

    Examples
    --------
    >>> found = angular_separation_index([0.1, 0.2, 0.3, 3.1, 3.2, 3.3], list("aaabbb"))
    >>> found.index, found.mistakes
    (1.0, {'a': 0.0, 'b': 0.0})
    """
    if theta is None:
        raise NetsciError(
            "there are no angles on a circle here: of an embedding in three dimensions give "
            "azimuth and elevation, as two columns"
        )
    places = np.asarray(theta, dtype=np.float64)
    flat = places.ndim == 1
    names, codes, sizes = _groups(places, labels)
    worst = worst or ("theoretical" if flat else "permutations")
    _check(places, worst, permutations)
    mistakes, random = _count(places, codes, sizes, int(permutations), whole_number("seed", seed))
    usable = mistakes >= 0
    if not usable.any():
        least = 2 if flat else 3
        raise NetsciError(f"no group can be judged: each needs at least {least} samples")
    if worst == "theoretical":
        n = codes.size
        limit = np.ceil((n - sizes) * (sizes - 1) / sizes)
        limit[~usable] = np.nan
    else:
        limit = random[np.where(random < 0, 0, random).sum(axis=1).argmax()].astype(np.float64)
        limit[limit < 0] = np.nan
    total = float(np.nansum(limit))
    index = _index(float(mistakes[usable].sum()), total)
    p_value = float("nan")
    if permutations:
        drawn = [_index(float(m), total) for m in np.where(random < 0, 0, random).sum(axis=1)]
        p_value = (1 + int((np.asarray(drawn) >= index).sum())) / (1 + permutations)
    shown = np.where(usable, mistakes, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        # A group that drawn permutations never mixed as much as it is mixed has the least index.
        by_group = np.where((shown == 0) & (limit == 0), 1.0, np.maximum(0.0, 1 - shown / limit))
    keyed = lambda values: dict(zip(names, map(float, values), strict=True))  # noqa: E731
    return AngularSeparation(index, keyed(by_group), keyed(shown), keyed(limit), p_value)


def _index(mistakes: float, worst: float) -> float:
    if worst <= 0:
        return 1.0 if mistakes == 0 else 0.0
    return max(0.0, 1.0 - mistakes / worst)


def _groups(
    places: NDArray[np.float64], labels: ArrayLike
) -> tuple[list[Any], NDArray[np.int64], NDArray[np.int64]]:
    if places.ndim != 1 and not (places.ndim == 2 and places.shape[1] == 2):
        raise NetsciError(
            f"angles need shape (n,), or (n, 2) for azimuth and elevation, not {places.shape}"
        )
    given = np.asarray(labels)
    n = places.shape[0]
    if given.shape != (n,):
        raise NetsciError(f"there are {n} angles but labels of shape {given.shape}")
    least = 4 if places.ndim == 1 else 6
    if n < least:
        raise NetsciError(f"the angular separation needs at least {least} samples, not {n}")
    try:
        names, codes, sizes = np.unique(given, return_inverse=True, return_counts=True)
    except TypeError as error:
        raise NetsciError(f"labels must be of one kind, to be put in order: {error}") from error
    if names.size == 1 or names.size == n:
        raise NetsciError(
            f"the angular separation needs more than one group and fewer groups than samples; "
            f"there are {names.size} groups of {n} samples"
        )
    return names.tolist(), codes.astype(np.int64), sizes.astype(np.int64)


def _check(places: NDArray[np.float64], worst: str, permutations: int) -> None:
    if worst not in ("theoretical", "permutations"):
        raise NetsciError(f"worst must be 'theoretical' or 'permutations', not {worst!r}")
    whole_number("permutations", permutations)
    if not np.isfinite(places).all():
        raise NetsciError("the angles hold NaN or infinity")
    if places.ndim == 2:
        azimuth, elevation = places.T
        if azimuth.min() < 0 or azimuth.max() > 2 * np.pi or np.abs(elevation).max() > np.pi / 2:
            raise NetsciError("azimuth must lie in [0, 2π] and elevation in [−π/2, π/2]")
        if worst == "theoretical":
            raise NetsciError("on the sphere the worst case is known from permutations only")
    if worst == "permutations" and permutations == 0:
        raise NetsciError("the worst case over permutations needs at least one permutation")


def _count(
    places: NDArray[np.float64],
    codes: NDArray[np.int64],
    sizes: NDArray[np.int64],
    permutations: int,
    seed: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return observed mistakes per group, and those of each permutation; -1 where undefined."""
    from . import separation_kernels as kernels

    n, flat = codes.size, places.ndim == 1
    observed = np.empty(sizes.size, np.int64)
    random = np.empty((permutations, sizes.size), np.int64)
    angle = np.mod(places, 2 * np.pi) if flat else np.ascontiguousarray(places[:, 0])
    order = np.argsort(angle, kind="stable")
    if flat:
        codes = codes[order]
        kernels.circle_mistakes(codes, sizes, observed)
    else:
        elevation = np.ascontiguousarray(places[:, 1])
        kernels.sphere_mistakes(codes, sizes, angle, elevation, order, observed)
    rng = np.random.default_rng(seed)
    for first in range(0, permutations, _CHUNK):
        part = random[first : first + _CHUNK]
        uniform = rng.random((part.shape[0], n))
        if flat:
            kernels.permuted_circle(codes, sizes, uniform, part)
        else:
            kernels.permuted_sphere(codes, sizes, angle, elevation, order, uniform, part)
    return observed, random


@measure(
    "asi",
    tier="deep",
    shares="embedding",
    source="Muscoloni and Cannistraci 2019",
    summary="How far layers, and communities, keep apart in angle in the hyperbolic disk.",
    estimate=lambda topology: embedding_seconds(topology) + 6e-5 * topology.n_nodes,
    version=3,
)
def _measure(
    snapshot: Snapshot,
    pre_weighting: str = "RA1",
    reduction: str = "ncISO",
    permutations: int = 1000,
    seed: int = 0,
) -> Iterator[Value]:
    from ..structure.modularity import modularity

    for scope, part, place in embedded_scopes(
        snapshot.topology, pre_weighting=pre_weighting, reduction=reduction, angles="EA", seed=seed
    ):
        names = np.asarray([population.name for population in part.graph_populations])
        partitions = {
            "layers": names[part.node_population[place.nodes]],
            "communities": modularity(part, seed=seed, n=3).membership[place.nodes],
        }
        partitions = {
            what: labels
            for what, labels in partitions.items()
            if 1 < np.unique(labels).size < labels.size
        }
        if not partitions and scope == "network":
            raise NotApplicable("the network is one layer and one community: nothing to separate")
        assert place.theta is not None
        for what, labels in partitions.items():
            found = angular_separation_index(
                place.theta, labels, permutations=permutations, seed=seed
            )
            yield Value(scope, f"asi_{what}", found.index)
            at_limit = found.p_value * (1 + permutations) < 1.5
            said = p_in_words(found.p_value, permutations, at_limit, "permutations")
            yield Value(scope, f"asi_{what}_p", found.p_value, text=said)
            if what == "layers" and scope == "network":
                for group, value in found.group_index.items():
                    yield Value(str(group), "asi", value)
