"""The weights that links get when they are regrown.

A rule is a function of `Links` (and keyword options) that returns a weight for each new link, or
for every position, in the shape of ``links.normal()`` and ``links.history()``; None is zero.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ... import registry
from .ranges import Positive

RELU_GAIN = math.sqrt(2)

if TYPE_CHECKING:
    from torch import Tensor

    from .links import Links


@registry.register("new weights", "zero", source="SET; RigL; SNFS; MEST; GraNet")
def zero(links: Links) -> None:
    """Zero: the link changes nothing until it has learned."""


@registry.register("new weights", "swi", source="CHT section 3.2 and fig. A6")
def swi(links: Links, gain: Positive = RELU_GAIN) -> Tensor:
    """Sparse weight initialisation: N(0, gain² / ((1−S) n_in))."""
    return links.normal() * (gain / (links.density * links.n_source) ** 0.5)


@registry.register("new weights", "historical", source="CHTss app. J", needs=("history",))
def historical(links: Links) -> Tensor:
    """The last weight the link had; zero if it never was active."""
    return links.history()


@registry.register(
    "new weights", "masked", source="a dense weight under a mask", needs=("history",)
)
def masked(links: Links, gain: Positive = RELU_GAIN) -> Tensor:
    """The last weight the link had, else one by SWI: what lies under a mask that is lifted."""
    last = links.history()
    return last.where(last != 0, swi(links, gain).to(last.dtype))
