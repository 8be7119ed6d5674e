"""The cross-entropy of tokens, which may be compiled: logits are large, and each pass counts."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .modes import precise

# The target that counts for nothing where none is named.
NO_TARGET = -100


def token_loss(
    logits: Tensor, targets: Tensor, smoothing: float, ignored: int = NO_TARGET
) -> tuple[Tensor, Tensor]:
    """Return the mean over tokens, and the same without smoothing, detached.

    Parameters
    ----------
    logits
        Shape ``(samples, length, vocabulary)``; short ones are taken in single precision.
    targets
        Shape ``(samples, length)``.
    """
    rows, targets = precise(logits.flatten(0, 1)), targets.flatten()
    value = functional.cross_entropy(rows, targets, ignore_index=ignored, label_smoothing=smoothing)
    if not smoothing:
        return value, value.detach()
    return value, functional.cross_entropy(rows.detach(), targets, ignore_index=ignored)


class TokenLoss:
    """`token_loss`, as it is or compiled."""

    def __init__(self) -> None:
        self._function = token_loss

    def compile(self, one_shape: bool) -> None:
        """Compile it when it is next called."""
        self._function = torch.compile(token_loss, dynamic=None if one_shape else True)

    def __call__(
        self, logits: Tensor, targets: Tensor, smoothing: float, ignored: int = NO_TARGET
    ) -> tuple[Tensor, Tensor]:
        """Return what `token_loss` does."""
        return self._function(logits, targets, smoothing, ignored)
