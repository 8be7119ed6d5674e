"""Input maps against dense matrix products."""

import networkx as nx
import numpy as np
import pytest

from netsci_dst.analysis.degree.input_maps import gini, input_maps, input_maps_measure
from netsci_dst.analysis.measure import Array, NotApplicable, Value
from netsci_dst.snapshots import Snapshot
from netsci_dst.topology import Layer, Population, Topology


@pytest.mark.parametrize("shape", [(4, 6), (2, 3, 4), None])
def test_maps_are_matrix_products_on_the_grid(shape):
    rng = np.random.default_rng(0)
    first, second = rng.random((24, 9)) < 0.3, rng.random((9, 7)) < 0.3
    (found,) = input_maps(Topology.chain([first, second], input_shape=shape))
    grid = shape or (24,)
    np.testing.assert_array_equal(found.degrees, first.sum(1).reshape(grid))
    paths = (first.astype(int) @ second.sum(1)).reshape(grid)
    np.testing.assert_array_equal(found.first_hidden, paths)
    if len(grid) == 3:
        assert found.image(found.degrees).shape == (3, 4)


def test_a_single_layer_has_no_hidden_map():
    (found,) = input_maps(Topology.chain([np.eye(4)]))
    assert np.isnan(found.first_hidden).all()


def test_gini():
    assert gini(np.ones(10)) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 5.0])) == pytest.approx(0.75)
    values = np.random.default_rng(1).exponential(size=40)
    pairs = np.abs(values[:, None] - values).sum() / (2 * 40 * values.sum())
    assert gini(values) == pytest.approx(pairs)
    assert np.isnan(gini(np.zeros(3)))


def test_measure_of_an_image():
    matrix = np.zeros((16, 2))
    matrix[[5, 6, 9, 10]] = 1  # the middle of a 4 by 4 picture
    rows = list(input_maps_measure(Snapshot(Topology.chain([matrix], input_shape=(4, 4)))))
    values = {r.quantity: r.value for r in rows if isinstance(r, Value)}
    assert values == {"concentration": pytest.approx(0.75), "unused": 12, "centre_share": 1.0}
    picture = next(r.values for r in rows if isinstance(r, Array))
    np.testing.assert_array_equal(picture, matrix.sum(1).reshape(4, 4))


def test_a_shortcut_to_an_output_adds_no_path_of_two_links():
    populations = (
        Population("in", 2, "input"),
        Population("h", 2),
        Population("out", 1, "output"),
    )
    ends = {"a": ("in", "h"), "b": ("h", "out"), "c": ("in", "out")}
    sizes = {p.name: p.size for p in populations}
    layers = tuple(
        Layer.from_matrix(name, u, v, np.ones((sizes[u], sizes[v])))
        for name, (u, v) in ends.items()
    )
    (found,) = input_maps(Topology(populations, layers))
    assert found.first_hidden.tolist() == [2, 2]
    assert found.degrees.tolist() == [3, 3]
    (short,) = input_maps(Topology((populations[0], populations[2]), layers[2:]))
    assert np.isnan(short.first_hidden).all()


def test_a_general_network_has_no_input():
    for graph in (nx.path_graph(3), Topology.network(nx.path_graph(3))):
        with pytest.raises(NotApplicable):
            input_maps(graph)
