"""The steps of a training: the loop, short; what happens on the way is in callbacks."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import torch

from ..errors import NetsciError
from .callbacks import Callback, default_callbacks
from .graphed_step import GraphedStep, Losses, can_graph, own_stream
from .passes_at_once import PassesAtOnce, can_pass_at_once
from .progress import Progress
from .tasks.pieces import pieces

if TYPE_CHECKING:
    from .build import Training
    from .run_writer import RunWriter
    from .tasks.task import Batch, Loss


# Of several processes: each time they ask each other whether one was told to stop.
STEPS_BETWEEN_STOPS = 8


class Interrupted(KeyboardInterrupt):
    """Training was stopped by the user; the run can be resumed."""


class Fit:
    """A training in progress.

    Parameters
    ----------
    training
        Data, model, controller, optimizer.
    writer
        Where it is recorded; None on processes that do not write.
    progress
        Who is told.
    callbacks
        What happens around steps, in order.

    Attributes
    ----------
    step
        Optimizer steps so far.
    seconds
        Wall time spent training and evaluating, without what was before a resumed part.
    """

    def __init__(
        self,
        training: Training,
        writer: RunWriter | None,
        progress: Progress | None = None,
        callbacks: Sequence[Callback] | None = None,
    ):
        self.training = training
        self.writer = writer
        self.progress: Progress = progress or Progress()
        self.callbacks: list[Callback] = list(callbacks or default_callbacks(training))
        self.seconds: float = 0.0
        self.stop = False
        self.graphed: GraphedStep | None = None
        self._at_once: PassesAtOnce | None = None
        self._clock = 0.0
        self.resume_from: tuple[dict[str, Any], dict[str, Any]] | None = None

    @property
    def step(self) -> int:
        """Optimizer steps so far."""
        return self.training.controller.steps

    @property
    def is_last(self) -> bool:
        """Whether training ends with this step."""
        return self.step >= self.training.total_steps

    def run(self) -> None:
        """Train to the end, and say how it ended.

        Raises
        ------
        Interrupted
            Where the user stopped it; a checkpoint was written.
        """
        try:
            with _interruptible(self), self._stream():
                self._train()
        except KeyboardInterrupt:
            self._end("interrupted")
            raise
        except BaseException as error:
            text = str(error) if isinstance(error, NetsciError) else repr(error)
            self._end("failed", text)
            raise
        self._end("finished")

    def _stream(self) -> AbstractContextManager[None]:
        device = self.training.device
        return own_stream(device) if can_graph(self.training) else nullcontext()

    def _end(self, status: str, message: str = "") -> None:
        facts: dict[str, Any] = {"error": message} if message else {}
        if status == "finished":
            for callback in self.callbacks:
                facts |= callback.end(self)
            facts["compute"] = self.training.controller.compute.facts()
        if self.writer is not None:
            self.writer.close(self.step, status, **facts)
            self.progress.ended(status, *([message] if message else []))

    def _train(self) -> None:
        training = self.training
        self._begin()
        training.model.train()
        if can_pass_at_once(training):
            training.count_operations(self._loss)
            self._at_once = PassesAtOnce(training)
        model = training.compiled_model(self._loss)
        step: Callable[[Batch], Losses] = partial(self._step, model)
        if can_graph(training):
            self.graphed = step = GraphedStep(training, step, self.progress.noted)
        self._clock = time.perf_counter()
        while not self.is_last:
            epoch, position = divmod(self.step, training.steps_per_epoch)
            for batch in training.batches.epoch(epoch, start=position):
                self._one_step(step, batch)
                for callback in self.callbacks:
                    callback.stepped(self)
                # After the evaluation: it judges links that have been trained.
                if training.controller.update_if_due():
                    for callback in self.callbacks:
                        callback.updated(self, training.controller.rows)
                for callback in self.callbacks:
                    callback.step_ended(self)
                if self._told_to_stop():
                    for callback in self.callbacks:
                        callback.interrupted(self)
                    raise Interrupted
                if self.is_last:
                    break

    def _told_to_stop(self) -> bool:
        """Whether to end here; several processes agree on it, every few steps.

        They tell each other their processor time on the way.
        """
        world = self.training.world
        if world.size == 1:
            return self.stop
        if self.step % STEPS_BETWEEN_STOPS and not self.is_last:
            return False
        compute = self.training.controller.compute
        own = compute.processor_seconds()
        stop, spent = world.sum([float(self.stop), own], self.training.device)
        compute.elsewhere = spent - own
        if self.writer is not None:
            self.writer.processor.elsewhere = spent - own
        return stop > 0

    def _begin(self) -> None:
        if self.resume_from is not None:
            tensors, facts = self.resume_from
            self.training.load(tensors, facts)
            if self.training.world.size > 1:
                self.training.reseed(self.step)
            for callback in self.callbacks:
                callback.load(self, facts)
        if self.writer is not None:
            self.writer.rewind(self.step if self.resume_from else -1)
            self.writer.note({"status": "running"})
        for callback in self.callbacks:
            callback.begin(self)

    def tick(self) -> float:
        """Add the time since the last call to `seconds`, and return it."""
        now = time.perf_counter()
        passed, self._clock = now - self._clock, now
        self.seconds += passed
        return passed

    # --- one step -----------------------------------------------------------------------------

    def _one_step(self, step: Callable[[Batch], Losses], batch: Batch) -> None:
        self.training.set_rates(self.step + 1)
        for loss, piece in step(batch):
            for callback in self.callbacks:
                callback.loss(self, loss, piece)
        self.training.controller.advance()

    def _step(self, model: torch.nn.Module, batch: Batch) -> Losses:
        """Make the passes and the optimizer's step; return the losses of the first passes."""
        training = self.training
        if training.needs_closure:
            passes = _Passes(self, model, batch)
            training.optimizers[0].step(passes)  # type: ignore[arg-type]
            return passes.found
        found = self.passes(model, batch)
        for one in training.optimizers:
            one.step()
        return found

    def passes(self, model: torch.nn.Module, batch: Batch) -> Losses:
        """Make the forward and backward passes of a step; return the losses of its pieces."""
        training, recipe = self.training, self.training.recipe
        found: Losses = []
        if self._at_once is not None and self._at_once.fits(batch):
            found.append((self._at_once(batch), batch))
            return self._clipped(found)
        for one in training.optimizers:
            one.zero_grad(set_to_none=True)
        for piece in pieces(training.task, batch, recipe.accumulate):
            loss = self._loss(model, piece)
            (loss.value if piece.share == 1.0 else loss.value * piece.share).backward()
            found.append((loss._replace(value=loss.value.detach()), piece))
        if training.world.size > 1:
            training.world.average_gradients(training.parameters)
        return self._clipped(found)

    def _clipped(self, found: Losses) -> Losses:
        training = self.training
        if training.recipe.clip:
            torch.nn.utils.clip_grad_norm_(training.parameters, training.recipe.clip)
        return found

    def _loss(self, model: torch.nn.Module, batch: Batch) -> Loss:
        training, recipe = self.training, self.training.recipe
        if recipe.dtype == "bfloat16":
            with torch.autocast(training.device.type, torch.bfloat16):
                return training.task.loss(model, batch, recipe.label_smoothing)
        return training.task.loss(model, batch, recipe.label_smoothing)

    # --- what callbacks tell each other -------------------------------------------------------

    def evaluated(self, row: dict[str, Any], metric: float) -> None:
        """Tell all callbacks of an evaluation, before its row is written."""
        for callback in self.callbacks:
            callback.evaluated(self, row, metric)

    def state(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """Return all that is needed to continue bit for bit."""
        tensors, facts = self.training.state()
        facts["step"] = self.step
        for callback in self.callbacks:
            facts |= callback.state(self)
        return tensors, facts


class _Passes:
    """The passes of a step, as a closure of optimizers that make several."""

    def __init__(self, fit: Fit, model: torch.nn.Module, batch: Batch):
        self.fit, self.model, self.batch = fit, model, batch
        self.found: Losses = []

    def __call__(self) -> None:
        found = self.fit.passes(self.model, self.batch)
        self.found = self.found or found


@contextmanager
def _interruptible(fit: Fit) -> Iterator[None]:
    """Let Ctrl-C end the step in progress; a second one ends at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: Any) -> None:
        if fit.stop:
            raise KeyboardInterrupt
        fit.stop = True

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
