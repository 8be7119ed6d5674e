import errno
import json
import multiprocessing
import os

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst import store as store_module
from netsci_dst.errors import FormatError, NetsciError, RunError, RunLocked
from netsci_dst.run import FORMAT_VERSION, Run
from netsci_dst.store import Store
from netsci_dst.table_forms import Json
from netsci_dst.topology import Topology


def snapshot(step, seed=0):
    rng = np.random.default_rng(seed + step)
    return nd.Snapshot(Topology.chain([rng.random((5, 4)) < 0.5]), step, step / 10)


@pytest.fixture(params=["local", "memory"])
def place(request, tmp_path):
    return str(tmp_path / "run") if request.param == "local" else f"memory://{tmp_path.name}/run"


def test_a_run_holds_what_was_written(place):
    recipe = {"seed": 1, "model": {"name": "mlp", "hidden": [4, 4], "dropout": None}}
    run = Run.create(place, recipe, {"seed": 1})
    with run.writing():
        for step in (10, 20):
            run.write_snapshot(snapshot(step))
            run.append("metrics", [{"step": step, "epoch": step / 10, "accuracy": 0.5}])
            run.append("evolution", [{"step": step, "layer": "a", "itop": 0.25}])
    again = nd.load_run(place)
    assert again.recipe == {"seed": 1, "model": {"name": "mlp", "hidden": [4, 4]}}
    assert again.status == "created"
    assert again.snapshots.steps == [10, 20]
    assert again.snapshots.epochs == [1.0, 2.0]
    assert again.metrics["accuracy"].tolist() == [0.5, 0.5]
    assert again.evolution["layer"].tolist() == ["a", "a"]
    assert again.snapshots.verify() == []
    keys = snapshot(20).topology.layers[0].keys
    assert np.array_equal(again.snapshots[-1].topology.layers[0].keys, keys)
    assert [s.step for s in again.snapshots[:1]] == [10]


def test_rewind_drops_what_came_after(place):
    run = Run.create(place, {})
    for step in (1, 2, 3):
        run.write_snapshot(snapshot(step))
        run.append("metrics", [{"step": step}])
    run.rewind(2)
    again = nd.load_run(place)
    assert again.metrics["step"].tolist() == [1, 2]
    assert again.snapshots.steps == [1, 2]
    assert len(again.store.list("snapshots")) == 3  # two snapshots and the index


def test_two_runs_do_not_share_a_folder(place):
    Run.create(place, {})
    with pytest.raises(RunError, match="already holds a run"):
        Run.create(place, {})


def test_a_missing_run_and_a_foreign_folder_are_named(tmp_path):
    with pytest.raises(RunError, match="does not exist"):
        nd.load_run(tmp_path / "nowhere")
    with pytest.raises(RunError, match="holds no run"):
        nd.load_run(tmp_path)


def test_a_newer_format_is_refused(place):
    run = Run.create(place, {})
    run.update_provenance({"format": FORMAT_VERSION + 1})
    with pytest.raises(FormatError, match="newer"):
        nd.load_run(place)


@pytest.mark.parametrize("name", ["provenance.json", "recipe.toml", "metrics.parquet"])
def test_corrupt_files_are_named(tmp_path, name):
    run = Run.create(tmp_path / "r", {"a": 1})
    run.append("metrics", [{"step": 1}])
    (tmp_path / "r" / name).write_bytes(b"\xff{not this")
    with pytest.raises(FormatError, match=name):
        _read_everything(tmp_path / "r")


def _read_everything(path):
    opened = nd.load_run(path)
    return opened.recipe, opened.metrics, opened.evolution


def test_a_changed_snapshot_fails_its_checksum(tmp_path):
    run = Run.create(tmp_path / "r", {})
    run.write_snapshot(snapshot(7))
    file = tmp_path / "r/snapshots/step-00000007.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(FormatError, match="checksum"):
        nd.load_run(tmp_path / "r").snapshots[0]
    assert len(nd.load_run(tmp_path / "r").snapshots.verify()) == 1


def test_a_snapshot_written_before_a_crash_of_the_index_is_kept(tmp_path):
    run = Run.create(tmp_path / "r", {})
    run.write_snapshot(snapshot(1))
    index = (tmp_path / "r/snapshots/index.json").read_bytes()
    run.write_snapshot(snapshot(2))
    (tmp_path / "r/snapshots/index.json").write_bytes(index)
    assert nd.load_run(tmp_path / "r").snapshots.steps == [1, 2]


def test_an_index_may_not_name_files_elsewhere(tmp_path):
    run = Run.create(tmp_path / "r", {})
    run.write_snapshot(snapshot(1))
    file = tmp_path / "r/snapshots/index.json"
    entries = json.loads(file.read_bytes())["rows"]
    entries[0]["file"] = "../../secret.safetensors"
    file.write_bytes(Json().encode(entries, None))
    with pytest.raises(FormatError, match="corrupt"):
        _ = nd.load_run(tmp_path / "r").snapshots[0]


@pytest.mark.parametrize("name", ["../x", "{outside}/x", "a/../../x"])
def test_names_that_lead_out_of_the_folder_are_refused(tmp_path, name):
    with pytest.raises(RunError, match="inside a run folder"):
        Store(tmp_path / "run").write(name.format(outside=tmp_path), b"")
    assert list(tmp_path.iterdir()) == []


def _hold(path, ready, done):
    with Store(path).lock():
        ready.set()
        done.wait(30)


def test_a_second_writer_is_refused(tmp_path):
    context = multiprocessing.get_context("fork" if os.name == "posix" else "spawn")
    ready, done = context.Event(), context.Event()
    process = context.Process(target=_hold, args=(tmp_path, ready, done))
    process.start()
    assert ready.wait(30)
    with pytest.raises(RunLocked, match=str(process.pid)), Store(tmp_path).lock():
        pass
    done.set()
    process.join()
    with Store(tmp_path).lock():
        pass


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.write("a", b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(store_module.os, "fsync", full)
    with pytest.raises(RunError, match="disk is full"):
        store.write("a", b"new")
    assert store.read("a") == b"old"
    assert store.list() == ["a"]
    assert os.listdir(tmp_path) == ["a"]


def test_leftovers_of_interrupted_writes_are_invisible_and_cleaned(tmp_path):
    store = Store(tmp_path)
    store.write("a", b"x")
    (tmp_path / ".a.tmp-1-2").write_bytes(b"half")
    assert store.list() == ["a"]
    store.clean()
    assert os.listdir(tmp_path) == ["a"]


def every_flip(path, read):
    """Flip one bit of each byte of a file; return how often what was read changed in silence."""
    data, expected, silent = path.read_bytes(), read(), 0
    for i in range(len(data)):
        damaged = bytearray(data)
        damaged[i] ^= 1 << i % 8
        path.write_bytes(damaged)
        try:
            silent += read() != expected
        except NetsciError:
            continue
    path.write_bytes(data)
    return silent


@pytest.mark.parametrize("name", ["recipe.toml", "provenance.json", "snapshots/index.json"])
def test_no_flipped_bit_changes_what_is_read(tmp_path, name):
    path = tmp_path / "run"
    run = Run.create(path, {"seed": 1, "lr": 0.1, "data": "digits"}, {"seed": 1, "seconds": 0.25})
    run.write_snapshot(snapshot(1))

    def read():
        again = nd.load_run(path)
        return again.recipe, again.provenance, again.snapshots.index

    assert every_flip(path / name, read) == 0


def test_a_recipe_that_was_edited_afterwards_is_refused(tmp_path):
    Run.create(tmp_path / "run", {"seed": 1})
    (tmp_path / "run/recipe.toml").write_text("seed = 2\n")
    with pytest.raises(FormatError, match="changed after the run had begun"):
        _ = nd.load_run(tmp_path / "run").recipe
