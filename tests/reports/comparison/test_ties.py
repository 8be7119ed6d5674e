"""What the first sentence says of methods that cannot all be told apart."""

import math
from typing import Any

import pytest

from netsci_dst.reports.comparison import model, words
from netsci_dst.reports.comparison.statistics import difference
from netsci_dst.reports.comparison.variants import Variant


class Comparison:
    """As much of a comparison as the words need: the metric of each seed."""

    better, share, metric_name = True, True, "accuracy"

    def __init__(self, **values):
        self._values = {name: dict(enumerate(each)) for name, each in values.items()}

    interval = model.Comparison.interval

    def seeds(self, variant, name):
        return self._values[variant.label] if name == "metric" else {}


def variant(label):
    made = object.__new__(Variant)
    facts = {"label": label, "method": label, "sparsity": 0.9}
    for key, value in facts.items():
        object.__setattr__(made, key, value)
    return made


def sentence(names, **values):
    made: Any = Comparison(**values)
    return words._of_task(made, ("digits", ""), [variant(n) for n in names])[0]


def test_what_is_tied_with_the_best_may_be_told_apart_from_another():
    text = sentence("abc", a=[0.95, 0.93], b=[0.936, 0.942], c=[0.88, 0.889])
    assert text.startswith("On digits, a has the best mean, 94 ± 13 %, but b and c cannot be told")


def test_those_that_tie_among_themselves_are_listed():
    text = sentence("ab", a=[0.95, 0.93], b=[0.93, 0.935])
    assert text.startswith("On digits, a and b cannot be told apart (difference 0.75 points")


def test_only_those_that_tie_with_dense_are_said_to():
    values = {"a": [0.95, 0.93], "b": [0.936, 0.943], "dense": [0.97, 0.976]}
    text = sentence(["a", "b", "dense"], **values)
    assert "; a cannot be told apart from dense, " in text
    values["dense"] = [0.95, 0.97]
    assert "; nor can either from dense, " in sentence(["a", "b", "dense"], **values)


@pytest.mark.parametrize("other", [{0: 0.5, 1: 0.6}, {2: 0.5, 3: 0.5}])
def test_runs_that_agree_to_the_digit_prove_nothing(other):
    """Two seeds whose difference is the same digit say how coarse the test is."""
    first = {0: 0.6, 1: 0.7} if 0 in other else {0: 0.6, 1: 0.6}
    found = difference(first, other)
    assert math.isclose(found.mean, 0.1)
    assert not found.known
    assert not found.told_apart
