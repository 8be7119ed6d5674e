"""Removal scores: how much a link deserves to stay.

A removal score is a function from `Links` (and keyword options) to one non-negative number per
link; the links with high scores are kept. It is registered as a ``removal`` and declares with
``needs=("gradients",)`` that it reads the links' gradients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import registry
from ._ranges import NotNegative, Positive, Share

if TYPE_CHECKING:
    from torch import Tensor

    from ._links import Links


def _sums(links: Links, magnitude: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each link the total magnitude at its source and at its target.

    Links that a density step has pruned in the same update do not count.
    """
    sources, targets = links.grouped_sources, links.targets
    magnitude = magnitude * links.keep
    leaving = magnitude.new_zeros(links.n_source * links.groups).index_add_(0, sources, magnitude)
    entering = magnitude.new_zeros(links.n_target).index_add_(0, targets, magnitude)
    return leaving[sources], entering[targets]


@registry.register("removal", "magnitude", source="SET; CHT app. D")
def magnitude(links: Links) -> Tensor:
    """Keep links of large weight: |W|."""
    return links.values.abs()


@registry.register("removal", "relative_importance", source="CHTss eq. 1")
def relative_importance(links: Links) -> Tensor:
    """Keep links that matter to one of their ends: |W|/Σ|W_*j| + |W|/Σ|W_i*|."""
    weight = links.values.abs()
    leaving, entering = _sums(links, weight)
    return _ratio(weight, entering) + _ratio(weight, leaving)


@registry.register("removal", "blend", source="CHTss eq. 2")
def blend(links: Links, alpha: Share = 0.5) -> Tensor:
    """Between magnitude (alpha = 1) and half the relative importance (alpha = 0)."""
    half = links.values.abs() / 2
    leaving, entering = _sums(links, links.values.abs())
    rest = 1 - alpha
    return _ratio(half, alpha + rest * leaving) + _ratio(half, alpha + rest * entering)


@registry.register("removal", "mest", source="MEST (Yuan et al. 2021)", needs=("gradients",))
def mest(links: Links, weight_of_gradient: NotNegative = 0.01) -> Tensor:
    """Keep links of large weight or gradient: |W| + λ|∇W|."""
    return links.values.abs() + weight_of_gradient * links.need("gradients").abs()


@registry.register("removal", "signed", source="SET (Mocanu et al. 2018)")
def signed(links: Links) -> Tensor:
    """SET's rule: the smallest positive and the largest negative weights go, in equal fractions.

    The score is the rank of the magnitude among weights of the same sign, over their number.
    """
    values = links.values
    score = values.new_zeros(values.shape)
    for side in (links.keep & (values > 0), links.keep & (values < 0)):
        n = int(side.sum())
        if n:
            order = values[side].abs().argsort(stable=True)
            rank = score.new_empty(n)
            rank[order] = (_arange(n, rank) + 1) / n
            score[side] = rank
    return score


@registry.register("removal", "snip", source="SNIP; CHTss table 12", needs=("gradients",))
def snip(links: Links) -> Tensor:
    """Keep links whose loss would change most: |W · ∇W|."""
    return (links.values * links.need("gradients")).abs()


@registry.register("removal", "sensitivity", source="CHTss table 12", needs=("gradients",))
def sensitivity(links: Links) -> Tensor:
    """Keep links of large gradient for their weight: |∇W / W|."""
    return _ratio(links.need("gradients").abs(), links.values.abs())


@registry.register(
    "removal", "reciprocal_sensitivity", source="CHTss table 12", needs=("gradients",)
)
def reciprocal_sensitivity(links: Links) -> Tensor:
    """Keep links of large weight for their gradient: |W / ∇W|."""
    return _ratio(links.values.abs(), links.need("gradients").abs())


@registry.register("removal", "random", source="a baseline")
def random(links: Links) -> Tensor:
    """Keep links at random."""
    score = links.values.new_empty(links.values.shape)
    return score.uniform_(generator=links.generator)


def _ratio(above: Tensor, below: Tensor) -> Tensor:
    # 0/0 is a link that says nothing (0); x/0 is the largest finite score.
    import torch

    largest = torch.finfo(above.dtype).max
    return (above / below).nan_to_num_(nan=0.0, posinf=largest)


def _arange(n: int, like: Tensor) -> Tensor:
    import torch

    return torch.arange(n, dtype=like.dtype, device=like.device)


@registry.register(
    "removal", "global_threshold", source="DSR (Mostafa & Wang 2019)", scope="network"
)
def global_threshold(
    drafts: list[Links],
    state: dict[str, float],
    n_remove: int,
    threshold: Positive = 1e-3,
    tolerance: NotNegative = 0.1,
) -> None:
    """One magnitude threshold for all layers, doubled or halved to remove about what is wanted.

    Parameters
    ----------
    drafts
        The layers; their ``keep`` is changed.
    state
        Holds the threshold from one update to the next.
    n_remove
        Wanted number over all layers; the threshold changes when the actual number is off by more
        than ``tolerance`` of it.
    threshold
        The first threshold.
    """
    now = state.setdefault("threshold", threshold)
    removed = 0
    for links in drafts:
        weight = links.values.abs()
        goes = links.keep & (weight < now)
        if bool((goes == links.keep).all()) and links.n_kept:
            goes[(weight * links.keep).argmax()] = False  # a layer never loses its last link
        links.keep = links.keep & ~goes
        removed += int(goes.sum())
    if removed > (1 + tolerance) * n_remove:
        state["threshold"] = now / 2
    elif removed < (1 - tolerance) * n_remove:
        state["threshold"] = now * 2
