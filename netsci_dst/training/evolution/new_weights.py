"""The weights that links get when they are regrown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ... import registry
from ._ranges import Positive

RELU_GAIN = math.sqrt(2)

if TYPE_CHECKING:
    from torch import Tensor

    from ._links import Links


@registry.register("new weights", "zero", source="SET; RigL; SNFS; MEST; GraNet")
def zero(links: Links, keys: Tensor, n_links: int) -> Tensor:
    """Zero: the link changes nothing until it has learned."""
    return links.values.new_zeros(keys.shape)


@registry.register("new weights", "swi", source="CHT section 3.2 and fig. A6")
def swi(links: Links, keys: Tensor, n_links: int, gain: Positive = RELU_GAIN) -> Tensor:
    """Sparse weight initialisation: N(0, gain² / ((1−S) n_in))."""
    deviation = gain / math.sqrt(n_links / links.n_possible * links.n_source)
    drawn = links.values.new_empty(keys.shape)
    return drawn.normal_(0, deviation, generator=links.generator)


@registry.register("new weights", "historical", source="CHTss app. J", needs=("history",))
def historical(links: Links, keys: Tensor, n_links: int) -> Tensor:
    """The last weight the link had; zero if it never was active."""
    assert links.history is not None
    return links.history(keys).to(links.values)


@registry.register(
    "new weights", "masked", source="a dense weight under a mask", needs=("history",)
)
def masked(links: Links, keys: Tensor, n_links: int, gain: Positive = RELU_GAIN) -> Tensor:
    """The last weight the link had, else one by SWI: what lies under a mask that is lifted."""
    last = historical(links, keys, n_links)
    return last.where(last != 0, swi(links, keys, n_links, gain))
