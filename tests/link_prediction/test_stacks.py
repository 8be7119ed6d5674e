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
def test_slices_keep_single_precision(name, density, monkeypatch):
    """The way of a GPU: 0/1 matrices and slices in bfloat16, sums in float32."""
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


def test_slices_are_short_and_sum_exactly():
    x = torch.rand(40, 3000, generator=torch.Generator().manual_seed(0)) ** 3 + 0.02
    parts = products.sliced(x)
    assert parts.dtype == torch.bfloat16
    whole = parts.double().sum(1)
    largest = x.double().amax(1, keepdim=True)
    assert ((whole - x.double()).abs() / largest).max() <= 2.0**-26
    # However many are added up in single precision, nothing is lost.
    for part in parts.unbind(1):
        assert torch.equal(part.float().cumsum(1).double(), part.double().cumsum(1))
    assert not products.sliced(torch.zeros(2, 5)).any()


def test_padding_adds_neurons_without_links():
    a = layers((70, 100), (0.2,)).float()
    wide = products.padded(a)
    assert wide.shape == (1, 128, 128)
    assert torch.equal(wide[:, :70, :100], a)
    assert wide.sum() == a.sum()
    assert products.padded(torch.ones(1, 64, 128)).shape == (1, 64, 128)
