"""Input maps: where on the input grid the network looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...snapshots import Snapshot
from ...topology import Layer, Population, Topology
from ..measure import Array, NotApplicable, Value, measure

__all__ = ["InputMap", "input_maps"]

_SOURCE = "Survival, figs. 8 and 19; CHT, fig. A4"


@dataclass(frozen=True, eq=False)
class InputMap:
    """The links of one input population, on the grid of its neurons.

    Attributes
    ----------
    population
        Its name.
    degrees
        Links of each input neuron, in the shape of the population's grid (``(n,)`` without one).
    first_hidden
        For each input neuron the summed outgoing degree of the first hidden neurons that it feeds,
        that is, its paths of two links; NaN where no sparse layer leaves the first hidden layer.
    """

    population: str
    degrees: NDArray[np.int64]
    first_hidden: NDArray[np.float64]

    def image(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return a map as a picture, the channels of a grid of three dimensions summed."""
        return values.sum(axis=0) if values.ndim == 3 else values


def input_maps(topology: Topology | Snapshot) -> tuple[InputMap, ...]:
    """Map the links of the input, and of the first hidden layer, onto the input grid.

    Parameters
    ----------
    topology
        A layered topology, or a snapshot of one.

    Returns
    -------
    tuple of InputMap
        One per input population.

    Raises
    ------
    NotApplicable
        For a general network, or where no sparse layer leaves an input.

    References
    ----------
    Survival, figs. 8 (input layer) and 19 (first hidden layer).

    Examples
    --------
    >>> import numpy as np
    >>> chain = Topology.chain([np.eye(4), np.ones((4, 2))], input_shape=(2, 2))
    >>> found, = input_maps(chain)
    >>> found.population, found.degrees.tolist(), found.first_hidden.tolist()
    ('input', [[1, 1], [1, 1]], [[2.0, 2.0], [2.0, 2.0]])
    """
    network = topology.topology if isinstance(topology, Snapshot) else topology
    if not isinstance(network, Topology) or not network.is_layered:
        raise NotApplicable("a general network has no input layer")
    fed = {layer.source for layer in network.layers}
    inputs = [p for p in network.graph_populations if p.role == "input" and p.name in fed]
    if not inputs:
        raise NotApplicable("no sparse layer leaves an input population")
    return tuple(_map(network, population) for population in inputs)


def _map(network: Topology, population: Population) -> InputMap:
    shape = population.shape or (population.size,)
    degrees = np.zeros(population.size, dtype=np.int64)
    back = []
    for layer in network.layers:
        if layer.source == population.name:
            degrees += layer.out_degrees
            onward = [other.out_degrees for other in network.layers if other.source == layer.target]
            if onward:
                back.append(_back(layer, np.sum(onward, axis=0).astype(np.float64)))
    # No sparse layer beyond the first: nothing to map back.
    paths = np.sum(back, axis=0) if back else np.full(population.size, np.nan)
    return InputMap(population.name, degrees.reshape(shape), paths.reshape(shape))


def _back(layer: Layer, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return, for each source, the sum of the values of its targets."""
    sums = np.bincount(layer.sources, weights=values[layer.indices], minlength=layer.shape[0])
    return sums.astype(np.float64)


@measure("input_maps", tier="cheap", source=_SOURCE)
def input_maps_measure(snapshot: Snapshot) -> Iterator[Value | Array]:
    """Links of each input neuron on the image grid, and the first hidden layer mapped back to it.

    ``concentration`` is the Gini coefficient of the inputs' degrees: 0 when attention is even, near
    1 when a few inputs hold all links. ``centre_share`` is the share of links in the middle half
    of the picture's height and width.
    """
    for found in input_maps(snapshot):
        name = found.population
        yield Array(f"degrees/{name}", found.degrees)
        yield Value(name, "concentration", gini(found.degrees.ravel()))
        yield Value(name, "unused", int((found.degrees == 0).sum()))
        picture = found.image(found.degrees)
        if picture.ndim == 2:
            yield Value(name, "centre_share", _centre_share(picture))
        if not np.isnan(found.first_hidden).any():
            yield Array(f"first_hidden/{name}", found.first_hidden)
            yield Value(name, "first_hidden_concentration", gini(found.first_hidden.ravel()))


def gini(values: NDArray[Any]) -> float:
    """Return the Gini coefficient of non-negative values; NaN when all are 0."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    total = ordered.sum()
    if total <= 0:
        return float("nan")
    rank = np.arange(1, ordered.size + 1)
    return float((2 * rank - ordered.size - 1) @ ordered / (ordered.size * total))


def _centre_share(picture: NDArray[Any]) -> float:
    height, width = picture.shape
    middle = picture[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return float(middle.sum() / picture.sum()) if picture.sum() else float("nan")
