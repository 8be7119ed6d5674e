"""Forward and backward of the CSR format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from netsci_dst.errors import NetsciError

from ..outside_compile import outside_compile
from . import kernels
from .by_target import by_target
from .csr_rows import CsrRows
from .dtypes import DTYPES
from .forward_only import MANY, forward_only

if TYPE_CHECKING:
    from .linear import CsrLinear

_PIECE = 64


@outside_compile
def csr_chain(layers: Sequence[CsrLinear], x: Tensor, relu: bool) -> Tensor:
    """Return what layers give one after another, each activated when ``relu``.

    On few rows they are together one node of autograd, which is most of the cost of a small layer,
    and the result is a transposed view of ``(n_target, batch)``: the next layer takes it as it is.
    """
    first = layers[0]
    if x.shape[-1] != first.n_source:
        raise NetsciError(f"the layer takes {first.n_source} features, not {x.shape[-1]}")
    weight = first.weight
    if x.dtype is not weight.dtype:
        if not torch.is_autocast_enabled(x.device.type):
            raise NetsciError(f"the layer's weights are {weight.dtype}, its input is {x.dtype}")
        x = x.to(weight.dtype)
    flat = x if x.dim() == 2 else x.reshape(-1, first.n_source)
    if weight.device.type != "cpu" or weight.dtype not in DTYPES:
        y = _by_torch(layers, flat, relu)
    elif not torch.is_grad_enabled() and (found := forward_only(layers, flat, relu)) is not None:
        y = found
    elif len(flat) >= MANY and all(by_target(layer) is not None for layer in layers):
        y = flat
        for layer in layers:
            y = CsrRows.apply(y, layer.weight, layer.bias, layer, relu)
    else:
        parameters = [p for layer in layers for p in (layer.weight, layer.bias)]
        # With nothing to keep for a backward pass, few rows at a time stay in a core's cache.
        size = max(1, len(flat)) if torch.is_grad_enabled() else _PIECE
        parts = [_CsrChain.apply(part, layers, relu, *parameters) for part in flat.split(size)]
        y = parts[0] if len(parts) == 1 else torch.cat([part.t() for part in parts], 1).t()
    return y if x.dim() == 2 else y.reshape(*x.shape[:-1], layers[-1].n_target)


def _by_torch(layers: Sequence[CsrLinear], x: Tensor, relu: bool) -> Tensor:
    from .by_torch import TorchCsr

    for layer in layers:
        x = TorchCsr.apply(x, layer.weight, layer)
        x = x if layer.bias is None else x + layer.bias
        x = torch.relu(x) if relu else x
    return x


def _flipped(x: Tensor) -> Tensor:
    """Return the transpose, contiguous."""
    y = x.t()
    if y.is_contiguous():
        return y
    if not x.is_contiguous():
        return y.contiguous()
    y = torch.empty_like(y, memory_format=torch.contiguous_format)
    kernels.flip(DTYPES[x.dtype])(x.data_ptr(), y.data_ptr(), *x.shape)
    return y


class _CsrChain(torch.autograd.Function):
    """``relu(x A + bias)``, layer after layer, on a CPU by the loops of `kernels`."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, layers: Sequence[CsrLinear], relu: bool, *parameters: Tensor | None
    ) -> Tensor:
        y = _flipped(x)
        batch, dtype = y.shape[1], DTYPES[y.dtype]
        runs = kernels.blocks(dtype, batch)
        activations, links = [y], []
        for i, layer in enumerate(layers):
            values, bias = parameters[2 * i], parameters[2 * i + 1]
            assert values is not None
            starts, targets = layer.indptr, layer.indices
            # One row alone skips the sources that are 0.
            ordered = None if batch == 1 else by_target(layer)
            walk = (starts, targets) if ordered is None else ordered
            function = kernels.forward if ordered is None else kernels.gather
            x, y = y, y.new_empty((layer.n_target, batch))
            for length, first, last in runs:
                function(dtype, length)(
                    *(part.data_ptr() for part in walk),
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
            links.append((starts, targets))
            activations.append(y)
        if not relu:
            activations.pop()
        ctx.facts = layers, links, runs, relu, batch
        ctx.save_for_backward(*activations, *parameters)
        return y.t()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            raise NetsciError("the csr format has no second derivatives; use format='masked'")
        layers, links, runs, relu, batch = ctx.facts
        saved = ctx.saved_tensors
        parameters = saved[-2 * len(layers) :]
        gy = _flipped(gradient)
        dtype = DTYPES[gy.dtype]
        # What comes from outside is not ours to write to.
        g = torch.empty_like(gy) if relu else gy
        gradients: list[Tensor | None] = []
        for i in range(len(layers) - 1, -1, -1):
            layer, (starts, targets), x = layers[i], links[i], saved[i]
            values, bias = parameters[2 * i], parameters[2 * i + 1]
            assert gy is not None
            assert g is not None
            gx = torch.empty_like(x) if i or ctx.needs_input_grad[0] else None
            new = torch.empty_like if batch else torch.zeros_like
            gv, gb = new(values), None if bias is None else new(bias)
            for length, first, last in runs:
                kernels.backward(dtype, length)(
                    starts.data_ptr(),
                    targets.data_ptr(),
                    values.data_ptr(),
                    x.data_ptr(),
                    saved[i + 1].data_ptr() if relu else 0,
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
                    False,
                )
            if layer._capture:
                layer._captured = [*(layer._captured or []), (x, g)]
            gradients += [gb, gv]
            gy = g = gx
        return None if gy is None else gy.t(), None, None, *reversed(gradients)
