"""Scores that are equal on paper tie, on whatever device they were added up."""

import numpy as np
import pytest
import torch

from netsci_dst import link_prediction, registry
from netsci_dst.link_prediction._tensors import device_scores
from netsci_dst.link_prediction.ties import snap_ties
from netsci_dst.training.evolution import draws
from netsci_dst.training.evolution.draws import Draws
from netsci_dst.training.evolution.group import grouped
from netsci_dst.training.evolution.layer import EvolvingLayer
from netsci_dst.training.evolution.link_list import LinkList
from netsci_dst.training.evolution.select import tied
from netsci_dst.training.evolution.stack import Stack
from netsci_dst.training.evolution.work import LayerUpdate
from tests.support.sparse import sparse_module


def equal_neighbours(scores, exact):
    """The share of the ties on paper that are ties in ``scores``."""
    order = np.argsort(exact, kind="stable")
    tied = np.diff(exact[order]) == 0
    return (np.diff(scores[order]) == 0)[tied].mean()


@pytest.mark.parametrize("name", ["ch3_l3p", "ch2_l3n"])
def test_single_precision_scores_of_a_device_tie(name):
    adjacency = np.random.default_rng(0).random((300, 300)) < 0.05
    exact = getattr(link_prediction, name)(adjacency.astype(float)).reshape(-1)
    positive = exact > 0
    rule = registry.get("link predictor", name).metadata["rule"]
    found = device_scores(torch.from_numpy(adjacency), rule).reshape(-1)[torch.from_numpy(positive)]
    assert found.dtype == torch.float32
    before = equal_neighbours(found.numpy(), exact[positive])
    near = tied(found).numpy()
    assert equal_neighbours(near, exact[positive]) > max(0.96, before)
    np.testing.assert_allclose(near, exact[positive], rtol=2**-17)


def test_double_precision_scores_tie_exactly_and_stay_apart_where_they_differ():
    ulp = np.spacing(3.0)
    scores = np.array([3.0 - 2 * ulp, 3.0, 3.0 + 2 * ulp, 3.0 + 1e-9])
    for near in (snap_ties(scores.copy()), tied(torch.from_numpy(scores)).numpy()):
        assert np.unique(near[:3]).size == 1
        assert near[3] > near[2]


@pytest.mark.parametrize("predictor", ["ch3_l3p", "ch2_l3n", "cn_l3"])
@pytest.mark.parametrize("way", ["list", "stack", "stack on a GPU"])
def test_groups_of_a_convolution_are_predicted_apart(predictor, way, monkeypatch):
    """One grouped convolution proposes what its groups propose as convolutions of their own."""
    if way == "stack on a GPU":
        monkeypatch.setattr(draws, "compiled", lambda tensor: False)
    whole = sparse_module(torch.nn.Conv2d(8, 8, 1, groups=2))
    keys = torch.tensor([0, 1, 9, 10, 17, 4, 6, 13, 15, 31])
    whole.set_links(keys.sort().values, torch.ones(keys.numel()))
    found = proposed(whole, predictor, way)
    for group in (0, 1):
        own = keys[keys % 8 // 4 == group]
        part = sparse_module(torch.nn.Conv2d(4, 4, 1))
        part.set_links((own // 8 * 4 + own % 4).sort().values, torch.ones(own.numel()))
        expected = {
            k // 4 * 8 + k % 4 + 4 * group: score
            for k, score in proposed(part, predictor, "list").items()
        }
        assert {k: s for k, s in found.items() if k % 8 // 4 == group} == pytest.approx(expected)
    assert found
    assert not set(found) & set(keys.tolist())


def proposed(layer, predictor, way):
    """Return all links that a predictor scores."""
    each = EvolvingLayer("layer", layer, layer.n_links, layer.n_links)
    update, draws = LayerUpdate(each, 0, layer.n_links), Draws(0, 0)
    if way == "list":
        links = LinkList(update, draws, lambda x: x)
        found = links.predicted(predictor, 64, False)
        return dict(zip(found.keys.tolist(), found.scores.tolist()))
    (group,) = grouped([each], False)
    links = Stack(group, [update], draws, lambda x: x)
    scores = links.predicted(predictor, 64, False)[0].reshape(-1)
    scores[layer.keys] = 0
    return {k: float(scores[k]) for k in scores.nonzero().flatten().tolist()}
