"""Convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from ..shadow import Shadow
from .base import Cut, Inputs, Site
from .parts import cut_bias, features, fold, index, replace

if TYPE_CHECKING:
    from ..follow import Follower


class ConvSite(Site):
    """A convolution of any number of dimensions, transposed or not."""

    def _spread(self) -> np.ndarray:
        """Return the weight as (out, in, kernel entries)."""
        weight = self.module.weight.detach().double().numpy()
        weight = weight.swapaxes(0, 1) if self._transposed() else weight
        return weight.reshape(*weight.shape[:2], -1)

    def _transposed(self) -> bool:
        return bool(self.module.transposed)

    @property
    def depthwise(self) -> bool:
        """Whether each channel is convolved by itself."""
        module = self.module
        return module.groups > 1 and module.groups == module.in_channels == module.out_channels

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """See `Site.follow`."""
        module = self.module
        channel = x.dim() - 1 - len(module.kernel_size)
        self.inputs: Inputs | None = features(follower, x, channel)
        units = follower.units
        self.outputs: np.ndarray = units.fresh(module.out_channels)
        if self.depthwise:
            units.join(self.outputs, self.inputs.labels)
        elif module.groups > 1:
            units.pin(self.outputs)
            units.pin(self.inputs.labels)
        form = [1] * y.dim()
        form[channel] = -1
        labels = torch.from_numpy(self.outputs).reshape(form).expand(y.shape)
        shadow = follower.shadow(x)
        if shadow is None:
            return Shadow(labels, torch.zeros(y.shape, dtype=torch.bool))
        # Values near the border differ from those inside, except where there is no padding.
        if self._transposed() or (_pads(module) and module.padding_mode == "zeros"):
            self.inputs.constant &= self.inputs.values == 0
        spatial = tuple(range(channel + 1, x.dim()))
        rows = shadow.varies.any(dim=spatial).reshape(-1, module.in_channels)
        reached = torch.from_numpy(self._reached(rows.numpy()))
        out = reached.reshape(*y.shape[: channel + 1], *[1] * len(spatial)).expand(y.shape)
        return Shadow(labels, out)

    def _reached(self, rows: np.ndarray) -> np.ndarray:
        pattern = (self._spread() != 0).any(-1).astype(np.float32)
        groups = self.module.groups
        if groups == 1:
            return rows.astype(np.float32) @ pattern.T > 0
        parts = np.split(rows, groups, 1)
        blocks = np.split(pattern, groups, 1 if self._transposed() else 0)
        if self._transposed():
            # (out / groups, in): the columns are those of the group.
            return np.concatenate([p @ b.T > 0 for p, b in zip(parts, blocks)], 1)
        return np.concatenate([p @ b.T > 0 for p, b in zip(parts, blocks)], 1)

    def reads(self, wanted: np.ndarray) -> np.ndarray:
        """See `Site.reads`."""
        if self.module.groups > 1:
            return wanted if self.depthwise else np.ones(self.module.in_channels, bool)
        return (self._spread()[wanted] != 0).any((0, 2))

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        module = self.module
        rows, columns = index(cut.keep_out), index(cut.keep_in)
        if module.groups > 1:
            if not self.depthwise:
                return
            replace(module, "weight", module.weight.detach()[rows])
            cut_bias(module, cut)
            module.groups = module.in_channels = module.out_channels = len(rows)
            return
        gone = ~cut.keep_in | cut.silent_in
        fold(module, self._spread().sum(-1), self.inputs, gone, cut)
        weight = module.weight.detach().clone()
        weight = weight.transpose(0, 1) if self._transposed() else weight
        weight[torch.from_numpy(cut.silent_out)] = 0
        weight[:, torch.from_numpy(cut.silent_in)] = 0
        weight = weight[rows][:, columns]
        weight = weight.transpose(0, 1) if self._transposed() else weight
        replace(module, "weight", weight.contiguous())
        module.in_channels, module.out_channels = len(columns), len(rows)


def _pads(module: Any) -> bool:
    padding = module.padding
    return padding == "same" if isinstance(padding, str) else any(p > 0 for p in padding)
