"""Build a registered model from options, with refusals that name what would be right."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch

from ... import registry
from ...errors import NetsciError, RecipeError, UnknownName, memory_asked

if TYPE_CHECKING:
    from torch import nn


def build_model(name: str, options: Mapping[str, Any], seed: int, **facts: Any) -> nn.Module:
    """Call a model's builder with the data's facts and the user's options.

    What draws from torch's own generator is drawn from one seeded with ``seed``, and the former
    is left as it was.

    Raises
    ------
    UnknownName
        If the model, or one of the options, is not known.
    RecipeError
        If an option tries to set what the data decides, or has an impossible value.
    """
    builder = registry.get("model", name).target
    parameters = inspect.signature(builder).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    for key in options:
        if key in facts:
            raise RecipeError(f"model option {key!r} is decided by the data; remove it")
        if key not in parameters and not open_ended:
            raise UnknownName(f"option of model {name!r}", key, set(parameters) - set(facts))
    needed = {key: value for key, value in facts.items() if key in parameters or open_ended}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return builder(**needed, **options)
        except (TypeError, ValueError, RuntimeError, MemoryError) as error:
            if isinstance(error, NetsciError) or not options:
                raise
            given = ", ".join(f"{key} = {value!r}" for key, value in options.items())
            if asked := memory_asked(error):
                raise RecipeError(
                    f"model {name!r} with {given} does not fit in memory: it takes {asked}; "
                    "make its layers smaller"
                ) from error
            raise RecipeError(f"model {name!r} cannot be built with {given}: {error}") from error
