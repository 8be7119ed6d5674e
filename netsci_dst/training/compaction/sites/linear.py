"""Linear layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..shadow import Shadow
from .base import Cut, Inputs, Site
from .parts import features, fold, index, replace

if TYPE_CHECKING:
    from ..follow import Follower


class LinearSite(Site):
    """`torch.nn.Linear`, or a csr layer."""

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """See `Site.follow`."""
        self.inputs: Inputs | None = features(follower, x, x.dim() - 1)
        self.outputs: np.ndarray = follower.units.fresh(y.shape[-1])
        shadow = follower.shadow(x)
        varies = torch.zeros(y.shape, dtype=torch.bool)
        if shadow is not None:
            rows = shadow.varies.reshape(-1, x.shape[-1]).to(torch.float32)
            varies = self._reached(rows).reshape(y.shape)
        return Shadow(torch.from_numpy(self.outputs).expand(y.shape), varies)

    def _reached(self, rows: Tensor) -> Tensor:
        weight = self.module.weight.detach()
        return (rows @ (weight != 0).t().to(torch.float32)) > 0

    def reads(self, wanted: np.ndarray) -> np.ndarray:
        """See `Site.reads`."""
        weight = self.module.weight.detach()
        return (weight[torch.from_numpy(wanted)] != 0).any(0).numpy()

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        module, weight = self.module, self.module.weight.detach().clone()
        gone = ~cut.keep_in | cut.silent_in
        fold(module, weight.double().numpy(), self.inputs, gone, cut)
        weight[torch.from_numpy(cut.silent_out)] = 0
        weight[:, torch.from_numpy(cut.silent_in)] = 0
        replace(module, "weight", weight[index(cut.keep_out)][:, index(cut.keep_in)])
        module.in_features, module.out_features = int(cut.keep_in.sum()), int(cut.keep_out.sum())
