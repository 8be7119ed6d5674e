"""Two processes that train a model by their own loop, under DDP and FSDP2, keep the same links."""

import os
import socket
import subprocess
import sys

import pytest

CODE = """
import itertools, sys, torch, warnings
warnings.simplefilter("ignore")
import torch.distributed as dist
from torch import nn
import netsci_dst as nd

out, hows, *methods = sys.argv[1:]
dist.init_process_group("gloo")
rank = dist.get_rank()

def same(tensor, what):
    other = tensor.clone()
    dist.broadcast(other, 0)
    assert torch.equal(tensor, other), what

for how, method in itertools.product(hows.split(","), methods):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(20, 48), nn.ReLU(), nn.Linear(48, 40), nn.ReLU(), nn.Linear(40, 4)
    ).double()
    if how == "fsdp":
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard
        mesh = init_device_mesh("cpu", (2,))
        for part in model:
            if isinstance(part, nn.Linear):
                fully_shard(part, mesh=mesh)
        fully_shard(model, mesh=mesh)
        outer = model
    else:
        outer = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(outer.parameters(), lr=0.05, momentum=0.9)
    dst = nd.sparsify(
        outer, optimizer, method, 0.8, update_every=3, total_steps=46, seed=3,
        example_input=torch.randn(2, 20, dtype=torch.float64),
        out=f"{out}/{how}/{method}",
    )
    expected = {n: p.n_links for n, p in dst.controller.parameters.items()}
    generator = torch.Generator().manual_seed(rank + 1)
    updates = 0
    first = {n: p.keys.clone() for n, p in dst.controller.parameters.items()}
    for _ in range(33):
        x = torch.randn(8, 20, generator=generator, dtype=torch.float64)
        y = x[:, :4].argmax(1)
        nn.functional.cross_entropy(outer(x), y).backward()
        optimizer.step()
        updates += dst.step()
        optimizer.zero_grad()
    assert updates >= 10, updates
    for name, parameter in dst.controller.parameters.items():
        assert parameter.n_links == expected[name], (method, name)
        same(parameter.keys, (method, name, "keys"))
        same(parameter.values, (method, name, "values"))
        matrix = parameter.read(parameter.weight).clone()
        matrix[parameter.keys // parameter.n_target, parameter.keys % parameter.n_target] = 0
        assert not matrix.any(), (method, name, "absent entries")
        assert not torch.equal(first[name], parameter.keys), (method, name, "never changed")
    dst.close()
    dist.barrier()
dist.destroy_process_group()
"""


def run(*arguments):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(2):
        env = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        command = [sys.executable, "-c", CODE, *map(str, arguments)]
        processes.append(subprocess.Popen(command, env=env, stderr=subprocess.PIPE))
    said = [process.communicate(timeout=900)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)[-3000:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where two processes trained by their own loop, each way and each method."""
    out = tmp_path_factory.mktemp("own")
    run(out, "ddp,fsdp", "set", "rigl", "snfs", "chts", "deepr", "topkast")
    return out


@pytest.mark.parametrize("how", ["ddp", "fsdp"])
def test_two_processes_keep_the_same_links_through_ten_updates(folder, how):
    import netsci_dst as nd

    found = nd.load_run(folder / how / "rigl")
    assert found.status == "finished"
    assert found.provenance["world_size"] == 2
