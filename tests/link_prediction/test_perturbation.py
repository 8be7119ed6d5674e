"""The structural perturbation method, against its definition on the whole symmetric graph."""

import numpy as np
import pytest

from netsci_dst import link_prediction as lp
from netsci_dst.errors import NetsciError
from netsci_dst.link_prediction.perturbation import perturbed


def symmetric_perturbation(rest, removed):
    """First-order perturbation of the eigenvalues, diagonalised inside degenerate eigenspaces."""
    value, vector = np.linalg.eigh(rest)
    out = np.zeros_like(rest)
    start = 0
    while start < len(value):
        end = start
        while end < len(value) and abs(value[end] - value[start]) < 1e-8:
            end += 1
        space = vector[:, start:end]
        shift, rotation = np.linalg.eigh(space.T @ removed @ space)
        for k in range(end - start):
            x = space @ rotation[:, k]
            out += (value[start] + shift[k]) * np.outer(x, x)
        start = end
    return out


def on_both_sides(matrix):
    m, n = matrix.shape
    return np.block([[np.zeros((m, m)), matrix], [matrix.T, np.zeros((n, n))]])


@pytest.mark.parametrize("shape", [(8, 11), (11, 8), (9, 9)])
@pytest.mark.parametrize("density", [0.1, 0.3, 0.7])
def test_is_the_perturbation_of_the_graph_of_both_sides(shape, density):
    rng = np.random.default_rng(7)
    whole = (rng.random(shape) < density).astype(float)
    removed = whole * (rng.random(shape) < 0.2)
    expected = symmetric_perturbation(on_both_sides(whole - removed), on_both_sides(removed))
    found = perturbed(whole - removed, removed)
    np.testing.assert_allclose(found, expected[: shape[0], shape[0] :], atol=1e-10)


def test_finds_the_missing_links_of_a_block_structure():
    block = np.kron(np.eye(2), np.ones((10, 12)))
    hidden = [(0, 0), (3, 4), (12, 15), (19, 23)]
    for u, v in hidden:
        block[u, v] = 0
    scores = lp.spm(block, seed=1)
    best = np.argsort(-scores, axis=None)[:4]
    assert {tuple(map(int, np.unravel_index(i, block.shape))) for i in best} == set(hidden)
    assert not scores[block > 0].any()


def test_is_repeatable_and_checks_its_options():
    layer = np.random.default_rng(0).random((10, 10)) < 0.3
    np.testing.assert_array_equal(lp.spm(layer, seed=3), lp.spm(layer, seed=3))
    assert (lp.spm(layer, seed=3) != lp.spm(layer, seed=4)).any()
    with pytest.raises(NetsciError, match="fraction"):
        lp.spm(layer, fraction=1.0)
    with pytest.raises(NetsciError, match="repeats"):
        lp.spm(layer, repeats=0)
