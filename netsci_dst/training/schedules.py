"""Learning rates: each schedule is the rate as a function of the step, nothing kept.

A schedule is ``fn(times, lr, ...)``; parameters that are called like fields of the recipe are
filled from it, others are its ``lr_options``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import registry

if TYPE_CHECKING:
    from ..recipe import Recipe

Rate = Callable[[int], float]


@dataclass(frozen=True)
class Times:
    """How long a training is.

    Attributes
    ----------
    total_steps
        Optimizer steps of the training.
    steps_per_epoch
        To turn epochs into steps.
    interval
        Steps between topology updates; 0 where there are none.

    Examples
    --------
    >>> Times(total_steps=1000, steps_per_epoch=100, interval=50).interval
    50
    """

    total_steps: int
    steps_per_epoch: int
    interval: int

    def end(self, epochs: float | None) -> int:
        """Return the step at which a decay ends; the last where no epoch is given."""
        return self.total_steps if epochs is None else max(1, round(epochs * self.steps_per_epoch))


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
    schedule = registry.get("lr schedule", recipe.lr_schedule).target
    # Without topology updates nothing warms up again: the dense Transformer trains by noam.
    never = not recipe.resolved_method().evolves
    times = Times(total_steps, steps_per_epoch, 0 if never else interval)
    return schedule(times, recipe.lr, **recipe.schedule_arguments())


@registry.register("lr schedule", "constant", source="CHT table A2")
def constant(times: Times, lr: float, warmup_steps: int = 0) -> Rate:
    """Keep one rate, after the warm-up."""
    return lambda step: lr * _ramp(step, warmup_steps)


@registry.register("lr schedule", "linear", source="CHTss table 4")
def linear(
    times: Times,
    lr: float,
    lr_end: float = 0.0,
    lr_decay_epochs: float | None = None,
    warmup_steps: int = 0,
) -> Rate:
    """Fall in a straight line to ``lr_end``."""
    end = times.end(lr_decay_epochs)
    return lambda step: _ramp(step, warmup_steps) * (lr + (lr_end - lr) * _done(step, end))


@registry.register("lr schedule", "cosine", source="Loshchilov & Hutter 2017; CHTss table 6")
def cosine(
    times: Times,
    lr: float,
    lr_end: float = 0.0,
    lr_decay_epochs: float | None = None,
    warmup_steps: int = 0,
) -> Rate:
    """Fall along half a cosine to ``lr_end``."""
    end, height = times.end(lr_decay_epochs), lr - lr_end
    return lambda step: (
        _ramp(step, warmup_steps)
        * (lr_end + height * (1 + math.cos(math.pi * _done(step, end))) / 2)
    )


@registry.register("lr schedule", "multistep", source="Survival section 5.1")
def multistep(
    times: Times,
    lr: float,
    lr_milestones: Sequence[float] = (0.5, 0.75),
    lr_gamma: float = 0.1,
    warmup_steps: int = 0,
) -> Rate:
    """Multiply by ``lr_gamma`` at each milestone, a share of training."""
    bounds = [share * times.total_steps for share in lr_milestones]
    return lambda step: (
        _ramp(step, warmup_steps) * lr * lr_gamma ** sum(step - 1 >= bound for bound in bounds)
    )


@registry.register("lr schedule", "noam", source="Vaswani et al. 2017, eq. 3; CHTss table 5")
def noam(
    times: Times,
    lr: float,
    lr_model_dimension: int = 512,
    lr_is_peak: bool = False,
    warmup_steps: int = 0,
) -> Rate:
    """Rise to the end of the warm-up, then fall with the root of the step."""
    warm = max(1, warmup_steps)
    scale = lr * (warm**0.5 if lr_is_peak else lr_model_dimension**-0.5)
    return lambda step: scale * min(step**-0.5, step * warm**-1.5)


@registry.register("lr schedule", "inoam", source="CHTss table 5")
def inoam(
    times: Times,
    lr: float,
    lr_model_dimension: int = 512,
    lr_is_peak: bool = False,
    warmup_steps: int = 0,
    iterative_warmup_steps: int = 20,
) -> Rate:
    """As noam, but rise again after each topology update."""
    rate = noam(times, lr, lr_model_dimension, lr_is_peak, warmup_steps)
    if not times.interval:
        return rate
    return lambda step: rate(step) * min(1.0, step % times.interval / iterative_warmup_steps)


def _done(step: int, end: int) -> float:
    # The first step has the first rate, the last step before `end` one short of the last.
    return min(1.0, (step - 1) / max(1, end - 1))


def _ramp(step: int, warmup: int) -> float:
    return min(1.0, step / warmup) if warmup else 1.0
