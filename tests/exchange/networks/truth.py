"""What a network file says, by names, beside what was read from it."""

import networkx as nx
import numpy as np

NAMES = ["Zoë", "Smith, J", "C#", "a b", 'say "x"', "10", "9"]


def karate():
    return nx.karate_club_graph()


def named_karate():
    graph = nx.Graph()
    graph.add_weighted_edges_from(
        (f"v{u}", f"v{v}", w) for u, v, w in karate().edges(data="weight")
    )
    return graph


def hostile():
    """A directed, weighted graph whose names hold separators, quotes, numbers."""
    rng, graph = np.random.default_rng(1), nx.DiGraph()
    for _ in range(14):
        u, v = rng.choice(7, 2, replace=False)
        graph.add_edge(NAMES[u], NAMES[v], weight=float(round(rng.random() * 5, 3)))
    return graph


def links_of_graph(graph, weighted=True):
    return {
        _pair(str(u), str(v), graph.is_directed()): w if weighted else None
        for u, v, w in graph.edges(data="weight")
    }


def links_of_topology(topology, weighted=True):
    (layer,) = topology.layers
    labels = topology.node_labels
    known = weighted and layer.weights is not None
    weights = layer.weights.tolist() if known else [None] * layer.n_links
    return {
        _pair(labels[u], labels[v], layer.directed): w
        for u, v, w in zip(layer.sources.tolist(), layer.indices.tolist(), weights, strict=True)
    }


def _pair(u, v, directed):
    return (u, v) if directed else tuple(sorted((u, v)))
