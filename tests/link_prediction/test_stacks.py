"""Layers of one shape together, and products on tensor cores as a CPU can follow them."""

import numpy as np
import pytest
import torch

from netsci_dst import link_prediction
from netsci_dst.link_prediction import products, stacks

RULES = ["ch3_l3p", "ch2_l3p", "ra_l3", "cn_l3", "ch3_l3n", "ch2_l3n"]


def layers(shape, densities, seed=0):
    rng = np.random.default_rng(seed)
    return torch.stack([torch.from_numpy(rng.random(shape) < density) for density in densities])


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("shape", [(9, 14), (30, 20), (1, 5)])
@pytest.mark.parametrize("chunk", [2**27, 200])
def test_a_stack_is_its_layers(name, shape, chunk, monkeypatch):
    monkeypatch.setattr(stacks, "CHUNK", chunk)
    links = layers(shape, (0.0, 0.1, 0.4, 0.9, 1.0))
    found = stacks.stacked_scores(links.double(), name)
    for one, scores in zip(links, found):
        expected = getattr(link_prediction, name)(one.numpy())
        np.testing.assert_allclose(scores.numpy(), expected, rtol=1e-12, atol=1e-14)
    assert stacks.stacked_scores(links, name).dtype == torch.float32


@pytest.mark.parametrize("name", ["ch3_l3p", "ra_l3", "cn_l3"])
@pytest.mark.parametrize("density", [0.05, 0.3])
def test_halves_keep_single_precision(name, density, monkeypatch):
    """The way of a GPU: 0/1 matrices and halves in float16, sums in float32."""
    links = layers((150, 210), (density, density / 2))
    exact = stacks.stacked_scores(links.double(), name)
    monkeypatch.setattr(stacks, "on_tensor_cores", lambda x: x.dtype == torch.float32)
    scores = stacks.stacked_scores(links, name).double()
    positive = exact > 0
    error = ((scores - exact)[positive] / exact[positive]).abs().max()
    assert error < 1e-6
    assert not scores[~positive].any()
    # Ranks are kept where scores differ by more than the error.
    order = scores[0].flatten().argsort()
    ranked = exact[0].flatten()[order]
    assert (ranked[1:] - ranked[:-1] >= -1e-6 * ranked[1:]).all()


@pytest.mark.parametrize(("n", "bits"), [(2048, 25), (8192, 23), (30, 31)])
def test_halves_are_short_and_sum_exactly(n, bits):
    x = torch.rand(40, n, generator=torch.Generator().manual_seed(0)) ** 3 + 0.02
    high, low, unit = products.halves(x)
    assert high.dtype == low.dtype == torch.float16
    whole = (high.double() + low.double()) * unit.double()
    largest = x.double().amax(1, keepdim=True)
    error = (whole - x.double()).abs()
    assert (error <= torch.maximum(largest * 2.0**-bits, x.double() * 2.0**-23)).all()
    # However many are added up in single precision, nothing is lost; not of the largest either.
    for part in (high, low, torch.full_like(high, 2048), torch.full_like(low, 0.5)):
        assert torch.equal(part.float().cumsum(1).double(), part.double().cumsum(1))
    assert not any(part.any() for part in products.halves(torch.zeros(2, 5))[:2])


def test_padding_adds_neurons_without_links():
    a = layers((70, 100), (0.2,)).float()
    wide = products.padded(a)
    assert wide.shape == (1, 128, 128)
    assert torch.equal(wide[:, :70, :100], a)
    assert wide.sum() == a.sum()
    assert products.padded(torch.ones(1, 256, 128)).shape == (1, 256, 128)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("with_program", [True, False])
def test_a_gpu_keeps_single_precision(name, with_program, monkeypatch):
    if not with_program:
        monkeypatch.setattr(stacks, "has_program", lambda: False)
    links = layers((300, 410), (0.02, 0.3, 0.0))
    exact = stacks.stacked_scores(links.double(), name)
    found = [stacks.stacked_scores(links.cuda(), name) for _ in range(2)]
    assert torch.equal(*found)
    scores, positive = found[0].cpu().double(), exact > 0
    assert ((scores - exact)[positive] / exact[positive]).abs().max() < 1e-6
    assert not scores[~positive].any()
