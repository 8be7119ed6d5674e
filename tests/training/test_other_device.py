"""Training on another device than the CPU: nothing is mixed, and the numbers are the same."""

import numpy as np
import pytest
import torch
from torch import nn

import netsci_dst as nd
from netsci_dst.training.evolution import draws
from tests.support.other_device import other_device

METHODS = (
    "set", "rigl", "mest", "chts", "chtss", "cht", "esml", "granet", "gmp", "deepr", "dsr",
    "topkast", "snfs", "srigl", "optg", "ac-dc", "powerprop", "static",
)  # fmt: skip
SPARSE = ["0", "2", "4"]
HOW = {"sparsity": 0.8, "total_steps": 12, "update_every": 3, "include": SPARSE}


def network():
    torch.manual_seed(0)
    layers = nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 30), nn.ReLU(), nn.Linear(30, 5)
    return nn.Sequential(*layers)


def trained(device, method, format, wiring, out=None):
    model = network().to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    training = nd.sparsify(
        model, optimizer, method=method, format=format, wiring=wiring, out=out, **HOW
    )
    rng = np.random.default_rng(1)
    for _ in range(HOW["total_steps"]):
        x = torch.from_numpy(rng.standard_normal((16, 20), dtype=np.float32)).to(device)
        y = torch.from_numpy(rng.integers(0, 5, 16)).to(device)
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        training.step()
    training.close()
    layers = training.controller.parameters
    return {name: (one.keys.cpu(), one.values.detach().cpu()) for name, one in layers.items()}


@pytest.fixture
def cpu(monkeypatch):
    """Return what training on the CPU by the ways of a GPU gives, and the wiring."""
    monkeypatch.setattr(draws, "compiled", lambda tensor: False)
    wiring = nd.sparsify(network(), method="set", **HOW).controller.wiring
    return lambda method, format: (wiring, trained("cpu", method, format, wiring))


@pytest.mark.parametrize("format", ["csr", "masked"])
@pytest.mark.parametrize("method", METHODS)
def test_training_is_that_of_a_cpu(method, format, cpu):
    wiring, expected = cpu(method, format)
    with other_device() as device:
        found = trained(device, method, format, wiring)
    for name, (keys, values) in expected.items():
        assert torch.equal(found[name][0], keys)
        torch.testing.assert_close(found[name][1], values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("format", ["csr", "masked"])
def test_what_is_recorded_is_that_of_a_cpu(format, cpu, tmp_path):
    wiring, expected = cpu("chts", format)
    with other_device() as device:
        trained(device, "chts", format, wiring, out=tmp_path / "run")
    last = nd.load_run(tmp_path / "run").snapshots[-1].topology
    for name, (keys, values) in expected.items():
        layer = last.layer(name)
        assert np.array_equal(layer.keys, keys)
        assert layer.weights is not None
        np.testing.assert_allclose(layer.weights, values, rtol=1e-4, atol=1e-5)


def test_the_pretended_device_refuses_what_a_gpu_refuses():
    with other_device() as device:
        there = torch.ones(3, device=device)
        assert (there + 1).sum().item() == 6
        with pytest.raises(RuntimeError, match="two devices"):
            there.add(torch.ones(3))
        with pytest.raises(TypeError, match="NumPy"):
            there.numpy()
