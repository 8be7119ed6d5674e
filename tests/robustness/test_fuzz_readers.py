"""Every reader meets damaged files: a clear error or a right result, and nothing else."""

from __future__ import annotations

import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

import netsci_dst as nd
from netsci_dst.errors import FormatError, NetsciError
from netsci_dst.exchange import export, from_checkpoint
from netsci_dst.snapshots import from_bytes, to_bytes
from netsci_dst.topology import Topology

sys.path.insert(0, str(Path(__file__).parent))
from mutate import mutate

FILES = 2_000
STRESS_FILES = 20_000
LIMIT_S = 20


@pytest.fixture(scope="module")
def snapshot():
    rng = np.random.default_rng(0)
    layers = [(rng.random(s) < 0.3) * rng.standard_normal(s) for s in [(6, 8), (8, 5)]]
    return nd.Snapshot(Topology.chain(layers, input_shape=(2, 3)), 3, 0.5, extra={"note": "x"})


@pytest.fixture(scope="module")
def originals(tmp_path_factory, snapshot):
    """One healthy file for each reader."""
    folder = tmp_path_factory.mktemp("healthy")
    for ending in ("csv", "graphml", "gexf", "json", "npz", "mat", "pt"):
        export(snapshot, folder / f"ours.{ending}")
    (folder / "plain.csv").write_text("source,target\n0,1\n1,2\n2,0\n2,3\n")
    (folder / "spaces.txt").write_text("# a network\na b 1.5\nb c 2\nc d 0.5\n")
    state = {
        f"{k.name}.weight": k.to_scipy(weighted=True).toarray().T.copy()
        for k in snapshot.topology.layers
    }
    save_file(state, folder / "state.safetensors")
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(state["layer1.weight"], "a.weight")
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "a.weight"], ["y"], transB=1)],
        "g",
        [info("x", TensorProto.FLOAT, [1, 6])],
        [info("y", TensorProto.FLOAT, [1, 8])],
        [weight],
    )
    onnx.save(helper.make_model(graph), str(folder / "model.onnx"))
    (folder / "snapshot").write_bytes(to_bytes(snapshot))
    return sorted(folder.iterdir())


def links_of(run):
    return [layer.keys.tolist() for layer in run.snapshots[0].topology.layers]


def too_long(*_):
    raise TimeoutError("a reader hung")


def outside(folder):
    return sorted(str(path) for path in folder.rglob("*") if path.is_file())


def attack(tmp_path, original, rng, count):
    """Feed damaged copies of one file to its reader; return how many were refused."""
    data = original.read_bytes()
    arena = tmp_path / original.name.replace(".", "_")
    (arena / "in").mkdir(parents=True)
    messages = []
    for i in range(count):
        damaged = mutate(data, rng)
        signal.alarm(LIMIT_S)
        try:
            if original.name == "snapshot":
                topology = from_bytes(damaged).topology
                assert topology.n_links == sum(k.indices.size for k in topology.layers)
            else:
                file = arena / "in" / original.name
                file.write_bytes(damaged)
                run = from_checkpoint(file, arena / f"run{i}")
                for layer in run.snapshots[0].topology.layers:
                    assert layer.weights is None or np.isfinite(layer.weights).all()
        except NetsciError as error:
            messages.append(str(error).strip())
        finally:
            signal.alarm(0)
    written = [path for path in outside(tmp_path) if arena.name not in path]
    assert not [path for path in written if original.name in path]
    assert all(message and "\n" not in message for message in messages)
    return len(messages)


@pytest.fixture
def alarm():
    previous = signal.signal(signal.SIGALRM, too_long)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


def fuzz(tmp_path, originals, files, seed):
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        refused = {
            original.name: attack(tmp_path, original, rng, files // len(originals) + 1)
            for original in originals
        }
    assert all(refused.values()), refused


def test_damaged_files_are_refused_or_right(tmp_path, originals, alarm):
    fuzz(tmp_path, originals, FILES, 0)


@pytest.mark.stress
def test_many_more_damaged_files(tmp_path, originals, alarm):
    fuzz(tmp_path, originals, STRESS_FILES, 1)


def damaged_runs(tmp_path, snapshot, seed, count):
    rng = np.random.default_rng(seed)
    run = nd.Run.create(tmp_path / "run", {"seed": 1, "model": {"hidden": [3, 4]}}, {"seed": 1})
    run.write_snapshot(snapshot)
    run.append("metrics", [{"step": i, "epoch": i / 2, "accuracy": 0.5} for i in range(4)])
    run.append("evolution", [{"step": i, "layer": "a", "itop": 0.5} for i in range(4)])
    names = ["recipe.toml", "provenance.json", "metrics.parquet", "evolution.parquet"]
    names += ["snapshots/index.json", "snapshots/step-00000003.safetensors"]
    expected = snapshot.topology.layers[0].keys.tolist()
    before, refused = outside(tmp_path), 0
    for i in range(count):
        file = tmp_path / "run" / names[i % len(names)]
        healthy = file.read_bytes()
        file.write_bytes(mutate(healthy, rng))
        signal.alarm(LIMIT_S)
        try:
            opened = nd.load_run(tmp_path / "run")
            _ = opened.recipe, len(opened.metrics), len(opened.evolution)
            for taken in opened.snapshots:
                assert taken.topology.layers[0].keys.tolist() == expected
        except NetsciError:
            refused += 1
        finally:
            signal.alarm(0)
            file.write_bytes(healthy)
    assert outside(tmp_path) == before
    assert refused > count / 2


def test_damaged_run_folders_are_refused_or_right(tmp_path, snapshot, alarm):
    damaged_runs(tmp_path, snapshot, 2, 400)


@pytest.mark.stress
def test_many_more_damaged_run_folders(tmp_path, snapshot, alarm):
    damaged_runs(tmp_path, snapshot, 3, 4_000)


def test_a_snapshot_with_a_wrong_checksum_is_never_read(tmp_path, snapshot):
    run = nd.Run.create(tmp_path / "run", {})
    run.write_snapshot(snapshot)
    other = nd.Snapshot(snapshot.topology, 3, 0.75)
    (tmp_path / "run/snapshots/step-00000003.safetensors").write_bytes(to_bytes(other))
    with pytest.raises(FormatError, match="checksum"):
        nd.load_run(tmp_path / "run").snapshots.at(3)
