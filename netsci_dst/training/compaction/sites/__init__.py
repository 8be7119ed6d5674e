"""Layers: what they read and give when followed, and how they are made smaller."""

from __future__ import annotations

from torch import nn

from ...formats import CsrLinear
from .base import Cut, Inputs, Site
from .channels import ChannelSite
from .convolution import ConvSite
from .csr import CsrSite
from .embedding import EmbeddingSite
from .linear import LinearSite

__all__ = ["Cut", "EmbeddingSite", "Inputs", "LinearSite", "Site", "site_type"]

_CONVOLUTIONS = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
_CHANNELS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.InstanceNorm3d,
    nn.PReLU,
)


def site_type(module: nn.Module) -> type[Site] | None:
    """Return how a module is followed; None for one whose operations are followed instead."""
    if isinstance(module, CsrLinear):
        return CsrSite
    if type(module).forward is nn.Linear.forward or (
        isinstance(module, nn.Linear) and type(module).__module__.startswith("netsci_dst.")
    ):
        return LinearSite
    for kinds, site in ((_CONVOLUTIONS, ConvSite), (_CHANNELS, ChannelSite)):
        if any(type(module).forward is kind.forward for kind in kinds if isinstance(module, kind)):
            return site
    if isinstance(module, nn.Embedding) and type(module).forward is nn.Embedding.forward:
        return EmbeddingSite
    return None
