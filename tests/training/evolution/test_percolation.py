import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.topology import Population
from netsci_dst.training.evolution.percolation import Ends, Network
from netsci_dst.training.wiring import Wiring


def ends_of(matrix, frozen=False):
    u, v = np.nonzero(matrix)
    keep = torch.ones(len(u), dtype=torch.bool)
    return Ends(torch.from_numpy(u), torch.from_numpy(v), keep, frozen)


def percolate(network, ends):
    """Let a network percolate; return how many links each layer has lost."""
    before = {name: int(end.keep.sum()) for name, end in ends.items()}
    network.percolate(ends)
    return {name: before[name] - int(end.keep.sum()) for name, end in ends.items()}


def matrix_of(ends, shape):
    matrix = np.zeros(shape, dtype=int)
    matrix[ends.sources[ends.keep], ends.targets[ends.keep]] = 1
    return matrix


def chain(sizes, dense_last=True):
    names = ["input", *(f"h{i}" for i in range(1, len(sizes) - 1)), "output"]
    roles = ["input", *["hidden"] * (len(sizes) - 2), "output"]
    populations = tuple(Population(*facts) for facts in zip(names, sizes, roles))
    layers = {f"l{i}": (names[i], names[i + 1]) for i in range(len(sizes) - 1)}
    return Wiring(populations, layers), len(sizes) - 1 - dense_last


@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.15, 0.3]), st.booleans())
@settings(deadline=None, max_examples=60)
def test_in_a_chain_what_is_left_lies_on_a_path_from_input_to_output(seed, density, dense_last):
    """The links that stay are exactly those on a directed path from an input to an output."""
    sizes = [7, 9, 8, 6, 4]
    wiring, n_sparse = chain(sizes, dense_last)
    rng = np.random.default_rng(seed)
    matrices = [rng.random((sizes[i], sizes[i + 1])) < density for i in range(n_sparse)]
    ends = {f"l{i}": ends_of(matrix) for i, matrix in enumerate(matrices)}
    lost = percolate(Network(wiring), ends)

    graph = nx.DiGraph()
    for i, matrix in enumerate(matrices):
        graph.add_edges_from(((i, u), (i + 1, v)) for u, v in zip(*np.nonzero(matrix)))
    if dense_last:
        graph.add_edges_from(((3, u), (4, v)) for u in range(6) for v in range(4))
    graph.add_edges_from(("from", (0, u)) for u in range(sizes[0]))
    graph.add_edges_from(((4, v), "to") for v in range(sizes[4]))
    alive = nx.descendants(graph, "from") & nx.ancestors(graph, "to")
    for i, matrix in enumerate(matrices):
        expected = matrix.astype(int).copy()
        for u, v in zip(*np.nonzero(matrix)):
            expected[u, v] = (i, u) in alive and (i + 1, v) in alive
        assert np.array_equal(matrix_of(ends[f"l{i}"], matrix.shape), expected)
        assert lost[f"l{i}"] == matrix.sum() - expected.sum()


def attention(combine="all"):
    populations = (
        Population("stream", 3, "residual"),
        Population("qk", 4, combine=combine),
        Population("v", 4),
        Population("after", 3, "residual"),
    )
    layers = {
        "q": ("stream", "qk"),
        "k": ("stream", "qk"),
        "v": ("stream", "v"),
        "o": ("v", "after"),
    }
    return Network(Wiring(populations, layers, skips=(("stream", "after"),)))


def test_a_product_needs_both_factors():
    q = np.array([[1, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]])
    k = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0]])
    ends = {"q": ends_of(q), "k": ends_of(k)}
    assert percolate(attention(), ends) == {"q": 1, "k": 1}
    assert matrix_of(ends["q"], q.shape)[:, 2].sum() == 0
    assert matrix_of(ends["k"], k.shape)[:, 3].sum() == 0
    either = {"q": ends_of(q), "k": ends_of(k)}
    assert percolate(attention("any"), either) == {"q": 0, "k": 0}


def test_values_without_a_way_out_go_and_residual_streams_stay():
    v = np.array([[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    o = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 1]])
    ends = {"v": ends_of(v), "o": ends_of(o)}
    assert percolate(attention(), ends) == {"v": 1, "o": 1}
    assert matrix_of(ends["v"], v.shape).tolist() == [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert matrix_of(ends["o"], o.shape).tolist() == [[1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_a_frozen_layer_keeps_its_links():
    wiring, _ = chain([3, 3, 3, 2])
    first, second = np.eye(3), np.zeros((3, 3))
    ends = {"l0": ends_of(first, frozen=True), "l1": ends_of(second)}
    assert percolate(Network(wiring), ends)["l0"] == 0


def test_active_neurons_are_counted_once_per_population():
    wiring, _ = chain([4, 3, 3, 2])
    ends = {
        "l0": ends_of(np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]])),
        "l1": ends_of(np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]])),
    }
    active = Network(wiring).active(ends)
    assert {name: mask.tolist() for name, mask in active.items()} == {
        "input": [True, False, True, False],
        "h1": [True, True, False],
        "h2": [True, True, False],  # by incoming links: only the dense output leaves it
    }


@pytest.mark.parametrize("role", ["input", "output"])
def test_ends_of_the_model_need_only_the_side_they_have(role):
    wiring, _ = chain([3, 4, 2], dense_last=False)
    ends = {"l0": ends_of(np.ones((3, 4))), "l1": ends_of(np.ones((4, 2)))}
    assert sum(percolate(Network(wiring), ends).values()) == 0


@pytest.mark.parametrize("name", ["q", "k", "v"])
def test_what_one_wave_finds_alive_is_what_is_alive_afterwards(name):
    rng = np.random.default_rng(0)
    shapes = {"q": (3, 4), "k": (3, 4), "v": (3, 4), "o": (4, 3)}
    ends = {layer: ends_of(rng.random(shape) < 0.4) for layer, shape in shapes.items()}
    network = attention()
    found = network.percolate(ends)
    assert found is not None
    a, b = network.alive_ends(ends, found)[name], network.alive_ends(ends)[name]
    for one, other in zip(a, b):
        assert (one is None) == (other is None)
        assert one is None or torch.equal(one, other)


def test_a_chain_has_no_such_wave():
    wiring, _ = chain([3, 3, 3, 2])
    ends = {"l0": ends_of(np.eye(3)), "l1": ends_of(np.ones((3, 3)))}
    assert Network(wiring).percolate(ends) is None
