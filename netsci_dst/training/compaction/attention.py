"""Multi-head attention written out, so that its heads can be followed and removed."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class HeadwiseAttention(nn.Module):
    """`torch.nn.MultiheadAttention` whose number of heads does not follow from its width.

    It is called as that one is, and gives the same. Where heads were removed there are no
    attention weights of all heads any more: None stands in their place.

    Attributes
    ----------
    q_proj, k_proj, v_proj, out_proj
        Linear layers.
    heads
        Which heads of ``n_heads`` are left.
    """

    # What `torch.nn.TransformerEncoderLayer` asks before it takes its fused path; this has none.
    _qkv_same_embed_dim = False
    in_proj_weight = None
    in_proj_bias = None

    def __init__(self, whole: nn.MultiheadAttention):
        super().__init__()
        self.head_dim: int = whole.head_dim
        self.n_heads: int = whole.num_heads
        self.heads: list[int] = list(range(self.n_heads))
        self.batch_first: bool = whole.batch_first
        self.dropout: float = whole.dropout
        self.add_zero_attn: bool = whole.add_zero_attn
        self.followed: bool = False
        parts = (whole.q_proj_weight, whole.k_proj_weight, whole.v_proj_weight)
        if whole._qkv_same_embed_dim:
            parts = whole.in_proj_weight.chunk(3)
        biases = (None,) * 3 if whole.in_proj_bias is None else whole.in_proj_bias.chunk(3)
        self.q_proj, self.k_proj, self.v_proj = (_linear(w, b) for w, b in zip(parts, biases))
        self.out_proj: nn.Linear = whole.out_proj
        self.bias_k: Tensor | None = whole.bias_k
        self.bias_v: Tensor | None = whole.bias_v
        self.train(whole.training)

    @property
    def num_heads(self) -> int:
        """Number of heads that are left."""
        return len(self.heads)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return outputs and, if needed, attention weights; see `torch.nn.MultiheadAttention`."""
        batched = query.dim() == 3
        x = [t if batched else t.unsqueeze(0) for t in (query, key, value)]
        if batched and not self.batch_first:
            x = [t.transpose(0, 1) for t in x]
        mask = self._mask(x[0], x[1], key_padding_mask, attn_mask)
        q, k, v = self.q_proj(x[0]), self.k_proj(x[1]), self.v_proj(x[2])
        if self.bias_k is not None and self.bias_v is not None:
            k, v = _appended(k, self.bias_k), _appended(v, self.bias_v)
        if self.add_zero_attn:
            k, v = _longer(k), _longer(v)
        q, k, v = (t.unflatten(-1, (-1, self.head_dim)).transpose(1, 2) for t in (q, k, v))
        y, weights = self._attend(q, k, v, mask, need_weights)
        y = self.out_proj(y.transpose(1, 2).flatten(2))
        if weights is not None and average_attn_weights:
            weights = weights.mean(1)
        if batched:
            return (y if self.batch_first else y.transpose(0, 1)), weights
        return y.squeeze(0), None if weights is None else weights.squeeze(0)

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, need_weights: bool
    ) -> tuple[Tensor, Tensor | None]:
        dropout = self.dropout if self.training else 0.0
        if not need_weights:
            return functional.scaled_dot_product_attention(q, k, v, mask, dropout), None
        scores = (q * self.head_dim**-0.5) @ k.transpose(-1, -2)
        weights = torch.softmax(scores if mask is None else scores + mask, -1)
        weights = functional.dropout(weights, dropout) if dropout else weights
        whole = len(self.heads) == self.n_heads and not self.followed
        return weights @ v, weights if whole else None

    def _mask(
        self, query: Tensor, key: Tensor, padding: Tensor | None, attention: Tensor | None
    ) -> Tensor | None:
        """Return the sum of both masks over (batch, heads, queries, keys)."""
        total: Tensor | None = None
        if attention is not None:
            total = _added(attention, query)
            if attention.dim() == 3:
                total = total.unflatten(0, (-1, self.n_heads))
                if len(self.heads) < self.n_heads:
                    total = total[:, self.heads]
            else:
                total = total[None, None]
        if padding is not None:
            keys = _added(padding, query).reshape(len(key), 1, 1, key.shape[1])
            total = keys if total is None else total + keys
        more = (self.bias_k is not None) + self.add_zero_attn
        if total is None:
            return None
        total = functional.pad(total, (0, more)) if more else total
        return total.expand(-1, -1, query.shape[1], -1)


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Linear:
    made = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0], bias is not None)
    layer = cast(nn.Linear, made)
    layer.weight = nn.Parameter(weight.detach().clone(), requires_grad=weight.requires_grad)
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone(), requires_grad=bias.requires_grad)
    return layer


def _longer(x: Tensor) -> Tensor:
    return functional.pad(x, (0, 0, 0, 1))


def _appended(x: Tensor, row: Tensor) -> Tensor:
    """Return ``x`` with one more row; each of its entries goes with a column of ``x``."""
    last = torch.arange(x.shape[1] + 1, device=x.device)[:, None] == x.shape[1]
    return torch.where(last, row, _longer(x))


def _added(mask: Tensor, like: Tensor) -> Tensor:
    """Return a mask as numbers that are added to scores."""
    if mask.dtype == torch.bool:
        zeros = torch.zeros(mask.shape, dtype=like.dtype, device=mask.device)
        return zeros.masked_fill(mask, float("-inf"))
    return mask.to(like.dtype)


def write_out(
    model: nn.Module,
) -> tuple[dict[HeadwiseAttention, nn.MultiheadAttention], list[str]]:
    """Replace multi-head attention in a model by modules whose heads can be followed.

    Returns what stood there before, and why others had to stay.
    """
    made: dict[nn.MultiheadAttention, HeadwiseAttention] = {}
    stay: list[str] = []
    nested = {
        id(part)
        for encoder in model.modules()
        if isinstance(encoder, nn.TransformerEncoder) and encoder.use_nested_tensor
        for part in encoder.modules()
    }
    for name, module in model.named_modules():
        if isinstance(module, nn.MultiheadAttention):
            reason = _reason(module, id(module) in nested) if name else "it is the whole model"
            if reason:
                stay.append(f"heads of {name or 'the model'} stay: {reason}")
            else:
                made[module] = HeadwiseAttention(module)
    for parent in list(model.modules()):
        for name, child in list(parent._modules.items()):
            if isinstance(child, nn.MultiheadAttention) and child in made:
                setattr(parent, name, made[child])
    return {small: whole for whole, small in made.items()}, stay


def _reason(module: nn.MultiheadAttention, nested: bool) -> str:
    """Return why a module's heads cannot be removed, '' where they can."""
    if type(module).forward is not nn.MultiheadAttention.forward or "forward" in module.__dict__:
        return "it has a forward of its own"
    if nested:
        return "its encoder gives 0 for padded places (enable_nested_tensor)"
    watched = [
        getattr(part, kind)
        for part in (module, module.out_proj)
        for kind in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks")
    ]
    if any(watched) or hasattr(module, "parametrizations"):
        return "it has hooks or parametrisations"
    return ""


def idle(module: HeadwiseAttention) -> int:
    """Return how many of the heads left have constant values or are not read."""
    values = module.v_proj.weight.unflatten(0, (-1, module.head_dim)).abs().amax((1, 2))
    read = module.out_proj.weight.unflatten(1, (-1, module.head_dim)).abs().amax((0, 2))
    return int(((values == 0) | (read == 0)).sum())


def put_back(model: nn.Module, written: dict[HeadwiseAttention, nn.MultiheadAttention]) -> None:
    """Give the modules back of which nothing was removed."""
    for parent in list(model.modules()):
        for name, child in list(parent._modules.items()):
            if isinstance(child, HeadwiseAttention) and _unchanged(child, written[child]):
                setattr(parent, name, written[child])


def _unchanged(module: HeadwiseAttention, before: nn.MultiheadAttention) -> bool:
    """Whether a module projects as it did before: the last layer is the same module in both."""
    again = HeadwiseAttention(before)
    same = lambda a, b: a is b or (a is not None and b is not None and torch.equal(a, b))  # noqa: E731
    return module.heads == again.heads and all(
        same(getattr(getattr(module, name), part), getattr(getattr(again, name), part))
        for name in ("q_proj", "k_proj", "v_proj")
        for part in ("weight", "bias")
    )
