"""What the operations of PyTorch do to the neurons behind the entries of a tensor."""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor, nn

from ._wiring_graph import undeclared


def _names(text: str) -> list[str]:
    return text.split()


_KEEP_FUNCTIONS = _names(
    """
relu relu_ relu6 leaky_relu leaky_relu_ elu elu_ selu celu gelu silu mish hardswish hardsigmoid
hardtanh tanh tanh_ sigmoid sigmoid_ softplus softsign logsigmoid threshold prelu rrelu
dropout dropout_ dropout1d dropout2d dropout3d alpha_dropout feature_dropout
layer_norm batch_norm group_norm instance_norm rms_norm local_response_norm normalize
abs neg exp expm1 log log1p sqrt rsqrt square sin cos erf reciprocal sign floor ceil round
clamp clamp_ clip pow to float half double bfloat16 type type_as contiguous clone detach cpu cuda
softmax log_softmax masked_fill masked_fill_ nan_to_num requires_grad_ cumsum
"""
)
_MOVE_FUNCTIONS = _names(
    """
reshape view view_as flatten unflatten transpose permute t movedim swapaxes unsqueeze squeeze
expand expand_as repeat tile repeat_interleave cat concat stack chunk split unbind narrow select
index_select getitem roll flip reshape_as adjoint
"""
)
_SPATIAL_FUNCTIONS = _names(
    """
avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d adaptive_avg_pool1d
adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d interpolate pad lp_pool2d
"""
)
_REDUCE_FUNCTIONS = _names("mean sum amax amin var std norm logsumexp prod")
_SUM_FUNCTIONS = _names("add add_ sub sub_ iadd isub rsub")
_PRODUCT_FUNCTIONS = _names("mul mul_ div div_ truediv imul itruediv maximum minimum")
_MATMUL_FUNCTIONS = _names("matmul bmm mm")
_KEEP_MODULES = (
    "torch.nn.modules.activation",
    "torch.nn.modules.dropout",
    "torch.nn.modules.batchnorm",
    "torch.nn.modules.normalization",
    "torch.nn.modules.instancenorm",
)
_KINDS = {
    **dict.fromkeys(_KEEP_FUNCTIONS, "keep"),
    **dict.fromkeys(_MOVE_FUNCTIONS, "move"),
    **dict.fromkeys(_SPATIAL_FUNCTIONS, "spatial"),
    **dict.fromkeys(_REDUCE_FUNCTIONS, "reduce"),
    **dict.fromkeys(_SUM_FUNCTIONS, "sum"),
    **dict.fromkeys(_PRODUCT_FUNCTIONS, "product"),
    **dict.fromkeys(_MATMUL_FUNCTIONS, "matmul"),
    "scaled_dot_product_attention": "attention",
}


def kind(target: Any) -> str | None:
    """Return what a module, function or method does, or None when that is not known."""
    if isinstance(target, nn.Module):
        return _module_kind(target)
    if target is operator.getitem:
        return "move"
    name = target if isinstance(target, str) else getattr(target, "__name__", "")
    name = name.removeprefix("boolean_dispatch").strip("_") or name
    return _KINDS.get(name) or _KINDS.get(name + "_")


def _module_kind(module: nn.Module) -> str | None:
    if isinstance(module, nn.MultiheadAttention):
        return None
    if isinstance(module, nn.Identity):
        return "keep"
    if isinstance(module, nn.Flatten | nn.Unflatten):
        return "move"
    home = type(module).__module__
    if home in _KEEP_MODULES:
        return "keep"
    if home in ("torch.nn.modules.pooling", "torch.nn.modules.padding") or isinstance(
        module, nn.Upsample
    ):
        return "spatial"
    return None


def varies(neurons: Tensor, dimension: int) -> bool:
    """Return whether entries along a dimension belong to different neurons."""
    first = neurons.narrow(dimension, 0, 1)
    return bool((neurons != first).any())


def spatial(neurons: Tensor, value: Tensor, name: str) -> Tensor:
    """Follow a pooling or padding, which mixes positions of one channel."""
    if neurons.dim() != value.dim():
        raise undeclared(f"{name!r} changes the number of dimensions")
    changed = [d for d in range(value.dim()) if value.shape[d] != neurons.shape[d]]
    for dimension in changed:
        if varies(neurons, dimension):
            raise undeclared(f"{name!r} mixes different neurons")
        neurons = neurons.narrow(dimension, 0, 1)
    return neurons.expand(value.shape)


def reduced(
    neurons: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any], value: Tensor
) -> Tensor | None:
    """Follow a mean or sum: it keeps neurons when it goes over positions of one neuron."""
    dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
    if dim is None or isinstance(dim, float):
        return None
    dims = [dim] if isinstance(dim, int) else list(dim)
    least = torch.amin(neurons, dims, keepdim=True)
    if not torch.equal(least, torch.amax(neurons, dims, keepdim=True)):
        return None
    return least.reshape(value.shape)
