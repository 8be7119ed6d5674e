"""The parameter groups of a recipe, and its optimizers on them."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from ... import registry
from ...errors import RecipeError

if TYPE_CHECKING:
    from torch import nn
    from torch.optim import Optimizer

    from ...recipe import ParameterGroup, Recipe


def make_optimizers(recipe: Recipe, model: nn.Module) -> list[Optimizer]:
    """Return the recipe's optimizers on all parameters of a model that train.

    A group's ``lr_scale`` is the factor of the learning rate in it.

    Raises
    ------
    RecipeError
        If a pattern matches no parameter, or an optimizer refuses its options.
    """
    made: list[Optimizer] = []
    by_name: dict[str, list[dict[str, Any]]] = {}
    for group, parameters in named_parameters(recipe, model):
        name = (group and group.optimizer) or recipe.optimizer
        facts = {} if group is None else {"lr_scale": group.lr_scale, **group.options}
        if group is not None and group.weight_decay is not None:
            facts["weight_decay"] = group.weight_decay
        lr = recipe.lr * facts.get("lr_scale", 1.0)
        by_name.setdefault(name, []).append({"params": parameters, "lr": lr, **facts})
    for name, groups in by_name.items():
        target = registry.get("optimizer", name).target
        try:
            optimizer = target(groups, **recipe.optimizer_arguments(name))
        except (TypeError, ValueError) as error:
            raise RecipeError(f"optimizer {name!r} refuses its options: {error}") from error
        made += optimizer if isinstance(optimizer, list) else [optimizer]
    return made


def named_parameters(
    recipe: Recipe, model: nn.Module
) -> list[tuple[ParameterGroup | None, list[nn.Parameter]]]:
    """Share the parameters out over the recipe's groups; the first that matches takes one."""
    rest = {name: p for name, p in model.named_parameters() if p.requires_grad}
    shares: list[tuple[ParameterGroup | None, list[nn.Parameter]]] = []
    for group in recipe.parameter_groups:
        taken = [n for n in rest if any(fnmatch(n, pattern) for pattern in group.patterns)]
        if not taken:
            raise RecipeError(
                f"the parameter group {', '.join(group.patterns)} matches no parameter that is "
                "left; they are called such as " + ", ".join(list(rest)[:5])
            )
        shares.append((group, [rest.pop(name) for name in taken]))
    return [*shares, (None, list(rest.values()))] if rest else shares
