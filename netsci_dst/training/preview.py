"""What a training would be: how many steps and links, how long it takes, how large its run gets."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from ..recipe import Recipe, load_recipe
from ..snapshots import Snapshot, to_bytes
from .build import Training, device_of, surroundings
from .callbacks.snapshots import TakeSnapshots
from .distributed import World
from .preview_times import measured

if TYPE_CHECKING:
    from torch import Tensor

    from .tasks.task import Batch

# Evaluations by which time is told take no longer.
_SECONDS = 2.0
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
        Measured: milliseconds of a training step here, on this device, at the start.
    update_ms
        Measured: milliseconds of an update of the topology; None where none was made.
    hours, hours_low, hours_high
        Estimated from steps and updates at several moments of the schedule and the evaluation of
        some samples, and between what they varied.
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
    update_ms: float | None
    hours: float
    hours_low: float
    hours_high: float
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
        parameters = sum(p.numel() for p in training.model.parameters())
        due = _updates(training)
        times = measured(training, due)
        evaluation = evaluations * _evaluation_seconds(training)
        hours, low, high = (
            (own + evaluation) / 3600 for own in times.total(training.total_steps, len(due))
        )
        return Preview(
            recipe.method,
            recipe.data,
            recipe.model,
            str(device),
            parameters,
            links,
            training.total_steps,
            len(due),
            evaluations,
            snapshots,
            1e3 * times.step(),
            1e3 * statistics.median(times.updates) if times.updates else None,
            hours,
            low,
            high,
            mib,
        )


class _Enough(Exception):
    """Enough has been seen to tell the time."""


def _evaluation_seconds(training: Training) -> float:
    """Reckon what an evaluation takes from as many batches as fit into a short time.

    First of a few samples; where that was quick, of whole batches. The first time of each compiles
    kernels.
    """
    options = training.batch_options()
    small = min(options.evaluation_batch_size, _EVALUATED)
    _evaluated(training, small)
    seconds, seen, total = _evaluated(training, small)
    whole = options.evaluation_batch_size
    if seconds / seen * whole < _SECONDS:
        _evaluated(training, whole)
        seconds, seen, total = _evaluated(training, whole)
    return seconds * total / seen


def _evaluated(training: Training, size: int) -> tuple[float, int, int]:
    """Evaluate for a short time; return the seconds, samples seen, and samples there are."""
    options = replace(training.batch_options(), evaluation_batch_size=size)
    batches = training.task.prepare(training.dataset, options)
    whole = batches.evaluation
    total = sum(batch.samples for batch in whole())
    begun, seen = time.perf_counter(), 0

    def limited(split: str | None = None) -> Iterator[Batch]:
        nonlocal seen
        for batch in whole(split):
            yield batch
            seen += batch.samples
            if time.perf_counter() - begun > _SECONDS / 4:
                raise _Enough

    batches.evaluation = limited
    with contextlib.suppress(_Enough):
        training.task.evaluate(training.model, batches)
    return time.perf_counter() - begun, max(1, seen), total


def _updates(training: Training) -> list[int]:
    due = training.controller.engine.due
    return [step for step in range(1, training.total_steps + 1) if due(step)]


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
