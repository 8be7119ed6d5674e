"""Regrowth by chance, gradient and momentum: which absent links become links.

A regrowth rule is a function of the `Links` that are left and the number wanted (of the layer that
wants most); it returns a score for every position, of which only positive ones at absent links
count: the update chooses by them, the largest or drawn in proportion, and draws the rest
uniformly where they are too few. None says that any link is as good as another. It is registered
as a ``regrowth`` and declares what it needs: ``needs=("dense_gradient",)`` or
``needs=("momentum",)``; with ``scores=False`` that it does not score links, so that no choice of it
is softer than another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import registry
from .ranges import BelowOne

if TYPE_CHECKING:
    from torch import Tensor

    from .links import Links


@registry.register("regrowth", "random", source="SET", scores=False)
def random(links: Links, n: int) -> None:
    """Any absent link, uniformly."""


@registry.register("regrowth", "gradient", source="RigL", needs=("dense_gradient",))
def gradient(links: Links, n: int) -> Tensor:
    """The absent links of largest |∂E/∂W|."""
    return links.dense_gradient().abs()


@registry.register("regrowth", "momentum", source="SNFS; Survival section 4", needs=("momentum",))
def momentum(links: Links, n: int, beta: BelowOne = 0.9) -> Tensor:
    """The absent links of largest smoothed gradient |v|, v = βv + (1−β) ∂E/∂W."""
    return links.momentum().abs()
