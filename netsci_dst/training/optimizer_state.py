"""What optimizers remember about a parameter, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

Optimizers: TypeAlias = torch.optim.Optimizer | Iterable[torch.optim.Optimizer] | None

# An entry whose weight, gradient and state are all zero stays exactly zero under these.
_KEEPS_ZEROS = frozenset(
    {
        "SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adagrad", "Adadelta", "RMSprop",
        "ASGD", "Adafactor",
    }
)  # fmt: skip


def keeps_zeros(optimizer: torch.optim.Optimizer) -> bool:
    """Return whether an optimizer is known to leave entries alone that are zero in every respect.

    A subclass may do anything, so that PyTorch's own classes count, and those that say so.
    """
    kind = type(optimizer)
    own = kind.__name__ in _KEEPS_ZEROS and kind.__module__.startswith("torch.optim")
    return own or kind.__dict__.get("keeps_zeros", False)


def as_list(optimizers: Optimizers) -> list[torch.optim.Optimizer]:
    """Return one or several optimizers as a list."""
    if optimizers is None:
        return []
    # Wrappers of optimizers have a state too, without being optimizers.
    return [optimizers] if hasattr(optimizers, "state") else list(optimizers)  # type: ignore[list-item, arg-type]


def states_of(
    optimizers: Optimizers, parameter: nn.Parameter
) -> list[tuple[MutableMapping[str, Any], str, Tensor]]:
    """Return (mapping, name, tensor) for each state tensor that has the parameter's shape."""
    found = []
    for one in as_list(optimizers):
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


def forget_history(optimizers: Optimizers) -> None:
    """Let optimizers that remember flat directions (LBFGS) begin anew: links have changed."""
    for one in as_list(optimizers):
        if isinstance(one, torch.optim.LBFGS):
            one.state.clear()
            one._numel_cache = None


def exchange(
    optimizers: Optimizers,
    old: nn.Parameter,
    new: nn.Parameter,
    convert: Any,
) -> None:
    """Put one parameter in the place of another, with what is remembered of it.

    Parameters
    ----------
    convert
        Turns a state tensor of the old parameter's shape into one of the new shape.
    """
    for one in as_list(optimizers):
        for group in one.param_groups:
            group["params"] = [new if p is old else p for p in group["params"]]
        state = one.state.pop(old, None)
        if state:
            one.state[new] = {
                name: convert(value)
                if isinstance(value, Tensor) and value.dim() and value.shape == old.shape
                else value
                for name, value in state.items()
            }
