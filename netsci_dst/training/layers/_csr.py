"""Forward and backward of the CSR backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from netsci_dst.errors import NetsciError

from . import _kernels

if TYPE_CHECKING:
    from .linear import SparseLinear

_DTYPES = {torch.float32: np.float32, torch.float64: np.float64}


def csr_linear(layer: SparseLinear, x: Tensor, relu: bool) -> Tensor:
    """Return the layer's output, ``(..., n_target)``, activated when ``relu``.

    The result is a transposed view of ``(n_target, batch)``: the next layer takes it as it is.
    """
    weight = layer.weight
    if x.shape[-1] != layer.n_source:
        raise NetsciError(f"the layer takes {layer.n_source} features, not {x.shape[-1]}")
    if x.dtype is not weight.dtype:
        if not torch.is_autocast_enabled(x.device.type):
            raise NetsciError(f"the layer's weights are {weight.dtype}, its input is {x.dtype}")
        x = x.to(weight.dtype)
    flat = x if x.dim() == 2 else x.reshape(-1, layer.n_source)
    if weight.device.type == "cpu" and weight.dtype in _DTYPES:
        y = _CsrLinear.apply(flat, weight, layer.bias, layer, relu)
    else:
        from ._csr_torch import TorchCsr

        y = TorchCsr.apply(flat, weight, layer)
        y = y if layer.bias is None else y + layer.bias
        y = torch.relu(y) if relu else y
    return y if x.dim() == 2 else y.reshape(*x.shape[:-1], layer.n_target)


class _CsrLinear(torch.autograd.Function):
    """``relu(x A + bias)`` on a CPU by the loops of `_kernels`."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, values: Tensor, bias: Tensor | None, layer: SparseLinear, relu: bool
    ) -> Tensor:
        xt = x.t()
        if not xt.is_contiguous():
            xt = xt.contiguous()
        n_source, n_target, batch = layer.n_source, layer.n_target, xt.shape[1]
        links = layer._buffers["indptr"], layer._buffers["indices"]
        y = xt.new_empty((n_target, batch))
        dtype = _DTYPES[values.dtype]
        for block, first, last in _kernels.blocks(dtype, batch):
            _kernels.forward(dtype, block)(
                links[0].data_ptr(),
                links[1].data_ptr(),
                values.data_ptr(),
                0 if bias is None else bias.data_ptr(),
                xt.data_ptr(),
                y.data_ptr(),
                n_source,
                n_target,
                batch,
                first,
                last,
                relu,
            )
        ctx.save_for_backward(xt, values, y if relu else None)
        ctx.facts = layer, links, bias is not None, batch
        return y.t()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise NetsciError("the csr backend has no second derivatives; use backend='masked'")
        xt, values, y = ctx.saved_tensors
        layer, links, has_bias, batch = ctx.facts
        gy = gradient.t()
        if not gy.is_contiguous():
            gy = gy.contiguous()
        g = gy if y is None else torch.empty_like(gy)
        gx = torch.empty_like(xt) if ctx.needs_input_grad[0] else None
        gv = torch.empty_like(values)
        gb = values.new_empty(layer.n_target) if has_bias else None
        if not batch:
            gv.zero_()
            gb = None if gb is None else gb.zero_()
        dtype = _DTYPES[values.dtype]
        for block, first, last in _kernels.blocks(dtype, batch):
            _kernels.backward(dtype, block)(
                links[0].data_ptr(),
                links[1].data_ptr(),
                values.data_ptr(),
                xt.data_ptr(),
                0 if y is None else y.data_ptr(),
                gy.data_ptr(),
                g.data_ptr(),
                0 if gx is None else gx.data_ptr(),
                gv.data_ptr(),
                0 if gb is None else gb.data_ptr(),
                layer.n_source,
                layer.n_target,
                batch,
                first,
                last,
            )
        if layer._capture:
            layer._captured = [*(layer._captured or []), (xt, g)]
        return None if gx is None else gx.t(), gv, gb, None, None
