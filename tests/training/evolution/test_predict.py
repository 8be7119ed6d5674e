"""Scores that are equal on paper tie, on whatever device they were added up."""

import numpy as np
import pytest
import torch

from netsci_dst import link_prediction, registry
from netsci_dst.link_prediction._tensors import device_scores
from netsci_dst.training.evolution._layer import EvolvingLayer, LayerUpdate
from netsci_dst.training.evolution._predict import _tied, regrow_by_scores
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
    assert equal_neighbours(found.numpy(), exact[positive]) < 0.96
    tied = _tied(found).numpy()
    assert equal_neighbours(tied, exact[positive]) > 0.99
    np.testing.assert_allclose(tied, exact[positive], rtol=2**-17)


def test_double_precision_scores_tie_exactly_and_stay_apart_where_they_differ():
    ulp = np.spacing(3.0)
    tied = _tied(np.array([3.0 - 2 * ulp, 3.0, 3.0 + 2 * ulp, 3.0 + 1e-9]))
    assert tied[:3].unique().numel() == 1
    assert tied[3] > tied[2]


@pytest.mark.parametrize("predictor", ["ch3_l3p", "ch2_l3n", "cn_l3"])
@pytest.mark.parametrize("exponent", [float("inf"), 1.0])
def test_groups_of_a_convolution_are_predicted_apart(predictor, exponent):
    """One grouped convolution proposes what its groups propose as convolutions of their own."""
    whole = sparse_module(torch.nn.Conv2d(8, 8, 1, groups=2))
    keys = torch.tensor([0, 1, 9, 10, 17, 4, 6, 13, 15, 31])
    whole.set_links(keys.sort().values, torch.ones(keys.numel()))
    found = proposed(whole, predictor, exponent)
    for group in (0, 1):
        own = keys[keys % 8 // 4 == group]
        part = sparse_module(torch.nn.Conv2d(4, 4, 1))
        part.set_links((own // 8 * 4 + own % 4).sort().values, torch.ones(own.numel()))
        expected = {k // 4 * 8 + k % 4 + 4 * group for k in proposed(part, predictor, exponent)}
        assert {k for k in found if k % 8 // 4 == group} == expected
    assert found
    assert not found & set(keys.tolist())


def proposed(layer, predictor, exponent):
    """Return all links that a predictor scores."""
    each = EvolvingLayer("layer", layer, layer.n_links, layer.n_links)
    links = LayerUpdate(each, 0, torch.Generator().manual_seed(0)).links
    return set(regrow_by_scores(predictor, links, 64, exponent, False).tolist())
