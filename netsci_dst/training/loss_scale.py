"""By how much a gradient scaler has scaled the gradients of the step in progress."""

from __future__ import annotations

import sys

import torch

# Between a hook of the optimizer and the scaler that called it lie a few frames.
_DEPTH = 16


def loss_scale() -> float:
    """Return the scale of the `torch.amp.GradScaler` that is stepping the optimizer; 1 if none is.

    The scaler divides the gradients that it finds; what else was kept of a backward pass is still
    scaled, and nothing but the scaler knows by how much.
    """
    kinds = (torch.amp.GradScaler,)
    frame = sys._getframe(1)
    for _ in range(_DEPTH):
        if frame is None:
            break
        owner = frame.f_locals.get("self")
        if isinstance(owner, kinds):
            return float(owner.get_scale()) if owner.is_enabled() else 1.0
        frame = frame.f_back  # type: ignore[assignment]
    return 1.0
