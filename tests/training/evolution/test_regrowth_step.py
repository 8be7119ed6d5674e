"""Links that no rule proposes are drawn uniformly between active neurons, then anywhere."""

from collections import Counter

import pytest
import torch

from netsci_dst.topology import Population
from netsci_dst.training.evolution import draws
from netsci_dst.training.evolution.draws import Draws
from netsci_dst.training.evolution.group import grouped
from netsci_dst.training.evolution.layer import EvolvingLayer
from netsci_dst.training.evolution.link_list import LinkList, ends_of
from netsci_dst.training.evolution.links import Candidates
from netsci_dst.training.evolution.percolation import Network
from netsci_dst.training.evolution.stack import Stack
from netsci_dst.training.evolution.work import LayerUpdate
from netsci_dst.training.wiring import Wiring
from tests.support.sparse import sparse_module


def chain(groups):
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
    return layers, Network(wiring)


def works(layers, way, seed):
    """An update of each layer, and their activities."""
    updates = [LayerUpdate(layer, 0, layer.parameter.n_links) for layer in layers]
    draws = Draws(seed, 0)
    if way == "list":
        found = [LinkList(update, draws, lambda x: x) for update in updates]
        return found, {layer.name: ends_of([one]) for layer, one in zip(layers, found)}
    groups = grouped(layers, False)
    found = [Stack(g, [u for u in updates if u.of in g.layers], draws, lambda x: x) for g in groups]
    ends = {}
    for stack in found:
        ends |= stack.activities()
    return found, ends


def filled(work, n, alive):
    """Return the links that come where no rule scores any."""
    if isinstance(work, LinkList):
        nothing = Candidates(work.keys[:0], work.values[:0])
        work.regrow(nothing, [n], float("inf"), alive, False)
        return work.new_keys.tolist()
    scores = torch.zeros(1, work.n_source, work.n_target)
    work.regrow(scores, [n], float("inf"), alive, False)
    return work.form.logical(work.new)[0].reshape(-1).nonzero().flatten().tolist()


def _all(layer):
    return torch.arange(layer.n_possible)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("way", ["list", "stack", "stack on a GPU"])
def test_filled_links_join_active_channels_uniformly(groups, way, monkeypatch):
    if way == "stack on a GPU":
        monkeypatch.setattr(draws, "compiled", lambda tensor: False)
    counts = Counter()
    layers, network = chain(groups)
    layer = layers[1].parameter
    u, v = (end.tolist() for end in layer.endpoints(_all(layer)))
    reached = set(layer.endpoints()[1].tolist())
    present = set(layer.keys.tolist())
    allowed = {
        key
        for key, (a, b) in enumerate(zip(u, v))
        if a in (1, 2) and b in reached and key not in present
    }
    for seed in range(300):
        both, ends = works(layers, way, seed)
        two = next(work for work in both if work.names == ["second"])
        alive = network.alive_ends(ends)
        assert alive["second"][0].tolist() == [False, True, True, False]
        found = filled(two, 2, alive)
        assert len(set(found)) == 2
        assert set(found) <= allowed
        counts.update(found)
        if seed < 20:  # as many as there are: every allowed one, then any
            both, ends = works(layers, way, seed)
            two = next(work for work in both if work.names == ["second"])
            more = set(filled(two, len(allowed) + 1, alive))
            assert len(more) == len(allowed) + 1
            assert allowed <= more
            assert not more & present
    assert set(counts) == allowed
    expected = 600 / len(allowed)
    assert sum((n - expected) ** 2 / expected for n in counts.values()) < 4 * len(allowed)
