"""Masked convolutions against torch's own, and their links between channels."""

import pytest
import torch
from torch import nn

from netsci_dst.errors import NetsciError
from netsci_dst.training.layers import SparseConv2d, sparsify_module

OPTIONS = [
    {},
    {"padding": 1, "stride": 2},
    {"padding": "same", "dilation": 2},
    {"padding": 2, "padding_mode": "reflect", "bias": False},
    {"groups": 2},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_it_is_torchs_convolution_with_a_masked_kernel(options):
    torch.manual_seed(0)
    plain = nn.Conv2d(4, 6, 3, **options).double()
    layer = SparseConv2d(plain)
    assert (layer.n_source, layer.n_target) == (4 // plain.groups * 9, 6)
    keys = torch.randperm(layer.n_possible)[:50].sort().values
    layer.set_links(keys, layer.values[keys])
    mask = torch.zeros(6, layer.n_source, dtype=torch.float64)
    mask[keys % 6, keys // 6] = 1
    mask = mask.view_as(plain.weight)
    with torch.no_grad():
        plain.weight.mul_(mask)
    x = torch.randn(2, 4, 9, 9, dtype=torch.float64)
    layer.capture = True
    expected = plain(x)
    torch.testing.assert_close(layer(x), expected)
    expected.square().sum().backward()
    layer(x).square().sum().backward()
    full = plain.weight.grad
    torch.testing.assert_close(layer.weight.grad, full * mask)
    torch.testing.assert_close(layer.dense_gradient(), full.reshape(6, -1).t())
    torch.testing.assert_close(layer.gradient_at(keys), layer.gradients)


def test_absent_entries_stay_zero_through_optimizer_and_rewiring():
    torch.manual_seed(0)
    layer = SparseConv2d(nn.Conv2d(3, 4, 3))
    keep = torch.rand(layer.n_links) < 0.4
    optimizer = torch.optim.SGD(layer.parameters(), 0.1, momentum=0.9, weight_decay=0.1)
    n = int(keep.sum())
    layer.rewire(keep, torch.empty(0, dtype=torch.int64), torch.empty(0), optimizer)
    for _ in range(4):
        optimizer.zero_grad()
        layer(torch.randn(2, 3, 5, 5)).square().mean().backward()
        optimizer.step()
        drop = torch.arange(n) >= 5
        gone = layer.keys[:5]
        layer.rewire(drop, gone.flip(0), torch.zeros(5), optimizer)
        assert layer.n_links == n
        assert int((layer.weight != 0).sum()) == n - 5
        momentum = layer.link_state(optimizer, "momentum_buffer")
        assert int((momentum == 0).sum()) == 5
        assert int((optimizer.state[layer.weight]["momentum_buffer"] != 0).sum()) == n - 5


def test_links_are_between_channels_with_multiplicity():
    layer = SparseConv2d(nn.Conv2d(2, 3, (2, 2)))
    # Positions (channel, row, column) x out: two entries from channel 0 to out 1, one from 1 to 2.
    keys = torch.tensor([0 * 3 + 1, 3 * 3 + 1, (4 + 2) * 3 + 2])
    layer.set_links(keys, torch.tensor([0.5, -2.0, 3.0]))
    found = layer.to_layer("conv", "a", "b")
    assert found.shape == (2, 3)
    assert list(zip(found.sources, found.targets)) == [(0, 1), (1, 2)]
    assert found.multiplicity.tolist() == [2, 1]
    assert found.weights.tolist() == [2.5, 3.0]


def test_channels_of_groups():
    layer = SparseConv2d(nn.Conv2d(4, 6, 1, groups=2))
    found = layer.to_layer("conv", "a", "b")
    assert found.shape == (4, 6)
    expected = {(u, v) for u in range(4) for v in range(6) if u // 2 == v // 3}
    assert set(zip(found.sources.tolist(), found.targets.tolist())) == expected


def test_only_masked_and_no_grid():
    model = nn.Sequential(nn.Conv2d(2, 2, 3))
    with pytest.raises(NetsciError, match="linear"):
        sparsify_module(model, ["0"], "csr")
    layer = sparsify_module(model, ["0"], keys={"0": torch.arange(0, 36, 2)})["0"]
    assert layer.n_links == 18
    with pytest.raises(NetsciError, match="linear"):
        layer.set_backend("csr")
    with pytest.raises(NetsciError, match="channels"):
        layer.to_layer("conv", "a", "b", grid=2)
