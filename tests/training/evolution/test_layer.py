import pytest
import torch
from torch import nn

from netsci_dst.training.evolution.layer import EvolvingLayer, _share_out
from tests.support.sparse import sparsified


def layer(n_links, heads, final, n_source=96, n_target=96):
    torch.manual_seed(0)
    keys = torch.randperm(n_source * n_target)[:n_links]
    model = nn.Sequential(nn.Linear(n_source, n_target))
    (found,) = sparsified(model, ["0"], keys={"0": keys.sort().values}).values()
    return EvolvingLayer("layer", found, n_links, final, heads=heads)


@pytest.mark.parametrize("heads", [1, 4, 16, 32])
def test_heads_do_not_change_the_number_of_links_of_a_layer(heads):
    each, possible = layer(4608, heads, 922), 96 * 96
    for progress in (0.0, 0.1, 0.2, 1 / 3, 0.5, 0.77, 0.99, 1.0):
        for surplus in (0.0, 0.025, 0.05):
            plans = [each.planned(head, progress, surplus) for head in range(heads)]
            base = round(4608 + (922 - 4608) * progress)
            assert sum(plan[0] for plan in plans) == base
            assert sum(plan[1] for plan in plans) == base + round(surplus * possible)


def test_shares_have_their_total_and_are_nearest():
    for total, weights in [(10, [1, 1, 1]), (7, [0.5, 3.5, 3.0]), (0, [2, 3]), (5, [0, 0, 1])]:
        shares = _share_out(total, weights)
        assert sum(shares) == total
        for share, weight in zip(shares, weights):
            assert abs(share - total * weight / sum(weights)) < 1
