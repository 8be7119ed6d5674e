"""Optimizers by name, and the parameter groups of a recipe.

An optimizer is ``fn(params, *, lr, weight_decay, **options)`` and returns a `torch.optim.Optimizer`
or a list of them. ``params`` is what torch takes: a list of parameters or of groups.
"""

from .groups import make_optimizers, named_parameters

__all__ = ["make_optimizers", "named_parameters"]
