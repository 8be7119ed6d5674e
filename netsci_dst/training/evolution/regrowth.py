"""Regrowth by chance, gradient and momentum: which absent links become links.

A regrowth rule is a function of the `Links` that are left and the number wanted; it returns the
keys of that many absent links, or of fewer when it has no opinion about more: the update loop fills
the rest uniformly. ``exponent`` is infinite for a rigid choice. It is registered as a ``regrowth``
and declares what it needs: ``needs=("dense_gradient",)`` or ``needs=("momentum",)``; with
``scores=False`` that it does not score links, so that no choice of it is softer than another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import registry
from ._ranges import BelowOne

if TYPE_CHECKING:
    from torch import Tensor

    from ._links import Links


@registry.register("regrowth", "random", source="SET", scores=False)
def random(links: Links, n: int, exponent: float) -> Tensor:
    """Any absent link, uniformly."""
    from ._choose import absent

    return absent(n, links.kept_keys, (links.n_source, links.n_target), links.generator)


@registry.register("regrowth", "gradient", source="RigL", needs=("dense_gradient",))
def gradient(links: Links, n: int, exponent: float) -> Tensor:
    """The absent links of largest |∂E/∂W|."""
    return best_of(links, links.need("dense_gradient").abs(), n, exponent)


@registry.register("regrowth", "momentum", source="SNFS; Survival section 4", needs=("momentum",))
def momentum(links: Links, n: int, exponent: float, beta: BelowOne = 0.9) -> Tensor:
    """The absent links of largest smoothed gradient |v|, v = βv + (1−β) ∂E/∂W."""
    return best_of(links, links.need("momentum").abs(), n, exponent)


def best_of(links: Links, scores: Any, n: int, exponent: float) -> Tensor:
    """Return up to ``n`` absent links by their scores ``(n_source, n_target)``, positive ones only.

    Parameters
    ----------
    scores
        Tensor of non-negative numbers; those of links that exist are not looked at.
    exponent
        Sampling weight is ``score ** exponent``; infinity takes the largest.
    """
    from ._choose import sample_k, top_k

    flat = scores.reshape(-1).clone()
    flat[links.kept_keys] = 0
    is_positive = flat > 0
    if exponent == float("inf"):
        return top_k(flat, min(n, int(is_positive.sum())), links.generator)
    positive = is_positive.nonzero().flatten()
    candidates = flat[positive]
    return positive[sample_k(candidates, min(n, positive.numel()), exponent, links.generator)]
