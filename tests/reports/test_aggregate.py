import math

import pytest
from scipy.stats import wilcoxon

from netsci_dst.report._aggregate import against_dense, mean_se, paired_tests, table, win_rates


def row(method, sparsity, seed, value, data="mnist", aae=0.0):
    return {
        "method": method,
        "sparsity": sparsity,
        "seed": seed,
        "data": data,
        "model": "mlp",
        "values": {"metric": value, "aae": aae},
    }


ROWS = [
    *(row("dense", 0.0, s, v) for s, v in enumerate([0.90, 0.92, 0.94])),
    *(row("set", 0.9, s, v) for s, v in enumerate([0.80, 0.82, 0.84])),
    *(row("chts", 0.9, s, v) for s, v in enumerate([0.95, 0.93, 0.91])),
    *(row("set", 0.99, s, v) for s, v in enumerate([0.7, 0.7])),
    *(row("chts", 0.99, s, v) for s, v in enumerate([0.7, 0.7])),
]


def test_means_over_seeds():
    found = table(ROWS, "metric")[("mnist", "mlp", 0.9)]["set"]
    assert found.mean == pytest.approx(0.82)
    assert found.error == pytest.approx(0.02 / math.sqrt(3))
    assert found.n == 3


def test_one_seed_has_no_error_and_nothing_has_no_mean():
    assert math.isnan(mean_se([1.0]).error)
    assert mean_se([math.nan]) is None


def test_ties_share_a_win_and_dense_does_not_play():
    assert win_rates(ROWS, "metric") == {"chts": (1.5, 2), "set": (0.5, 2)}


def test_fewer_can_be_better():
    assert win_rates(ROWS, "metric", more_is_better=False)["set"] == (1.5, 2)


def test_change_against_dense_is_of_the_same_data():
    other = [row("set", 0.9, 0, 0.5, data="emnist")]
    found = against_dense([*ROWS, *other], "metric")
    assert found[("mnist", "mlp", 0.9)] == pytest.approx({"set": -0.10, "chts": 0.01})
    assert ("emnist", "mlp", 0.9) not in found


def test_pairs_are_equal_setting_and_seed():
    values = {"a": [0.1, 0.5, 0.33, 0.8, 0.71, 0.6, 0.95], "b": [0.2, 0.3, 0.3, 0.1, 0.7, 0.9, 0.2]}
    rows = [row(m, 0.9, s, v) for m, found in values.items() for s, v in enumerate(found)]
    rows.append(row("a", 0.9, 99, 1.0))
    (test,) = paired_tests(rows, "metric")
    assert (test.first, test.second, test.n) == ("a", "b", 7)
    assert test.p_value == pytest.approx(wilcoxon(values["a"], values["b"]).pvalue)
    assert test.wins == sum(x > y for x, y in zip(values["a"], values["b"]))


def test_dense_pairs_with_every_sparsity():
    tests = {(t.first, t.second): t for t in paired_tests(ROWS, "metric")}
    assert tests[("chts", "dense")].n == 5
    assert tests[("dense", "set")].difference == pytest.approx(
        (3 * 0.10 + (0.90 - 0.7) + (0.92 - 0.7)) / 5
    )
