"""SIGTERM and SIGUSR1 leave a checkpoint, as Ctrl-C does; checkpoints are taken by time."""

import itertools
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest

import netsci_dst as nd
import netsci_dst.training as training
from netsci_dst import stop_signals
from netsci_dst.training import checkpoint
from netsci_dst.training.callbacks import checkpoints
from netsci_dst.training.progress import Progress

from ._runs import facts, same

SETTINGS = {
    "data": "digits",
    "method": "set",
    "sparsity": 0.8,
    "steps": 40,
    "evaluate_steps": 20,
    "update_steps": 7,
    "model_options": {"hidden": [12, 8]},
    "device": "cpu",
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return facts(training.train(out=tmp_path_factory.mktemp("whole") / "run", **SETTINGS))


class Tell(Progress):
    """Sends this process signals after a step."""

    def __init__(self, step, *signals):
        self.step, self.signals = step, signals

    def stepped(self, step):
        if step == self.step:
            for number in self.signals:
                os.kill(os.getpid(), number)


@pytest.mark.parametrize("signals", [[signal.SIGTERM], [signal.SIGUSR1], [signal.SIGTERM] * 3])
def test_a_signal_leaves_a_checkpoint_at_its_step(tmp_path, whole, signals):
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), nd.stopped_by():
        training.train(out=tmp_path / "run", progress=Tell(29, *signals), **SETTINGS)
    assert signal.getsignal(signal.SIGTERM) is before
    run = nd.load_run(tmp_path / "run")
    assert run.status == "interrupted"
    assert checkpoint.load(run.store, checkpoint.LAST)[1]["step"] == 29
    training.resume(run.path)
    same(whole, facts(run))


def test_other_names_and_other_threads(tmp_path):
    with nd.stopped_by("SIGUSR1"):
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    from threading import Thread

    seen = []

    def inside():
        with nd.stopped_by():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = Thread(target=inside)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]


def _wait_for_a_signal():
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()


def test_a_forked_process_ends_by_the_signal_as_it_would_have():
    with nd.stopped_by():
        process = multiprocessing.get_context("fork").Process(target=_wait_for_a_signal)
        process.start()
        process.join(30)
        assert process.exitcode == -signal.SIGTERM
    assert stop_signals.received == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_job_in_the_background_of_a_script_ends_too(number):
    """A shell has such jobs ignore Ctrl-C; what a scheduler sends must end them all the same."""
    code = "import time, netsci_dst as nd\nwith nd.stopped_by():\n  print(1, flush=True)\n  "
    process: Any = subprocess.Popen(
        [sys.executable, "-c", code + "time.sleep(60)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    process.stdout.readline()
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode != 0
    assert b"KeyboardInterrupt" in told


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_the_command_line_ends_as_by_ctrl_c_and_goes_on(tmp_path, whole, number):
    out = tmp_path / "run"
    words = ["train", "--method", "set", "--sparsity", 0.8, "--hidden", "32", "--epochs", 3000]
    process: Any = subprocess.Popen(
        [sys.executable, "-m", "netsci_dst", *map(str, words), "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stderr.readline()  # the first evaluation
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert f"netsci-dst resume {out}" in told
    assert "Traceback" not in told
    run = nd.load_run(out)
    assert run.status == "interrupted"
    last = checkpoint.load(run.store, checkpoint.LAST)[1]["step"]
    assert last == run.provenance["stopped_at_step"]


def test_two_processes_of_which_one_is_told_agree_on_the_step(tmp_path):
    """A preempted machine tells its own process alone; neither may wait for the other for ever."""
    out = tmp_path / "run"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    words = "train --method set --sparsity 0.8 --hidden 32 --epochs 3000 --device cpu --out"
    world = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes: list[Any] = [
        subprocess.Popen(
            [sys.executable, "-m", "netsci_dst", *words.split(), str(out)],
            env={**os.environ, **world, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    processes[0].stderr.readline()  # the first evaluation
    processes[1].send_signal(signal.SIGTERM)
    told = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [128 + signal.SIGINT, 128 + 15]
    assert "Traceback" not in "".join(told)
    run = nd.load_run(out)
    assert run.status == "interrupted"
    last = checkpoint.load(run.store, checkpoint.LAST)[1]["step"]
    assert last == run.provenance["stopped_at_step"]
    assert not [f.what for f in nd.verify(run, data=False) if f.verdict == "damaged"]


@pytest.mark.parametrize(("minutes", "seconds_a_step", "between"), [(1, 20, 3), (None, 20, 20)])
def test_checkpoints_are_taken_by_time(
    tmp_path, whole, monkeypatch, minutes, seconds_a_step, between
):
    clock, saved = [0.0], []
    save = checkpoint.save

    def noted(store, name, tensors, known):
        if name == checkpoint.LAST:
            saved.append(known["step"])
        save(store, name, tensors, known)

    class Clock(Progress):
        def stepped(self, step):
            clock[0] += seconds_a_step

    monkeypatch.setattr(checkpoint, "save", noted)
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: clock[0])
    changed = {**SETTINGS, "checkpoint_minutes": minutes}
    run = training.train(out=tmp_path / "run", progress=Clock(), **changed)
    if minutes is None:
        assert saved == [0, 20, 40]
    else:
        gaps = [b - a for a, b in itertools.pairwise(saved)]
        assert max(gaps) <= between
        assert set(saved) >= {0, 3, 6, 20, 23, 40}
    same(whole, facts(run))  # when checkpoints are taken changes nothing else
