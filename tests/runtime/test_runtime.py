import contextlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from netsci_dst import runtime
from netsci_dst.errors import FormatError, NetsciError
from netsci_dst.runtime.operations import erf
from netsci_dst.training.compaction import compact
from netsci_dst.training.lowering import lower

from .networks import networks, thin

NETWORKS = networks()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("double", [False, True])
def test_a_saved_network_gives_the_models_outputs(name, double, tmp_path):
    model, example = NETWORKS[name]
    model = model.to(torch.float64 if double else torch.float32)
    example = example.to(torch.float64 if double else torch.float32)
    for part in (model, compact(model, example)):
        runtime.save(lower(part, example, {"classes": ["a"]}), tmp_path / "net.safetensors")
        network = runtime.load(tmp_path / "net.safetensors")
        assert network.facts == {"classes": ["a"]}
        for n in (0, 1, 5, 40):
            generator = torch.Generator().manual_seed(n)
            x = torch.randn((n, *example.shape[1:]), generator=generator, dtype=example.dtype)
            with torch.no_grad():
                expected = model(x).numpy()
            found = network(x.numpy())
            assert found.dtype == expected.dtype
            assert found.shape == expected.shape
            largest = np.abs(expected).max(initial=1e-300)
            assert np.abs(found - expected).max(initial=0) <= (1e-12 if double else 2e-6) * largest
    model.float()


def test_running_a_network_imports_neither_torch_nor_what_is_slow_to_load(tmp_path):
    model, example = NETWORKS["convnet"]
    runtime.save(lower(model, example), tmp_path / "net.safetensors")
    np.save(tmp_path / "x.npy", example.numpy())
    code = (
        "import sys, numpy\n"
        "from netsci_dst import runtime\n"
        f"network = runtime.load({str(tmp_path / 'net.safetensors')!r})\n"
        f"y = network(numpy.load({str(tmp_path / 'x.npy')!r}))\n"
        "slow = {'torch', 'scipy', 'numba', 'pandas', 'pydantic', 'igraph'} & set(sys.modules)\n"
        "assert not slow, slow\n"
        "print(y.shape)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout.strip() == "(2, 10)", found.stderr


def test_few_links_take_little_room(tmp_path):
    model = thin(nn.Sequential(nn.Linear(300, 400), nn.ReLU(), nn.Linear(400, 10)), 0.01)
    program = lower(model, torch.randn(2, 300))
    assert program.bytes < 0.05 * 4 * (300 * 400 + 400 * 10) + 4 * 2 * 410 + 100


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        return self.inner(x, x, x)[0]


class ByContent(nn.Module):
    def forward(self, x):
        return x * 2 if float(x.sum()) > 100 else x + 1


class ByBatch(nn.Module):
    def forward(self, x):
        return x * len(x)


class AcrossSamples(nn.Module):
    def forward(self, x):
        return x - x.mean(0)


@pytest.mark.parametrize(
    ("model", "example", "message"),
    [
        (Attention(), torch.randn(2, 3, 8), "cannot be written|joins samples|moves the dimension"),
        (ByContent(), torch.full((2, 3), 50.0), "cannot be written"),
        (ByBatch(), torch.randn(2, 3), "something else for other inputs"),
        (AcrossSamples(), torch.randn(2, 3), "samples of a batch"),
        (nn.Linear(3, 2), torch.randn(1, 3), "two or more samples"),
        (nn.Linear(3, 2), torch.zeros(2, 3, dtype=torch.int64), "numbers"),
        (nn.BatchNorm1d(3, track_running_stats=False), torch.randn(2, 3), "mixes samples"),
        (nn.ConvTranspose2d(1, 1, 2), torch.randn(2, 1, 4, 4), "transposed"),
    ],
)
def test_what_cannot_be_written_is_said_in_a_line(model, example, message):
    with pytest.raises(FormatError, match=message):
        lower(model, example)


def test_wrong_input_and_damaged_files_are_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    runtime.save(lower(NETWORKS["mlp-relu"][0], torch.randn(2, 12)), path)
    with pytest.raises(NetsciError, match=r"takes arrays \(n, 12\), not \(2, 11\)"):
        runtime.load(path)(np.zeros((2, 11)))
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for size in (0, 4, 100, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(FormatError):
            runtime.load(path)
    for _ in range(300):
        broken = bytearray(data)
        for at in rng.integers(0, min(len(data), 2500), 3):
            broken[at] = rng.integers(256)
        path.write_bytes(broken)
        with contextlib.suppress(NetsciError):  # and no other error
            runtime.load(path)
    with pytest.raises(FormatError, match="cannot be read"):
        runtime.load(tmp_path / "absent")


def test_a_newer_format_is_refused(tmp_path, monkeypatch):
    from netsci_dst.runtime import file

    monkeypatch.setattr(file, "FORMAT_VERSION", 2)
    runtime.save(lower(NETWORKS["mlp-relu"][0], torch.randn(2, 12)), tmp_path / "n")
    monkeypatch.setattr(file, "FORMAT_VERSION", 1)
    with pytest.raises(FormatError, match="install a newer one"):
        runtime.load(tmp_path / "n")


def test_the_error_function_against_torch():
    x = np.concatenate([np.linspace(-7, 7, 5001), [0.46875, 4.0, 1e-300, 40.0, np.inf, -np.inf]])
    np.testing.assert_allclose(erf(x), torch.erf(torch.from_numpy(x)).numpy(), atol=2e-15)
    assert np.isnan(erf(np.array([np.nan]))[0])
