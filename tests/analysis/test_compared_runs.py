import math

import pandas as pd
import pytest

from netsci_dst.analysis import (
    area_across_epochs,
    areas_to_common_epoch,
    comparison,
    replicates,
    setting,
    win_rate,
)
from netsci_dst.run import Run


def test_area_across_epochs():
    # E evaluations at 1..E: trapezoid over (E - 1).
    metric = [0.5, 0.7, 0.8, 0.9]
    truth = ((0.5 + 0.7) / 2 + (0.7 + 0.8) / 2 + (0.8 + 0.9) / 2) / 3
    assert area_across_epochs([1, 2, 3, 4], metric) == pytest.approx(truth)
    assert area_across_epochs([4, 3, 2, 1], metric[::-1]) == pytest.approx(truth)
    assert area_across_epochs([1, 2, 3], [0.6, 0.6, 0.6]) == pytest.approx(0.6)
    assert area_across_epochs([7], [0.4]) == 0.4
    assert area_across_epochs([1, 2, 3], [0.2, float("nan"), 0.4]) == pytest.approx(0.3)
    assert math.isnan(area_across_epochs([], []))


def test_win_rate():
    rows = []
    scores = {"a": [3, 3, 1, 2], "b": [2, 3, 2, 1], "c": [1, 1, 1, 9]}
    for method, values in scores.items():
        for i, value in enumerate(values):
            rows.append({"method": method, "setting": "x", "seed": i, "value": value})
    frame = pd.DataFrame(rows)
    # a wins seed 0, a and b share seed 1, b wins 2, c wins 3.
    assert win_rate(frame).to_dict() == {"a": 0.375, "b": 0.375, "c": 0.25}
    low = win_rate(frame, higher_is_better=False)
    assert low.sum() == pytest.approx(1)
    assert low["a"] == pytest.approx(0.5 / 4)
    # Without c in seed 3 that setting does not count.
    part = frame[~((frame["method"] == "c") & (frame["seed"] == 3))]
    assert win_rate(part).to_dict() == pytest.approx({"a": 0.5, "b": 0.5, "c": 0.0})


def test_areas_are_cut_to_the_epochs_that_all_have():
    long = ([1, 2, 3, 4], [0.5, 0.7, 0.8, 0.9])
    short = ([1, 2, 3], [0.6, 0.6, 0.9])
    found = areas_to_common_epoch([long, short])
    assert found[0] == pytest.approx(area_across_epochs([1, 2, 3], [0.5, 0.7, 0.8]))
    assert found[1] == pytest.approx(area_across_epochs(*short))
    # Evaluated every two epochs: the value at the cut lies on the line between.
    sparse = ([1, 3, 5], [0.2, 0.4, 0.6])
    assert areas_to_common_epoch([sparse, long])[0] == pytest.approx(
        area_across_epochs([1, 3, 4], [0.2, 0.4, 0.5])
    )
    assert math.isnan(areas_to_common_epoch([([], []), long])[0])
    apart = areas_to_common_epoch([([1, 2], [1, 1]), ([5, 6], [1, 1])])
    assert all(math.isnan(area) for area in apart)


def trained(path, scores, **recipe):
    run = Run.create(path, {"data": "digits", "model": "mlp", "sparsity": 0.9, **recipe}, {})
    rows = [{"step": 10 * e, "epoch": e, "accuracy": a} for e, a in enumerate(scores, 1)]
    run.append("metrics", rows)
    return run


def test_runs_are_seeds_of_one_another_only_if_nothing_but_the_seed_differs(tmp_path):
    same = [trained(tmp_path / f"s{i}", [0.5], method="set", seed=i) for i in range(3)]
    other = trained(tmp_path / "lr", [0.5], method="set", seed=0, lr=0.1)
    nested = trained(
        tmp_path / "zeta", [0.5], method="set", seed=0, method_options={"zeta": {"value": 0.1}}
    )
    groups = replicates([*same, other, nested])
    assert [len(group) for group in groups] == [3, 1, 1]
    imported = [Run.create(tmp_path / name, {}, {}) for name in "ab"]
    assert [len(group) for group in replicates(imported)] == [1, 1]


def test_a_comparison_names_what_differs_and_cuts_the_areas(tmp_path):
    runs = [
        trained(tmp_path / "a", [0.5, 0.7, 0.9], method="set", seed=0),
        trained(tmp_path / "b", [0.4, 0.6], method="rigl", seed=0),
        trained(tmp_path / "c", [0.1, 0.2], method="set", seed=0, lr=0.1),
        trained(tmp_path / "d", [0.3], method="set", seed=0, sparsity=0.5),
    ]
    frame = comparison(runs)
    assert frame["method"].tolist() == ["set", "rigl", "set (lr=0.1)", "set"]
    assert frame["value"].tolist() == [0.9, 0.6, 0.2, 0.3]
    assert frame["aae"].tolist() == pytest.approx([0.6, 0.5, 0.15, 0.3])
    assert frame["setting"].nunique() == 2
    assert setting(runs[0].recipe) == "data=digits model=mlp sparsity=0.9"


def test_win_rates_count_settings_times_seeds(tmp_path):
    # CHTs-24 fig. 3: a setting with two seeds is two competitions.
    scores = {("a", 0): 0.9, ("a", 1): 0.2, ("b", 0): 0.5, ("b", 1): 0.6}
    runs = [trained(tmp_path / f"{m}{s}", [v], method=m, seed=s) for (m, s), v in scores.items()]
    assert win_rate(comparison(runs)).to_dict() == {"a": 0.5, "b": 0.5}
