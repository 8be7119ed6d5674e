"""The CSR format by PyTorch's own sparse products, for GPUs and for other number types."""

from __future__ import annotations

import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .by_target import by_target

if TYPE_CHECKING:
    from .linear import CsrLinear


class TorchCsr(torch.autograd.Function):
    """``x A``; activations are transposed views of ``(features, batch)``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, values: Tensor, layer: CsrLinear) -> Tensor:
        """Return ``x A``."""
        xt = x.t().contiguous()
        ctx.layer = layer
        ctx.save_for_backward(xt, values)
        return torch.sparse.mm(_transpose(layer, values), xt).t()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        """Return the gradients of inputs and links."""
        layer = ctx.layer
        xt, values = ctx.saved_tensors
        gt = gradient.t().contiguous()
        if layer._capture:
            layer._captured = [*(layer._captured or []), (xt, gt)]
        gx = gv = None
        if ctx.needs_input_grad[0]:
            gx = torch.sparse.mm(_matrix(layer, values), gt).t()
        if ctx.needs_input_grad[1]:
            pattern = _matrix(layer, torch.zeros_like(values))
            gv = torch.sparse.sampled_addmm(pattern, xt, gt.t(), beta=0.0).values()
        return gx, gv, None


def _matrix(layer: CsrLinear, values: Tensor) -> Tensor:
    shape = (layer.n_source, layer.n_target)
    return _csr(layer.indptr, layer.indices, values, shape)


def _transpose(layer: CsrLinear, values: Tensor) -> Tensor:
    """Return the transposed matrix in rows; its order is found once, until the links change."""
    ordered = by_target(layer)
    if ordered is None:
        return _matrix(layer, values).t().to_sparse_csr()
    starts, sources, order = ordered
    return _csr(starts, sources, values[order], (layer.n_target, layer.n_source))


def _csr(starts: Tensor, places: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    _accept_beta()
    return torch.sparse_csr_tensor(
        starts, places.to(torch.int64), values, size=shape, check_invariants=False
    )


@cache
def _accept_beta() -> None:
    # PyTorch warns once per process that CSR and CSC tensors are in beta.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        torch.eye(2).to_sparse_csr()
        torch.eye(2).to_sparse_csc()
