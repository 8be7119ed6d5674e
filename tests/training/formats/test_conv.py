"""Masked convolutions against torch's own, and their links between channels."""

import copy

import pytest
import torch
from torch import nn

from netsci_dst.training.matrix_view import views_of
from tests.support.sparse import sparsified


def sparse(convolution):
    """Return a convolution all of whose entries are links, and its parameter."""
    return sparsified(nn.Sequential(convolution), ["0"])["0"]


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
    module = copy.deepcopy(plain)
    layer = sparse(module)
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
    torch.testing.assert_close(module(x), expected)
    expected.square().sum().backward()
    module(x).square().sum().backward()
    full = plain.weight.grad
    torch.testing.assert_close(layer.weight.grad, full * mask)
    torch.testing.assert_close(layer.dense_gradient(), full.reshape(6, -1).t())
    torch.testing.assert_close(layer.gradient_at(keys), layer.gradients)


def test_absent_entries_stay_zero_through_optimizer_and_rewiring():
    torch.manual_seed(0)
    module = nn.Conv2d(3, 4, 3)
    layer = sparse(module)
    keep = torch.rand(layer.n_links) < 0.4
    optimizer = torch.optim.SGD(module.parameters(), 0.1, momentum=0.9, weight_decay=0.1)
    n = int(keep.sum())
    layer.rewire(keep, torch.empty(0, dtype=torch.int64), torch.empty(0), optimizer)
    for _ in range(4):
        optimizer.zero_grad()
        module(torch.randn(2, 3, 5, 5)).square().mean().backward()
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
    layer = sparse(nn.Conv2d(2, 3, (2, 2)))
    # Positions (channel, row, column) x out: two entries from channel 0 to out 1, one from 1 to 2.
    keys = torch.tensor([0 * 3 + 1, 3 * 3 + 1, (4 + 2) * 3 + 2])
    layer.set_links(keys, torch.tensor([0.5, -2.0, 3.0]))
    found = layer.to_layer("fc", "a", "b")
    assert found.shape == (2, 3)
    assert list(zip(found.sources, found.targets)) == [(0, 1), (1, 2)]
    assert found.multiplicity.tolist() == [2, 1]
    assert found.weights.tolist() == [2.5, 3.0]


def test_channels_of_groups():
    layer = sparse(nn.Conv2d(4, 6, 1, groups=2))
    found = layer.to_layer("fc", "a", "b")
    assert found.shape == (4, 6)
    expected = {(u, v) for u in range(4) for v in range(6) if u // 2 == v // 3}
    assert set(zip(found.sources.tolist(), found.targets.tolist())) == expected


KINDS = {
    "conv1d": (nn.Conv1d(4, 6, 3, groups=2), (2, 4, 10)),
    "conv3d": (nn.Conv3d(2, 3, 2), (2, 2, 4, 4, 4)),
    "transposed": (nn.ConvTranspose2d(4, 6, 3, groups=2), (2, 4, 5, 5)),
    "transposed1d": (nn.ConvTranspose1d(3, 2, 2), (2, 3, 6)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_neurons_of_links_are_the_channels_that_a_kernel_entry_joins(kind):
    module, shape = copy.deepcopy(KINDS[kind][0]).double(), KINDS[kind][1]
    view = views_of(nn.Sequential(module))["0"]
    for key in range(0, view.n_possible, 5):
        matrix = torch.zeros(view.n_source, view.n_target, dtype=torch.float64)
        matrix.view(-1)[key] = 1.0
        with torch.no_grad():
            module.bias.zero_()
            view.put(module.weight, matrix)
        u, v = view.endpoints(torch.tensor([key]))
        for channel in range(shape[1]):
            x = torch.zeros(shape, dtype=torch.float64)
            x[:, channel] = 1.0
            reached = module(x).abs().sum([0, *range(2, len(shape))]).nonzero().flatten().tolist()
            assert reached == ([int(v)] if channel == int(u) else [])
