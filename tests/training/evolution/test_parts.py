"""Removal scores, regrowth, new weights and ramps, against their formulas written out."""

import math

import numpy as np
import pytest
import torch

from netsci_dst import link_prediction, registry
from netsci_dst.errors import NetsciError
from netsci_dst.training.evolution import density, softness, zeta
from netsci_dst.training.evolution import draws as draw

from ._layers import at_links, chain, grown, kept, work

INF = math.inf
FORMATS = pytest.mark.parametrize("form", ["masked", "csr"])


def weights(seed=0, shape=(6, 7), n=18):
    rng = np.random.default_rng(seed)
    matrix = np.zeros(shape[0] * shape[1])
    matrix[rng.choice(matrix.size, n, replace=False)] = rng.normal(size=n)
    return matrix.reshape(shape), rng.normal(size=shape)


def links(form, seed=0, shape=(6, 7), n=18, step=0):
    matrix, gradient = weights(seed, shape, n)
    return work(matrix, form, gradient, step=step, seed=seed)


def part(kind, name):
    return registry.get(kind, name).target


def score(of, name, **options):
    return at_links(of, part("removal", name)(of, **options)).numpy()


@FORMATS
def test_scores_are_their_formulas(form):
    w, g = weights()
    of, there = links(form), w != 0
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
        assert np.allclose(score(of, name), matrix[there], rtol=1e-12), name
    assert np.allclose(score(of, "blend", alpha=alpha), blend[there])
    assert np.allclose(score(of, "blend", alpha=1.0), a[there])
    half = score(of, "relative_importance") / 2
    assert np.allclose(score(of, "blend", alpha=0.0), half)


@FORMATS
@pytest.mark.parametrize("name", ["relative_importance", "blend", "signed"])
def test_links_that_the_density_step_has_pruned_do_not_count(form, name):
    w, _ = weights()
    of = links(form)
    of.keep_best(of.values.abs(), [12], INF, draw.DENSITY)
    left = at_links(of, of.present).numpy()
    rest = w.copy()
    rest[w != 0] *= left
    expected = score(work(rest, form), name)
    assert np.allclose(score(of, name)[left], expected, rtol=1e-12)


@FORMATS
def test_set_rule_removes_equal_fractions_of_both_signs(form):
    matrix = np.zeros(42)
    places = np.random.default_rng(0).choice(42, 30, replace=False)
    matrix[places] = [*range(1, 21), *range(-10, 0)]
    of = work(matrix.reshape(6, 7), form)
    of.keep_best(part("removal", "signed")(of), [21], INF, draw.REMOVAL)
    removed = np.setdiff1d(matrix[matrix != 0], matrix[kept(of)])
    assert sorted(removed.tolist()) == [-3, -2, -1, 1, 2, 3, 4, 5, 6]


@FORMATS
def test_degenerate_ratios_are_finite(form):
    w = weights()[0]
    of = links(form)
    u, v = np.nonzero(w)
    dead = torch.from_numpy((u == 0) | (v == 1))  # all links of two neurons
    layer = of.updates[0].of.parameter
    layer.set_values(layer.values.masked_fill(dead, 0))
    layer.weight.grad = torch.zeros_like(layer.weight)
    again = type(of)(*(([of.group] if form == "masked" else []) + [*_arguments(of, form)]))
    for name in ("relative_importance", "sensitivity", "reciprocal_sensitivity", "blend"):
        assert np.isfinite(score(again, name)).all(), name
    assert np.isfinite(score(again, "blend", alpha=0.0)).all()


def _arguments(of, form):
    return (of.updates if form == "masked" else of.updates[0], of.draws, lambda x: x)


@FORMATS
def test_a_part_that_needs_what_was_not_recorded_says_so(form):
    of = work(weights()[0], form)
    for name in ("gradient", "momentum"):
        with pytest.raises(NetsciError, match="needs="):
            part("regrowth", name)(of, 1)
    with pytest.raises(NetsciError, match="no gradient: run a backward pass"):
        part("removal", "mest")(of)


def regrown(of, name, n, exponent, **options):
    scores = part("regrowth", name)(of, n, **options)
    of.regrow(scores, [n], exponent, None, False)
    return grown(of)


@FORMATS
@pytest.mark.parametrize("name", ["gradient", "momentum"])
def test_regrowth_takes_the_largest_absent(form, name):
    _, gradient = weights()
    of = links(form)
    of.keep_best(of.values.abs(), [14], INF, draw.REMOVAL)
    size = np.abs(gradient).reshape(-1)
    size[kept(of)] = -1
    assert regrown(of, name, 5, INF).tolist() == sorted(np.argsort(-size)[:5].tolist())


@FORMATS
@pytest.mark.parametrize("name", ["ch3_l3p", "ch2_l3n", "ch3_l3n", "ch2_l3p", "ra_l3", "cn_l3"])
@pytest.mark.parametrize("on_a_gpu", [False, True])
def test_predicted_links_have_the_best_scores(form, name, on_a_gpu, monkeypatch):
    if on_a_gpu:
        monkeypatch.setattr(draw, "compiled", lambda tensor: False)

    def fresh():
        of = links(form, shape=(12, 14), n=40)
        of.keep_best(of.values.abs(), [32], INF, draw.REMOVAL)
        return of

    of = fresh()
    matrix = np.zeros((12, 14), dtype=bool)
    matrix.reshape(-1)[kept(of)] = True
    scores = getattr(link_prediction, name)(matrix).reshape(-1)
    best = regrown(of, name, 10, INF)
    assert best.unique().numel() == 10
    assert not np.isin(best, kept(of)).any()
    rest = np.setdiff1d(np.flatnonzero(~matrix.reshape(-1)), best)
    assert scores[best].min() >= scores[rest].max() * (1 - 1e-9)
    soft = regrown(fresh(), name, 10, 1.0)
    assert (scores[soft] > 0).all()
    ranked = regrown(fresh(), name, 10, INF, sub_ranking=True)
    assert np.allclose(np.sort(scores[ranked]), np.sort(scores[best]), rtol=1e-9)


@FORMATS
def test_the_paths_of_a_prediction_are_counted(form):
    of = links(form, shape=(12, 14), n=40)
    of.keep_best(of.values.abs(), [32], INF, draw.REMOVAL)
    matrix = np.zeros(12 * 14)
    matrix[kept(of)] = 1
    a = matrix.reshape(12, 14)
    of.predicted("ch2_l3n", 1, False)
    found = int(of._paths) if form == "masked" else of.update.paths
    assert found == (a @ a.T @ a).sum()


@FORMATS
def test_soft_regrowth_samples_by_the_score(form):
    w = weights(shape=(8, 8), n=20)[0]
    scores = link_prediction.ch2_l3n(w != 0).reshape(-1)
    counts = np.zeros(64)
    of = links(form, shape=(8, 8), n=20)
    found = part("regrowth", "ch2_l3n")(of, 1)
    for step in range(3000):
        of.draws = draw.Draws(0, step)
        of.regrow(found, [1], 1.0, None, False)
        counts[grown(of)] += 1
        if form == "masked":
            of.new = None
    assert np.abs(counts / 3000 - scores / scores.sum()).max() < 0.03


@FORMATS
def test_new_weights(form):
    w = weights()[0]
    found = {}
    for name in ("zero", "historical", "masked", "swi"):
        _, engine = chain((6, 7), [w], form, "chts")
        (layer,) = engine.layers
        layer.memory.remember(torch.arange(5), torch.arange(5, dtype=torch.float64) / 10)
        of = _renewed(engine, form)
        of.regrow(None, [24], INF, None, False)
        of.updates[0].regrown = 24
        of.weigh(part("new weights", name)(of))
        values = of.new_values
        if form == "masked":
            dense = torch.zeros(1, 7, 6, dtype=torch.float64) if values is None else values
            values = of.form.logical(dense)[0].reshape(-1)[grown(of)]
        found[name] = dict(zip(grown(of).tolist(), values.tolist()))
    absent = np.flatnonzero(w.reshape(-1) == 0)
    assert list(found["zero"]) == absent.tolist()
    assert not any(found["zero"].values())
    last = {key: key / 10 if key < 5 else 0.0 for key in absent}
    assert found["historical"] == pytest.approx(last)
    # Under a mask that is lifted lies the last weight, or the one that was drawn in the beginning.
    for key, value in found["masked"].items():
        assert value == pytest.approx(last[key] if last[key] else found["swi"][key])
        assert value != 0


def _renewed(engine, form):
    from netsci_dst.training.evolution.link_list import LinkList
    from netsci_dst.training.evolution.stack import Stack
    from netsci_dst.training.evolution.work import LayerUpdate

    (layer,) = engine.layers
    update, draws = LayerUpdate(layer, 0, layer.parameter.n_links), draw.Draws(0, 0)
    if form == "masked":
        return Stack(engine._groups[0], [update], draws, lambda x: x)
    return LinkList(update, draws, lambda x: x)


@FORMATS
def test_weights_by_swi_have_their_deviation(form):
    matrix = np.zeros((200, 150))
    matrix[:, 0] = 1
    of = work(matrix, form)
    of.regrow(None, [20_000], INF, None, False)
    of.updates[0].regrown = 20_000
    drawn = part("new weights", "swi")(of)
    expected = math.sqrt(2) / math.sqrt(20_200 / 30_000 * 200)
    assert float(drawn.std()) == pytest.approx(expected, rel=0.02)


@FORMATS
def test_global_threshold_adapts_and_never_empties_a_layer(form):
    state = {}
    rule = part("removal", "global_threshold")
    both = [links(form, 0), links(form, 1)]
    rule(both, state, 10, threshold=100.0)
    assert [int(of.counted()) for of in both] == [1, 1]
    assert state["threshold"] == 50
    for of, seed in zip(both, (0, 1)):
        w = weights(seed)[0].reshape(-1)
        assert abs(w[kept(of)]) == np.abs(w).max()
    both = [links(form, 0), links(form, 1)]
    state = {"threshold": 1e-9}
    rule(both, state, 10)
    assert [int(of.counted()) for of in both] == [18, 18]
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
