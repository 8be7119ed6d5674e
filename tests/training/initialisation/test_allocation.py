"""Links per layer: exact totals and the densities that the definitions ask for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci_dst.errors import RecipeError, UnknownName
from netsci_dst.training.initialisation import allocate

layer = st.tuples(st.integers(1, 600), st.integers(1, 600)) | st.tuples(
    st.integers(1, 64), st.integers(1, 64), st.just(3), st.just(3)
)


def test_uniform_is_the_same_density_everywhere():
    assert allocate("uniform", [(784, 1568), (1568, 1568), (1568, 10)], 0.99) == [
        12293,
        24586,
        157,
    ]
    assert allocate("uniform", [(10, 10)], 0.0) == [100]


@pytest.mark.parametrize("kind", ["er", "erk"])
@given(shapes=st.lists(layer, min_size=1, max_size=6), sparsity=st.floats(0, 0.995))
def test_totals_are_exact_and_layers_fit(kind, shapes, sparsity):
    links = allocate(kind, shapes, sparsity)
    sizes = [math.prod(shape) for shape in shapes]
    assert sum(links) == max(len(shapes), round((1 - sparsity) * sum(sizes)))
    assert all(1 <= n <= size for n, size in zip(links, sizes))


def test_er_densities_follow_the_formula():
    shapes = [(784, 1568), (1568, 1568), (1568, 392)]
    links = np.array(allocate("er", shapes, 0.95))
    ratio = links / [m + n for m, n in shapes]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-3)


def test_erk_counts_kernels_and_fills_small_layers():
    shapes = [(3, 64, 3, 3), (64, 128, 3, 3), (128, 256, 3, 3), (256, 10)]
    links = np.array(allocate("erk", shapes, 0.8))
    sizes = np.array([math.prod(shape) for shape in shapes])
    assert links[0] == sizes[0]
    assert links[3] == sizes[3]
    inner = links[1:3] / [sum(shape) for shape in shapes[1:3]]
    np.testing.assert_allclose(inner[0], inner[1], rtol=1e-3)


def test_wrong_requests_are_refused():
    with pytest.raises(UnknownName, match="erk"):
        allocate("erkk", [(3, 3)], 0.5)
    for sparsity in (1.0, -0.1, math.nan):
        with pytest.raises(RecipeError, match="sparsity"):
            allocate("er", [(3, 3)], sparsity)
    with pytest.raises(RecipeError, match="no layer"):
        allocate("er", [(3,)], 0.5)
