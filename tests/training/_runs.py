"""Helpers of the training tests: small recipes, and what two runs must share."""

import os
import signal

import netsci_dst.training as training
from netsci_dst.training.progress import Progress

TIMES = ["wall_s", "samples_per_s"]


def small(out, method="chts", **changes):
    settings = {
        "data": "digits",
        "method": method,
        "sparsity": 0.9,
        "epochs": 4,
        "model_options": {"hidden": [64, 64]},
        **changes,
    }
    return training.train(out=out, **settings)


class Stop(Progress):
    """Sends this process Ctrl-C, or raises, after a step."""

    def __init__(self, step, error=None):
        self.step, self.error = step, error

    def stepped(self, step):
        if step == self.step:
            if self.error is not None:
                raise self.error
            os.kill(os.getpid(), signal.SIGINT)


class Steps(Progress):
    """Keeps the number of every step that is made."""

    def __init__(self):
        self.made = []

    def stepped(self, step):
        self.made.append(step)


def facts(run):
    """Everything about a run that must be the same when it is repeated."""
    run = training_load(run.path)
    return {
        "metrics": _rows(run.metrics),
        "evolution": _rows(run.evolution),
        "snapshots": [(entry["step"], entry["sha256"]) for entry in run.snapshots.index],
    }


def training_load(path):
    from netsci_dst import load_run

    return load_run(path)


def _rows(table):
    kept = [name for name in table.columns if name not in TIMES]
    return table[kept].to_dict("records") if len(table) else []


def same(a, b):
    """Compare two runs' facts; NaN equals NaN."""
    assert repr(a["metrics"]) == repr(b["metrics"])
    assert repr(a["evolution"]) == repr(b["evolution"])
    assert a["snapshots"] == b["snapshots"]
