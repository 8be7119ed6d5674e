import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from netsci_dst.errors import FormatError, NetsciError, TopologyError
from netsci_dst.snapshots import FORMAT_VERSION, Snapshot, from_bytes, to_bytes
from netsci_dst.topology import Dense, Layer, Population, Topology


def same(a: Snapshot, b: Snapshot) -> bool:
    if (a.step, a.epoch, a.extra) != (b.step, b.epoch, b.extra):
        return False
    s, t = a.topology, b.topology
    if (s.populations, s.dense, s.skips) != (t.populations, t.dense, t.skips):
        return False
    for k, l in zip(s.layers, t.layers, strict=True):
        if (k.name, k.source, k.target, k.shape, k.directed) != (
            l.name,
            l.source,
            l.target,
            l.shape,
            l.directed,
        ):
            return False
        for key in ("indptr", "indices", "weights", "multiplicity"):
            p, q = getattr(k, key), getattr(l, key)
            if (p is None) != (q is None) or (p is not None and not np.array_equal(p, q)):
                return False
    return {n: list(v) for n, v in a.activity.items()} == {
        n: list(v) for n, v in b.activity.items()
    } and all(
        np.array_equal(b.activity[n][k], v) for n, d in a.activity.items() for k, v in d.items()
    )


def example(seed=0, density=0.3, multiplicity=False):
    rng = np.random.default_rng(seed)
    populations = (
        Population("in", 12, "input", shape=(3, 4)),
        Population("h", 300, combine="any"),
        Population("r", 300, "residual"),
        Population("out", 10, "output"),
    )
    first = rng.random((12, 300)) < density
    second = rng.random((300, 300)) < density
    layers = (
        Layer.from_links(
            "a.0",
            "in",
            "h",
            (12, 300),
            *np.nonzero(first),
            weights=rng.standard_normal(first.sum()),
            multiplicity=rng.integers(1, 10, first.sum()) if multiplicity else None,
        ),
        Layer.from_matrix("b", "h", "r", second),
    )
    topology = Topology(populations, layers, (Dense("head", "r", "out"),), (("h", "r"),))
    activity = {"h": {"mean_abs": rng.random(300).astype(np.float32)}}
    return Snapshot(topology, 1875, 1.5, activity, {"note": "é<script>"})


@pytest.mark.parametrize("density", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("multiplicity", [False, True])
def test_round_trip_is_lossless(density, multiplicity):
    snapshot = example(density=density, multiplicity=multiplicity)
    assert same(snapshot, from_bytes(to_bytes(snapshot)))


def test_a_general_network_round_trips():
    snapshot = Snapshot(Topology.network(np.triu(np.ones((5, 5)), 1)))
    assert same(snapshot, from_bytes(to_bytes(snapshot)))


def test_weights_can_be_left_out():
    assert from_bytes(to_bytes(example(), weights=False)).topology.layers[0].weights is None


@pytest.mark.parametrize("n_target", [250, 1568, 70_000])
def test_a_link_costs_at_most_nine_bytes(n_target):
    rng = np.random.default_rng(0)
    keys = np.unique(rng.integers(0, 784 * n_target, 784 * n_target // 100))
    layer = Layer.from_links(
        "l", "a", "b", (784, n_target), keys // n_target, keys % n_target, rng.random(keys.size)
    )
    topology = Topology((Population("a", 784, "input"), Population("b", n_target)), (layer,))
    header = 1500
    assert len(to_bytes(Snapshot(topology))) <= 9 * layer.n_links + header


def rewrite(data: bytes, change) -> bytes:
    length = int.from_bytes(data[:8], "little")
    header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["netsci_dst"])
    tensors = load(data)
    change(header, tensors)
    return save(tensors, metadata={"netsci_dst": json.dumps(header)})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, t: h.update(format=FORMAT_VERSION + 1), "newer"),
        (lambda h, t: h.update(format=True), "format version"),
        (lambda h, t: h.update(kind="model"), "not a netsci-dst snapshot"),
        (lambda h, t: h.pop("layers"), "corrupt"),
        (lambda h, t: h["populations"][0].update(size=13), "corrupt"),
        (lambda h, t: h["populations"][0].update(size=10**30), "corrupt"),
        (lambda h, t: h["populations"].reverse(), "corrupt"),
        (lambda h, t: t.pop("layers/0/targets"), "corrupt"),
        (lambda h, t: t["layers/0/targets"].__setitem__(0, 65_000), "corrupt"),
        (lambda h, t: t["layers/0/weights"].__setitem__(0, np.nan), "NaN"),
        (lambda h, t: t["layers/0/degrees"].__setitem__(0, 0), "corrupt"),
        (lambda h, t: t.update({"activity/9/mean_abs": np.ones(3, np.float32)}), "corrupt"),
        (lambda h, t: t.update({"activity/1/mean_abs": np.ones(3, np.float32)}), "corrupt"),
    ],
)
def test_a_changed_snapshot_is_refused(change, message):
    with pytest.raises(FormatError, match=message):
        from_bytes(rewrite(to_bytes(example()), change))


def test_foreign_and_truncated_files_are_refused():
    data = to_bytes(example())
    foreign = save({"weight": np.ones(3)})
    for broken in (b"", b"x", data[:100], data[:-1], foreign, b"\x80\x04pickle", data + b"x"):
        with pytest.raises(FormatError):
            from_bytes(broken)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_mutation_crashes_the_reader(data):
    raw = bytearray(to_bytes(example(density=0.02)))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        snapshot = from_bytes(bytes(raw))
    except NetsciError:
        return
    assert snapshot.topology.n_links == sum(
        layer.indices.size for layer in snapshot.topology.layers
    )


def test_activity_of_the_wrong_size_is_refused():
    with pytest.raises(TopologyError, match="shape"):
        Snapshot(example().topology, activity={"h": {"mean_abs": np.ones(3, np.float32)}})


def test_a_directed_network_in_which_all_nodes_are_linked_comes_back():
    network = Topology.network(nx.complete_graph(4, nx.DiGraph))
    back = from_bytes(to_bytes(Snapshot(network))).topology
    assert back.layers[0].n_links == 12
    assert (back.to_scipy(directed=True) != network.to_scipy(directed=True)).nnz == 0
