"""Whether a model is compiled: where the recipe says so, or where it repays itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from .. import registry
from ..errors import RecipeError

if TYPE_CHECKING:
    from ..recipe import Recipe

# Compiling LLaMA-60M took half a minute beside an H100, and a step was 23 ms shorter then.
REPAID_STEPS = 2000


def wants_compile(recipe: Recipe, device: torch.device, total_steps: int) -> bool:
    """Return whether the model of a recipe is compiled.

    Raises
    ------
    RecipeError
        Where it is asked for and there is no GPU.
    """
    if recipe.compile == "auto":
        declared = registry.about("model", recipe.model).metadata.get("compiles", False)
        return bool(declared) and device.type == "cuda" and total_steps >= REPAID_STEPS
    if recipe.compile and device.type != "cuda":
        raise RecipeError("compile is for GPUs: it has no effect on a CPU; remove it")
    return recipe.compile


def compiled(model: nn.Module, one_shape: bool) -> nn.Module:
    """Return a model compiled when it is first called; its parameters are those of the model.

    Parameters
    ----------
    one_shape
        Whether inputs mostly have one shape; else it is compiled for any.
    """
    made = torch.compile(model, dynamic=None if one_shape else True)
    assert isinstance(made, nn.Module)
    return made
