"""A run killed at any instant, also inside writes, ends as one that was never stopped."""

import errno
import multiprocessing
import os
import random
import signal
import subprocess

import pytest

import netsci_dst as nd
import netsci_dst.growing as growing
import netsci_dst.store as store_module
import netsci_dst.training as training
from netsci_dst.errors import RunError

from ._runs import facts, same

SETTINGS = {
    "data": "digits",
    "method": "chts",
    "sparsity": 0.9,
    "epochs": 6,
    "update_epochs": 0.5,
    "evaluate_steps": 10,
    "model_options": {"hidden": [32, 32]},
    "snapshot_keep": 4,
}


@pytest.fixture(autouse=True)
def _short_tails(monkeypatch):
    # So that a short run, too, fills and merges the tails of its tables many times.
    monkeypatch.setattr(growing, "LIMIT", 3)


def go_on(path):
    """Start the run, or continue it, in whatever state the folder is."""
    if (path / "recipe.toml").exists():
        training.resume(path)
    else:
        training.train(out=path, **SETTINGS)


def child(path, work):
    """Run in a forked process, which needs no new imports; return its exit code."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=work, args=(path,))
    process.start()
    return process


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("whole") / "run"
    return facts(training.train(out=path, **SETTINGS))


def kill_at_instant(path, rng):
    """Kill the process that writes a run; return whether it was still alive."""
    process = child(path, go_on)
    process.join(rng.uniform(0.02, 0.8))
    alive = process.is_alive()
    if alive:
        os.kill(process.pid, signal.SIGKILL)
    process.join()
    return alive and process.exitcode == -signal.SIGKILL


def kill_in_write(path, rng):
    """Die in the middle of a random one of the next writes; return whether that happened."""
    number, stage = rng.randrange(1, 60), rng.choice(["begin", "part", "flushed", "renamed"])
    count = 0

    def die_at(now):
        if count == number and now == stage:
            os.kill(os.getpid(), signal.SIGKILL)

    def work(place):
        nonlocal count
        write, delete = store_module.Store.write, store_module.Store.delete
        replace, fsync = os.replace, os.fsync

        def counted(self, name, data):
            nonlocal count
            count += 1
            die_at("begin")
            if count == number and stage == "part":
                with open(self.path(name + ".half"), "wb") as file:
                    file.write(bytes(data)[: len(data) // 2])
                os.replace(self.path(name + ".half"), self.path(f".{name.split('/')[-1]}.tmp-1-x"))
                die_at("part")
            write(self, name, data)

        def deleted(self, name):
            nonlocal count
            count += 1
            if stage in ("begin", "part"):
                die_at(stage)
            delete(self, name)
            die_at(stage)

        def flushed(*args):
            fsync(*args)
            die_at("flushed")

        def renamed(*args, **where):
            replace(*args, **where)
            die_at("renamed")

        store_module.Store.write, store_module.Store.delete = counted, deleted
        os.fsync, os.replace = flushed, renamed
        go_on(place)

    process = child(path, work)
    process.join()
    return process.exitcode == -signal.SIGKILL


def kill_and_go_on(folder, kill, n, rng, expected):
    """Kill runs until ``n`` kills have struck; all that come to their end must be as expected."""
    kills, run = 0, folder / "run0"
    for attempt in range(10 * n):
        struck = kill(run, rng)
        kills += struck
        if not struck:  # it came to its end before
            same(expected, facts(nd.load_run(run)))
            run = folder / f"run{attempt + 1}"
        if kills == n:
            break
    go_on(run)
    same(expected, facts(nd.load_run(run)))
    return kills


@pytest.mark.parametrize("kill", [kill_at_instant, kill_in_write])
def test_killed_five_times(tmp_path, whole, kill):
    assert kill_and_go_on(tmp_path, kill, 5, random.Random(0), whole) == 5


@pytest.mark.stress
@pytest.mark.parametrize("kill", [kill_at_instant, kill_in_write])
@pytest.mark.parametrize("seed", range(6))
def test_killed_many_times(tmp_path, whole, kill, seed):
    assert kill_and_go_on(tmp_path, kill, 5, random.Random(100 + seed), whole) == 5


def test_a_process_that_died_before_its_run_was_one(tmp_path, whole):
    training.train(out=tmp_path / "run", **SETTINGS)
    recipe = (tmp_path / "run" / "recipe.toml").read_bytes()
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "recipe.toml").write_bytes(recipe)
    go_on(tmp_path / "new")
    same(whole, facts(nd.load_run(tmp_path / "new")))


def test_a_small_file_system_that_fills_up(tmp_path, whole):
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root can mount a small file system")
    try:
        with pytest.raises(RunError, match="disk is full"):
            go_on(place / "run")
        subprocess.run(["mount", "-o", "remount,size=20m", str(place)], check=True)
        go_on(place / "run")
        same(whole, facts(nd.load_run(place / "run")))
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("number", [3, 17, 30])
def test_a_full_disk_is_said_and_survived(tmp_path, whole, number, monkeypatch):
    count = 0
    fsync = os.fsync

    def full(descriptor):
        nonlocal count
        count += 1
        if count >= number:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="disk is full"):
        training.train(out=tmp_path / "run", **SETTINGS)
    monkeypatch.undo()
    go_on(tmp_path / "run")
    same(whole, facts(nd.load_run(tmp_path / "run")))
