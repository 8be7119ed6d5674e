"""Every reader meets damaged files: a clear error or a right result, and nothing else."""

from __future__ import annotations

import signal
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

import netsci_dst as nd
import netsci_dst.growing as growing
import netsci_dst.training as training
from netsci_dst.errors import FormatError, NetsciError
from netsci_dst.exchange import export, from_checkpoint
from netsci_dst.run import RECIPE
from netsci_dst.snapshots import from_bytes, to_bytes
from netsci_dst.store import Store
from netsci_dst.topology import Topology
from netsci_dst.training import checkpoint, load_recipe

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
    run = training.train(
        out=tmp_path_factory.mktemp("trained") / "run",
        data="digits",
        method="chtss",
        sparsity=0.5,
        steps=2,
        evaluate_steps=1,
        model_options={"hidden": [3]},
        train_samples=64,
        test_samples=32,
        device="cpu",
    )
    for name in (checkpoint.LAST, checkpoint.BEST, RECIPE):
        (folder / name.split("/")[-1]).write_bytes(run.store.read(name))
    return sorted(folder.iterdir())


def read_snapshot(data, healthy, file):
    found = from_bytes(data)
    again = from_bytes(to_bytes(found))
    for layer, same in zip(found.topology.layers, again.topology.layers, strict=True):
        assert (np.diff(layer.keys) > 0).all()
        assert layer.keys.size == 0 or 0 <= layer.keys[0] <= layer.keys[-1] < np.prod(layer.shape)
        np.testing.assert_array_equal(layer.keys, same.keys)
        np.testing.assert_array_equal(layer.weights, same.weights)


def read_checkpoint(data, healthy, file):
    """A checkpoint has a checksum: what is read is what was written."""
    store = Store(file.parent)
    store.write("good", healthy)
    store.write(file.name, data)
    tensors, facts = checkpoint.load(store, file.name)
    expected, known = checkpoint.load(store, "good")
    assert repr(facts) == repr(known)
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in tensors.items())


def read_recipe(data, healthy, file):
    file.write_bytes(data)
    table = load_recipe(file).to_table()
    assert load_recipe(table).to_table() == table


def read_foreign(data, healthy, file):
    file.write_bytes(data)
    arena = file.parents[1]
    run = from_checkpoint(file, arena / f"run{len(list(arena.iterdir()))}")
    for layer in run.snapshots[0].topology.layers:
        assert layer.weights is None or np.isfinite(layer.weights).all()


READERS = {
    "snapshot": read_snapshot,
    "last.safetensors": read_checkpoint,
    "best.safetensors": read_checkpoint,
    "recipe.toml": read_recipe,
}


def links_of(run):
    return [layer.keys.tolist() for layer in run.snapshots[0].topology.layers]


def too_long(*_):
    raise TimeoutError("a reader hung")


def outside(folder):
    return sorted(str(path) for path in folder.rglob("*") if path.is_file())


def attack(tmp_path, original, rng, count):
    """Feed damaged copies of one file to its reader; return how many were refused."""
    data, reader = original.read_bytes(), READERS.get(original.name, read_foreign)
    arena = tmp_path / original.name.replace(".", "_")
    before = {Path(path) for path in outside(tmp_path)}
    (arena / "in").mkdir(parents=True)
    messages = []
    for _ in range(count):
        damaged = mutate(data, rng)
        signal.alarm(LIMIT_S)
        try:
            reader(damaged, data, arena / "in" / original.name)
        except NetsciError as error:
            messages.append(str(error).strip())
        finally:
            signal.alarm(0)
    fresh = {Path(path) for path in outside(tmp_path)} - before
    assert all(path.is_relative_to(arena) for path in fresh)
    assert all(path.relative_to(arena).parts[0].startswith(("in", "run")) for path in fresh)
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


def contents(run):
    links = [taken.topology.layers[0].keys.tolist() for taken in run.snapshots]
    return links, run.metrics.to_csv(), run.evolution.to_csv()


def damaged_runs(tmp_path, snapshot, seed, count):
    """Damage each file of a run whose tables and index have tails."""
    rng = np.random.default_rng(seed)
    run = nd.Run.create(tmp_path / "run", {"seed": 1, "model": {"hidden": [3, 4]}}, {"seed": 1})
    for step in range(1, 5):
        run.write_snapshot(replace(snapshot, step=step))
        run.append("metrics", [{"step": step, "epoch": step / 2, "accuracy": 0.5}])
        run.append("evolution", [{"step": step, "layer": "a", "itop": 0.5}])
    expected = contents(nd.load_run(run.path))
    names = sorted(name for name in outside(tmp_path) if not name.endswith("lock"))
    assert sum("-tail." in name for name in names) == 3
    before, refused = outside(tmp_path), 0
    for i in range(count):
        file = Path(names[i % len(names)])
        healthy = file.read_bytes()
        file.write_bytes(mutate(healthy, rng))
        signal.alarm(LIMIT_S)
        try:
            opened = nd.load_run(tmp_path / "run")
            assert isinstance(opened.recipe, dict)
            assert contents(opened) == expected, file
        except NetsciError:
            refused += 1
        finally:
            signal.alarm(0)
            file.write_bytes(healthy)
    assert outside(tmp_path) == before
    assert refused > count / 2


@pytest.fixture
def short_tails(monkeypatch):
    monkeypatch.setattr(growing, "LIMIT", 1)


def test_damaged_run_folders_are_refused_or_right(tmp_path, snapshot, alarm, short_tails):
    damaged_runs(tmp_path, snapshot, 2, 400)


@pytest.mark.stress
def test_many_more_damaged_run_folders(tmp_path, snapshot, alarm, short_tails):
    damaged_runs(tmp_path, snapshot, 3, 4_000)


def test_a_snapshot_with_a_wrong_checksum_is_never_read(tmp_path, snapshot):
    run = nd.Run.create(tmp_path / "run", {})
    run.write_snapshot(snapshot)
    other = nd.Snapshot(snapshot.topology, 3, 0.75)
    (tmp_path / "run/snapshots/step-00000003.safetensors").write_bytes(to_bytes(other))
    with pytest.raises(FormatError, match="checksum"):
        nd.load_run(tmp_path / "run").snapshots.at(3)
