"""Restricted Boltzmann machines, small and big."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...registry import register

if TYPE_CHECKING:
    from torch import nn

_SOURCE = "Survival, app. D (which prints no sizes); Hinton 2002"


@register(
    "model",
    "rbm-small",
    summary="Restricted Boltzmann machine with 500 hidden units.",
    source=_SOURCE,
    task="contrastive-divergence",
    data="image",
)
def rbm_small(input_shape: Sequence[int], *, hidden: int = 500) -> nn.Module:
    """Build a binary restricted Boltzmann machine.

    Parameters
    ----------
    input_shape
        Shape of one sample: each value is a visible unit.
    hidden
        Number of hidden units.
    """
    from ._rbm import RBM

    return RBM(tuple(input_shape), hidden)


@register(
    "model",
    "rbm-big",
    summary="Restricted Boltzmann machine with 2000 hidden units.",
    source=_SOURCE,
    task="contrastive-divergence",
    data="image",
)
def rbm_big(input_shape: Sequence[int], *, hidden: int = 2000) -> nn.Module:
    """Build a binary restricted Boltzmann machine.

    Parameters
    ----------
    input_shape
        Shape of one sample: each value is a visible unit.
    hidden
        Number of hidden units.
    """
    from ._rbm import RBM

    return RBM(tuple(input_shape), hidden)
