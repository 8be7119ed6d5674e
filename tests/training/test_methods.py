"""What each named method must do to the links while it trains."""

import math

import numpy as np
import pytest
import torch
from torch import nn

import netsci_dst as nd
from netsci_dst.errors import RecipeError
from netsci_dst.training import load_recipe, sparsify
from netsci_dst.training.build import Training, surroundings
from netsci_dst.training.distributed import World
from netsci_dst.training.evolution import captures, density
from netsci_dst.training.evolution.link_list import LinkList
from netsci_dst.training.evolution.percolation import Ends

STEPS, EVERY = 80, 8


def evolve(method, steps=STEPS, watch=None, **changes):
    settings = {
        "sparsity": 0.9,
        "steps": steps,
        "update_steps": EVERY,
        "model_options": {"hidden": [64, 40]},
        **changes,
    }
    recipe = load_recipe(method=method, **settings)
    rows = []
    with surroundings(recipe, torch.device("cpu")):
        session = Training(recipe, World())
        controller, step = session.controller, 0
        while step < steps:
            for batch in session.batches.epoch(step // session.steps_per_epoch):
                step += 1
                session.optimizers[0].zero_grad()
                session.task.loss(session.model, batch).value.backward()
                session.optimizers[0].step()
                controller.advance()
                if watch is not None:
                    watch(session, step)
                if controller.update_if_due():
                    rows.append(controller.rows)
                if step == steps:
                    break
    return session, rows


def whole(rows):
    return [next(row for row in update if row["layer"] == "all") for update in rows]


@pytest.mark.parametrize(
    ("method", "schedule", "initial", "options"),
    [
        ("gmp", density.cubic, 0.5, {}),
        ("granet", density.cubic, 0.5, {}),
        ("chts-gmp", density.cubic, 0.5, {}),
        ("chtss", density.sigmoid, 0.5, {"equal_flops": False}),
        ("chtss", density.sigmoid, 0.3, {"equal_flops": True, "end": 0.6}),
        ("granet", density.cubic, 0.0, {"start": 0.2}),
    ],
)
def test_density_follows_its_schedule(method, schedule, initial, options):
    session, rows = evolve(
        method, method_options={"initial_sparsity": initial, "density_options": options}
    )
    for update in rows:
        for row, layer in zip(update, session.controller.layers):
            possible = layer.parameter.n_possible
            first, last = round((1 - initial) * possible), round(0.1 * possible)
            progress = schedule(row["step"] / STEPS, **options).progress
            assert row["links"] == round(first + (last - first) * progress)
            assert row["density"] == row["links"] / possible
    for layer in session.controller.layers:
        assert layer.parameter.n_links == round(0.1 * layer.parameter.n_possible)


def test_elastic_mutation_cuts_down_and_regrows_the_surplus():
    session, rows = evolve("mest-ems")
    possible = [layer.parameter.n_possible for layer in session.controller.layers]
    for update in rows:
        time = update[0]["step"] / STEPS
        surplus = density.ems(time).surplus
        for row, size in zip(update, possible):
            assert row["links"] == round(0.1 * size) + round(surplus * size)
            if time < 0.75:
                assert row["regrown"] == round(surplus * size)
    assert rows[-1][0]["step"] == 60
    for row, size in zip(rows[-1], possible):
        assert row["regrown"] == row["pruned"] == 0
        assert row["removed"] == round(0.025 * size)


@pytest.mark.parametrize("removal", ["mest", "relative_importance"])
def test_the_last_cut_of_elastic_mutation_goes_by_the_removal_score(removal, monkeypatch):
    cuts = []

    def watched(links, score, counts, exponent, purpose):
        keep_best(links, score, counts, exponent, purpose)
        cuts.append((exponent, float(score[~links.keep].max()), float(score[links.keep].min())))

    keep_best = LinkList.keep_best
    monkeypatch.setattr(LinkList, "keep_best", watched)
    options = {"removal": removal, "removal_options": {}}
    session, rows = evolve("mest-ems", method_options=options)
    assert len(cuts) == len(rows) * len(session.controller.layers)
    for exponent, lost, kept in cuts:
        assert exponent == math.inf
        assert lost <= kept


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("chtss", {"density_options": {"equal_flops": False}}),
        ("chtss", {"density_options": {"equal_flops": False, "end": 0.9}}),
        ("chts-gmp", {"density_options": {"end": 0.9}}),
    ],
)
def test_no_update_of_a_falling_density_leaves_links_of_inactive_neurons(method, options):
    left = {}

    def look(session, step):
        engine = session.controller.engine
        ends = {}
        for layer in engine.layers:
            keep = torch.ones(layer.parameter.n_links, dtype=torch.bool)
            ends[layer.name] = Ends(*layer.parameter.endpoints(None, layer.grid), keep)
        engine.network.percolate(ends)
        left[step] = sum(int((~end.keep).sum()) for end in ends.values())

    session, rows = evolve(method, watch=look, sparsity=0.985, method_options=options)
    updates = whole(rows)
    end = options.get("density_options", {}).get("end", 0.75)
    assert updates[-1]["step"] == math.ceil(end * STEPS)
    assert [left[row["step"] + 1] for row in updates] == [0] * len(updates)
    late = [row for row in updates if row["step"] >= 0.75 * STEPS]
    assert sum(row["percolated"] for row in late) > 0
    assert all(row["percolated"] == row["regrown"] and not row["removed"] for row in late)
    for layer in session.controller.layers:
        assert layer.parameter.n_links == round(0.015 * layer.parameter.n_possible)


@pytest.mark.parametrize("regrowth", ["random", "gradient", "momentum"])
def test_percolation_of_a_falling_density_regrows_by_any_rule(regrowth):
    options = {"density_options": {"end": 0.9, "equal_flops": False}, "regrowth": regrowth}
    _, rows = evolve("chtss", sparsity=0.99, method_options=options)
    late = [row for row in whole(rows) if row["step"] >= 0.75 * STEPS]
    assert sum(row["percolated"] for row in late) > 0
    assert all(row["percolated"] == row["regrown"] for row in late)


@pytest.mark.parametrize("regrowth", ["gradient", "momentum", "ch2_l3n"])
def test_what_percolation_takes_in_the_last_cut_of_elastic_mutation_comes_back(regrowth):
    options = {"density": "ems", "removal": "random", "percolation": True, "regrowth": regrowth}
    session, rows = evolve("mest-ems", sparsity=0.97, method_options=options)
    assert rows[-1][0]["step"] == 60
    for layer in session.controller.layers:
        assert layer.parameter.n_links == round(0.03 * layer.parameter.n_possible)
    (last,) = whole(rows[-1:])
    assert last["percolated"] == last["regrown"] > 0


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("chtss", {"early_stop": 0.02}),
        ("chts-gmp", {"early_stop": 0.02}),
        ("mest-ems", {"early_stop": 0.01, "update_end": 1.0}),
        ("granet", {"density_options": {"end": 1.0}}),
        ("chtss", {"density_options": {"end": 1.0}}),
        ("mest-ems", {"density_options": {"end": 1.0}, "update_end": 1.0}),
    ],
)
def test_the_density_arrives_where_layers_stop_early_and_where_the_schedule_ends_last(
    method, options
):
    session, rows = evolve(method, method_options=options)
    if "early_stop" in options:
        assert any(row["early_stopped"] for row in rows[len(rows) // 2])
    assert [layer.parameter.n_links for layer in session.controller.layers] == [410, 256]


def test_a_density_schedule_needs_two_steps():
    session, _ = evolve("chtss", steps=2, update_steps=1)
    assert [layer.parameter.n_links for layer in session.controller.layers] == [410, 256]
    with pytest.raises(RecipeError, match="train for 2 steps or more"):
        evolve("chtss", steps=1)


@pytest.mark.parametrize("method", ["set", "rigl", "mest", "esml", "cht", "chts", "snfs"])
def test_zeta_decides_how_many_links_go(method):
    session, rows = evolve(method, method_options={"early_stop": "none"})
    options = session.method
    end = math.ceil(options.update_end * STEPS)
    updates = [row["step"] for row in whole(rows)]
    assert updates == [step for step in range(EVERY, STEPS, EVERY) if step < end]
    for update in rows:
        for row in update[:-1]:
            share = options.zeta
            if options.zeta_schedule == "cosine":
                share *= (1 + math.cos(math.pi * row["step"] / end)) / 2
            assert row["zeta"] == pytest.approx(share)
            assert row["removed"] == round(share * row["links"])
            assert row["regrown"] == row["removed"] + row["percolated"]
            assert 0 <= row["overlap"] <= 1


def test_static_never_changes():
    session, rows = evolve("static")
    assert rows == []
    assert [layer.parameter.n_links for layer in session.controller.layers] == [410, 256]


def test_percolation_leaves_no_idle_neuron_behind():
    session, rows = evolve("chts", sparsity=0.97, method_options={"update_end": 1.0})
    last = whole(rows)[-1]
    assert 0 < last["anp"] < 1
    assert sum(row["percolated"] for row in whole(rows)) > 0
    topology = session.controller.topology()
    into, out = topology.layers[0].in_degrees > 0, topology.layers[1].out_degrees > 0
    assert np.array_equal(into, out)


def test_a_layer_stops_when_it_regrows_what_it_removed():
    _, rows = evolve("esml", method_options={"early_stop": 0.05, "percolation": True}, sparsity=0.6)
    stopped = [row["layer"] for update in rows for row in update if row["early_stopped"]]
    assert stopped
    name = stopped[0]
    of = [row for update in rows for row in update if row["layer"] == name]
    first = next(i for i, row in enumerate(of) if row["early_stopped"])
    assert of[first]["overlap"] > 0.05
    assert all(row["removed"] == row["regrown"] == 0 for row in of[first + 1 :])


def test_layers_stop_together_where_the_scope_is_the_network():
    _, freely = evolve("esml", sparsity=0.6)
    between = np.mean([row["overlap"] for row in freely[0][:-1]])
    options = {"early_stop": between, "early_stop_scope": "network"}
    _, rows = evolve("esml", method_options=options, sparsity=0.6)
    settled = [
        next(i for i, update in enumerate(freely) if update[n]["overlap"] > between)
        for n in range(len(freely[0]) - 1)
    ]
    assert 0 == min(settled) < max(settled) == len(rows) - 1 < len(freely) - 1
    assert all(row["removed"] > 0 for update in rows for row in update)
    assert [row["early_stopped"] for row in rows[-2] + rows[-1]] == [False] * 3 + [True] * 3


@pytest.mark.parametrize("format", ["csr", "masked"])
@pytest.mark.parametrize("keep", [True, False])
def test_returning_links_keep_what_they_learned_where_asked(format, keep):
    """Links that the same update removes and regrows; others begin at zero with no momentum."""
    found = {"returning": 0, "reset": 0, "new": 0}

    def state(session, each):
        """Weight and momentum of each link by its key."""
        layer = each.parameter
        momentum = layer.link_state(session.optimizers[0], "momentum_buffer")
        return dict(zip(layer.keys.tolist(), zip(layer.values.tolist(), momentum.tolist())))

    def watch(session, step):
        engine = session.controller.engine
        if not engine.due(step):
            return
        before = [state(session, layer) for layer in session.controller.layers]
        update = engine.update

        def checked(step):
            del engine.update
            rows = update(step)
            for row, each, old in zip(rows, session.controller.layers, before):
                now = state(session, each)
                there = [key for key in now if key in old]
                returned = len(there) - (row["links"] - row["regrown"])
                assert returned == round(row["overlap"] * row["regrown"])
                fresh = [key for key in now if key not in old]
                reset = [key for key in there if now[key] != old[key]]
                assert all(now[key] == (0, 0) for key in fresh + reset)
                for name, n in zip(found, (returned, len(reset), len(fresh)), strict=True):
                    found[name] += n
            return rows

        engine.update = checked

    options = {"retain_regrown_state": keep, "new_weights": "zero", "early_stop": "none"}
    evolve("cht", watch=watch, method_options=options, sparsity=0.6, format=format)
    assert min(found["new"], found["returning"]) > 0
    assert (found["reset"] == 0) == keep


def test_regrowth_switches_at_its_phase():
    wanted = {}

    def watch(session, step):
        wanted[step] = session.controller.layers[0].parameter.capture

    evolve("set", watch=watch, method_options={"phases": [{"start": 0.5, "regrowth": "gradient"}]})
    assert [step for step in range(1, STEPS) if wanted[step]] == [40, 48, 56, 64, 72]


def test_pruned_links_can_return_in_gmp():
    """The links are those of largest last weight among all that ever were, at every update."""
    expected, compared = {}, []

    def watch(session, step):
        for layer in session.controller.layers:
            last = expected.pop(layer.name, None)
            if last is not None:  # the step after an update
                ranked = sorted(last, key=last.get, reverse=True)
                assert set(ranked[: layer.parameter.n_links]) == set(layer.parameter.keys.tolist())
                compared.append(layer.name)
            if session.controller.engine.due(step):
                memory = layer.memory
                last = dict(zip(memory.keys.tolist(), memory.values.abs().tolist()))
                last |= zip(layer.parameter.keys.tolist(), layer.parameter.values.abs().tolist())
                expected[layer.name] = last

    _, rows = evolve("gmp", watch=watch, lr=0.5)
    assert len(compared) >= 10
    assert sum(row["regrown"] for row in whole(rows)) > 0
    assert all(row["itop"] == pytest.approx(0.5, abs=1e-3) for row in whole(rows))


def test_momentum_is_the_smoothed_dense_gradient():
    smoothed, compared = 0.0, []

    def watch(session, step):
        nonlocal smoothed
        if step > EVERY:
            return
        smoothed = 0.8 * smoothed + 0.2 * session.controller.layers[0].parameter.dense_gradient()
        if session.controller.engine.due(step):
            compared.append(
                torch.allclose(session.controller.layers[0].momentum, smoothed, atol=1e-7)
            )

    evolve("snfs", steps=EVERY + 4, watch=watch, method_options={"regrowth_options": {"beta": 0.8}})
    assert compared == [True]


@pytest.mark.parametrize("phases", [[], [{"start": 0.5, "regrowth": "random"}]])
def test_gradients_too_old_to_count_in_the_momentum_are_not_made(phases, monkeypatch):
    """They weigh less than the rounding; the links are those of smoothing from the beginning."""
    made, momenta = [], []

    def watch(session, step):
        layer = session.controller.layers[0]
        made[-1].append(layer.parameter.capture)
        if session.controller.engine.due(step):
            momenta[-1].append(None if layer.momentum is None else layer.momentum.clone())

    def run():
        made.append([])
        momenta.append([])
        options = {"regrowth_options": {"beta": 0.05}, "phases": phases, "update_end": 0.8}
        session, _ = evolve("snfs", watch=watch, method_options=options)
        return session

    short = run()
    monkeypatch.setattr(captures, "steps_remembered", lambda beta, dtype: 10**9)
    whole_past = run()
    last = 7 * EVERY if not phases else 4 * EVERY  # the last update that regrows by momentum
    expected = [(-step) % EVERY < 6 and step <= last for step in range(1, STEPS + 1)]
    assert made[0] == expected
    assert made[1] == [step <= last for step in range(1, STEPS + 1)]
    for mine, reference in zip(*momenta):
        assert (mine is None) == (reference is None)
        if mine is not None:
            assert torch.allclose(mine, reference, rtol=1e-5, atol=1e-9)
    for mine, reference in zip(short.controller.layers, whole_past.controller.layers):
        assert torch.equal(mine.parameter.keys, reference.parameter.keys)


def test_phases_with_different_smoothing_are_refused():
    phases = [{"start": 0.5, "regrowth": "momentum", "options": {"beta": 0.5}}]
    with pytest.raises(RecipeError, match=r"beta = \[0\.5, 0\.9\]; give all of them the same"):
        evolve("snfs", method_options={"phases": phases})
    with pytest.raises(RecipeError, match=r"beta = 1\.0: input should be less than 1"):
        evolve("snfs", method_options={"regrowth_options": {"beta": 1.0}})


def test_deepr_links_keep_their_sign():
    previous = {}

    def watch(session, step):
        rule = session.controller.engine.rule
        for layer in session.controller.layers:
            assert (layer.parameter.values * rule.signs[layer.name] >= 0).all()
            now = dict(zip(layer.parameter.keys.tolist(), rule.signs[layer.name].tolist()))
            known = previous.get(layer.name, {})
            same = [now[key] == known[key] for key in now.keys() & known.keys()]
            flipped.append(len(same) - sum(same))
            previous[layer.name] = now

    flipped = []
    _, rows = evolve("deepr", watch=watch)
    assert sum(row["removed"] for row in whole(rows)) > 0
    # A link that went dormant may be drawn again at once, with another sign.
    assert sum(flipped) <= sum(row["removed"] for row in whole(rows))


def test_topkast_passes_forward_only_the_largest():
    visited = [set(), set()]

    def watch(session, step):
        for each, keys in zip(session.controller.layers, visited):
            rule = session.controller.engine.rule
            hidden = rule.hidden(each)
            visible = each.parameter.values[~hidden].abs()
            keys.update(each.parameter.keys[~hidden].tolist())
            assert visible.numel() == round(0.1 * each.parameter.n_possible)
            assert not each.parameter.values[hidden].any()
            assert visible.min() >= rule.aside[each.name][1].abs().max()
            assert each.parameter.n_links == 2 * visible.numel()

    session, rows = evolve("topkast", watch=watch)
    topology = session.controller.topology()
    assert [layer.n_links for layer in topology.layers] == [410, 256]
    assert [row["links"] for row in rows[-1]] == [410, 256, 666]
    # Links that were trained in the margin only never were active.
    for each, keys in zip(session.controller.layers, visited):
        active = set(each.memory.keys.tolist())
        assert keys <= active
        margin = each.parameter.keys[session.controller.engine.rule.hidden(each)].tolist()
        assert not set(margin) <= active
    assert 0.1 < whole(rows)[-1]["itop"] < 0.2


def test_dsr_moves_links_between_layers_and_keeps_their_number():
    session, rows = evolve("dsr", method_options={"removal_options": {"threshold": 0.05}})
    assert {row["links"] for row in whole(rows)} == {666}
    assert len({row["links"] for update in rows for row in update if row["layer"] != "all"}) > 2
    assert session.controller.engine.removal_state["threshold"] != 0.05


def test_heads_evolve_each_on_its_own():
    session, rows = evolve("set", method_options={"heads": 4, "head_layers": ["hidden.0.linear"]})
    layer = session.controller.layers[0]
    heads = (layer.parameter.keys % 64) // 16
    counts = torch.bincount(heads, minlength=4).tolist()
    assert counts == [first for first, _ in layer.bounds]
    assert sum(counts) == 410
    removed = [row for update in rows for row in update if row["layer"] == "hidden.0.linear"]
    assert all(row["removed"] == sum(round(0.3 * n) for n in counts) for row in removed)


def test_random_regrowth_of_the_final_step_is_never_left_untrained():
    session, _ = evolve("set", steps=5 * EVERY)
    assert not session.controller.engine.due(5 * EVERY)
    assert session.controller.engine.due(4 * EVERY)


def test_csti_on_mlps_and_its_substitute_elsewhere():
    correlated, _ = evolve("static", steps=1, method_options={"initialiser": "csti"})
    uniform, _ = evolve("static", steps=1)
    features = correlated.batches.calibration(500)
    with np.errstate(invalid="ignore"):  # pixels that never change
        strength = np.nan_to_num(np.abs(np.corrcoef(features.T)))
    mean = [
        strength[layer.parameter.keys // 64, layer.parameter.keys % 64].mean()
        for layer in (correlated.controller.layers[0], uniform.controller.layers[0])
    ]
    assert mean[0] > 2 * mean[1]

    def model():
        return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))

    options = {"example_input": torch.zeros(2, 1, 8, 8), "initialiser": "csti", "include": "*"}
    with pytest.raises(RecipeError, match="needs a model whose layers"):
        sparsify(model(), None, "static", 0.5, **options)
    found = sparsify(model(), None, "static", 0.5, initialiser_elsewhere="brf", **options)
    options["initialiser"] = "brf"
    wanted = sparsify(model(), None, "static", 0.5, **options)
    for a, b in zip(found.controller.engine.layers, wanted.controller.engine.layers, strict=True):
        assert torch.equal(a.parameter.keys, b.parameter.keys)


def test_the_memory_of_a_million_neurons_is_that_of_its_links():
    """Nothing of size n × n: two populations of 300,000 neurons, 20 links each."""
    from netsci_dst.methods import method
    from netsci_dst.topology import Population
    from netsci_dst.training.evolution.clock import Clock
    from netsci_dst.training.evolution.engine import Engine
    from netsci_dst.training.evolution.layer import EvolvingLayer
    from netsci_dst.training.wiring import Wiring
    from tests.support.sparse import sparse_linear

    n, links = 300_000, 200_000
    rng = np.random.default_rng(0)
    keys = torch.from_numpy(np.unique(rng.integers(0, n * n, links)))
    values = torch.randn(keys.numel())
    weights = sparse_linear(n, n, keys=keys, values=values, format="csr").parameter
    wiring = Wiring(
        (Population("input", n, "input"), Population("output", n, "output")),
        {"layer": ("input", "output")},
    )
    layer = EvolvingLayer("layer", weights, keys.numel(), keys.numel())
    engine = Engine([layer], wiring, method("set"), Clock(100, 10), None, 0)
    row = engine.update(10)[0]
    assert row["links"] == keys.numel()
    assert row["regrown"] == round(0.3 * keys.numel())
    assert 0 < row["itop"] < 1e-5


@pytest.mark.parametrize("format", ["masked", "csr"])
@pytest.mark.parametrize(("method", "sparsity"), [("dsr", 0.1), ("mest-ems", 0.03)])
def test_a_layer_that_has_become_full_is_left_alone(tmp_path, method, sparsity, format):
    run = nd.train(data="digits", method=method, sparsity=sparsity, sparse_layers=["*"], epochs=9,
                   model_options={"hidden": [50, 12]}, format=format,
                   out=tmp_path / "run")  # fmt: skip
    rows = run.evolution.query("layer != 'all'").copy()
    before = rows.groupby("layer").density.shift(fill_value=1.0 if method == "mest-ems" else 0.0)
    full = rows[(before == 1.0) & (rows.density == 1.0)]
    assert len(full) >= 2
    assert (full[["removed", "regrown", "percolated"]] == 0).all(axis=None)
    assert full.overlap.isna().all()
    # Weights of a full layer go on learning: none is set to zero.
    layers = {(s.step, l.name): l for s in run.snapshots for l in s.topology.layers}
    found = [layers[step, name] for step, name in zip(full.step, full.layer)
             if (step, name) in layers]  # fmt: skip
    assert found
    assert all(np.count_nonzero(layer.weights) == layer.n_links for layer in found)
    assert run.evolution.regrown.sum() > 0
