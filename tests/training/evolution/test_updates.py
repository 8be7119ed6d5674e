"""Whole updates of named methods against the same update spelled out link by link."""

import itertools
import math

import numpy as np
import pytest
import torch

from netsci_dst.training.evolution import density
from netsci_dst.training.evolution import draws as draw

from . import _reference as reference
from ._layers import chain

SIZES = [13, 11, 11, 11, 4]  # two layers of one form; the last is dense
STEP, TOTAL = 20, 100
INF = math.inf


def prepared(name, form, at, final=None, seed=0, **options):
    """An engine after some training, and the reference in the same state."""
    rng = np.random.default_rng(seed)
    matrices = []
    for a, b in itertools.pairwise(SIZES[:-1]):
        matrix = rng.normal(size=(a, b)).round(2)  # magnitudes that tie
        matrix[rng.random((a, b)) >= at] = 0
        matrices.append(matrix)
    model, engine = chain(
        SIZES,
        matrices,
        form,
        name,
        optimizer=lambda p: torch.optim.SGD(p, lr=0.0, momentum=0.9),
        total_steps=TOTAL,
        final=final,
        seed=5,
        **options,
    )
    layers = []
    for i, (layer, matrix) in enumerate(zip(engine.layers, matrices)):
        gradient = rng.normal(size=matrix.shape)
        if i == 0:
            gradient[3:] = 0  # inputs that say nothing: too few positive scores
        _give(layer, form, gradient)
        ever = (rng.random(matrix.shape) < 0.3) & (matrix == 0)
        past = rng.normal(size=matrix.shape) * ever
        keys = torch.from_numpy(np.flatnonzero(ever))
        layer.memory.remember(keys, torch.from_numpy(past.reshape(-1)[keys]))
        history = np.where(matrix != 0, matrix, past)
        draws = draw.Draws(5, STEP)
        pairs = {p: draws.pair(i, 0, p) for p in range(6)}
        present = list(zip(*np.nonzero(matrix)))
        present = [(int(u), int(v)) for u, v in present]
        layers.append(reference.Layer(matrix, present, gradient, gradient, history, pairs))
    engine.optimizer.step()
    return model, engine, layers


def _give(each, form, gradient):
    """Let a layer have this gradient at every position, and as its smoothed gradient."""
    layer, dense = each.parameter, torch.from_numpy(gradient)
    layer.capture = True
    own = dense.reshape(-1)[layer.keys]
    if form == "masked":
        layer.weight.grad = layer.scatter(own)
        layer.store.captured = dense.t().contiguous()
    else:
        layer.weight.grad = own
        layer.module._captured = [(dense, torch.eye(dense.shape[1], dtype=torch.float64))]
    each.momentum = dense


METHODS = {
    "set": {"zeta": 0.3},
    "rigl": {"zeta": 0.3 * (1 + math.cos(math.pi * STEP / 75)) / 2, "regrowth": "gradient"},
    "mest": {"zeta": 0.3, "removal": "mest"},
    "snfs": {"zeta": 0.5 * (1 + math.cos(math.pi * STEP / 100)) / 2, "regrowth": "momentum"},
    "esml": {"zeta": 0.3, "percolation": True, "regrowth": "ch3_l3p"},
    "cht": {"zeta": 0.3, "percolation": True, "regrowth": "ch3_l3p", "weights": "swi"},
    "chts": {
        "zeta": 0.3 * (1 + math.cos(math.pi * STEP / 75)) / 2,
        "softness": 1 + 2 * STEP / 75,
        "percolation": True,
        "regrowth": "ch2_l3n",
        "exponent": 1.0,
        "weights": "historical",
    },
    "granet": {
        "zeta": 0.3 * (1 + math.cos(math.pi * STEP / 75)) / 2,
        "regrowth": "gradient",
        "schedule": density.cubic,
        "criterion": "magnitude",
    },
    "chtss": {
        "zeta": 0.3 * (1 + math.cos(math.pi * STEP / 75)) / 2,
        "softness": 1 + 2 * STEP / 75,
        "percolation": True,
        "regrowth": "ch2_l3n",
        "exponent": 1.0,
        "weights": "historical",
        "schedule": lambda t: density.sigmoid(t, equal_flops=True),
        "criterion": "relative_importance",
    },
}
FORMS = pytest.mark.parametrize("form", ["masked", "masked on a GPU", "csr"])


def _form(form, monkeypatch):
    if form == "masked on a GPU":
        monkeypatch.setattr(draw, "compiled", lambda tensor: False)
    return form.split()[0]


@FORMS
@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("at", [0.12, 0.4])
def test_an_update_is_that_of_its_definition(name, form, at, monkeypatch):
    plan = METHODS[name]
    form = _form(form, monkeypatch)
    final = 0.4 * at if "schedule" in plan else None
    _, engine, layers = prepared(name, form, at, final)
    rows = engine.update(STEP)
    counts = expected_update(plan, layers, final)
    for row, each, layer, count in zip(rows, engine.layers, layers, counts):
        after = sorted(layer.key(e) for e in layer.present | layer.new)
        assert each.parameter.keys.tolist() == after
        values = each.parameter.values.numpy()
        momentum = each.parameter.link_state(engine.optimizer, "momentum_buffer").numpy()
        for key, value, state in zip(after, values, momentum):
            link = divmod(key, layer.shape[1])
            if link in layer.new:
                purpose, rule = draw.WEIGHTS, plan.get("weights", "zero")
                expected = reference.new_weight(layer, link, rule, purpose)
                assert value == pytest.approx(expected, rel=1e-9, abs=1e-12)
                assert state == 0
            else:
                assert value == layer.w[link]
                assert state == layer.gradient[link]
        for what, n in count.items():
            assert row[what] == n, what
        seen = layer.history != 0
        for e in layer.before | layer.new:
            seen[e] = True
        assert row["itop"] == pytest.approx(seen.sum() / seen.size)
        last = {k: float(v) for k, v in zip(each.memory.keys, each.memory.values)} if (
            each.memory.values is not None
        ) else {}  # fmt: skip
        for key, value in zip(after, values):
            assert last.get(key, value) == value
    if plan.get("percolation"):
        assert sum(count["percolated"] for count in counts) > 0 or at > 0.2


def expected_update(plan, layers, final):
    """Move the links of the reference; return what the rows must say."""
    counts = []
    for layer in layers:
        count = {"pruned": 0, "removed": 0, "percolated": 0}
        target = len(layer.present)
        if "schedule" in plan:
            first, size = len(layer.present), layer.shape[0] * layer.shape[1]
            last, progress = round(final * size), plan["schedule"](STEP / TOTAL).progress
            target = round(first + (last - first) * progress)
            score = layer.removal_score(plan["criterion"])
            layer.present = layer.best(layer.present, score, target, draw.DENSITY)
            count["pruned"] = first - target
        layer.after_density, layer.target = set(layer.present), target
        n = round(plan["zeta"] * target)
        score = layer.removal_score(plan.get("removal", "magnitude"))
        layer.present = layer.best(
            layer.present, score, target - n, draw.REMOVAL, plan.get("softness", INF)
        )
        count["removed"] = n
        counts.append(count)
    if plan.get("percolation"):
        before = [len(layer.present) for layer in layers]
        reference.percolate(layers)
        for count, n, layer in zip(counts, before, layers):
            count["percolated"] = n - len(layer.present)
    rule, exponent = plan.get("regrowth", "random"), plan.get("exponent", INF)
    come = [
        reference.regrow(layers, i, x.target - len(x.present), rule, exponent, draw.REGROWTH)
        for i, x in enumerate(layers)
    ]
    for layer, new, count in zip(layers, come, counts):
        layer.new = new
        count["regrown"], count["links"] = len(new), layer.target
        shared = len(new & (layer.after_density - layer.present))
        count["overlap"] = pytest.approx(shared / len(new)) if new else None
    return counts


@FORMS
def test_gmp_takes_the_largest_of_all_that_ever_were(form, monkeypatch):
    form = _form(form, monkeypatch)
    _, engine, layers = prepared("gmp", form, 0.4, 0.2)
    rows = engine.update(STEP)
    progress = density.cubic(STEP / TOTAL).progress
    for row, each, layer in zip(rows, engine.layers, layers):
        first, size = len(layer.present), layer.shape[0] * layer.shape[1]
        target = round(first + (round(0.2 * size) - first) * progress)
        known = [e for e in layer.keys if layer.history[e] != 0]
        chosen = layer.best(known, lambda e, x=layer: abs(x.history[e]), target, draw.DENSITY)
        assert each.parameter.keys.tolist() == sorted(map(layer.key, chosen))
        back = chosen - layer.present
        assert back
        assert (row["links"], row["regrown"]) == (target, len(back))
        assert row["pruned"] == first - (target - len(back))
        for key, value in zip(each.parameter.keys.tolist(), each.parameter.values.tolist()):
            assert value == layer.history[divmod(key, layer.shape[1])]
        momentum = each.parameter.link_state(engine.optimizer, "momentum_buffer")
        fresh = [divmod(k, layer.shape[1]) in back for k in each.parameter.keys.tolist()]
        assert not momentum[torch.tensor(fresh)].any()


@FORMS
@pytest.mark.parametrize("threshold", [0.3, 100.0])
def test_dsr_shares_out_what_one_threshold_takes(form, threshold, monkeypatch):
    form = _form(form, monkeypatch)
    options = {"removal_options": {"threshold": threshold}}
    _, engine, layers = prepared("dsr", form, 0.4, **options)
    rows = engine.update(STEP)
    total = sum(len(layer.present) for layer in layers)
    kept = []
    for layer in layers:
        stays = {e for e in layer.present if abs(layer.w[e]) >= threshold}
        kept.append(stays or {max(layer.present, key=lambda e, x=layer: abs(x.w[e]))})
    missing = total - sum(map(len, kept))
    for row, each, layer, stays in zip(rows, engine.layers, layers, kept):
        assert row["removed"] == len(layer.present) - len(stays)
        share = missing * len(stays) / sum(map(len, kept))
        room = layer.shape[0] * layer.shape[1] - len(stays)
        if all(missing * len(s) / sum(map(len, kept)) < 50 for s in kept):
            assert abs(row["regrown"] - min(share, room)) <= 1
        absent = [e for e in layer.keys if e not in stays]
        new = layer.best(absent, lambda e: 0.0, row["regrown"], draw.REGROWTH)
        assert each.parameter.keys.tolist() == sorted(map(layer.key, stays | new))
    assert sum(row["regrown"] for row in rows[:-1]) == missing
    wanted = sum(round(0.3 * len(layer.present)) for layer in layers)
    off = missing / wanted
    factor = 0.5 if off > 1.1 else 2.0 if off < 0.9 else 1.0
    assert engine.removal_state["threshold"] == threshold * factor


@FORMS
@pytest.mark.parametrize("regrowth", ["random", "gradient"])
def test_target_neurons_keep_their_fan_in(form, regrowth, monkeypatch):
    form = _form(form, monkeypatch)
    options = {"removal_scope": "neuron", "regrowth_scope": "neuron", "regrowth": regrowth}
    _, engine, layers = prepared("set", form, 0.4, **options)
    rows = engine.update(STEP)
    for row, each, layer in zip(rows, engine.layers, layers):
        expected, removed = set(), 0
        for v in range(layer.shape[1]):
            own = {e for e in layer.present if e[1] == v}
            n = round(0.3 * len(own))
            stays = layer.best(own, lambda e, x=layer: abs(x.w[e]), len(own) - n, draw.REMOVAL)
            absent = [(u, v) for u in range(layer.shape[0]) if (u, v) not in stays]
            score = (lambda e, x=layer: abs(x.gradient[e])) if regrowth == "gradient" else _zero
            expected |= stays | layer.best(absent, score, n, draw.REGROWTH)
            removed += n
        assert each.parameter.keys.tolist() == sorted(map(layer.key, expected))
        assert row["removed"] == row["regrown"] == removed
        before = np.bincount([v for _, v in layer.before], minlength=layer.shape[1])
        after = np.bincount(each.parameter.keys.numpy() % layer.shape[1], minlength=layer.shape[1])
        assert (before == after).all()


def _zero(link):
    return 0.0


@FORMS
@pytest.mark.parametrize("softness", ["none", "exponent"])
def test_links_of_all_layers_are_ranked_together(form, softness, monkeypatch):
    form = _form(form, monkeypatch)
    options = {"removal_scope": "network", "removal_softness": softness}
    _, engine, layers = prepared("set", form, 0.4, **options)
    rows = engine.update(STEP)
    exponent = INF if softness == "none" else 1 + 2 * STEP / TOTAL
    ranked = []
    for i, layer in enumerate(layers):
        for e in layer.present:
            ring = (
                -abs(layer.w[e])
                if exponent == INF
                else layer.ring(e, abs(layer.w[e]), exponent, draw.REMOVAL)
            )
            ranked.append((ring, -layer.chance(e, draw.REMOVAL), i, e))
    n = sum(round(0.3 * len(layer.present)) for layer in layers)
    kept = sorted(ranked)[: len(ranked) - n]
    for i, (row, layer) in enumerate(zip(rows, layers)):
        stays = {e for *_, j, e in kept if j == i}
        assert row["removed"] == len(layer.present) - len(stays) == row["regrown"]
    assert len({row["removed"] / row["links"] for row in rows[:-1]}) > 1


@FORMS
def test_a_layer_without_absent_links_is_never_updated(form, monkeypatch):
    form = _form(form, monkeypatch)
    rng = np.random.default_rng(0)
    full = rng.normal(size=(11, 11))
    sparse = rng.normal(size=(13, 11)) * (rng.random((13, 11)) < 0.3)
    _, engine = chain([13, 11, 11, 4], [sparse, full], form, "chts", initialiser="uniform")
    for _ in range(3):
        rows = engine.update(STEP)
        assert [row["layer"] for row in rows] == ["0", "all"]
        assert rows[0]["removed"] == rows[1]["removed"] > 0
        assert rows[1]["links"] == rows[0]["links"]
        assert rows[1]["itop"] == rows[0]["itop"]
    values = engine.layers[1].parameter.values
    assert torch.equal(values, torch.from_numpy(full.reshape(-1)))
    assert engine.moving == engine.layers[:1]


@FORMS
def test_links_that_others_have_changed_are_counted_anew(form, monkeypatch):
    form = _form(form, monkeypatch)
    _, engine, _ = prepared("set", form, 0.4)
    layer = engine.layers[0]
    keys = layer.parameter.keys[::2].contiguous()
    layer.parameter.set_links(keys, torch.ones(keys.numel(), dtype=torch.float64))
    row = engine.update(STEP)[0]
    assert row["links"] == keys.numel() == layer.parameter.keys.numel()
    assert row["removed"] == round(0.3 * keys.numel())
