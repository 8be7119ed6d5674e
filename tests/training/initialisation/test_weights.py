"""Initial weights have the variance that their rule asks for."""

import math

import numpy as np
import pytest

from netsci_dst.errors import RecipeError, UnknownName
from netsci_dst.training.initialisation import initial_weights


@pytest.mark.parametrize(
    ("rule", "gain", "expected"),
    [
        # Sparsity 0.95 of 1000 × 800: (1 - S) n_in = 50.
        ("swi", math.sqrt(2), math.sqrt(2 / 50)),
        ("swi", 1.0, math.sqrt(1 / 50)),
        ("kaiming", math.sqrt(2), math.sqrt(2 / 1000)),
    ],
)
def test_deviation(rule, gain, expected):
    rng = np.random.default_rng(0)
    weights = initial_weights(rule, 1000, 800, 40_000, rng=rng, gain=gain)
    assert weights.shape == (40_000,)
    assert weights.std() == pytest.approx(expected, rel=0.02)
    assert abs(weights.mean()) < 5 * expected / 200


def test_swi_of_a_dense_layer_is_kaiming():
    one = initial_weights("swi", 30, 20, 600, rng=np.random.default_rng(1))
    two = initial_weights("kaiming", 30, 20, 600, rng=np.random.default_rng(1))
    np.testing.assert_allclose(one, two)


def test_wrong_requests_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(UnknownName, match="swi"):
        initial_weights("swii", 3, 3, 3, rng=rng)
    with pytest.raises(RecipeError, match="gain"):
        initial_weights("swi", 3, 3, 3, rng=rng, gain=0.0)
    assert initial_weights("swi", 3, 3, 0, rng=rng).shape == (0,)
