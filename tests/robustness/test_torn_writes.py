"""A process that dies with half a file written leaves the old file, and the run goes on."""

import multiprocessing
import os
import signal

import netsci_dst as nd
import netsci_dst.growing as growing
import netsci_dst.local_folder as local_folder
import netsci_dst.training as training

SETTINGS = {
    "data": "digits",
    "method": "set",
    "sparsity": 0.8,
    "steps": 24,
    "evaluate_steps": 4,
    "update_steps": 3,
    "model_options": {"hidden": [16, 8]},
    "device": "cpu",
}


class Torn:
    """A file of which half a write reaches the disk before the process dies."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def fileno(self):
        return self.file.fileno()

    def write(self, data):
        self.file.write(bytes(data)[: len(data) // 2])
        self.file.flush()
        os.kill(os.getpid(), signal.SIGKILL)


def die_in_write(path, number):
    count = 0

    def opened(name, mode):
        nonlocal count
        file = open(name, mode)  # noqa: SIM115
        if mode != "wb":
            return file
        count += 1
        return Torn(file) if count == number else file

    local_folder.open = opened
    if (path / "provenance.json").exists():
        training.resume(path)
    else:
        training.train(out=path, **SETTINGS)


def contents(path):
    run = nd.load_run(path)
    metrics = run.metrics.drop(columns=["wall_s", "samples_per_s"])
    evolution = run.evolution.drop(columns=["wall_s"], errors="ignore")
    ends = [(entry["step"], entry["sha256"]) for entry in run.snapshots.index]
    return metrics.to_csv(), evolution.to_csv(), ends


def test_half_written_files_are_never_seen(tmp_path, monkeypatch):
    training.train(out=tmp_path / "whole", **SETTINGS)
    expected = contents(tmp_path / "whole")
    monkeypatch.setattr(growing, "LIMIT", 2)  # a short run, too, fills and merges its tails
    writes = range(4, 34, 3)
    context = multiprocessing.get_context("fork")
    kills = 0
    for number in writes:
        path = tmp_path / f"torn{number}"
        process = context.Process(target=die_in_write, args=(path, number))
        process.start()
        process.join(60)
        kills += process.exitcode == -signal.SIGKILL
        nd.load_run(path).table("metrics")
        training.resume(path)
        assert contents(path) == expected, number
    assert kills == len(writes)
