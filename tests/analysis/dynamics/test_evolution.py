"""ITOP, overlap and ELM episodes on plain numbers and on a run's table."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis.dynamics.evolution import (
    elm,
    elm_episodes,
    itop,
    itop_rate,
    link_overlap,
    overlap,
)
from netsci_dst.analysis.measure import NotApplicable, Value
from netsci_dst.errors import NetsciError
from netsci_dst.run import Run
from netsci_dst.topology import Layer


def values_of(rows):
    return {(r.scope, r.quantity, r.step): r.value for r in rows if isinstance(r, Value)}


def test_episodes_say_when_and_how_long():
    found = elm_episodes([0.95, 0.2, 0.9, 1.0, np.nan, 0.93], [5, 10, 15, 20, 25, 30])
    assert [(e.start, e.end, e.updates) for e in found] == [(0, 0, 1), (2, 3, 2), (5, 5, 1)]
    assert [(e.start_step, e.end_step) for e in found] == [(5, 5), (15, 20), (30, 30)]
    assert [e.ongoing for e in found] == [False, False, True]
    assert found[1].overlap == pytest.approx(0.95)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(0, 1) | st.just(np.nan), max_size=30), st.floats(0.05, 1))
def test_episodes_cover_exactly_the_updates_at_or_above_the_threshold(values, threshold):
    found = elm_episodes(values, threshold=threshold)
    covered = [i for e in found for i in range(e.start, e.end + 1)]
    assert covered == [i for i, value in enumerate(values) if value >= threshold]
    assert all(b.start > a.end + 1 for a, b in itertools.pairwise(found))


def test_episodes_refuse_nonsense():
    with pytest.raises(NetsciError, match="steps"):
        elm_episodes([0.1, 0.2], [1])
    with pytest.raises(NetsciError, match="threshold"):
        elm_episodes([0.1], threshold=0)


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_overlap_of_sets(removed, regrown):
    expected = len(removed & regrown) / len(regrown) if regrown else np.nan
    assert link_overlap(list(removed), list(regrown)) == pytest.approx(expected, nan_ok=True)


def test_itop_of_states_is_the_union():
    rng = np.random.default_rng(0)
    masks = [rng.random((6, 7)) < 0.2 for _ in range(5)]
    layers = [Layer.from_matrix("a", "x", "y", mask) for mask in masks]
    assert itop_rate(layers) == pytest.approx(np.any(masks, axis=0).mean())
    with pytest.raises(NetsciError, match="shape"):
        itop_rate([layers[0], Layer.from_matrix("a", "x", "y", np.eye(3))])
    with pytest.raises(NetsciError, match="at least one"):
        itop_rate([])


def make_run(path, rows):
    run = Run.create(path, {})
    run.append("evolution", rows)
    return run


def row(step, layer, overlap, itop=0.1, stopped=False):
    return {
        "step": step, "epoch": step / 10, "layer": layer, "overlap": overlap, "itop": itop,
        "early_stopped": stopped,
    }  # fmt: skip


def test_measures_of_a_run(tmp_path):
    run = make_run(
        tmp_path / "run",
        [
            row(10, "a", 0.5), row(10, "b", 0.2), row(10, "all", 0.4),
            row(20, "a", 0.92, 0.2), row(20, "b", 0.3, 0.3), row(20, "all", 0.6, 0.25),
            row(30, "a", None, 0.2, True), row(30, "b", 0.95, 0.4), row(30, "all", 0.8, 0.3),
            row(40, "a", None, 0.2, True), row(40, "b", 0.5, 0.5), row(40, "all", 0.5, 0.35),
        ],
    )  # fmt: skip
    found = values_of(itop(run))
    assert found["network", "itop", 40] == 0.35
    assert found["a", "itop", 10] == 0.1
    found = values_of(overlap(run))
    assert found["b", "overlap", 30] == 0.95
    assert ("a", "overlap", 30) not in found
    rows = list(elm(run))
    found = values_of(rows)
    # Layer a stopped evolving in its minimum, and so stays there; b left it again.
    assert (found["a", "episodes", None], found["a", "updates", None]) == (1, 3)
    assert found["a", "ongoing", None] == 1
    assert found["b", "ongoing", None] == 0
    assert found["b", "first_step", None] == 30
    assert found["network", "layers_settled", None] == 1
    assert found["network", "episodes", None] == 0
    text = {r.scope: r.text for r in rows if r.quantity == "episodes"}
    assert text["a"] == "steps 20 to the end (3 updates)"
    assert text["network"] == "never"
    assert values_of(elm(run, threshold=0.99))["b", "episodes", None] == 0
    low = Run.create(tmp_path / "low", {"method_options": {"overlap_threshold": 0.3}})
    low.append("evolution", [row(10, "a", 0.5), row(10, "all", 0.5)])
    assert values_of(elm(low))["a", "episodes", None] == 1
    assert values_of(elm(low, threshold=0.6))["a", "episodes", None] == 0


def test_a_run_without_updates_says_so(tmp_path):
    run = Run.create(tmp_path / "run", {})
    for measure in (itop, overlap, elm):
        with pytest.raises(NotApplicable, match="cannot be rebuilt"):
            list(measure(run))
