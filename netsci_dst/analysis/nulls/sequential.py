"""Tests against null models that go on until they can tell, or a stated limit is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import registry
from ...errors import NetsciError
from ...topology import Topology

__all__ = ["NullModelTest", "null_model_test"]

EXTREMES = 20  # null graphs as extreme as the graph itself, after which p is known well enough


@dataclass(frozen=True, eq=False)
class NullModelTest:
    """A value beside what a null model gives.

    Attributes
    ----------
    observed
        The value of the graph itself.
    values
        The values of the null graphs, shape ``(n,)``.
    mean, std
        Their mean and sample standard deviation.
    z
        ``(observed − mean) / std``; NaN when the null values do not vary.
    p_value
        Two-sided: share of the values, that of the graph counted, at least as far from the mean of
        all as that of the graph.
    at_limit
        Whether no null graph was as extreme: then p is no more than an upper bound.
    """

    observed: float
    values: NDArray[np.float64]
    mean: float
    std: float
    z: float
    p_value: float
    at_limit: bool

    @property
    def p_text(self) -> str:
        """The p-value in words, with the number of null graphs where they are the limit."""
        return p_in_words(self.p_value, self.values.size, self.at_limit)


def p_in_words(p_value: float, n: int, at_limit: bool, what: str = "nulls") -> str:
    """Return a p-value as text.

    Examples
    --------
    >>> p_in_words(1 / 201, 200, True), p_in_words(0.1234, 162, False)
    ('≤ 0.005 (200 nulls)', '0.12')
    """
    return f"≤ {p_value:.1g} ({n} {what})" if at_limit else f"{p_value:.2g}"


def limit_of_nulls(n_links: int) -> int:
    """Return how many null graphs are drawn at most: 200 below 10⁵ links, then fewer."""
    return 200 if n_links < 100_000 else 100 if n_links < 1_000_000 else 40


def null_model_test(
    graph: Any,
    function: Callable[[Any], float],
    n: int | None = None,
    seed: int = 0,
    null: str | Callable[..., Topology] = "degree_preserving",
    extremes: int | None = EXTREMES,
) -> NullModelTest:
    """Compare a value of a graph with its values on graphs of a null model.

    Null graphs are drawn until ``extremes`` of them are as extreme as the graph, or there are
    ``n``: p is known to about a fifth of itself where it is large, and no time is lost there.

    Parameters
    ----------
    graph
        A topology or snapshot, whose layers are randomised each for itself, or any other graph.
    function
        Takes a topology where one was given, else a symmetric boolean CSR matrix; returns a number.
    n
        Most null graphs, at least 2; by default 200 below 10⁵ links, 100 below 10⁶, else 40.
    seed
        Seeds them; graph i is the same whatever ``n`` is.
    null
        Name of a registered null model (``netsci-dst list nulls``), or a function that takes a
        topology and a generator.
    extremes
        None to draw all ``n``.

    Returns
    -------
    NullModelTest
        The value, those of the null graphs, z and p.

    Raises
    ------
    NetsciError
        If ``n`` is below 2.
    UnknownName
        If no null model has this name.

    References
    ----------
    Besag and Clifford, Biometrika 78, 301 (1991).

    Examples
    --------
    >>> import networkx as nx
    >>> from netsci_dst.analysis import modularity
    >>> caves = nx.connected_caveman_graph(6, 6)
    >>> test = null_model_test(caves, lambda graph: modularity(graph, n=1).value, n=20)
    >>> test.z > 5, test.p_text
    (True, '≤ 0.05 (20 nulls)')
    """
    given = getattr(graph, "topology", graph)
    layered = isinstance(given, Topology)
    topology = (given if layered else Topology.network(graph)).undirected()
    most = limit_of_nulls(topology.n_links) if n is None else n
    see = (lambda t: t) if layered else (lambda t: t.to_scipy())
    asked = {"": lambda t: float(function(see(t)))}
    return answers(topology, asked, most, seed, null, extremes)[""]


def answers(
    topology: Topology,
    asked: dict[str, Callable[[Topology], float]],
    n: int,
    seed: int = 0,
    null: str | Callable[..., Topology] = "degree_preserving",
    extremes: int | None = EXTREMES,
) -> dict[str, NullModelTest]:
    """Ask several questions of the same null graphs, each until it is answered.

    Parameters as for `null_model_test`; the functions take topologies.
    """
    if n < 2:
        raise NetsciError(f"a null model test needs at least two null graphs, not n={n}")
    observed = {name: float(function(topology)) for name, function in asked.items()}
    values: dict[str, list[float]] = {name: [] for name in asked}
    unanswered = list(asked)
    for other in drawn_nulls(topology, n, seed, null):
        for name in unanswered:
            values[name].append(float(asked[name](other)))
        unanswered = [
            name
            for name in unanswered
            if extremes is None or _as_extreme(observed[name], np.array(values[name])) < extremes
        ]
        if not unanswered:
            break
    return {name: summarise(observed[name], np.array(values[name])) for name in asked}


def drawn_nulls(
    topology: Topology, n: int, seed: int, null: str | Callable[..., Topology]
) -> Iterator[Topology]:
    """Yield ``n`` graphs of a null model; graph i is the same whatever ``n`` is."""
    draw = registry.get("null model", null).target if isinstance(null, str) else null
    for child in np.random.SeedSequence(seed).spawn(n):
        yield draw(topology, np.random.default_rng(child))


def summarise(observed: float, values: NDArray[np.float64]) -> NullModelTest:
    """Return the test of an observed value against null values; those that are NaN are left out."""
    known = values[np.isfinite(values)]
    nan = float("nan")
    if not known.size or not np.isfinite(observed):
        return NullModelTest(observed, values, nan, nan, nan, nan, False)
    mean = float(known.mean())
    std = float(known.std(ddof=1)) if known.size > 1 else nan
    # Values that differ by rounding alone do not vary.
    varies = std > 1e-12 * max(1.0, abs(mean))
    count = _as_extreme(observed, known)
    z = (observed - mean) / std if varies else nan
    p_value = (1 + count) / (1 + known.size)
    return NullModelTest(observed, values, mean, std, z, p_value, count == 0)


def _as_extreme(observed: float, values: NDArray[np.float64]) -> int:
    """Return how many values are at least as far from the mean of all as the observed one.

    The observed value counts in that mean, so that all are treated alike.
    """
    known = values[np.isfinite(values)]
    middle = (known.sum() + observed) / (known.size + 1)
    rounding = 1e-12 * max(1.0, abs(middle))  # equal up to rounding counts as equal
    return int((np.abs(known - middle) >= abs(observed - middle) - rounding).sum())
