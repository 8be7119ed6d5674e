"""A folder from a stranger: links, pipes, devices are refused, and nothing outside is touched."""

import errno
import fcntl
import os
import subprocess
import sys

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst import local_folder
from netsci_dst.errors import NetsciError, RunError, RunLocked
from netsci_dst.store import Store
from netsci_dst.topology import Topology

GROWING = ["metrics.parquet", "evolution.parquet", "snapshots/index.json"]
FILES = ["provenance.json", "recipe.toml", *GROWING, "snapshots/step-00000001.safetensors"]


@pytest.fixture
def run(tmp_path):
    made = nd.Run.create(tmp_path / "run", {"seed": 1}, {"seed": 1})
    made.write_snapshot(nd.Snapshot(Topology.chain([np.eye(3)]), 1))
    for table in ("metrics", "evolution"):
        made.append(table, [{"step": 1, "epoch": 1.0, "layer": "a"}])
    return tmp_path / "run"


def read_all(path):
    opened = nd.load_run(path)
    return opened.recipe, opened.metrics, opened.evolution, opened.snapshots[:]


@pytest.mark.parametrize("name", FILES)
def test_a_link_to_a_file_elsewhere_is_not_followed(run, name):
    outside = run.parent / "outside"
    os.replace(run / name, outside)
    (run / name).symlink_to(outside)
    with pytest.raises(RunError, match="symbolic link"):
        read_all(run)


@pytest.mark.parametrize("name", FILES)
def test_a_pipe_is_refused_at_once(run, name):
    (run / name).unlink()
    os.mkfifo(run / name)
    with pytest.raises(RunError, match="is a pipe"):
        read_all(run)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/random", "/dev/tty"])
def test_a_link_to_an_endless_device_is_refused(run, device):
    (run / "metrics.parquet").unlink()
    (run / "metrics.parquet").symlink_to(device)
    with pytest.raises(RunError, match="symbolic link"):
        read_all(run)


def test_a_device_itself_is_refused(run):
    (run / "metrics.parquet").unlink()
    try:
        os.mknod(run / "metrics.parquet", 0o20666, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("only root makes devices")
    with pytest.raises(RunError, match="device"):
        read_all(run)


def test_a_link_to_a_folder_is_neither_read_nor_written_through(run):
    outside = run.parent / "outside"
    outside.mkdir()
    (run / "analysis").symlink_to(outside)
    store = Store(run)
    for act in (
        lambda: store.write("analysis/a", b"x"),
        lambda: store.write("analysis/deep/a", b"x"),
        lambda: store.read("analysis/a"),
        lambda: store.list("analysis"),
        lambda: store.delete("analysis/a"),
        lambda: store.exists("analysis/a"),
    ):
        with pytest.raises(RunError, match="symbolic link"):
            act()
    (outside / ".a.tmp-1-2").write_bytes(b"not ours")
    store.clean()
    assert os.listdir(outside) == [".a.tmp-1-2"]


def test_a_lock_that_is_a_link_is_not_written_through(run):
    victim = run.parent / "victim"
    victim.write_text("precious")
    for make in ((run / "lock").symlink_to, lambda target: os.link(target, run / "lock")):
        make(victim)
        with pytest.raises(NetsciError, match="lock"), Store(run).lock():
            pass
        assert victim.read_text() == "precious"
        (run / "lock").unlink()
    (run / "lock").symlink_to(run.parent / "new")
    with pytest.raises(NetsciError, match="symbolic link"), Store(run).lock():
        pass
    assert not (run.parent / "new").exists()


def test_writing_over_a_link_replaces_the_link_alone(run):
    victim = run.parent / "victim"
    victim.write_text("precious")
    (run / "note").symlink_to(victim)
    Store(run).write("note", b"ours")
    assert victim.read_text() == "precious"
    assert Store(run).read("note") == b"ours"


def test_the_folder_itself_may_be_reached_through_links(run):
    (run.parent / "other").symlink_to(run)
    assert nd.load_run(run.parent / "other").snapshots.steps == [1]


def test_a_file_larger_than_the_memory_is_refused(run):
    os.truncate(run / "metrics.parquet", 2**42)
    with pytest.raises(NetsciError, match="NETSCI_DST_MAX_BYTES"):
        read_all(run)


def test_what_a_living_writer_has_open_is_not_cleaned_away(tmp_path):
    living, dead = tmp_path / ".a.tmp-1-2", tmp_path / ".b.tmp-1-2"
    dead.write_bytes(b"half")
    with living.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        Store(tmp_path).clean()
        assert os.listdir(tmp_path) == [living.name]
    Store(tmp_path).clean()
    assert os.listdir(tmp_path) == []


def test_the_leftovers_of_one_file_alone_are_cleaned(tmp_path):
    for name in (".a.tmp-1-2", ".ab.tmp-1-2", "a", "x.tmp-1"):
        (tmp_path / name).write_bytes(b"")
    Store(tmp_path).clean("a")
    assert sorted(os.listdir(tmp_path)) == [".ab.tmp-1-2", "a", "x.tmp-1"]


def test_an_interruption_leaves_no_temporary_file(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Store(tmp_path).write("a", b"new")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_not_taken_for_a_locked_run(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(local_folder.fcntl, "flock", refuse)
    with pytest.warns(UserWarning, match="no locks"), Store(tmp_path).lock():
        Store(tmp_path).write("a", b"x")
    assert Store(tmp_path).read("a") == b"x"


def test_another_failure_of_a_lock_is_said_as_it_is(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(local_folder.fcntl, "flock", refuse)
    with pytest.raises(RunError, match="Input/output error") as caught, Store(tmp_path).lock():
        pass
    assert not isinstance(caught.value, RunLocked)


def test_what_fails_inside_the_lock_passes_unchanged(tmp_path):
    with pytest.raises(FileNotFoundError), Store(tmp_path).lock():
        raise FileNotFoundError("of the caller")
    with Store(tmp_path).lock():
        pass


def test_no_descriptor_is_left_open(run):
    store = Store(run)
    before = os.listdir("/proc/self/fd") if sys.platform == "linux" else []
    for _ in range(20):
        read_all(run)
        store.write("deep/er/a", b"x")
        store.list("deep/er")
        store.clean()
        with store.lock():
            pass
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) == len(before)


def test_info_on_a_pipe_ends(run):
    (run / "provenance.json").unlink()
    os.mkfifo(run / "provenance.json")
    command = [sys.executable, "-m", "netsci_dst", "info", str(run)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
