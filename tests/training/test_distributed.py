"""Two processes make the network that one makes, and the same on both."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest

import netsci_dst as nd

CODE = """
import sys, torch
import netsci_dst.training as training
from netsci_dst.training.fit import Fit

out, method, samples, every = sys.argv[1:]
seen = []
finish = Fit._train
def train(self):
    finish(self)
    layers = self.training.controller.layers
    seen.extend((layer.parameter.keys, layer.parameter.values) for layer in layers)
Fit._train = train
training.train(
    data="digits", method=method, sparsity=0.9, dtype="float64", steps=60,
    update_steps=int(every), evaluate_steps=20, train_samples=int(samples),
    batch_size=33, model_options={"hidden": [40, 40]}, out=out,
    method_options={"update_end": 1.0}, format="csr",
)
if torch.distributed.is_initialized():
    for keys, values in seen:
        for mine in (keys, values):
            other = mine.clone()
            torch.distributed.broadcast(other, 0)
            assert torch.equal(mine, other)
    torch.distributed.destroy_process_group()
"""


def run(out, method, size, samples=1437, every=10):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(size):
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        if size > 1:
            env |= {
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": str(size),
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
            }
        command = [sys.executable, "-c", CODE, str(out), method, str(samples), str(every)]
        processes.append(subprocess.Popen(command, env=env))
    assert [process.wait(timeout=900) for process in processes] == [0] * size
    return nd.load_run(out)


@pytest.mark.parametrize("method", ["rigl", "chts"])
def test_two_processes_equal_one(tmp_path, method):
    one, two = run(tmp_path / "one", method, 1), run(tmp_path / "two", method, 2)
    assert two.provenance["world_size"] == 2
    assert one.evolution.step.nunique() == 5
    a, b = one.snapshots[-1].topology, two.snapshots[-1].topology
    for first, second in zip(a.layers, b.layers):
        assert np.array_equal(first.keys, second.keys)
        assert np.allclose(first.weights, second.weights, atol=1e-7)
    kept = ["step", "layer", "links", "removed", "regrown", "overlap", "itop"]
    assert one.evolution[kept].equals(two.evolution[kept])
    assert np.allclose(one.metrics.train_loss, two.metrics.train_loss, rtol=1e-9)
    assert np.allclose(one.metrics.accuracy, two.metrics.accuracy)


def test_a_batch_of_one_sample_is_shared_by_two_processes(tmp_path):
    # Every third batch has one sample, and the topology is updated by its gradient.
    one, two = (run(tmp_path / str(n), "rigl", n, samples=67, every=3) for n in (1, 2))
    assert one.evolution.step.nunique() == 19
    for first, second in zip(one.snapshots[-1].topology.layers, two.snapshots[-1].topology.layers):
        assert np.array_equal(first.keys, second.keys)
        assert np.allclose(first.weights, second.weights, atol=1e-7)
    assert np.allclose(one.metrics.train_loss, two.metrics.train_loss, rtol=1e-9)
    assert np.allclose(one.metrics.train_accuracy, two.metrics.train_accuracy)
