"""The module behind `mlp_survival`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from . import _mlp

if TYPE_CHECKING:
    from ..wiring import Wiring


class SurvivalMLP(_mlp.MLP):
    """An MLP whose last layer is sparse too."""

    def wiring(self) -> Wiring:
        """Return the chain of populations; every layer is sparse by default."""
        return replace(super().wiring(), sparse=("*",))


def build(input_shape: tuple[int, ...], n_classes: int, hidden: Sequence[int]) -> SurvivalMLP:
    """Build the module with ReLU, biases and torch's own initial weights."""
    parts = _mlp.build(input_shape, n_classes, hidden, "relu", 0.0, True, "auto", None)
    return SurvivalMLP(input_shape, list(parts.hidden), parts.output)
