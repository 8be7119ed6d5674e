"""Attention projections split into one layer per head, so that each head evolves on its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ...errors import RecipeError
from ._plan import Plan


class HeadsOut(nn.Module):
    """One linear layer per head; outputs are laid side by side. Equal to the layer it is made of.

    Parameters
    ----------
    whole
        The projection to split, of ``n_heads`` times the width of a head outputs.
    n_heads
        Number of heads.
    """

    def __init__(self, whole: nn.Linear, n_heads: int) -> None:
        super().__init__()
        biases = [None] * n_heads if whole.bias is None else whole.bias.chunk(n_heads)
        parts = zip(whole.weight.chunk(n_heads), biases)
        self.heads = nn.ModuleList(_linear(weight, bias) for weight, bias in parts)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., n_source)`` to ``(..., n_heads * width)``."""
        return torch.cat([head(x) for head in self.heads], dim=-1)


class HeadsIn(nn.Module):
    """One linear layer per head's share of the inputs; outputs are summed.

    Parameters
    ----------
    whole
        The projection to split, of ``n_heads`` times the width of a head inputs.
    n_heads
        Number of heads.
    """

    def __init__(self, whole: nn.Linear, n_heads: int) -> None:
        super().__init__()
        biases = [whole.bias, *[None] * (n_heads - 1)]
        parts = zip(whole.weight.chunk(n_heads, dim=1), biases)
        self.heads = nn.ModuleList(_linear(weight, bias) for weight, bias in parts)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., n_heads * width)`` to ``(..., n_target)``."""
        parts = x.chunk(len(self.heads), dim=-1)
        return sum(head(part) for head, part in zip(self.heads, parts))


def split_heads(attention: nn.Module, n_heads: int, out: str) -> None:
    """Split ``q_proj``, ``k_proj``, ``v_proj`` and the output projection of an attention module."""
    for name in ("q_proj", "k_proj", "v_proj"):
        setattr(attention, name, HeadsOut(getattr(attention, name), n_heads))
    setattr(attention, out, HeadsIn(getattr(attention, out), n_heads))


def check_heads(model: str, width: int, n_heads: int) -> None:
    """Refuse a width that the heads do not divide into even parts."""
    if n_heads < 1 or width % n_heads or (width // n_heads) % 2:
        raise RecipeError(
            f"model {model!r}: a width of {width} does not divide into {n_heads} heads "
            "of even width"
        )


def declare_attention(
    plan: Plan,
    path: str,
    out: str,
    queries: str,
    keys: str,
    target: str,
    width: int,
    n_heads: int | None,
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
    n_heads
        Number of heads where they are split, else None.
    """
    for head in [None] if n_heads is None else range(n_heads):
        size = width if head is None else width // n_heads
        inner = "" if head is None else f".heads.{head}"
        product = plan.population(f"{path}.qk{inner}", size)
        value = plan.population(f"{path}.v{inner}", size, output=f"{path}.v_proj{inner}")
        plan.layer(f"{path}.q_proj{inner}", queries, product)
        plan.layer(f"{path}.k_proj{inner}", keys, product)
        plan.layer(f"{path}.v_proj{inner}", keys, value)
        plan.layer(f"{path}.{out}{inner}", value, target)


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    n_target, n_source = weight.shape
    layer = nn.utils.skip_init(nn.Linear, n_source, n_target, bias is not None)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias)
    return layer
