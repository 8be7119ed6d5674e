"""A convolution of which only some kernel entries exist."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from netsci_dst.errors import NetsciError

from ._masked import masked_weight
from .base import SparseLayer


class SparseConv2d(SparseLayer):
    """A masked `torch.nn.Conv2d`.

    Positions are ``(in / groups * kh * kw, out)``; links of the topology are between channels, and
    their multiplicity is the number of kernel entries.

    Parameters
    ----------
    convolution
        The module to take sizes, options, weight and bias from; all its entries become links.
    """

    def __init__(self, convolution: nn.Conv2d):
        super().__init__()
        weight = convolution.weight.detach()
        self._shape = tuple(weight.shape)
        self.n_source, self.n_target = math.prod(self._shape[1:]), self._shape[0]
        self.backend = "masked"
        self.capture = False
        self.stride, self.padding = convolution.stride, convolution.padding
        self.dilation, self.groups = convolution.dilation, convolution.groups
        self.padding_mode = convolution.padding_mode
        self._pad = convolution._reversed_padding_repeated_twice
        self.weight = nn.Parameter(torch.empty(0, device=weight.device, dtype=weight.dtype))
        self.bias = cast("nn.Parameter | None", convolution.bias)
        keys = torch.arange(self.n_possible, device=weight.device)
        self.set_links(keys, weight.reshape(self.n_target, self.n_source).t().reshape(-1))

    @property
    def dense_shape(self) -> tuple[int, ...]:
        """Shape of the kernel, ``(out, in / groups, kh, kw)``."""
        return self._shape

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, in, height, width)`` to ``(batch, out, height', width')``."""
        padding = self.padding
        if self.padding_mode != "zeros":
            x = nn.functional.pad(x, self._pad, mode=self.padding_mode)
            padding = 0
        return nn.functional.conv2d(
            x, masked_weight(self), self.bias, self.stride, padding, self.dilation, self.groups
        )

    def endpoints(self, keys: Tensor | None = None, grid: int = 1) -> tuple[Tensor, Tensor]:
        """Return the source and the target channel of each link (or of any keys)."""
        self._no_grid(grid)
        keys = self.keys if keys is None else keys
        target = keys % self.n_target
        channel = (keys // self.n_target) // math.prod(self._shape[2:])
        group = target // (self.n_target // self.groups)
        return group * self._shape[1] + channel, target

    def neurons(self, grid: int = 1) -> tuple[int, int]:
        """Return the number of input and output channels."""
        self._no_grid(grid)
        return self._shape[1] * self.groups, self.n_target

    def _no_grid(self, grid: int) -> None:
        if grid != 1:
            raise NetsciError("a convolution reads channels, not a flattened grid")

    def extra_repr(self) -> str:
        """Say the size and the links."""
        return f"{self._shape[1] * self.groups}, {self.n_target}, links={self.n_links}"
