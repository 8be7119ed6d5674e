"""What an optimizer remembers about a parameter, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any

import torch
from torch import Tensor, nn


def states_of(
    optimizer: torch.optim.Optimizer | Iterable[torch.optim.Optimizer] | None,
    parameter: nn.Parameter,
) -> list[tuple[MutableMapping[str, Any], str, Tensor]]:
    """Return (mapping, name, tensor) for each state tensor that has the parameter's shape."""
    if optimizer is None:
        return []
    # Wrappers of optimizers have a state too, without being optimizers.
    several: list[Any] = [optimizer] if hasattr(optimizer, "state") else list(optimizer)  # type: ignore[arg-type]
    found = []
    for one in several:
        holder = one.state.get(parameter)
        if not holder:
            continue
        found += [
            (holder, name, state)
            for name, state in holder.items()
            # A step counter has no dimensions; it would be taken for state of a one-link layer.
            if isinstance(state, Tensor) and state.dim() > 0 and state.shape == parameter.shape
        ]
    return found
