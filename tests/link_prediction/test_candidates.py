"""Candidates only: the same links and scores as the full matrix, in bounded memory."""

import numpy as np
import pytest

from netsci_dst import link_prediction as lp
from netsci_dst.errors import NetsciError, TopologyError, UnknownName
from netsci_dst.link_prediction import _blocks, _cpu
from netsci_dst.link_prediction._pool import Pool


@pytest.fixture(params=["whole", "sparse slices", "dense slices"])
def layer(request, monkeypatch):
    if request.param != "whole":
        monkeypatch.setattr(_blocks, "_WHOLE", 0)
        monkeypatch.setattr(_blocks, "_SLICE", 500)
        monkeypatch.setattr(_cpu, "_SLICE", 500)
    density = 0.2 if request.param == "dense slices" else 0.05
    return np.random.default_rng(1).random((60, 75)) < density


@pytest.mark.parametrize("predictor", ["ch3_l3p", "ch2_l3n", "cn_l3"])
def test_top_links_are_those_of_the_matrix(layer, predictor):
    scores = getattr(lp, predictor)(layer)
    keys, best = lp.top_links(layer, predictor, 50, rng=4)
    assert len(set(keys.tolist())) == 50
    np.testing.assert_allclose(best, scores.ravel()[keys], rtol=1e-11)
    np.testing.assert_allclose(best, np.sort(scores.ravel())[::-1][:50], rtol=1e-11)
    assert not layer.ravel()[keys].any()


def test_ties_are_broken_by_the_seed(layer):
    one, _ = lp.top_links(layer, "cn_l3", 40, rng=0)
    same, _ = lp.top_links(layer, "cn_l3", 40, rng=np.random.default_rng(0))
    other, _ = lp.top_links(layer, "cn_l3", 40, rng=1)
    np.testing.assert_array_equal(one, same)
    assert set(one.tolist()) != set(other.tolist())


def test_threads_do_not_change_the_draw(layer):
    one = lp.top_links(layer, "cn_l3", 40, rng=0, threads=1)
    three = lp.top_links(layer, "cn_l3", 40, rng=0, threads=3)
    np.testing.assert_array_equal(one, three)


def test_every_tied_link_has_the_same_chance():
    # A star of stars: all 3 × 3 candidates of the block have exactly one path.
    layer = np.zeros((4, 4), int)
    layer[0, :] = layer[:, 0] = 1
    counts = np.zeros(16)
    for seed in range(600):
        keys, _ = lp.top_links(layer, "ch3_l3p", 3, rng=seed)
        counts[keys] += 1
    chosen = counts.reshape(4, 4)[1:, 1:]
    assert counts.sum() == chosen.sum() == 1800
    # 200 expected each, deviation about 11.5.
    assert abs(chosen - 200).max() < 60


def test_positive_links_are_all_of_them(layer):
    scores = lp.ch3_l3p(layer)
    keys, values = lp.positive_links(layer, "ch3_l3p")
    np.testing.assert_array_equal(keys, np.flatnonzero(scores))
    np.testing.assert_allclose(values, scores.ravel()[keys], rtol=1e-11)
    more, _ = lp.top_links(layer, "ch3_l3p", 10**6)
    assert sorted(more.tolist()) == keys.tolist()


def test_scores_at_given_pairs(layer):
    scores = lp.ch2_l3n(layer)
    u, v = np.random.default_rng(0).integers(0, (60, 75), (200, 2)).T
    np.testing.assert_allclose(lp.scores_at(layer, "ch2_l3n", u, v), scores[u, v], rtol=1e-11)
    with pytest.raises(TopologyError, match="outside the layer"):
        lp.scores_at(layer, "ch2_l3n", [60], [0])


@pytest.mark.torch
def test_tensors_come_back_as_tensors(layer):
    torch = pytest.importorskip("torch")
    keys, scores = lp.top_links(torch.from_numpy(layer).double(), "ch3_l3p", 20, rng=3)
    expected = lp.top_links(layer, "ch3_l3p", 20, rng=3)
    assert keys.dtype == torch.int64
    np.testing.assert_array_equal(keys.numpy(), expected[0])
    np.testing.assert_array_equal(scores.numpy(), expected[1])


def test_wrong_requests_are_refused(layer):
    with pytest.raises(UnknownName, match="ch3_l3p"):
        lp.top_links(layer, "ch3_l3")
    with pytest.raises(UnknownName, match="spearman"):
        lp.top_links(layer, "ch3_l3p", ties="spaerman")
    with pytest.raises(NetsciError, match="k must be a whole number of at least 0"):
        lp.top_links(layer, "ch3_l3p", -1)


def test_the_pool_stays_small_and_right(monkeypatch):
    monkeypatch.setattr("netsci_dst.link_prediction._pool._SPARE", 10)
    rng = np.random.default_rng(0)
    scores = rng.integers(1, 50, 5000) / 7
    pool = Pool(30, rng)
    for start in range(0, 5000, 100):
        pool.add(np.arange(start, start + 100), scores[start : start + 100])
        assert pool._size <= 2 * 30 + 10 + 100
    keys, best = pool.best()
    np.testing.assert_array_equal(best, np.sort(scores)[::-1][:30])
    np.testing.assert_array_equal(scores[keys], best)
