"""Parameters that FSDP2 has spread over processes (`torch.distributed.tensor.DTensor`)."""

from __future__ import annotations

import sys
from typing import Any

from torch import Tensor


def is_sharded(tensor: Any) -> bool:
    """Return whether a tensor is a DTensor, without importing what defines it."""
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(tensor, module.DTensor)


def whole(tensor: Tensor, like: Tensor | None = None) -> Tensor:
    """Return all of a tensor on every process.

    Parameters
    ----------
    like
        A DTensor of which the plain ``tensor`` is this process's part.
    """
    if is_sharded(tensor):
        return tensor.full_tensor()  # type: ignore[attr-defined]
    if like is not None and is_sharded(like):
        from torch.distributed.tensor import DTensor

        spread: Any = like
        made = DTensor.from_local(
            tensor,
            spread.device_mesh,
            spread.placements,
            run_check=False,
            shape=spread.shape,
            stride=spread.stride(),
        )
        return made.full_tensor()
    return tensor


def local_part(full: Tensor, like: Tensor) -> Tensor:
    """Return this process's part of a plain tensor that every process has whole.

    Parameters
    ----------
    like
        Says how it is spread; anything but a DTensor is not.
    """
    if not is_sharded(like):
        return full
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    spread: Any = like
    shape, offset = compute_local_shape_and_global_offset(
        spread.shape, spread.device_mesh, spread.placements
    )
    part = full
    for dimension, (size, start) in enumerate(zip(shape, offset)):
        part = part.narrow(dimension, min(start, part.shape[dimension] - size), size)
    return part
