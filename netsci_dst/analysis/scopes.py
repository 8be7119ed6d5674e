"""What a value speaks of: the network, its hidden part, a layer, or a population.

Measures of graphs read parts of the network as graphs of their own. Measures of neurons read
neurons in the whole graph: a hidden neuron keeps its links from the input and to the output.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..topology import Population, Topology
from .measure import NotApplicable

HIDDEN = "hidden"
HIDDEN_SUBGRAPH = "hidden-subgraph"


class NeuronScope(NamedTuple):
    """Some neurons of a graph, which keep all their links in it.

    Attributes
    ----------
    name
        ``network``, ``hidden``, or the name of a layer.
    graph
        The graph.
    member
        Which of its nodes are meant, shape ``(n_nodes,)``.
    """

    name: str
    graph: Topology
    member: NDArray[np.bool_]  # which nodes of the graph, shape ``(n_nodes,)``

    @property
    def degrees(self) -> NDArray[np.int64]:
        """Degrees of the scope's neurons in the graph."""
        return self.graph.degrees[self.member]


def graph_scopes(topology: Topology, *, layers: bool = True) -> Iterator[tuple[str, Topology]]:
    """Yield the whole network, the subgraph of its hidden neurons, and each layer, with names.

    For measures of graphs. The subgraph that hidden neurons span is ``hidden-subgraph``; it is
    left out where it is the network itself, as in a Transformer.

    Parameters
    ----------
    topology
        A topology with at least one layer.
    layers
        Whether each layer counts by itself.

    Yields
    ------
    tuple
        Name and topology of each part.

    Raises
    ------
    NotApplicable
        If the network has no sparse layers.

    Examples
    --------
    >>> import numpy as np
    >>> chain = Topology.chain([np.eye(3), np.eye(3), np.eye(3)])
    >>> [(name, part.n_links) for name, part in graph_scopes(chain)]
    [('network', 9), ('hidden-subgraph', 3), ('layer1', 3), ('layer2', 3), ('layer3', 3)]
    """
    _refuse_empty(topology)
    yield "network", topology
    if topology.is_layered and len(topology.layers) > 1:
        hidden = topology.hidden
        if hidden is not None and len(hidden.layers) < len(topology.layers):
            yield HIDDEN_SUBGRAPH, hidden
        if layers:
            yield from _layers(topology)


def neuron_scopes(topology: Topology, *, layers: bool = True) -> Iterator[NeuronScope]:
    """Yield the neurons of the network, its hidden ones, and those of each layer by itself.

    For measures of neurons. ``hidden`` are the hidden neurons in the whole graph; they are left
    out where all neurons are hidden. A layer is a graph of its own.

    Parameters
    ----------
    topology
        A topology with at least one layer.
    layers
        Whether each layer counts by itself.

    Yields
    ------
    NeuronScope
        Name, graph, and which of its nodes are meant.

    Raises
    ------
    NotApplicable
        If the network has no sparse layers.

    Examples
    --------
    >>> import numpy as np
    >>> chain = Topology.chain([np.eye(3), np.ones((3, 2))])
    >>> [(scope.name, scope.degrees.tolist()) for scope in neuron_scopes(chain, layers=False)]
    [('network', [1, 1, 1, 3, 3, 3, 3, 3]), ('hidden', [3, 3, 3])]
    """
    _refuse_empty(topology)
    yield NeuronScope("network", topology, np.ones(topology.n_nodes, dtype=bool))
    inner = hidden_neurons(topology)
    if inner.any() and not inner.all():
        yield NeuronScope(HIDDEN, topology, inner)
    if layers and topology.is_layered and len(topology.layers) > 1:
        for name, part in _layers(topology):
            yield NeuronScope(name, part, np.ones(part.n_nodes, dtype=bool))


def hidden_neurons(topology: Topology) -> NDArray[np.bool_]:
    """Return which nodes of the graph are neither input nor output, shape ``(n_nodes,)``.

    None in a general network.

    Parameters
    ----------
    topology
        A topology.

    Returns
    -------
    numpy.ndarray
        Booleans, shape ``(n_nodes,)``.

    Examples
    --------
    >>> import numpy as np
    >>> hidden_neurons(Topology.chain([np.ones((2, 3)), np.ones((3, 1))])).tolist()
    [False, False, True, True, True, False]
    """
    inner = np.zeros(topology.n_nodes, dtype=bool)
    if topology.is_layered:
        for population in topology.graph_populations:
            inner[topology.nodes(population.name)] = population.role not in ("input", "output")
    return inner


def population_scopes(topology: Topology) -> Iterator[tuple[str, Population, slice]]:
    """Yield each population of the graph with the name of its scope and its nodes.

    Parameters
    ----------
    topology
        A topology with at least one layer.

    Yields
    ------
    tuple
        Name of the scope, the population, and the slice of its nodes.

    Raises
    ------
    NotApplicable
        If the network has no sparse layers.

    Examples
    --------
    >>> import numpy as np
    >>> chain = Topology.chain([np.ones((2, 3)), np.ones((3, 1))])
    >>> [(name, nodes.start, nodes.stop) for name, _, nodes in population_scopes(chain)]
    [('input', 0, 2), ('hidden1', 2, 5), ('output', 5, 6)]
    """
    _refuse_empty(topology)
    taken = {"network", HIDDEN, HIDDEN_SUBGRAPH, *(layer.name for layer in topology.layers)}
    for population in topology.graph_populations:
        name = population.name
        scope = f"population {name}" if name in taken else name
        yield scope, population, topology.nodes(name)


def node_groups(topology: Topology) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield the nodes of the network, of its hidden populations together, and of each population.

    A neuron keeps all its links here: the groups divide nodes, not links.

    Parameters
    ----------
    topology
        A topology with at least one layer.

    Yields
    ------
    tuple
        Name of the group, and which nodes belong to it, shape ``(n_nodes,)``.

    Raises
    ------
    NotApplicable
        If the network has no sparse layers.

    Examples
    --------
    >>> import numpy as np
    >>> chain = Topology.chain([np.ones((2, 3)), np.ones((3, 1))])
    >>> [(name, int(member.sum())) for name, member in node_groups(chain)]
    [('network', 6), ('hidden', 3), ('input', 2), ('hidden1', 3), ('output', 1)]
    """
    for scope in neuron_scopes(topology, layers=False):
        yield scope.name, scope.member
    if topology.is_layered:
        for name, _, nodes in population_scopes(topology):
            member = np.zeros(topology.n_nodes, dtype=bool)
            member[nodes] = True
            yield name, member


def _layers(topology: Topology) -> list[tuple[str, Topology]]:
    # Kept, so that the measures of a snapshot share the parts and their adjacency.
    parts = _parts.get(topology)
    if parts is None:
        parts = [(layer.name, topology.part([layer.name])) for layer in topology.layers]
        _parts[topology] = parts
    return parts


_parts: weakref.WeakKeyDictionary[Topology, list[tuple[str, Topology]]]
_parts = weakref.WeakKeyDictionary()


def _refuse_empty(topology: Topology) -> None:
    if not topology.layers:
        raise NotApplicable("the network has no sparse layers")


def refuse_general(topology: Topology) -> None:
    """Refuse what is told of neurons where there are only nodes.

    Raises
    ------
    NotApplicable
        If the topology is a general network.
    """
    if topology.layers and not topology.is_layered:
        raise NotApplicable("a general network has nodes, no neurons that could fall silent")
