"""Tables of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..shadow import Shadow
from .base import Cut, Site
from .parts import index, replace

if TYPE_CHECKING:
    from ..follow import Follower


class EmbeddingSite(Site):
    """A table of vectors."""

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """See `Site.follow`."""
        self.outputs: np.ndarray = follower.units.fresh(y.shape[-1])
        shadow = follower.shadow(x)
        if shadow is None:
            varies = torch.zeros(y.shape, dtype=torch.bool)
        else:
            follower.pin([x])
            varies = shadow.varies.unsqueeze(-1).expand(y.shape)
        return Shadow(torch.from_numpy(self.outputs).expand(y.shape), varies)

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        rows = index(cut.keep_out)
        replace(self.module, "weight", self.module.weight.detach()[:, rows].clone())
        self.module.embedding_dim = len(rows)
