"""The csr format as the topology update sees it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .... import registry
from ....errors import NetsciError
from ...link_keys import merge
from ...matrix_view import MatrixView
from ...sparse_parameter import SparseParameter
from .linear import CsrLinear


@registry.register("format", "csr", summary="Links only, in rows; for linear layers.")
class CsrParameter(SparseParameter):
    """The links of a `CsrLinear`."""

    format = "csr"

    def __init__(self, view: MatrixView, module: CsrLinear):
        super().__init__(view)
        self.module = module

    @property
    def weight(self) -> nn.Parameter:
        """One number per link."""
        return self.module.weight

    @property
    def keys(self) -> Tensor:
        """Keys of the links, increasing, int64 of shape ``(n_links,)``."""
        return self.module.keys

    @property
    def n_links(self) -> int:
        """Number of links."""
        return self.module.n_links

    def gather(self, tensor: Tensor) -> Tensor:
        """Return a copy of a vector of one number per link."""
        return tensor.detach().clone()

    @torch.no_grad()
    def set_values(self, values: Tensor) -> None:
        """Give the links other weights, shape ``(n_links,)``; the links stay."""
        if values.shape != (self.n_links,):
            raise NetsciError(f"{self.n_links} links cannot have {tuple(values.shape)} weights")
        self.weight.copy_(values)

    @torch.no_grad()
    def add_gradient(self, values: Tensor) -> None:
        """Add one number per link to the gradient, where there is one."""
        if self.weight.grad is not None:
            self.weight.grad += values.to(self.weight.grad)

    def _set_links(self, keys: Tensor, values: Tensor) -> None:
        self.module.set_links(keys, values)

    def _exchange(
        self,
        keep: Tensor,
        new_keys: Tensor,
        new_values: Tensor,
        states: list[tuple[Any, str, Tensor]],
    ) -> None:
        keys, order = merge(self.keys[keep], new_keys, self.n_possible)
        values = torch.cat([self.values[keep], new_values])[order]
        fresh = torch.zeros_like(new_values)
        moved = [torch.cat([state[keep], fresh.to(state)])[order] for _, _, state in states]
        self.module.set_links(keys, values)
        for (holder, name, state), vector in zip(states, moved):
            if state.shape == vector.shape:
                state.copy_(vector)
            else:
                holder[name] = vector

    # --- gradients of absent links ------------------------------------------------------------

    @property
    def capture(self) -> bool:
        """Whether backward passes keep activations and gradients, of which others are made."""
        return self.module._capture

    @capture.setter
    def capture(self, on: bool) -> None:
        self.module._captured = None
        self.module._capture = bool(on)

    def release(self) -> None:
        """Stop capturing and free what was captured."""
        self.capture = False

    @property
    def captured(self) -> bool:
        """Whether a backward pass has reached the layer since `capture` was set."""
        return self.module._captured is not None

    def capture_nothing(self) -> None:
        """Take the captured gradient as zero: the loss does not depend on the layer."""
        self.module._captured = []

    def scale_captured(self, factor: float) -> None:
        """Multiply what was captured."""
        captured = self.module._captured
        if captured is not None:
            self.module._captured = [(x, gy * factor) for x, gy in captured]

    def gradient_at(self, keys: Tensor) -> Tensor:
        """Return the captured gradient at any positions, shape of ``keys``."""
        self._need(self.module._captured)
        total = torch.zeros(keys.shape, dtype=self.weight.dtype, device=keys.device)
        u, v = keys // self.n_target, keys % self.n_target
        for x, gy in self.module._captured:
            for part in torch.split(torch.arange(keys.numel(), device=keys.device), 1 << 18):
                total[part] += (x[u[part]] * gy[v[part]]).sum(1)
        return total

    def dense_gradient(self) -> Tensor:
        """Return the captured gradient at all positions, shape ``(n_source, n_target)``."""
        self._need(self.module._captured)
        total = torch.zeros(self.n_source, self.n_target).to(self.weight)
        for x, gy in self.module._captured:
            total.addmm_(x, gy.t())
        return total
