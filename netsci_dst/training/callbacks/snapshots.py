"""Take snapshots of the topology, and thin them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..probe import activity, probe_inputs
from .callback import Callback

if TYPE_CHECKING:
    from ...recipe import Recipe
    from ...run import Run
    from ..fit import Fit


class TakeSnapshots(Callback):
    """The snapshot rule of a recipe.

    The first and the last state are always taken, unless the rule is ``none``. ``log`` takes the
    evaluations 1, 2, 4, 8, ...
    """

    def __init__(self, recipe: Recipe):
        self.rule = recipe.snapshot_rule
        self.every: int = recipe.snapshot_every
        self.keep: int | None = recipe.snapshot_keep
        self.probe_size: int = recipe.probe_size
        self.weights: bool = recipe.snapshot_weights

    def begin(self, fit: Fit) -> None:
        """Take the initial topology."""
        if fit.step == 0 and self.rule != "none":
            self._take(fit, {})

    def evaluated(self, fit: Fit, row: dict[str, Any], metric: float) -> None:
        """Take a snapshot where the rule says so."""
        if self.rule != "none" and (fit.is_last or self.wants(row["evaluation"])):
            self._take(fit, {fit.training.task.metric: metric, "loss": row["loss"]})

    def wants(self, n: int) -> bool:
        """Whether the rule takes the n-th evaluation."""
        if self.rule == "log" and n & (n - 1):
            return False
        return n % self.every == 0

    def _take(self, fit: Fit, extra: dict[str, Any]) -> None:
        if fit.writer is None:
            return
        training = fit.training
        probe: dict[str, Any] = {}
        if self.probe_size:
            batch = training.batches.probe(self.probe_size)
            probe = activity(
                training.model,
                training.wiring,
                lambda: training.task.forward(training.model, batch),
                probe_inputs(batch),
            )
        epoch = training.controller.clock.epoch(fit.step)
        topology = training.controller.topology()
        fit.writer.snapshot(topology, fit.step, epoch, probe, extra, self.weights)
        self._thin(fit.writer.run)

    def _thin(self, run: Run) -> None:
        """Drop old snapshots; the first is always kept."""
        if self.keep is None:
            return
        steps = run.snapshots.steps
        gone = set(steps[1 : max(1, len(steps) - self.keep)])
        if gone:
            run.snapshots._drop(lambda step: step in gone)
