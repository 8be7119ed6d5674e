"""Forward and backward of one CSR layer on many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from netsci_dst.errors import NetsciError

from . import rows
from .by_target import by_target
from .dtypes import DTYPES
from .threads import shares, together

if TYPE_CHECKING:
    from .linear import CsrLinear


class CsrRows(torch.autograd.Function):
    """``relu(x A + bias)``, row by row in and out."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, values: Tensor, bias: Tensor | None, layer: CsrLinear, relu: bool
    ) -> Tensor:
        """Return ``x A + bias``, activated when ``relu``."""
        ordered = by_target(layer)
        assert ordered is not None
        starts, sources, order = ordered
        x = x.contiguous()
        batch = len(x)
        y = x.new_empty((batch, layer.n_target))
        run = rows.forward(DTYPES[x.dtype])

        def part(_: int, first: int, last: int) -> None:
            run(
                starts.data_ptr(),
                sources.data_ptr(),
                order.data_ptr(),
                values.data_ptr(),
                0 if bias is None else bias.data_ptr(),
                x.data_ptr(),
                y.data_ptr(),
                layer.n_source,
                layer.n_target,
                batch,
                first,
                last,
                relu,
            )

        ctx.parts = shares(batch, rows.ROWS, batch * sources.numel())
        together(part, ctx.parts)
        ctx.layer, ctx.links = layer, (layer.indptr, layer.indices)
        ctx.save_for_backward(x, values, bias, y if relu else None)
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of inputs, links and biases."""
        if torch.is_grad_enabled():
            raise NetsciError("the csr format has no second derivatives; use format='masked'")
        layer, (starts, targets) = ctx.layer, ctx.links
        x, values, bias, y = ctx.saved_tensors
        gy = gradient.contiguous()
        batch, n = len(x), len(ctx.parts)
        g = torch.empty_like(gy) if y is not None and layer._capture else gy
        gx = torch.empty_like(x) if ctx.needs_input_grad[0] else None
        gv = values.new_zeros((n, values.numel()))
        gb = None if bias is None else bias.new_zeros((n, bias.numel()))
        run = rows.backward(DTYPES[x.dtype])

        def part(i: int, first: int, last: int) -> None:
            run(
                starts.data_ptr(),
                targets.data_ptr(),
                values.data_ptr(),
                x.data_ptr(),
                0 if y is None else y.data_ptr(),
                gy.data_ptr(),
                0 if g is gy else g.data_ptr(),
                0 if gx is None else gx.data_ptr(),
                gv[i].data_ptr(),
                0 if gb is None else gb[i].data_ptr(),
                layer.n_source,
                layer.n_target,
                batch,
                first,
                last,
            )

        together(part, ctx.parts)
        if layer._capture:
            layer._captured = [*(layer._captured or []), (x.t(), g.t())]
        return gx, _sum(gv), None if gb is None else _sum(gb), None, None


def _sum(parts: Tensor) -> Tensor:
    return parts[0] if len(parts) == 1 else parts.sum(0)
