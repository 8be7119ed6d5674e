"""What steps and updates of a training take here, at several moments of its schedule.

Steps cost something else as the density falls, while gradients of absent links are kept, in dense
phases. So a few steps are made at the start and around updates early, in the middle and late.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .callbacks import Callback
from .fit import Fit, Interrupted

if TYPE_CHECKING:
    from .build import Training

# Steps at each moment: at the start, where the first one warms up, and around an update.
_START, _BEFORE, _AFTER = 21, 4, 8
_SECONDS = 2.0
# Which updates: shares of all that are due.
_MOMENTS = (0.1, 0.5, 0.9)
# A busy machine is this much slower, and a quiet one faster, than what was measured.
_SPREAD = 0.1


@dataclass(frozen=True)
class Times:
    """Seconds of steps and updates.

    Attributes
    ----------
    steps
        Step of training -> seconds of the steps that were made there.
    updates
        Seconds of the updates that were made.
    """

    steps: dict[int, list[float]] = field(default_factory=dict)
    updates: list[float] = field(default_factory=list)

    def step(self) -> float:
        """Return the median seconds of a step at the start."""
        return statistics.median(next(iter(self.steps.values())))

    def total(self, n_steps: int, n_updates: int) -> tuple[float, float, float]:
        """Return the seconds of all steps and updates, and from what to what they may be.

        Steps between two moments are taken to cost what lies between the two.
        """
        found = []
        for share, spread in ((0.5, 0.0), (0.25, -_SPREAD), (0.75, _SPREAD)):
            at = np.arange(n_steps)
            own = [float(np.quantile(values, share)) for values in self.steps.values()]
            steps = float(np.interp(at, list(self.steps), own).sum())
            update = float(np.quantile(self.updates, share)) if self.updates else 0.0
            found.append((steps + n_updates * update) * (1 + spread))
        return found[0], found[1], found[2]


def measured(training: Training, due: Sequence[int]) -> Times:
    """Make a few steps here and there, and tell what they took.

    Parameters
    ----------
    training
        What is to be trained; its model is another one afterwards.
    due
        The steps after which the topology is updated.
    """
    chosen = sorted({due[int(share * len(due))] for share in _MOMENTS}) if due else []
    watch = _Stopwatch(training, chosen)
    with contextlib.suppress(Interrupted):
        Fit(training, None, callbacks=[watch]).run()
    return watch.times


class _Stopwatch(Callback):
    """Time steps and updates, and go from one moment of the schedule to the next."""

    def __init__(self, training: Training, updates: Sequence[int]):
        self.training = training
        self.ahead = [step for step in updates if step > _START + _BEFORE]
        self.times = Times()
        self.moment, self.made, self.most = 0, 0, _START
        self.spent = 0.0
        self.last = self.begun = time.perf_counter()

    def stepped(self, fit: Fit) -> None:
        """Note a step; the first one anywhere warms up."""
        now = time.perf_counter()
        if self.made or (self.moment and fit.step == self.moment):
            self.times.steps.setdefault(self.moment, []).append(now - self.last)
        elif not self.moment:
            self.begun = now  # what compiles takes long, and says nothing
        self.made += 1
        self.last = now

    def updated(self, fit: Fit, rows: Any) -> None:
        """Note an update."""
        self.times.updates.append(time.perf_counter() - self.last)

    def step_ended(self, fit: Fit) -> None:
        """Go on to the next moment when this one has been seen, or too much time has passed."""
        now = time.perf_counter()
        enough = self.made >= self.most or now - self.begun > _SECONDS
        if enough and self.made > 1 and (not self.moment or fit.step > self.moment):
            self.moment = self.ahead.pop(0) if self.ahead else -1
            if self.moment < 0:
                fit.stop = True
            else:
                self.training.controller.jump(max(fit.step, self.moment - _BEFORE))
                self.made, self.most, self.begun = 0, _BEFORE + _AFTER, time.perf_counter()
        self.last = time.perf_counter()
