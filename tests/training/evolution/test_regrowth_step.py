"""Links that no rule proposes are drawn uniformly between active neurons, then anywhere."""

from collections import Counter

import pytest
import torch

from netsci_dst.topology import Population
from netsci_dst.training.evolution._layer import EvolvingLayer, LayerUpdate
from netsci_dst.training.evolution._percolation import Network, ends_of
from netsci_dst.training.evolution._regrowth_step import _fill
from netsci_dst.training.wiring import Wiring
from tests.support.sparse import sparse_module


def drafts(groups, seed):
    """A chain of two convolutions, 3 -> 4 -> 4 channels; links reach some of the middle ones."""
    torch.manual_seed(0)
    first = sparse_module(torch.nn.Conv2d(3, 4, 1))
    second = sparse_module(torch.nn.Conv2d(4, 4, (1, 2), groups=groups))
    # Middle channels 1 and 2 have links on both sides, 0 on one, 3 on none: of two groups, the
    # active channel is the second of one and the first of the other.
    first.set_links(torch.tensor([0, 1, 2, 5]), torch.ones(4))
    wanted = [
        key
        for key, (u, v) in enumerate(zip(*(e.tolist() for e in second.endpoints(_all(second)))))
        if (u, v) in ((1, 0), (1, 1), (2, 2), (2, 3)) and key // 4 % 2 == 0
    ]
    second.set_links(torch.tensor(wanted), torch.ones(len(wanted)))
    wiring = Wiring(
        (
            Population("input", 3, "input"),
            Population("middle", 4),
            Population("output", 4, "output"),
        ),
        {"first": ("input", "middle"), "second": ("middle", "output")},
    )
    layers = [EvolvingLayer(n, x, 4, 4) for n, x in (("first", first), ("second", second))]
    generator = torch.Generator().manual_seed(seed)
    return [LayerUpdate(each, 0, generator) for each in layers], Network(wiring)


def _all(layer):
    return torch.arange(layer.n_possible)


@pytest.mark.parametrize("groups", [1, 2])
def test_filled_links_join_active_channels_uniformly(groups):
    counts = Counter()
    for seed in range(300):
        (one, two), network = drafts(groups, seed)
        ends = ends_of([one, two])
        u, v = two.of.layer.endpoints(_all(two.of.layer))
        reached = set(two.of.layer.endpoints()[1].tolist())
        idle_source = network.inactive(network.populations[1], ends)
        assert idle_source.tolist() == [True, False, False, True]
        present = set(two.links.keys.tolist())
        allowed = {
            key
            for key, (a, b) in enumerate(zip(u.tolist(), v.tolist()))
            if a in (1, 2) and b in reached and key not in present
        }
        found = _fill(two, _all(two.of.layer)[:0], 2, network, ends).tolist()
        assert len(set(found)) == 2
        assert set(found) <= allowed
        counts.update(found)
        # As many as there are: every allowed one, then any.
        more = _fill(two, _all(two.of.layer)[:0], len(allowed) + 1, network, ends).tolist()
        assert set(more[:-1]) == allowed
        assert more[-1] not in allowed | present
    assert set(counts) == allowed
    expected = 600 / len(allowed)
    assert sum((n - expected) ** 2 / expected for n in counts.values()) < 4 * len(allowed)
