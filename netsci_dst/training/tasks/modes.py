"""How a model computes: recorded or not, in evaluation mode, and how precisely a loss does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode without gradients, then back as it was."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True


def is_recording(device: torch.device) -> bool:
    """Return whether operations on a device are being recorded, not made."""
    return device.type == "cuda" and torch.cuda.is_current_stream_capturing()


def precise(logits: Tensor) -> Tensor:
    """Return logits in single precision where they have less."""
    return logits.float() if logits.dtype.itemsize < 4 else logits
