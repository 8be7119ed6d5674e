"""Layers with numbers for each channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor, nn

from ..shadow import Shadow
from .base import Cut, Site
from .parts import features, index, replace

if TYPE_CHECKING:
    from ..follow import Follower


class ChannelSite(Site):
    """Numbers of each channel: batch and instance normalisation, PReLU."""

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """See `Site.follow`."""
        shadow = follower.shadow(x) or Shadow.pinned(x, False)
        channel = _channel_dim(self.module, x)
        self.outputs: np.ndarray = features(follower, x, channel).labels
        varies = shadow.varies
        if _mixes_places(self.module):
            places = tuple(range(channel + 1, x.dim()))
            varies = varies.any(dim=places, keepdim=True).expand(x.shape) if places else varies
        return Shadow(shadow.labels, varies)

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        rows = index(cut.keep_out)
        for name in ("weight", "bias", "running_mean", "running_var"):
            tensor = getattr(self.module, name, None)
            if tensor is not None and tensor.numel() > 1:
                replace(self.module, name, tensor.detach()[rows])
        for name in ("num_features", "num_parameters"):
            if getattr(self.module, name, 1) > 1:
                setattr(self.module, name, len(rows))


def _channel_dim(module: nn.Module, x: Tensor) -> int:
    if isinstance(module, nn.PReLU):
        return min(1, x.dim() - 1)
    instance = isinstance(module, nn.modules.instancenorm._InstanceNorm)
    return x.dim() - 1 - int(type(module).__name__[-2]) if instance else min(1, x.dim() - 1)


def _mixes_places(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.instancenorm._InstanceNorm)
