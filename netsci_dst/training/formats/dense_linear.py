"""A dense linear layer that reads the activations of a sparse one as they lie."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Linear(nn.Linear):
    """`torch.nn.Linear`, quick also when its input is a transposed view of ``(features, batch)``.

    That is how the CSR backend hands activations on; ``x @ W.t()`` is then up to ten times slower
    in the CPU's matrix library than ``W @ x.t()``, the same numbers.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., in_features)`` to ``(..., out_features)``."""
        if x.dim() == 2 and x.device.type == "cpu" and not x.is_contiguous():
            xt = x.t()
            if xt.is_contiguous() and not torch.is_autocast_enabled("cpu"):
                if self.bias is None:
                    return torch.mm(self.weight, xt).t()
                return torch.addmm(self.bias.unsqueeze(1), self.weight, xt).t()
        return super().forward(x)
