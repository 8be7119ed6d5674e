"""The links of a CSR layer in a second order, target by target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .linear import CsrLinear

# A second order takes 8 bytes a link.
LARGEST = 2**24


def by_target(layer: CsrLinear) -> tuple[Tensor, Tensor, Tensor] | None:
    """Return starts over targets, sources and places of the weights; None for huge layers.

    They are kept until the links change.
    """
    indices = layer.indices
    if indices.numel() > LARGEST:
        return None
    known = layer.__dict__.get("_ordered")
    if known is None or known[0] is not indices:
        device = indices.device
        by_target, order = torch.sort(indices, stable=True)
        rows = torch.arange(layer.n_source, dtype=torch.int32, device=device)
        sources = torch.repeat_interleave(rows, layer.indptr.diff())[order]
        targets = torch.arange(layer.n_target + 1, dtype=torch.int32, device=device)
        starts = torch.searchsorted(by_target, targets)
        known = layer.__dict__["_ordered"] = indices, starts, sources, order.to(torch.int32)
    return known[1:]
