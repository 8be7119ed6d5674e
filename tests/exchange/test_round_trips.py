import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst.errors import FormatError, UnknownName
from netsci_dst.exchange import FORMATS, export, from_checkpoint
from netsci_dst.exchange.exports import read_ours
from netsci_dst.topology import Dense, Layer, Population, Topology

LOSSLESS = {"graphml": ".graphml", "gexf": ".gexf", "json": ".json", "npz": ".npz", "mat": ".mat"}


def example(general=False, parallel=False, multiplicity=False):
    rng = np.random.default_rng(3)
    if general:
        return nd.Snapshot(Topology.network(np.triu(rng.random((9, 9)) < 0.3, 1)), 4, 0.5)
    populations = (
        Population("in <é>", 6, "input", shape=(2, 3)),
        Population("h", 5, combine="any"),
        Population("r", 5, "residual"),
        Population("out", 2, "output"),
    )
    there = rng.random((6, 5)) < 0.4
    weights = rng.standard_normal(there.sum()).astype(np.float32)
    weights[0] = 0  # a link of weight zero is a link
    counts = rng.integers(1, 9, there.sum()) if multiplicity else None
    layers = [Layer.from_links("a.0", "in <é>", "h", (6, 5), *np.nonzero(there), weights, counts)]
    if parallel:
        again = rng.random((6, 5)) < 0.4
        layers.append(
            Layer.from_links(
                "a.1", "in <é>", "h", (6, 5), *np.nonzero(again), rng.random(again.sum())
            )
        )
    layers.append(Layer.from_links("empty", "h", "r", (5, 5), [], [], np.empty(0)))
    topology = Topology(populations, tuple(layers), (Dense("d", "r", "out"),), (("h", "r"),))
    activity = {"h": {"mean_abs": rng.random(5).astype(np.float32)}}
    return nd.Snapshot(topology, 7, 1.25, activity, {"note": "a\nb"})


def links(snapshot):
    return {
        layer.name: (
            layer.keys.tolist(),
            None if layer.weights is None or not layer.n_links else layer.weights.tolist(),
            None if layer.multiplicity is None else layer.multiplicity.tolist(),
            layer.directed,
        )
        for layer in snapshot.topology.layers
    }


@pytest.mark.parametrize("kind", ["mlp", "general", "parallel", "multiplicity"])
@pytest.mark.parametrize("format", [*LOSSLESS, "edgelist"])
def test_what_is_exported_comes_back(tmp_path, format, kind):
    snapshot = example(**({} if kind == "mlp" else {kind: True}))
    path = export(snapshot, tmp_path / f"x{LOSSLESS.get(format, '.csv')}", format)
    run = from_checkpoint(path, tmp_path / "run")
    back = run.snapshots[0]
    a, b = snapshot.topology, back.topology
    assert (a.populations, a.dense, a.skips) == (b.populations, b.dense, b.skips)
    assert links(back) == links(snapshot)
    assert (back.step, back.epoch, back.extra) == (snapshot.step, snapshot.epoch, snapshot.extra)
    if format != "edgelist":
        assert {n: {k: v.tolist() for k, v in d.items()} for n, d in back.activity.items()} == {
            n: {k: v.tolist() for k, v in d.items()} for n, d in snapshot.activity.items()
        }


def test_unknown_formats_offer_the_nearest(tmp_path):
    with pytest.raises(UnknownName, match="did you mean 'graphml'"):
        export(example(), tmp_path / "x", "graphm")
    with pytest.raises(FormatError, match="cannot tell"):
        export(example(), tmp_path / "x.unknown")
    assert "gexf" in FORMATS


@pytest.mark.parametrize("ending", [".csv", ".npz", ".json", ".graphml"])
def test_damaged_exports_are_refused(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    export(example(), path)
    data = path.read_bytes()
    if ending == ".npz":
        with np.load(path) as file:
            arrays = {key: file[key] for key in file.files}
        arrays["layer/1/source"][:] = 99
        np.savez(path, **arrays)
    else:
        path.write_bytes(data.replace(b"a.0", b"zzz", 1))
    with pytest.raises(FormatError):
        read_ours(path)


def test_a_sequence_of_exports_becomes_one_run(tmp_path):
    first = example()
    later = nd.Snapshot(first.topology, 9, 2.0)
    paths = [export(later, tmp_path / "b.npz"), export(first, tmp_path / "a.npz")]
    run = from_checkpoint(paths, tmp_path / "run")
    assert run.snapshots.steps == [7, 9]
    assert run.status == "imported"
    with pytest.raises(FormatError, match="same step"):
        from_checkpoint([paths[0], paths[0]], tmp_path / "other")
    with pytest.raises(FormatError, match="2 steps"):
        from_checkpoint(paths, tmp_path / "other", steps=[1])
