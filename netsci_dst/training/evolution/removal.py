"""Removal scores: how much a link deserves to stay.

A removal score is a function from `Links` (and keyword options) to one non-negative number per
entry; the links with high scores are kept, and what it says of entries that are no links does not
matter. It is registered as a ``removal`` and declares with ``needs=("gradients",)`` that it reads
the links' gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import registry
from .ranges import NotNegative, Positive, Share

if TYPE_CHECKING:
    from torch import Tensor

    from .links import Links


@registry.register("removal", "magnitude", source="SET; CHT app. D")
def magnitude(links: Links) -> Tensor:
    """Keep links of large weight: |W|."""
    return links.values.abs()


@registry.register("removal", "relative_importance", source="CHTss eq. 1")
def relative_importance(links: Links) -> Tensor:
    """Keep links that matter to one of their ends: |W|/Σ|W_*j| + |W|/Σ|W_i*|."""
    weight = links.values.abs()
    entering, leaving = links.sum_by_target(weight), links.sum_by_source(weight)
    return _ratio(weight, entering) + _ratio(weight, leaving)


@registry.register("removal", "blend", source="CHTss eq. 2")
def blend(links: Links, alpha: Share = 0.5) -> Tensor:
    """Between magnitude (alpha = 1) and half the relative importance (alpha = 0)."""
    weight, rest = links.values.abs(), 1 - alpha
    entering, leaving = links.sum_by_target(weight), links.sum_by_source(weight)
    half = weight / 2
    return _ratio(half, alpha + rest * leaving) + _ratio(half, alpha + rest * entering)


@registry.register("removal", "mest", source="MEST (Yuan et al. 2021)", needs=("gradients",))
def mest(links: Links, weight_of_gradient: NotNegative = 0.01) -> Tensor:
    """Keep links of large weight or gradient: |W| + λ|∇W|."""
    return links.values.abs() + weight_of_gradient * links.gradients.abs()


@registry.register("removal", "signed", source="SET (Mocanu et al. 2018)")
def signed(links: Links) -> Tensor:
    """SET's rule: the smallest positive and the largest negative weights go, in equal fractions.

    The score is the rank of the magnitude among weights of the same sign, over their number.
    """
    values, size = links.values, links.values.abs()
    positive = links.rank(size, links.present & (values > 0))
    return positive + links.rank(size, links.present & (values < 0))


@registry.register("removal", "snip", source="SNIP; CHTss table 12", needs=("gradients",))
def snip(links: Links) -> Tensor:
    """Keep links whose loss would change most: |W · ∇W|."""
    return (links.values * links.gradients).abs()


@registry.register("removal", "sensitivity", source="CHTss table 12", needs=("gradients",))
def sensitivity(links: Links) -> Tensor:
    """Keep links of large gradient for their weight: |∇W / W|."""
    return _ratio(links.gradients.abs(), links.values.abs())


@registry.register(
    "removal", "reciprocal_sensitivity", source="CHTss table 12", needs=("gradients",)
)
def reciprocal_sensitivity(links: Links) -> Tensor:
    """Keep links of large weight for their gradient: |W / ∇W|."""
    return _ratio(links.values.abs(), links.gradients.abs())


@registry.register("removal", "random", source="a baseline")
def random(links: Links) -> Tensor:
    """Keep links at random."""
    return links.random()


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    # 0/0 is a link that says nothing (0); x/0 is the largest finite score.
    import torch

    largest = torch.finfo(above.dtype).max
    return (above / below).nan_to_num_(nan=0.0, posinf=largest)


@registry.register(
    "removal", "global_threshold", source="DSR (Mostafa & Wang 2019)", scope="network"
)
def global_threshold(
    layers: Sequence[Links],
    state: dict[str, float],
    n_remove: int,
    threshold: Positive = 1e-3,
    tolerance: NotNegative = 0.1,
) -> None:
    """One magnitude threshold for all layers, doubled or halved to remove about what is wanted.

    Parameters
    ----------
    layers
        Their links are removed.
    state
        Holds the threshold from one update to the next.
    n_remove
        Wanted number over all layers; the threshold changes when the actual number is off by more
        than ``tolerance`` of it.
    threshold
        The first threshold.
    """
    now = state.setdefault("threshold", threshold)
    removed = sum(links.remove_below(now) for links in layers)
    if removed > (1 + tolerance) * n_remove:
        state["threshold"] = now / 2
    elif removed < (1 - tolerance) * n_remove:
        state["threshold"] = now * 2
