"""Two processes make the network that one makes, and the same on both."""

import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest

import netsci_dst as nd

# What is trained, by name: method, samples, steps between updates.
JOBS = {
    "rigl": ("rigl", 1437, 10),
    "chts": ("chts", 1437, 10),
    # Every third batch has one sample, and the topology is updated by its gradient.
    "a batch of one": ("rigl", 67, 3),
}
CODE = """
import json, os, sys, torch
import netsci_dst.training as training
from netsci_dst.training.fit import Fit

out, jobs = sys.argv[1], json.loads(sys.argv[2])
seen, spent = [], []
finish = Fit._train
def train(self):
    finish(self)
    spent.append(self.training.controller.compute.processor_seconds())
    layers = self.training.controller.layers
    seen.extend((layer.parameter.keys, layer.parameter.values) for layer in layers)
Fit._train = train
for name, (method, samples, every) in jobs.items():
    training.train(
        data="digits", method=method, sparsity=0.9, dtype="float64", steps=60,
        update_steps=every, evaluate_steps=20, train_samples=samples,
        batch_size=33, model_options={"hidden": [40, 40]}, out=f"{out}/{name}",
        method_options={"update_end": 1.0}, format="csr",
    )
assert len(seen) == 2 * len(jobs)
with open(f"{out}/spent-{os.environ.get('RANK', '0')}.json", "w") as file:
    json.dump(dict(zip(jobs, spent)), file)
if torch.distributed.is_initialized():
    for keys, values in seen:
        for mine in (keys, values):
            other = mine.clone()
            torch.distributed.broadcast(other, 0)
            assert torch.equal(mine, other)
    torch.distributed.destroy_process_group()
"""


def run(out, size):
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
        command = [sys.executable, "-c", CODE, str(out), json.dumps(JOBS)]
        processes.append(subprocess.Popen(command, env=env))
    assert [process.wait(timeout=900) for process in processes] == [0] * size
    return out


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Where one process, and two, trained every job."""
    folder = tmp_path_factory.mktemp("processes")
    return [run(folder / str(size), size) for size in (1, 2)]


@pytest.fixture
def both(folders, request):
    return [nd.load_run(folder / request.param) for folder in folders]


@pytest.mark.parametrize("both", ["rigl", "chts"], indirect=True)
def test_two_processes_equal_one(both):
    one, two = both
    assert two.provenance["world_size"] == 2
    assert one.evolution.step.nunique() == 5
    a, b = one.snapshots[-1].topology, two.snapshots[-1].topology
    for first, second in zip(a.layers, b.layers):
        assert np.array_equal(first.keys, second.keys)
        assert np.allclose(first.weights, second.weights, atol=1e-7)
    kept = ["step", "layer", "links", "removed", "regrown", "overlap", "itop"]
    assert one.evolution[kept].equals(two.evolution[kept])
    assert np.allclose(one.metrics.train_loss, two.metrics.train_loss, rtol=1e-6)
    assert np.allclose(one.metrics.accuracy, two.metrics.accuracy)
    assert np.allclose(one.metrics.flops_links, two.metrics.flops_links, rtol=0.05)


def test_the_processor_time_of_all_processes_is_counted(folders):
    for size, folder in zip((1, 2), folders):
        own = [json.loads((folder / f"spent-{rank}.json").read_text()) for rank in range(size)]
        for name in JOBS:
            found = nd.load_run(folder / name).provenance
            spent = found["compute"]["processor_s"]
            # Told at the last step: what follows it is rank 0's alone.
            assert spent > 0.9 * sum(one[name] for one in own)
            assert found["processor_s"] > 0.5 * spent


@pytest.mark.parametrize("both", ["a batch of one"], indirect=True)
def test_a_batch_of_one_sample_is_shared_by_two_processes(both):
    one, two = both
    assert one.evolution.step.nunique() == 19
    for first, second in zip(one.snapshots[-1].topology.layers, two.snapshots[-1].topology.layers):
        assert np.array_equal(first.keys, second.keys)
        assert np.allclose(first.weights, second.weights, atol=1e-7)
    assert np.allclose(one.metrics.train_loss, two.metrics.train_loss, rtol=1e-6)
    assert np.allclose(one.metrics.train_accuracy, two.metrics.train_accuracy)
