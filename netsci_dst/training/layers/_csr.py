"""Forward and backward of the CSR backend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from netsci_dst.errors import NetsciError

if TYPE_CHECKING:
    from .linear import SparseLinear


def csr_linear(layer: SparseLinear, x: Tensor, relu: bool) -> Tensor:
    """Return the layer's output, ``(..., n_target)``, activated when ``relu``."""
    if x.shape[-1] != layer.n_source:
        raise NetsciError(f"the layer takes {layer.n_source} features, not {x.shape[-1]}")
    flat = x if x.dim() == 2 else x.reshape(-1, layer.n_source)
    y = _TorchCsr.apply(flat, layer.weight, layer)
    y = y if layer.bias is None else y + layer.bias
    y = torch.relu(y) if relu else y
    return y if x.dim() == 2 else y.view(*x.shape[:-1], layer.n_target)


class _TorchCsr(torch.autograd.Function):
    """``x A`` by torch's own sparse products, on any device.

    Activations are kept as transposed views of ``(features, batch)``.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, layer: SparseLinear) -> Tensor:
        xt = x.t().contiguous()
        ctx.layer = layer
        ctx.save_for_backward(xt, values)
        # CSR over the sources is CSC of the transpose, which maps (n_source, batch) to
        # (n_target, batch).
        transposed = torch.sparse_csc_tensor(
            layer.indptr,
            layer.indices.to(torch.int64),
            values,
            size=(layer.n_target, layer.n_source),
            check_invariants=False,
        )
        return torch.sparse.mm(transposed.to_sparse_csr(), xt).t()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        layer = ctx.layer
        xt, values = ctx.saved_tensors
        gt = gradient.t().contiguous()
        if layer.capture:
            layer._captured = [*(layer._captured or []), (xt.detach(), gt.detach())]
        size = (layer.n_source, layer.n_target)
        columns = layer.indices.to(torch.int64)
        gx = gv = None
        if ctx.needs_input_grad[0]:
            matrix = torch.sparse_csr_tensor(
                layer.indptr, columns, values, size=size, check_invariants=False
            )
            gx = torch.sparse.mm(matrix, gt).t()
        if ctx.needs_input_grad[1]:
            pattern = torch.sparse_csr_tensor(
                layer.indptr, columns, torch.zeros_like(values), size=size, check_invariants=False
            )
            gv = torch.sparse.sampled_addmm(pattern, xt, gt.t(), beta=0.0).values()
        return gx, gv, None
