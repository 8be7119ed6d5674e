"""The steps of a training, and what is recorded on the way."""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from ..area import Area
from ..errors import FormatError, NetsciError, NumericalError, RunError
from ..run import PROVENANCE, Run
from ..snapshots import Snapshot
from . import checkpoint
from ._session import Session
from .probe import activity, probe_inputs
from .progress import Progress
from .provenance import now
from .retention import Retention
from .tasks.pieces import pieces

if TYPE_CHECKING:
    from .tasks.task import Loss

# How often a GPU is asked whether the loss is still finite: asking makes it wait.
_CHECK_EVERY = 25


class Interrupted(KeyboardInterrupt):
    """Training was stopped by the user; the run can be resumed."""


class Loop:
    """The steps of a training, and what is recorded on the way."""

    def __init__(self, session: Session, run: Run | None, progress: Progress):
        self.session, self.run, self.progress = session, run, progress
        self.recipe, self.world = session.recipe, session.world
        self.resume_from: tuple[dict[str, Any], dict[str, Any]] | None = None
        self.step = 0
        self.best: float | None = None
        self.area = Area()
        self.seconds = 0.0
        self.processor = Processor()
        self.retention = Retention(self.recipe)
        self._begin_window()
        self.latest: Any = 0.0
        self._bad_step: torch.Tensor | None = None
        self._stop = False

    def _begin_window(self) -> None:
        self.sums: list[Any] = [0.0, 0.0, 0.0]
        self.counted = False
        self.samples = 0
        self.window_seconds = 0.0

    # --- from start to end --------------------------------------------------------------------

    def run_to_end(self) -> Run:
        if self.run is None:
            self._train()
            return None  # type: ignore[return-value]
        with self.run.writing(), _interruptible(self):
            self._note({"status": "running"})
            try:
                self._train()
            except KeyboardInterrupt:
                self._note({"status": "interrupted", "stopped_at_step": self.step})
                self.progress.ended("interrupted")
                raise
            except BaseException as error:
                text = str(error) if isinstance(error, NetsciError) else repr(error)
                with suppress(RunError):  # a full disk cannot take this note either
                    self._note({"status": "failed", "error": text, "stopped_at_step": self.step})
                self.progress.ended("failed", text)
                raise
            self._note({"status": "finished", "finished": now(), **self._test_best()})
            self.progress.ended("finished")
        return self.run

    def _test_best(self) -> dict[str, Any]:
        """Evaluate the best checkpoint on splits that training never looked at."""
        assert self.run is not None
        session = self.session
        unseen = session.batches.splits[1:]
        if not unseen or not self.run.store.exists(checkpoint.BEST):
            return {}
        last = {name: value.clone() for name, value in session.model.state_dict().items()}
        tensors, facts = checkpoint.load(self.run.store, checkpoint.BEST)
        session.model.load_state_dict(checkpoint.part("model", tensors))
        found = {
            split: session.task.evaluate(session.model, session.batches, split) for split in unseen
        }
        session.model.load_state_dict(last)
        return {"best": {"step": facts["step"], **found}}

    def _note(self, changes: Mapping[str, Any]) -> None:
        if self.run is not None and self.run.store.exists(PROVENANCE):
            self.run.update_provenance(
                {
                    **changes,
                    "duration_s": round(self.seconds, 3),
                    "processor_s": round(self.processor.seconds(), 3),
                    "steps": self.step,
                }
            )

    def _train(self) -> None:
        session = self.session
        self._restore()
        if self.run is not None:
            self.progress.started(self.run, self.step, session.total_steps, session.steps_per_epoch)
            if reason := session.engine.stays_still:
                self.progress.noted(reason)
        if self.step == 0:
            self._snapshot({})
            self._checkpoint()
        model: Any = session.model
        if self.recipe.compile:
            model = torch.compile(model)
        model.train()
        begun = time.perf_counter()
        while self.step < session.total_steps:
            epoch, position = divmod(self.step, session.steps_per_epoch)
            for batch in session.batches.epoch(epoch, start=position):
                self._one_step(model, batch)
                evaluated = (
                    self.step % session.evaluate_every == 0 or self.step == session.total_steps
                )
                if evaluated:
                    begun = self._tick(begun)
                    self._evaluate()
                    self._begin_window()
                    begun = self._tick(begun, counts=False)
                if session.engine.due(self.step):
                    # After the evaluation: it judges links that have been trained.
                    self._update(self.step)
                if evaluated:
                    self._checkpoint()
                if self._stop and self._everyone_stops():
                    self._tick(begun)
                    self._check_finite()
                    self._checkpoint()
                    raise Interrupted
                if self.step >= session.total_steps:
                    break

    def _tick(self, begun: float, counts: bool = True) -> float:
        end = time.perf_counter()
        self.seconds += end - begun
        if counts:
            self.window_seconds += end - begun
        return end

    def _everyone_stops(self) -> bool:
        return self.world.size == 1

    # --- one step -----------------------------------------------------------------------------

    def _one_step(self, model: torch.nn.Module, batch: Any) -> None:
        session, recipe = self.session, self.recipe
        step = self.step + 1
        rate = session.rate(step)
        for group in session.optimizer.param_groups:
            group["lr"] = rate
        engine = session.engine
        engine.begin(step)
        session.optimizer.zero_grad(set_to_none=True)
        for piece in pieces(session.task, batch, recipe.accumulate):
            loss = self._loss(model, piece)
            (loss.value if piece.share == 1.0 else loss.value * piece.share).backward()
            if piece.share:
                self._count(loss, piece)
        if self.world.size > 1:
            self.world.average_gradients(session.parameters)
        engine.before_step()
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(session.parameters, recipe.clip)
        session.optimizer.step()
        self.step = step
        self._watch()
        engine.after_step(step)
        self.progress.stepped(step)

    def _loss(self, model: torch.nn.Module, batch: Any) -> Loss:
        recipe = self.recipe
        if recipe.dtype == "bfloat16":
            with torch.autocast(self.session.device.type, torch.bfloat16):
                return self.session.task.loss(model, batch, recipe.label_smoothing)
        return self.session.task.loss(model, batch, recipe.label_smoothing)

    def _count(self, loss: Loss, batch: Any) -> None:
        shown, correct = loss.shown, loss.correct
        if self.session.device.type == "cpu":
            shown, correct = float(shown), None if correct is None else int(correct)
        else:  # a GPU is not waited for
            shown = shown.double()
        self.sums[0] += shown * loss.weight
        self.sums[1] += loss.weight
        if correct is not None:
            self.sums[2] += correct
            self.counted = True
        self.samples += batch.samples
        self.latest = shown

    def _watch(self) -> None:
        """Note the first step whose loss is not finite; stop there (a GPU says so later)."""
        if not isinstance(self.latest, torch.Tensor):
            if not math.isfinite(self.latest):
                self._refuse(self.step)
            return
        finite = torch.isfinite(self.latest)
        if self._bad_step is None:
            self._bad_step = torch.full((), 2**62, device=finite.device, dtype=torch.int64)
        self._bad_step = torch.where(finite, self._bad_step, self._bad_step.clamp(max=self.step))
        if self.step % _CHECK_EVERY == 0:
            self._check_finite()

    def _check_finite(self) -> None:
        if self._bad_step is not None and int(self._bad_step) <= self.step:
            self._refuse(int(self._bad_step))
        for name, parameter in self.session.model.named_parameters():
            if not bool(torch.isfinite(parameter).all()):
                raise NumericalError(
                    f"weights of {name} are no longer finite at step {self.step}; the last good "
                    "checkpoint is kept: try a smaller lr, or clip"
                )

    def _refuse(self, step: int) -> None:
        raise NumericalError(
            f"the loss is not finite at step {step}; the last good checkpoint is kept: "
            "try a smaller lr, or clip, and check the data"
        )

    def _update(self, step: int) -> None:
        rows = self.session.engine.update(step)
        self.session.rebalance()
        if self.run is not None:
            self.run.append("evolution", rows, flush=False)
            self.progress.updated(rows)

    # --- evaluation and what is written -------------------------------------------------------

    def _evaluate(self) -> None:
        session, task = self.session, self.session.task
        self._check_finite()
        self._check_folder()
        sums = self.world.sum([*map(float, self.sums), float(self.samples)], session.device)
        if self.run is None:
            return
        found = task.evaluate(session.model, session.batches)
        if not math.isfinite(found["loss"]):
            raise NumericalError(f"the evaluation loss is not finite at step {self.step}")
        metric = found[task.metric]
        epoch = session.clock.epoch(self.step)
        row = {
            "step": self.step,
            "epoch": epoch,
            "train_loss": sums[0] / max(1.0, sums[1]),
            "train_accuracy": sums[2] / max(1.0, sums[1]) if self.counted else None,
            **found,
            "aae": self.area.add(epoch, metric),
            "lr": session.rate(self.step),
            "wall_s": self.seconds,
            "samples_per_s": sums[3] / max(1e-9, self.window_seconds),
        }
        self._snapshot({task.metric: metric, "loss": found["loss"]})
        self.run.append("metrics", [row])
        is_best = self.best is None or task.better(metric, self.best)
        if is_best:
            self.best = metric
            tensors = checkpoint.nested("model", session.model.state_dict())
            facts = {"step": self.step, task.metric: metric}
            checkpoint.save(self.run.store, checkpoint.BEST, tensors, facts)
        self.progress.evaluated(row)

    def _check_folder(self) -> None:
        # Writing would make the folder anew, without what it held.
        if self.run is not None and not self.run.store.exists(PROVENANCE):
            raise RunError(f"{self.run.path} vanished while the run was being written")

    def _snapshot(self, extra: Mapping[str, Any]) -> None:
        if self.run is None or not self.retention.wants(self):
            return
        session = self.session
        topology = session.engine.topology(session.model)
        probe: dict[str, Any] = {}
        if self.recipe.probe_size:
            batch = session.batches.probe(self.recipe.probe_size)
            probe = activity(
                session.model,
                session.wiring,
                lambda: session.task.forward(session.model, batch),
                probe_inputs(batch),
            )
        taken = Snapshot(topology, self.step, session.clock.epoch(self.step), probe, dict(extra))
        self.run.write_snapshot(taken, self.recipe.snapshot_weights)
        self.retention.thin(self.run)

    def _checkpoint(self) -> None:
        if self.run is None:
            return
        self.run.flush("evolution")
        tensors, facts = self.session.state()
        window = {
            "sums": [float(value) for value in self.sums],
            "counted": self.counted,
            "samples": self.samples,
            "window_seconds": self.window_seconds,
        }
        facts |= {
            "step": self.step,
            "best": self.best,
            "area": asdict(self.area),
            "seconds": self.seconds,
            "processor_seconds": self.processor.seconds(),
            "window": window,
        }
        checkpoint.save(self.run.store, checkpoint.LAST, tensors, facts)

    def _restore(self) -> None:
        if self.resume_from is None:
            if self.run is not None:
                self.run.rewind(-1)
            return
        tensors, facts = self.resume_from
        self.session.load(tensors, facts)
        try:
            self.step, self.best = int(facts["step"]), facts["best"]
            if self.world.size > 1:
                self.session.reseed(self.step)
            self.area = _area(facts)
            self.seconds = float(facts["seconds"])
            self.processor.earlier = float(facts.get("processor_seconds", 0.0))
            window = facts["window"]
            self.sums = [float(value) for value in window["sums"]]
            self.counted = bool(window["counted"])
            self.samples = int(window["samples"])
            self.window_seconds = float(window["window_seconds"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"the checkpoint is corrupt: {error}") from error
        if self.run is not None:
            self.run.rewind(self.step)


class Processor:
    """Processor time of a training, also of the processes that were stopped before this one.

    It says what a run costs whatever else the machine was doing, as wall time cannot.
    """

    def __init__(self) -> None:
        self.earlier = 0.0
        self._begun = time.process_time()

    def seconds(self) -> float:
        return self.earlier + time.process_time() - self._begun


def _area(facts: Mapping[str, Any]) -> Area:
    if "area" in facts:
        return Area(**facts["area"])
    area = Area()  # early checkpoints hold every evaluation instead
    for epoch, value in facts["curve"]:
        area.add(float(epoch), float(value))
    return area


@contextmanager
def _interruptible(loop: Loop) -> Iterator[None]:
    """Let Ctrl-C end the step in progress; a second one ends at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: Any) -> None:
        if loop._stop or loop.world.size > 1:
            raise KeyboardInterrupt
        loop._stop = True

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
