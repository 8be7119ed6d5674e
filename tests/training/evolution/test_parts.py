"""Removal scores, regrowth, new weights and ramps, against their formulas written out."""

import math

import numpy as np
import pytest
import torch

from netsci_dst import link_prediction, registry
from netsci_dst.errors import NetsciError
from netsci_dst.training.evolution import density, softness, zeta
from netsci_dst.training.evolution._links import Links


def links(seed=0, shape=(6, 7), n=18, **more):
    rng = np.random.default_rng(seed)
    keys = torch.from_numpy(np.sort(rng.choice(shape[0] * shape[1], n, replace=False)))
    values = torch.from_numpy(rng.normal(size=n))
    gradient = torch.from_numpy(rng.normal(size=shape))
    return Links(
        "layer",
        *shape,
        keys,
        values,
        torch.ones(n, dtype=torch.bool),
        torch.Generator().manual_seed(seed),
        gradients=lambda: gradient.reshape(-1)[keys],
        dense_gradient=lambda: gradient,
        momentum=lambda: gradient,
        **more,
    )


def part(kind, name):
    return registry.get(kind, name).target


def dense(of):
    matrix = np.zeros((of.n_source, of.n_target))
    matrix.reshape(-1)[of.keys] = of.values
    return matrix


def at_links(of, matrix):
    return matrix.reshape(-1)[of.keys.numpy()]


def test_scores_are_their_formulas():
    of = links()
    w, g = dense(of), of.need("dense_gradient").numpy()
    a = np.abs(w)
    with np.errstate(all="ignore"):
        expected = {
            "magnitude": a,
            "relative_importance": a / a.sum(0) + a / a.sum(1, keepdims=True),
            "mest": a + 0.01 * np.abs(g),
            "snip": np.abs(w * g),
            "sensitivity": np.abs(g / w),
            "reciprocal_sensitivity": np.abs(w / g),
        }
        alpha = 0.3
        blend = a / 2 / (alpha + (1 - alpha) * a.sum(1, keepdims=True))
        blend += a / 2 / (alpha + (1 - alpha) * a.sum(0))
    for name, matrix in expected.items():
        assert np.allclose(part("removal", name)(of), at_links(of, matrix), rtol=1e-12), name
    got = part("removal", "blend")(of, alpha=alpha)
    assert np.allclose(got, at_links(of, blend))
    assert np.allclose(part("removal", "blend")(of, alpha=1.0), at_links(of, a))
    half = part("removal", "relative_importance")(of) / 2
    assert np.allclose(part("removal", "blend")(of, alpha=0.0), half)


@pytest.mark.parametrize("name", ["relative_importance", "blend", "signed"])
def test_links_that_the_density_step_has_pruned_do_not_count(name):
    of = links()
    of.keep[::3] = False
    rest = links()
    rest.keys, rest.values, rest.keep = of.keys[of.keep], of.values[of.keep], of.keep[of.keep]
    assert torch.equal(part("removal", name)(of)[of.keep], part("removal", name)(rest))


def test_set_rule_removes_equal_fractions_of_both_signs():
    of = links(n=30)
    of.values = torch.cat([torch.arange(1.0, 21.0), -torch.arange(1.0, 11.0)])
    score = part("removal", "signed")(of)
    removed = of.values[score.argsort()[:9]]
    assert sorted(removed.tolist()) == [-3, -2, -1, 1, 2, 3, 4, 5, 6]


def test_degenerate_ratios_are_finite():
    of = links()
    of.values[(of.sources == 0) | (of.targets == 1)] = 0  # all links of two neurons
    of.gradients = lambda: torch.zeros(18, dtype=torch.float64)
    for name in ("relative_importance", "sensitivity", "reciprocal_sensitivity", "blend"):
        assert torch.isfinite(part("removal", name)(of)).all(), name
    assert torch.isfinite(part("removal", "blend")(of, alpha=0.0)).all()


def test_a_part_that_needs_what_was_not_recorded_says_so():
    of = links()
    of.gradients = None
    with pytest.raises(NetsciError, match="needs="):
        part("removal", "mest")(of)


@pytest.mark.parametrize("name", ["gradient", "momentum"])
def test_regrowth_takes_the_largest_absent(name):
    of = links()
    of.keep[:4] = False
    grown = part("regrowth", name)(of, 5, math.inf)
    scores = of.need("dense_gradient").abs().reshape(-1).clone()
    scores[of.kept_keys] = -1
    assert grown.tolist() == sorted(scores.argsort(descending=True)[:5].tolist())


@pytest.mark.parametrize("name", ["ch3_l3p", "ch2_l3n", "ch3_l3n", "ch2_l3p", "ra_l3", "cn_l3"])
def test_predicted_links_have_the_best_scores(name):
    of = links(shape=(12, 14), n=40)
    of.keep[::5] = False
    matrix = np.zeros((12, 14), dtype=bool)
    matrix.reshape(-1)[of.kept_keys] = True
    scores = getattr(link_prediction, name)(matrix).reshape(-1)
    grown = part("regrowth", name)(of, 10, math.inf)
    assert grown.unique().numel() == 10
    assert not np.isin(grown, of.kept_keys).any()
    rest = np.setdiff1d(np.flatnonzero(~matrix.reshape(-1)), grown)
    assert scores[grown].min() >= scores[rest].max() * (1 - 1e-9)
    soft = part("regrowth", name)(of, 10, 1.0)
    assert (scores[soft] > 0).all()
    ranked = part("regrowth", name)(of, 10, math.inf, sub_ranking=True)
    assert np.allclose(np.sort(scores[ranked]), np.sort(scores[grown]), rtol=1e-9)


def test_soft_regrowth_samples_by_the_score():
    of = links(shape=(8, 8), n=20)
    matrix = np.zeros((8, 8), dtype=bool)
    matrix.reshape(-1)[of.keys] = True
    scores = link_prediction.ch2_l3n(matrix).reshape(-1)
    counts = np.zeros(64)
    for _ in range(6000):
        counts[part("regrowth", "ch2_l3n")(of, 1, 1.0)] += 1
    assert np.abs(counts / 6000 - scores / scores.sum()).max() < 0.02


def test_new_weights():
    of = links(history=lambda keys: keys.to(torch.float64) / 10)
    keys = torch.arange(5)
    assert not part("new weights", "zero")(of, keys, 18).any()
    assert part("new weights", "historical")(of, keys, 18).tolist() == [0, 0.1, 0.2, 0.3, 0.4]
    # Under a mask that is lifted lies the last weight, or the one that was drawn in the beginning.
    found = part("new weights", "masked")(of, keys, 18).tolist()
    assert found[1:] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert found[0] != 0
    many = part("new weights", "swi")(of, torch.arange(40_000), 18)
    expected = math.sqrt(2) / math.sqrt(18 / 42 * 6)
    assert float(many.std()) == pytest.approx(expected, rel=0.02)


def test_global_threshold_adapts_and_never_empties_a_layer():
    state = {}
    rule = part("removal", "global_threshold")
    drafts = [links(0), links(1)]
    rule(drafts, state, 10, threshold=100.0)
    assert [draft.n_kept for draft in drafts] == [1, 1]
    assert state["threshold"] == 50
    drafts = [links(0), links(1)]
    state = {"threshold": 1e-9}
    rule(drafts, state, 10)
    assert [draft.n_kept for draft in drafts] == [18, 18]
    assert state["threshold"] == 2e-9


def test_zeta_schedules():
    assert zeta.constant(0.7, 0.3) == 0.3
    assert [zeta.cosine(t, 0.5) for t in (0, 0.5, 1)] == pytest.approx([0.5, 0.25, 0])


def test_ramps_of_softness():
    assert [softness.exponent(t) for t in (0, 0.5, 1)] == [1, 2, 3]
    assert softness.delta(0.0) == 1.0
    assert softness.delta(1.0) == pytest.approx(3.0)
    assert softness.delta(1.0, end=0.9) == pytest.approx(9.0)
    assert softness.exponent_of(0.0) == 0
    assert softness.exponent_of(1.0) == math.inf


def test_density_schedules_by_their_formulas():
    grid = np.linspace(0, 0.75, 40)
    u = grid / 0.75
    cubic = [density.cubic(t).progress for t in grid]
    assert np.allclose(cubic, 1 - (1 - u) ** 3)
    logistic = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    g = (logistic(12 * (u - 0.5)) - logistic(-6)) / (logistic(6) - logistic(-6))
    assert np.allclose([density.sigmoid(t).progress for t in grid], g)
    for schedule in (density.cubic, density.sigmoid):
        assert schedule(0.0).progress == pytest.approx(0)
        assert schedule(0.75).progress == schedule(1.0).progress == pytest.approx(1)
        assert schedule(0.1, start=0.2, end=0.9).progress == pytest.approx(0)


def test_equal_flops_gives_both_schedules_the_same_mean_density():
    times = np.linspace(0, 1, 20_001)
    cubic = np.mean([1 - density.cubic(t).progress for t in times])
    sigmoid = np.mean([1 - density.sigmoid(t, equal_flops=True).progress for t in times])
    assert cubic == pytest.approx(sigmoid, rel=1e-3)
    assert cubic == pytest.approx(0.75 / 4, rel=1e-3)


def test_elastic_mutation_shrinks_in_two_stages():
    stages = [density.ems(t).surplus for t in (0.0, 0.44, 0.46, 0.74, 0.75, 1.0)]
    assert stages == [0.05, 0.05, 0.025, 0.025, 0.0, 0.0]
