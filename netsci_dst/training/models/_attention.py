"""The populations of an attention module."""

from __future__ import annotations

from ...errors import RecipeError
from ._plan import Plan


def check_heads(model: str, width: int, n_heads: int) -> None:
    """Refuse a width that the heads do not divide into even parts."""
    if n_heads < 1 or width % n_heads or (width // n_heads) % 2:
        raise RecipeError(
            f"model {model!r}: a width of {width} does not divide into {n_heads} heads "
            "of even width"
        )


def declare_attention(
    plan: Plan, path: str, out: str, queries: str, keys: str, target: str, width: int
) -> None:
    """Add an attention module to a plan.

    The outputs of q and k meet in a product: one population fed by both (CHTss, app. F). The
    outputs of v feed the output projection.

    Parameters
    ----------
    path
        Module path of the attention.
    out
        Name of its output projection.
    queries, keys, target
        Populations that q reads, that k and v read, and that the output projection adds to.
    width
        Number of outputs of q, k and v.
    """
    product = plan.population(f"{path}.qk", width)
    value = plan.population(f"{path}.v", width, output=f"{path}.v_proj")
    plan.layer(f"{path}.q_proj", queries, product)
    plan.layer(f"{path}.k_proj", keys, product)
    plan.layer(f"{path}.v_proj", keys, value)
    plan.layer(f"{path}.{out}", value, target)
