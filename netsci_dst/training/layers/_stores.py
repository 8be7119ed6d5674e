"""The two ways to keep weights, behind one interface without state of its own.

What is kept lies on the layer as parameter and buffers, so that moving, copying and casting a
layer works as for any module.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from netsci_dst.errors import NetsciError, UnknownName

if TYPE_CHECKING:
    from .base import SparseLayer


class Store:
    """How a backend keeps the links of a layer."""

    def check(self, layer: SparseLayer) -> None:
        """Refuse layers this backend cannot keep."""

    def n_links(self, layer: SparseLayer) -> int:
        """Return the number of links."""
        raise NotImplementedError

    def keys(self, layer: SparseLayer) -> Tensor:
        """Return the keys of the links."""
        raise NotImplementedError

    def place(self, layer: SparseLayer, keys: Tensor, values: Tensor) -> None:
        """Make these the links and weights of the layer."""
        raise NotImplementedError

    def clear(self, layer: SparseLayer) -> None:
        """Drop the buffers of this backend."""
        raise NotImplementedError

    def gather(self, layer: SparseLayer, tensor: Tensor) -> Tensor:
        """Return a new ``(n_links,)`` vector from a tensor of the weight's shape."""
        raise NotImplementedError

    def scatter(self, layer: SparseLayer, vector: Tensor) -> Tensor:
        """Return a tensor of the weight's shape from one number per link."""
        raise NotImplementedError

    def put(
        self,
        layer: SparseLayer,
        holder: MutableMapping[str, Any],
        name: str,
        state: Tensor,
        vector: Tensor,
    ) -> None:
        """Give an optimizer's state one number per link."""
        new = self.scatter(layer, vector)
        if state.shape == new.shape:
            state.copy_(new)
        else:
            holder[name] = new

    def gradient_at(self, layer: SparseLayer, keys: Tensor) -> Tensor:
        """Return the captured gradient at any positions."""
        raise NotImplementedError

    def dense_gradient(self, layer: SparseLayer) -> Tensor:
        """Return the captured gradient as ``(n_source, n_target)``."""
        raise NotImplementedError


class MaskedStore(Store):
    """A dense weight in torch's shape, exactly zero where there is no link."""

    def n_links(self, layer: SparseLayer) -> int:
        """Return the number of links."""
        return layer._keys.numel()

    def keys(self, layer: SparseLayer) -> Tensor:
        """Return the keys of the links."""
        return layer._keys

    def positions(self, layer: SparseLayer, keys: Tensor) -> Tensor:
        """Return where keys lie in the flattened dense weight."""
        return (keys % layer.n_target) * layer.n_source + keys // layer.n_target

    @torch.no_grad()
    def place(self, layer: SparseLayer, keys: Tensor, values: Tensor) -> None:
        """Make these the links and weights of the layer."""
        shape = layer.dense_shape
        if "mask" not in layer._buffers or layer.mask.shape != shape:
            mask = torch.zeros(shape, dtype=torch.bool, device=keys.device)
            layer.register_buffer("mask", mask, persistent=False)
        layer.register_buffer("_keys", keys, persistent=False)
        layer.mask.zero_().view(-1)[self.positions(layer, keys)] = True
        _set(layer.weight, self.scatter(layer, values))

    def clear(self, layer: SparseLayer) -> None:
        """Drop the buffers of this backend."""
        del layer.mask, layer._keys

    def gather(self, layer: SparseLayer, tensor: Tensor) -> Tensor:
        """Return a new ``(n_links,)`` vector from a tensor of the weight's shape."""
        return tensor.reshape(-1)[self.positions(layer, layer._keys)]

    def scatter(self, layer: SparseLayer, vector: Tensor) -> Tensor:
        """Return a tensor of the weight's shape from one number per link."""
        dense = vector.new_zeros(layer.n_possible)
        dense[self.positions(layer, layer._keys)] = vector
        return dense.view(layer.dense_shape)

    def gradient_at(self, layer: SparseLayer, keys: Tensor) -> Tensor:
        """Return the captured gradient at any positions."""
        return layer._captured.reshape(-1)[self.positions(layer, keys)]

    def dense_gradient(self, layer: SparseLayer) -> Tensor:
        """Return the captured gradient as ``(n_source, n_target)``."""
        return layer._captured.reshape(layer.n_target, layer.n_source).t().contiguous()


class CsrStore(Store):
    """One weight per link, with row starts and targets over the sources; nothing dense."""

    def check(self, layer: SparseLayer) -> None:
        """Refuse layers this backend cannot keep."""
        if len(layer.dense_shape) != 2:
            raise NetsciError("the csr backend is for linear layers; use masked for convolutions")

    def n_links(self, layer: SparseLayer) -> int:
        """Return the number of links."""
        return layer.indices.numel()

    def keys(self, layer: SparseLayer) -> Tensor:
        """Return the keys of the links."""
        first = torch.arange(layer.n_source, device=layer.indices.device) * layer.n_target
        rows = torch.repeat_interleave(first, layer.indptr.diff())
        return rows.add_(layer.indices)

    @torch.no_grad()
    def place(self, layer: SparseLayer, keys: Tensor, values: Tensor) -> None:
        """Make these the links and weights of the layer."""
        starts = torch.arange(layer.n_source + 1, device=keys.device) * layer.n_target
        layer.register_buffer("indptr", torch.searchsorted(keys, starts), persistent=False)
        targets = (keys % layer.n_target).to(torch.int32)
        layer.register_buffer("indices", targets, persistent=False)
        _set(layer.weight, values)

    def clear(self, layer: SparseLayer) -> None:
        """Drop the buffers of this backend."""
        del layer.indptr, layer.indices

    def gather(self, layer: SparseLayer, tensor: Tensor) -> Tensor:
        """Return a new ``(n_links,)`` vector from a tensor of the weight's shape."""
        return tensor.clone()

    def scatter(self, layer: SparseLayer, vector: Tensor) -> Tensor:
        """Return a tensor of the weight's shape from one number per link."""
        return vector

    def gradient_at(self, layer: SparseLayer, keys: Tensor) -> Tensor:
        """Return the captured gradient at any positions."""
        total = torch.zeros(keys.shape, dtype=layer.weight.dtype, device=keys.device)
        u, v = keys // layer.n_target, keys % layer.n_target
        for x, gy in layer._captured:
            for part in torch.split(torch.arange(keys.numel(), device=keys.device), 1 << 18):
                total[part] += (x[u[part]] * gy[v[part]]).sum(1)
        return total

    def dense_gradient(self, layer: SparseLayer) -> Tensor:
        """Return the captured gradient as ``(n_source, n_target)``."""
        total = torch.zeros(layer.n_source, layer.n_target).to(layer.weight)
        for x, gy in layer._captured:
            total.addmm_(x, gy.t())
        return total


_STORES = {"masked": MaskedStore(), "csr": CsrStore()}


def store(backend: str) -> Store:
    """Return the way a backend keeps links."""
    if backend not in _STORES:
        raise UnknownName("backend", backend, _STORES)
    return _STORES[backend]


def _set(parameter: torch.nn.Parameter, data: Tensor) -> None:
    if parameter.shape == data.shape:
        parameter.copy_(data)
        return
    # A graph that is still alive holds on to the node that accumulates this parameter's gradient,
    # and that node remembers the old shape. A change of type makes torch forget it.
    other = torch.float64 if data.dtype != torch.float64 else torch.float32
    parameter.data = parameter.data.new_empty(0, dtype=other)
    parameter.data = data
