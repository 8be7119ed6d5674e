"""What operations of ATen do to shadows.

An operation without a rule pins the neurons that it reads: they stay, and nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from .shadow import Shadow, along, differing_dims
from .units import PINNED

if TYPE_CHECKING:
    from .follow import Follower

Rule = Callable[["Follower", Any, tuple, Mapping[str, Any], Any], bool]

_SAME = ("clone", "detach", "alias", "_to_copy", "contiguous", "lift_fresh", "view_as")
_MOVES = ("permute", "transpose", "t", "squeeze", "unsqueeze", "expand", "slice", "select",
    "narrow", "unbind", "split", "split_with_sizes", "chunk", "flip", "roll", "repeat",
    "repeat_interleave", "diagonal", "movedim", "numpy_T", "mT")  # fmt: skip
_VIEWS = ("view", "_unsafe_view", "reshape", "_reshape_copy")
_REDUCTIONS = ("mean", "sum", "amax", "amin", "max", "min", "var", "std", "any", "all", "prod",
    "norm", "linalg_vector_norm", "argmax", "argmin", "logsumexp", "var_mean")  # fmt: skip
_POOLS = ("max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices",
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "_adaptive_avg_pool2d", "_adaptive_avg_pool3d",
    "adaptive_avg_pool1d", "adaptive_max_pool2d", "upsample_nearest1d", "upsample_nearest2d",
    "upsample_bilinear2d", "mkldnn_max_pool2d", "max_pool2d")  # fmt: skip


def apply(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any
) -> bool:
    """Give the outputs shadows; False when there is no rule for the operation."""
    name = function._schema.name.removeprefix("aten::")
    if name.endswith("_") and not name.startswith("_"):
        name = name[:-1]
    rule = _RULES.get(name)
    if rule is None and torch.Tag.pointwise in function.tags:
        rule = _pointwise
    return rule is not None and rule(follower, function, args, kwargs, output)


def _same(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    shadow = follower.shadow(args[0])
    if shadow is not None:
        follower.set(output, shadow)
    return True


def _move(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    """Move labels as the numbers are moved."""
    shadow = follower.shadow(args[0])
    if shadow is None:
        return False
    labels = function(shadow.labels, *args[1:], **kwargs)
    varies = function(shadow.varies, *args[1:], **kwargs)
    outputs = output if isinstance(output, (list, tuple)) else [output]
    labels = labels if isinstance(labels, (list, tuple)) else [labels]
    varies = varies if isinstance(varies, (list, tuple)) else [varies]
    for tensor, label, vary in zip(outputs, labels, varies):
        kept = shadow.averages and function._schema.name == "aten::expand"
        follower.set(tensor, Shadow(label, vary, kept))
    return True


def _view(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    shadow = follower.shadow(args[0])
    if shadow is None:
        return False
    labels = shadow.labels.reshape(output.shape)
    sizes = [shadow.labels.shape[d] for d in differing_dims(shadow.labels)]
    if sizes != [labels.shape[d] for d in differing_dims(labels)]:
        splits = labels.dim() > shadow.labels.dim()
        (follower.split if splits else follower.merged).append(labels.unique().numpy())
    averages = shadow.averages and labels.shape[-1:] == shadow.labels.shape[-1:]
    follower.set(output, Shadow(labels, shadow.varies.reshape(output.shape), averages))
    return True


def _cat(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    shadows = [follower.shadow(t) or Shadow.pinned(t, False) for t in args[0]]
    rest = (*args[1:],)
    follower.set(
        output,
        Shadow(
            function([s.labels for s in shadows], *rest, **kwargs),
            function([s.varies for s in shadows], *rest, **kwargs),
        ),
    )
    return True


def _pointwise(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    if not isinstance(output, Tensor):
        return False
    operands = [t for t in (*args, *kwargs.values()) if isinstance(t, Tensor)]
    shape = output.shape
    labelled = [(t, s) for t in operands if (s := follower.shadow(t)) is not None]
    full = [s.labels.expand(shape) for t, s in labelled if t.shape == shape]
    labels = full[0] if full else labelled[0][1].labels.expand(shape)
    for tensor, shadow in labelled:
        here = shadow.labels.expand(shape)
        if here is labels:
            continue
        varied = differing_dims(labels)
        offset = len(shape) - tensor.dim()
        if all(d < offset or tensor.shape[d - offset] == 1 for d in varied) and varied:
            follower.pin([tensor])  # spread over all neurons: no neuron of theirs
        else:
            follower.units.join(labels.numpy(), here.numpy())
    for tensor in operands:
        if follower.shadow(tensor) is None and tensor.numel() > 1:
            _meet(follower, tensor, labels)
    follower.set(output, Shadow(labels, _varies(function, operands, follower, shape)))
    return True


def _meet(follower: Follower, constant: Tensor, labels: Tensor) -> None:
    """Let a tensor that comes from no input meet neurons, entry by entry."""
    if follower.is_own(constant):
        follower.vector(constant, labels)
        return
    offset = labels.dim() - constant.dim()
    dims = tuple(d + offset for d in range(constant.dim()) if constant.shape[d] > 1)
    along(labels, dims, follower.units)


def _varies(function: Any, operands: list[Tensor], follower: Follower, shape: Any) -> Tensor:
    parts = [
        s.varies.expand(shape) if (s := follower.shadow(t)) is not None else torch.zeros(()).bool()
        for t in operands
    ]
    if function._schema.name in ("aten::mul", "aten::mul_") and len(operands) == 2:
        # What is multiplied by a constant 0 is 0.
        (a, b), (va, vb) = operands, parts
        return ((va & (vb | (b != 0))) | (vb & (va | (a != 0)))).expand(shape)
    total = torch.zeros(shape, dtype=torch.bool)
    for part in parts:
        total = total | part
    return total


def _reduction(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    shadow = follower.shadow(args[0])
    if shadow is None:
        return False
    at = next((i for i, a in enumerate(function._schema.arguments) if a.name == "dim"), None)
    dim = None if at is None else (args[at] if at < len(args) else kwargs.get("dim"))
    n = shadow.labels.dim()
    dims = [dim] if isinstance(dim, int) else list(dim or range(n))
    whole = tuple(sorted({d % max(1, n) for d in dims})) if n else ()
    labels = along(shadow.labels, whole, follower.units, pin=True)
    varies = shadow.varies.any(dim=whole, keepdim=True) if whole else shadow.varies
    for tensor in output if isinstance(output, tuple) else (output,):
        follower.set(tensor, Shadow(labels.reshape(tensor.shape), varies.reshape(tensor.shape)))
    return True


def _softmax(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    shadow = follower.shadow(args[0])
    if shadow is None:
        return False
    along(shadow.labels, (args[1] % shadow.labels.dim(),), follower.units, pin=True)
    varies = shadow.varies.any(dim=args[1], keepdim=True).expand(output.shape)
    last = args[1] % shadow.labels.dim() == shadow.labels.dim() - 1
    # The safe one is 0 for a row that is masked throughout.
    last = last and function._schema.name != "aten::_safe_softmax"
    follower.set(output, Shadow(shadow.labels, varies, last))
    return True


def _layer_norm(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    shadow = follower.shadow(args[0])
    if shadow is None:
        return False
    n = len(args[1])
    dims = tuple(range(shadow.labels.dim() - n, shadow.labels.dim()))
    along(shadow.labels, dims, follower.units, pin=True)
    result = output[0] if isinstance(output, tuple) else output
    varies = shadow.varies.any(dim=dims, keepdim=True).expand(result.shape)
    follower.set(result, Shadow(shadow.labels, varies))
    return True


def _pool(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    shadow = follower.shadow(args[0])
    result = output[0] if isinstance(output, tuple) else output
    name = function._schema.name
    spatial = next((int(d) for d in "123" if f"{d}d" in name), 2)
    if shadow is None or result.dim() != shadow.labels.dim():
        return False
    dims = tuple(range(result.dim() - spatial, result.dim()))
    labels = along(shadow.labels, dims, follower.units, pin=True).expand(result.shape)
    varies = shadow.varies.any(dim=dims, keepdim=True).expand(result.shape)
    follower.set(result, Shadow(labels, varies))
    return True


def _pad(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    shadow = follower.shadow(args[0])
    if shadow is None:
        return False
    pads = [args[1][2 * i : 2 * i + 2] for i in range(len(args[1]) // 2)]
    n = shadow.labels.dim()
    padded = {n - 1 - i for i, pad in enumerate(pads) if any(pad)}
    if padded & set(differing_dims(shadow.labels)):
        labels = function(shadow.labels, args[1], PINNED)
    else:
        labels = shadow.labels
        for d in sorted(padded):
            labels = labels.narrow(d, 0, 1)
        labels = labels.expand(output.shape)
    follower.set(output, Shadow(labels, function(shadow.varies, args[1], False)))
    return True


def _product(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    """Contract two tensors, as q·k and attention·v: what meets is one unit."""
    if function._schema.name == "aten::addmm":
        return False
    a, b = args[:2]
    sa, sb = follower.shadow(a), follower.shadow(b)
    units = follower.units
    la = None if sa is None else along(sa.labels, (a.dim() - 1,), units, pin=sb is None)
    lb = None if sb is None else along(sb.labels, (b.dim() - 2,), units, pin=sa is None)
    if la is not None and lb is not None:
        units.join(la.expand(output.shape).numpy(), lb.expand(output.shape).numpy())
    labels = la if la is not None else lb
    assert labels is not None
    follower.set(output, Shadow(labels.expand(output.shape), _product_varies(a, b, sa, sb)))
    return True


def _product_varies(a: Tensor, b: Tensor, sa: Shadow | None, sb: Shadow | None) -> Tensor:
    number = lambda x: x.to(torch.float32)  # noqa: E731
    va = number(sa.varies) if sa is not None else torch.zeros(a.shape)
    vb = number(sb.varies) if sb is not None else torch.zeros(b.shape)
    some_a, some_b = number((a != 0) | (va > 0)), number((b != 0) | (vb > 0))
    if sa is not None and sa.averages:
        # An average of equal constants is that constant.
        some_b = some_b * (vb.bool() | (b != b.narrow(-2, 0, 1))).any(-2, keepdim=True)
    return (va @ some_b + some_a @ vb) > 0


def _attention(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    """Fused attention: each head is one unit."""
    q, k, v = args[:3]
    shadows = [follower.shadow(t) for t in (q, k, v)]
    result = output[0] if isinstance(output, tuple) else output
    if any(s is None for s in shadows):
        return False
    sq, sk, sv = (s for s in shadows if s is not None)
    follower.pin([t for t in args[3:] if isinstance(t, Tensor)])
    follower.pin([t for t in kwargs.values() if isinstance(t, Tensor)])
    heads = [along(s.labels, (s.labels.dim() - 1,), follower.units) for s in (sq, sk, sv)]
    first, n = heads[0].narrow(-2, 0, 1), q.shape[1]
    if any(n % t.shape[1] for t in (k, v)):
        return False
    # Several heads of queries may share one of keys and values.
    shared = n // v.shape[1]
    for head in heads:
        follower.units.join(first.numpy(), head.repeat_interleave(n // head.shape[1], 1).numpy())
    uneven = (v != v.narrow(-2, 0, 1)).any(-2, keepdim=True).repeat_interleave(shared, 1)
    keys = sk.varies.flatten(2).any(2).repeat_interleave(n // k.shape[1], 1)
    scores = sq.varies.flatten(2).any(2) | keys
    for mask in (*args[3:], *kwargs.values()):
        shadow = follower.shadow(mask)
        if shadow is not None:
            scores = scores | bool(shadow.varies.any())
    values = sv.varies.any(-2, keepdim=True).repeat_interleave(shared, 1)
    varies = values | (uneven & scores[..., None, None])
    if any(_hides_all(follower, mask) for mask in (*args[3:], *kwargs.values())):
        # A row that sees no key is 0, whatever the values are.
        varies = varies | (v != 0).any(-2, keepdim=True).repeat_interleave(shared, 1)
    follower.set(result, Shadow(first.expand(result.shape), varies.expand(result.shape)))
    return True


def _hides_all(follower: Follower, mask: Any) -> bool:
    """Whether a mask may hide every key of a row, in this pass or with another input."""
    if not isinstance(mask, Tensor):
        return False
    shadow = follower.shadow(mask)
    hidden = ~mask if mask.dtype == torch.bool else mask == float("-inf")
    return bool(hidden.all(-1).any()) or (shadow is not None and bool(shadow.varies.any()))


def _index(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    shadow = follower.shadow(args[0])
    if shadow is None:
        return False
    chosen: list[Any] = []
    tree_map(lambda t: chosen.append(t) if isinstance(t, Tensor) else None, args[1:])
    indices = [s for s in map(follower.shadow, chosen) if s is not None]
    follower.pin(chosen)
    labels = function(shadow.labels, *args[1:], **kwargs)
    varies = function(shadow.varies, *args[1:], **kwargs)
    if any(bool(s.varies.any()) for s in indices):
        varies = torch.ones_like(varies)
        if differing_dims(shadow.labels) != differing_dims(labels):
            follower.pin([args[0]])
    follower.set(output, Shadow(labels, varies))
    return True


def _shape_only(
    follower: Follower, function: Any, args: tuple[Any, ...], kwargs: Any, output: Any
) -> bool:
    return True


_RULES: dict[str, Rule] = {
    **dict.fromkeys(_SAME, _same),
    **dict.fromkeys(_MOVES, _move),
    **dict.fromkeys(_VIEWS, _view),
    **dict.fromkeys(_REDUCTIONS, _reduction),
    **dict.fromkeys(_POOLS, _pool),
    "cat": _cat,
    "stack": _cat,
    "_softmax": _softmax,
    "softmax": _softmax,
    "_safe_softmax": _softmax,
    "native_layer_norm": _layer_norm,
    "_fused_rms_norm": _layer_norm,
    "constant_pad_nd": _pad,
    "bmm": _product,
    "mm": _product,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
    "index": _index,
    "index_select": _index,
    **dict.fromkeys(
        ("zeros_like", "ones_like", "empty_like", "full_like", "new_zeros", "new_ones"),
        _shape_only,
    ),
}
