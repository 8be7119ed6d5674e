"""Networks with hostile names and attributes, through every export and back."""

import csv
import io

import networkx as nx
import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import netsci_dst as nd
from netsci_dst.exchange import export
from netsci_dst.exchange.exports.graph_facts import different, writable
from netsci_dst.exchange.networks import read, read_snapshot
from netsci_dst.network import LinkTable
from netsci_dst.topology import simple_network

HOSTILE = ["", "a\r\nb", "\x00\x1b[2J", "=cmd|' /C calc'!A0", '"', "<b>&amp;", "é\U0001f600", ","]
HOSTILE += [" lead", "trail ", "# no comment", "None", "nan", "1", "01", "\t", "\ufffe", "a\\", "'"]
TEXT = st.sampled_from(HOSTILE) | st.text(st.characters(exclude_categories=("Cs",)), max_size=5)
KEYS = st.sampled_from(["population", "index", "degree", "name", "label", "id", "start", "parents"])
VALUES = (
    st.lists(st.floats(width=64), min_size=4, max_size=4),
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.lists(st.none() | TEXT, min_size=4, max_size=4),
)
ENDINGS = {"graphml": ".graphml", "gexf": ".gexf", "json": ".json", "edgelist": ".csv"}
ENDINGS |= {"npz": ".npz", "mat": ".mat"}


@st.composite
def networks(draw):
    weights = st.floats(-1e300, 1e300, allow_nan=False)
    table = LinkTable(
        4,
        np.array([0, 2, 3, 0]),
        np.array([1, 1, 0, 1]),
        np.array(draw(st.lists(weights, min_size=4, max_size=4))) if draw(st.booleans()) else None,
        draw(st.booleans()),
        draw(st.none() | st.lists(TEXT, min_size=4, max_size=4, unique=True)),
        draw(st.dictionaries(KEYS | TEXT.filter(bool), st.one_of(*VALUES), max_size=3)),
    )
    return nd.Snapshot(simple_network(table)[0], 3, 0.5, extra={"note": draw(TEXT)})


def facts(topology):
    (layer,) = topology.layers
    weights = None if layer.weights is None else layer.weights.tolist()
    parallel = None if layer.multiplicity is None else layer.multiplicity.tolist()
    return topology.populations, layer.keys.tolist(), layer.directed, weights, parallel


@pytest.mark.parametrize("format", ENDINGS)
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(snapshot=networks())
def test_everything_comes_back(tmp_path_factory, format, snapshot):
    path = tmp_path_factory.mktemp("x") / f"x{ENDINGS[format]}"
    export(snapshot, path, format)
    back = read_snapshot(path)
    assert facts(back.topology) == facts(snapshot.topology)
    extra = dict(back.extra)
    assert extra.pop("read").endswith("exported by netsci-dst")
    assert (back.step, back.epoch, extra) == (snapshot.step, snapshot.epoch, snapshot.extra)


@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(snapshot=networks())
def test_others_read_names_and_weights(tmp_path_factory, snapshot):
    folder = tmp_path_factory.mktemp("x")
    topology = snapshot.topology
    labels = topology.node_labels
    graph = nx.read_graphml(export(snapshot, folder / "x.graphml"), node_type=int)
    assert graph.is_directed() == topology.is_directed
    assert graph.number_of_edges() == topology.n_links
    if topology.populations[0].names is not None:
        plain = [writable(name).replace("\r\n", "\n").replace("\r", "\n") for name in labels]
        assert [graph.nodes[i].get("name") or "" for i in range(4)] == plain
    graph = nx.read_gexf(export(snapshot, folder / "x.gexf"), node_type=int)
    assert sorted(map(sorted, graph.edges())) == sorted(
        map(sorted, zip(*(ends.tolist() for ends in topology.links())))
    )
    with open(export(snapshot, folder / "x.csv"), encoding="utf-8", newline="") as file:
        file.readline()
        rows = list(csv.DictReader(io.StringIO(file.read(), newline="")))
    u, v = topology.links()
    assert [(r["source"], r["target"]) for r in rows] == [
        (labels[a], labels[b]) for a, b in zip(u, v)
    ]
    if topology.is_weighted:
        assert [float(r["weight"]) for r in rows] == topology.layers[0].weights.tolist()


def test_gml_is_read_by_networkx_and_ours(tmp_path):
    graph = nx.DiGraph()
    graph.add_weighted_edges_from([('A "é" & b', "C#", 0.1), ("C#", "x y", 2.5)])
    nx.set_node_attributes(graph, dict.fromkeys(graph, 3), "core")
    path = export(nd.Snapshot(nd.Topology.network(graph)), tmp_path / "x.gml")
    others = nx.read_gml(path)
    assert list(others.edges(data="weight")) == list(graph.edges(data="weight"))
    ours = read(path).topology
    assert ours.populations[0].names == tuple(graph)
    assert ours.populations[0].attributes["core"].tolist() == [3, 3, 3]
    assert ours.layers[0].weights.tolist() == [0.1, 2.5]
    assert ours.is_directed


def test_matlab_sees_names_and_weights(tmp_path):
    graph = nx.les_miserables_graph()
    found = scipy.io.loadmat(
        export(nd.Snapshot(nd.Topology.network(graph)), tmp_path / "x.mat"), squeeze_me=True
    )
    assert [str(name) for name in found["names_1"]] == list(graph)
    whole = found["weights_1"].toarray()
    assert (whole + whole.T == nx.to_numpy_array(graph)).all()


def test_writable_names_stay_apart():
    assert different(["a\x00", "a\x01", "", "a�"]) == ["a�", "a�_1", "_", "a�_2"]
