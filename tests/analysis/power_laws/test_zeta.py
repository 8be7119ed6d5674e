"""The scaled Hurwitz zeta function against mpmath and closed forms."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci_dst.analysis.power_laws.zeta import log_zeta_derivatives, scaled_zeta, solve_exponent

POINTS = [
    (1.01, 1), (1.3, 1), (2.0, 1), (2.5, 7), (3.0, 110), (1.05, 5000), (6.2, 3), (10.0, 1),
    (10.0, 40), (25.0, 12), (65.9, 36), (120.0, 900), (2.2, 230000), (400.0, 1000),
]  # fmt: skip


def reference(s, q):
    """Return h, (log h)', (log h)'' at 40 digits: by mpmath's zeta, or its series where steep."""
    with mpmath.workdps(40):
        if s < 20:
            h = lambda t: mpmath.zeta(t, q) * mpmath.mpf(q) ** t  # noqa: E731
            log = lambda t: mpmath.log(h(t))  # noqa: E731
            return float(h(s)), float(mpmath.diff(log, s, 1)), float(mpmath.diff(log, s, 2))
        steps = [mpmath.log1p(mpmath.mpf(k) / q) for k in range(int(q * 10 ** (40 / s)) + 2)]
        h0, h1, h2 = (
            mpmath.fsum((-x) ** order * mpmath.exp(-s * x) for x in steps) for order in range(3)
        )
        return float(h0), float(h1 / h0), float(h2 / h0 - (h1 / h0) ** 2)


@pytest.mark.parametrize(("s", "q"), POINTS)
def test_value_and_derivatives_agree_with_mpmath(s, q):
    exact = reference(s, q)
    assert scaled_zeta(s, float(q)) == pytest.approx(exact[0], rel=1e-12)
    h, first, second = log_zeta_derivatives(s, float(q))
    assert h == pytest.approx(exact[0], rel=1e-12)
    assert first == pytest.approx(exact[1], rel=1e-11, abs=1e-14)
    assert second == pytest.approx(exact[2], rel=1e-9, abs=1e-14)


def test_known_values():
    assert scaled_zeta(2.0, 1.0) == pytest.approx(math.pi**2 / 6, rel=1e-14)
    assert scaled_zeta(4.0, 1.0) == pytest.approx(math.pi**4 / 90, rel=1e-14)
    assert scaled_zeta(3.0, 1.0) == pytest.approx(1.2020569031595942, rel=1e-14)


@settings(max_examples=200, deadline=None)
@given(st.floats(1.01, 80), st.integers(1, 5000))
def test_recurrence(s, q):
    # zeta(s, q) = q^-s + zeta(s, q + 1), in the scaled form.
    left = scaled_zeta(s, float(q))
    right = 1.0 + math.exp(-s * math.log1p(1 / q)) * scaled_zeta(s, q + 1.0)
    assert left == pytest.approx(right, rel=1e-12)


@settings(max_examples=200, deadline=None)
@given(st.floats(1.02, 60), st.integers(1, 3000))
def test_solver_inverts_the_mean_logarithm(s, q):
    _, first, _ = log_zeta_derivatives(s, float(q))
    if -first > 1e-12:
        assert solve_exponent(float(q), -first) == pytest.approx(s, rel=1e-7)


def test_solver_has_no_solution_without_spread():
    assert solve_exponent(5.0, 0.0) == np.inf
