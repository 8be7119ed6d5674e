"""Operations that keep every neuron at its place: norms, activations, copies, poolings."""

from __future__ import annotations

import torch
from torch import Tensor

from .call import Call, handles
from .join import joined
from .shadow import MIXED, Shadow, compact, widened


@handles(
    "softmax", "_softmax", "log_softmax", "_log_softmax", "_safe_softmax", "cumsum", "cumprod",
    "logcumsumexp", "renorm", "native_dropout", "dropout", "rms_norm", "layer_norm",
    "native_layer_norm", "native_group_norm", "native_batch_norm", "batch_norm",
    "_native_batch_norm_legit", "_native_batch_norm_legit_no_training",
    "_native_batch_norm_legit_functional", "cudnn_batch_norm", "miopen_batch_norm",
    "_batch_norm_no_update", "_batch_norm_with_update", "batch_norm_elemt", "_fused_rms_norm",
    "clone", "_to_copy", "to", "contiguous", "detach", "alias", "lift_fresh", "lift", "tril",
    "triu", "bernoulli", "rrelu_with_noise", "prelu", "_prelu_kernel", "glu_jvp", "nan_to_num",
    "positive", "type_as", "threshold", "masked_fill", "fake_quantize_per_tensor_affine",
    "log_sigmoid_forward", "log_sigmoid", "local_response_norm", "pin_memory", "hardtanh",
    "requires_grad", "hardswish", "hardsigmoid",
    "mish", "relu6", "detach_copy", "alias_copy", "_weight_norm", "_masked_softmax", "softplus",
    "_conj", "resolve_conj", "resolve_neg", "_neg_view", "real", "imag", "round", "renorm",
)  # fmt: skip
def keep(call: Call) -> tuple[Shadow | None, ...] | Shadow | None:
    """Follow what keeps every neuron at its place: norms, softmax, activations, copies."""
    first = call.given.get("input", call.given.get("self"))
    shadow = call.shadow(first)
    out = call.out[0] if isinstance(call.out, tuple | list) else call.out
    if shadow is None:
        return None
    if shadow.follows and not (out.is_floating_point() or out.is_complex()):
        shadow = Shadow(torch.full((1,) * out.dim(), MIXED), call.lost())
    else:
        copies = call.name in ("clone", "_to_copy", "detach", "alias", "contiguous", "lift_fresh")
        shadow = Shadow(shadow.ids, shadow.lost, shadow.module if copies else None, shadow.real)
    return (
        (shadow,) + (None,) * (len(call.out) - 1) if isinstance(call.out, tuple | list) else shadow
    )


@handles("glu")
def glu(call: Call) -> Shadow | None:
    """Follow a gated linear unit: the halves are a product."""
    shadow = call.shadow(call["self"])
    if shadow is None:
        return None
    dim = call.get("dim", -1) % call["self"].dim()
    if shadow.ids.shape[dim] == 1:
        return Shadow(shadow.ids, shadow.lost)
    halves = [Shadow(compact(half), shadow.lost) for half in shadow.ids.chunk(2, dim)]
    return joined(call, halves, "product")


@handles("copy")
def copy(call: Call) -> Shadow | None:
    """Follow values that are written over a tensor."""
    shadow = call.shadow(call["src"])
    if shadow is None:
        return None
    if not call.out.is_floating_point() and shadow.follows:
        return Shadow(torch.full((1,) * call.out.dim(), MIXED), call.lost())
    return Shadow(widened(shadow.ids, call.out.dim()), shadow.lost)


@handles("max_pool2d_with_indices", "max_pool3d_with_indices", "max_pool1d", "max_pool2d",
         "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d",
         "adaptive_avg_pool2d", "adaptive_avg_pool3d", "_adaptive_avg_pool2d",
         "_adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
         "adaptive_max_pool3d", "fractional_max_pool2d", "fractional_max_pool3d",
         "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "replication_pad1d",
         "replication_pad2d", "replication_pad3d", "upsample_nearest1d", "upsample_nearest2d",
         "upsample_nearest3d", "upsample_bilinear2d", "_upsample_bilinear2d_aa",
         "upsample_bicubic2d", "_upsample_bicubic2d_aa", "upsample_trilinear3d",
         "upsample_linear1d", "_upsample_nearest_exact1d", "_upsample_nearest_exact2d",
         "_upsample_nearest_exact3d", "grid_sampler", "grid_sampler_2d", "grid_sampler_3d",
         "max_unpool2d", "max_unpool3d", "mkldnn_max_pool2d", "quantized_max_pool2d",
         "roi_align", "roi_pool", "ps_roi_align")  # fmt: skip
def spatial(call: Call) -> tuple[Shadow | None, ...] | Shadow | None:
    """Follow poolings, paddings and resizing, which mix positions of one channel."""
    shadow = call.shadow(call.given.get("self", call.given.get("input")))
    out = call.out[0] if isinstance(call.out, tuple | list) else call.out
    if shadow is None:
        return None
    source = call.given.get("self", call.given.get("input"))
    changed = [d for d in range(-1, -out.dim(), -1) if _is_spatial(d, out.dim(), source)]  # type: ignore[arg-type]
    if shadow.raw:
        found: Shadow | None = call.over.fresh_input(out)
    elif any(shadow.ids.shape[d] > 1 for d in changed):
        found = Shadow(torch.full((1,) * out.dim(), MIXED), call.lost())
    else:
        found = Shadow(shadow.ids, shadow.lost, shadow.module)
    return (found,) + (None,) * (len(call.out) - 1) if isinstance(call.out, tuple | list) else found


def _is_spatial(dimension: int, rank: int, source: Tensor) -> bool:
    spatial_dims = max(rank - 2, 1) if rank >= 3 else 1
    return -dimension <= spatial_dims
