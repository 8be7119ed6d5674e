"""Scores that are equal on paper tie, on whatever device they were added up."""

import numpy as np
import pytest
import torch

from netsci_dst import link_prediction, registry
from netsci_dst.link_prediction._tensors import device_scores
from netsci_dst.training.evolution._predict import _tied


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
