"""Density schedules: how many links a layer has as training goes on.

A schedule is a function of ``time`` (share of training) that returns a `Plan`. Window ends are
shares of training too.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from pydantic import Field

from ... import registry
from .ranges import AboveZero, Share

Steepness = Annotated[float, Field(gt=0, le=100)]  # beyond, the curve is a step


class Plan(NamedTuple):
    """What an update does to the number of links.

    Attributes
    ----------
    progress
        How far from the initial to the final number of links: 0 at the start, 1 at the end.
    surplus
        Density to have above that, as a share of possible links.
    elastic
        Whether removal cuts down to the number without surplus, whatever ζ says.
    """

    progress: float
    surplus: float = 0.0
    elastic: bool = False


def _window(time: float, start: float, end: float) -> float:
    if end <= start:
        return float(time >= end)
    return min(max((time - start) / (end - start), 0.0), 1.0)


@registry.register("density schedule", "constant", source="all fixed-density methods")
def constant(time: float) -> Plan:
    """The same number of links throughout."""
    return Plan(1.0)


@registry.register("density schedule", "cubic", source="GMP; GraNet; CHTss eq. 9", decays=True)
def cubic(time: float, start: Share = 0.0, end: AboveZero = 0.75) -> Plan:
    """Fast at first, then ever slower: s_f + (s_i − s_f)(1 − u)³."""
    return Plan(1 - (1 - _window(time, start, end)) ** 3)


@registry.register("density schedule", "sigmoid", source="CHTss eq. 4, corrected", decays=True)
def sigmoid(
    time: float,
    start: Share = 0.0,
    end: AboveZero = 0.75,
    k: Steepness = 6.0,
    equal_flops: bool = False,
) -> Plan:
    """Slow, fast, slow: s_i + (s_f − s_i) g(u), g a logistic curve scaled to run from 0 to 1.

    With ``equal_flops`` the window is half as long, so that the density summed over training is
    that of the cubic schedule (CHTss app. I).
    """
    if equal_flops:
        end = start + (end - start) / 2
    u = _window(time, start, end)
    low, high = _logistic(-k), _logistic(k)
    return Plan((_logistic(2 * k * (u - 0.5)) - low) / (high - low))


@registry.register("density schedule", "ems", source="MEST EM&S (Yuan et al. 2021)", elastic=True)
def ems(
    time: float,
    end: AboveZero = 0.75,
    change: Share = 0.6,
    first: Share = 0.05,
    second: Share = 0.025,
) -> Plan:
    """Elastic mutation: a surplus of links that every update cuts off and regrows.

    ``first`` until ``change`` of the way to ``end``, then ``second`` until the last update, which
    cuts it off and regrows nothing but what percolation takes.
    """
    if time >= end:
        return Plan(1.0, 0.0, True)
    return Plan(1.0, first if time < change * end else second, True)


def _logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))
