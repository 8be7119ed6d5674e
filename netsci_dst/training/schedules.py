"""Learning rates: each schedule is the rate as a function of the step, nothing kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import UnknownName

if TYPE_CHECKING:
    from ..recipe import Recipe

SCHEDULES = ("constant", "linear", "multistep", "cosine", "noam", "inoam")
Rate = Callable[[int], float]


def learning_rate(recipe: Recipe, total_steps: int, steps_per_epoch: int, interval: int) -> Rate:
    """Return the function from a step (counted from 1) to its learning rate.

    Parameters
    ----------
    total_steps
        Optimizer steps of the training.
    steps_per_epoch
        To turn the end of the decay and milestones, given in epochs, into steps.
    interval
        Steps between topology updates, at which ``inoam`` warms up again.
    """
    if recipe.lr_schedule not in SCHEDULES:
        raise UnknownName("learning rate schedule", recipe.lr_schedule, SCHEDULES)
    lr, low = recipe.lr, recipe.lr_end
    end = total_steps
    if recipe.lr_decay_epochs is not None:
        end = max(1, round(recipe.lr_decay_epochs * steps_per_epoch))
    warmup = recipe.warmup_steps
    if recipe.lr_schedule == "constant":
        return lambda step: lr * _ramp(step, warmup)
    if recipe.lr_schedule == "linear":
        return lambda step: _ramp(step, warmup) * (lr + (low - lr) * _done(step, end))
    if recipe.lr_schedule == "cosine":
        return lambda step: (
            _ramp(step, warmup)
            * (low + (lr - low) * (1 + math.cos(math.pi * _done(step, end))) / 2)
        )
    if recipe.lr_schedule == "multistep":
        bounds = [share * total_steps for share in recipe.lr_milestones]
        return lambda step: (
            _ramp(step, warmup) * lr * recipe.lr_gamma ** sum(step - 1 >= bound for bound in bounds)
        )
    warm = max(1, warmup)
    scale = lr * (warm**0.5 if recipe.lr_is_peak else recipe.lr_model_dimension**-0.5)
    noam: Rate = lambda step: scale * min(step**-0.5, step * warm**-1.5)  # noqa: E731
    if recipe.lr_schedule == "noam":
        return noam
    again = recipe.iterative_warmup_steps
    return lambda step: noam(step) * min(1.0, step % interval / again)


def _done(step: int, end: int) -> float:
    # The first step has the first rate, the last step before `end` one short of the last.
    return min(1.0, (step - 1) / max(1, end - 1))


def _ramp(step: int, warmup: int) -> float:
    return min(1.0, step / warmup) if warmup else 1.0
