"""What a training would be: how many steps and links, how long it takes, how large its run gets."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..recipe import Recipe, load_recipe
from ..snapshots import Snapshot, to_bytes
from .build import Training, device_of, surroundings
from .callbacks import Callback
from .callbacks.snapshots import TakeSnapshots
from .distributed import World
from .fit import Fit, Interrupted

if TYPE_CHECKING:
    from torch import Tensor

    from .tasks.task import Batch

# The steps by which time is told: at least so many, and no more than fit into so long.
_STEPS, _SECONDS = 20, 2.0
# Samples evaluated at a time: searching for a translation is slow.
_EVALUATED = 16


@dataclass(frozen=True)
class Preview:
    """What a training would be.

    Attributes
    ----------
    parameters, links
        Weights of the model, and links of its sparse layers at the start.
    steps, updates, evaluations, snapshots
        How many there will be.
    step_ms
        Measured: milliseconds of a training step here, on this device.
    hours
        Estimated from that step and the evaluation of some samples; topology updates come on top.
    mib
        Estimated size of the run: snapshots and two checkpoints, without tables and analysis.
    """

    method: str
    data: str
    model: str
    device: str
    parameters: int
    links: int
    steps: int
    updates: int
    evaluations: int
    snapshots: int
    step_ms: float
    hours: float
    mib: float

    def to_dict(self) -> dict[str, Any]:
        """Return it as a dictionary."""
        return asdict(self)


def preview(recipe: Any = None, *, dataset: Any = None, **changes: Any) -> Preview:
    """Build what `train` would build, make a few steps, write nothing, and tell what it would be.

    Parameters
    ----------
    recipe, dataset, changes
        As for `train`.

    Raises
    ------
    RecipeError, UnknownName, DataError
        For a request that `train` would refuse.
    """
    recipe = load_recipe(recipe, **changes)
    world = World()
    device = device_of(recipe.device, world)
    with surroundings(recipe, device):
        training = Training(recipe, world, dataset)
        evaluations = -(-training.total_steps // training.evaluate_every)
        snapshots = _snapshots(recipe, evaluations)
        mib = _bytes(training, snapshots) / 2**20
        links = training.controller.topology().n_links
        step = _step_seconds(training)
        # After the steps, which compile the kernels of both.
        evaluation = _evaluation_seconds(training)
        return Preview(
            recipe.method,
            recipe.data,
            recipe.model,
            str(device),
            sum(p.numel() for p in training.model.parameters()),
            links,
            training.total_steps,
            _updates(training),
            evaluations,
            snapshots,
            1e3 * step,
            (training.total_steps * step + evaluations * evaluation) / 3600,
            mib,
        )


class _Stopwatch(Callback):
    """Stop after a few steps, and know how long they took without the first, which warms up."""

    def __init__(self) -> None:
        self.begun = self.last = time.perf_counter()
        self.steps = 0

    def stepped(self, fit: Fit) -> None:
        self.last = time.perf_counter()
        if self.steps == 0:
            self.begun = self.last
        self.steps += 1
        fit.stop = self.steps > _STEPS or (self.steps > 1 and self.last - self.begun > _SECONDS)

    @property
    def seconds(self) -> float:
        return (self.last - self.begun) / max(1, self.steps - 1)


def _step_seconds(training: Training) -> float:
    watch = _Stopwatch()
    with contextlib.suppress(Interrupted):
        Fit(training, None, callbacks=[watch]).run()
    return watch.seconds


class _Enough(Exception):
    """Enough has been seen to tell the time."""


def _evaluation_seconds(training: Training) -> float:
    """Reckon what an evaluation takes from as many batches as fit into a short time."""
    options = training.batch_options()
    size = min(options.evaluation_batch_size, _EVALUATED)
    few = training.task.prepare(training.dataset, replace(options, evaluation_batch_size=size))
    whole = few.evaluation
    total = sum(batch.samples for batch in whole())
    begun, seen = time.perf_counter(), 0

    def limited(split: str | None = None) -> Iterator[Batch]:
        nonlocal seen
        for batch in whole(split):
            yield batch
            seen += batch.samples
            if time.perf_counter() - begun > _SECONDS / 2:
                raise _Enough

    few.evaluation = limited
    with contextlib.suppress(_Enough):
        training.task.evaluate(training.model, few)
    return (time.perf_counter() - begun) * total / max(1, seen)


def _updates(training: Training) -> int:
    due = training.controller.engine.due
    return sum(due(step) for step in range(1, training.total_steps + 1))


def _snapshots(recipe: Recipe, evaluations: int) -> int:
    if recipe.snapshot_rule == "none":
        return 0
    rule = TakeSnapshots(recipe)
    count = 1 + sum(n == evaluations or rule.wants(n) for n in range(1, evaluations + 1))
    return count if recipe.snapshot_keep is None else min(count, 1 + recipe.snapshot_keep)


def _bytes(training: Training, snapshots: int) -> int:
    taken = Snapshot(training.controller.topology(), 0, 0.0)
    one = len(to_bytes(taken, training.recipe.snapshot_weights)) if snapshots else 0
    last, best = training.state()[0], training.model_state()[0]
    return snapshots * one + _size(last) + _size(best)


def _size(tensors: dict[str, Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
