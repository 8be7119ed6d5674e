"""What a training writes into a run, whoever writes the loop: the only writer of a run in progress.

Steps are counted by optimizer steps; where the length of an epoch is unknown, epochs are NaN and
steps are the axis of time.
"""

from __future__ import annotations

import math
import os
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

from ..errors import NetsciError, RunError
from ..run import PROVENANCE, Run, load_run
from ..snapshots import Snapshot
from ..store import Store
from . import checkpoint
from .provenance import machine, now, versions

if TYPE_CHECKING:
    from torch import Tensor

    from ..topology import Topology


class RunWriter:
    """Holds a run open, and its lock, until `close`.

    Parameters
    ----------
    run
        The run to write.
    """

    def __init__(self, run: Run):
        self.run = run
        self._stack = ExitStack()
        self._stack.enter_context(run.writing())
        # A recording that is forgotten lets go of its lock when it is collected.
        self._finalizer = weakref.finalize(self, self._stack.close)
        self._begun, self._earlier = time.perf_counter(), 0.0
        self._metric: str | None = run.provenance.get("metric")
        self.processor: Processor = Processor()

    @classmethod
    def create(
        cls, out: str | os.PathLike[str], request: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> RunWriter:
        """Begin a new run.

        Parameters
        ----------
        out
            Folder or fsspec URL.
        request
            What was asked, for recipe.toml.
        facts
            For provenance.json, beside versions and time.

        Raises
        ------
        RunError
            If the folder already holds a run, or cannot be written.
        """
        return cls(Run.create(out, request, {**about(facts), "started": now()}))

    @classmethod
    def open_or_create(
        cls, out: str | os.PathLike[str], request: Mapping[str, Any], facts: Mapping[str, Any]
    ) -> RunWriter:
        """Go on with the run of a folder, or begin one where there is none.

        Raises
        ------
        RunError
            If the folder holds a run of another origin, or one that another process is writing.
        """
        if not Store(out).exists(PROVENANCE):
            return cls.create(out, request, facts)
        run = load_run(out)
        if run.recipe.get("origin") != request.get("origin"):
            raise RunError(
                f"{run.path} holds a run that was not recorded by "
                f"{request.get('origin', 'train')!r}: choose another folder"
            )
        writer = cls(run)
        writer._earlier = float(run.provenance.get("duration_s") or 0.0)
        return writer

    @property
    def seconds(self) -> float:
        """Wall time of the run so far."""
        return self._earlier + time.perf_counter() - self._begun

    # --- what is written ----------------------------------------------------------------------

    def evolution(self, rows: Sequence[Mapping[str, Any]], flush: bool = True) -> None:
        """Add rows to evolution.parquet."""
        self._refuse_closed()
        self.run.append("evolution", rows, flush=flush)

    def metrics(self, row: Mapping[str, Any]) -> None:
        """Add a row to metrics.parquet: step, epoch, and whatever was measured."""
        self._refuse_closed()
        self.run.append("metrics", [dict(row)])

    def log(
        self,
        step: int,
        epoch: float,
        metrics: Mapping[str, Any],
        compute: Mapping[str, float] | None = None,
    ) -> None:
        """Add a row of whatever somebody measured; the first row says which is the main metric.

        Raises
        ------
        NetsciError
            If a value is no number.
        """
        row = {name: _number(name, value) for name, value in metrics.items()}
        if self._metric is None and (found := _main_metric(list(row))):
            self._metric, more = found
            self.note({"metric": self._metric, "higher_is_better": more})
        costs = {**(compute or {}), "wall_s": self.seconds}
        self.metrics({"step": step, "epoch": epoch, **row, **costs})

    def snapshot(
        self,
        topology: Topology,
        step: int,
        epoch: float,
        activity: Mapping[str, Any] | None = None,
        extra: Mapping[str, Any] | None = None,
        weights: bool = True,
    ) -> None:
        """Store a snapshot; one of the same step is replaced."""
        self._refuse_closed()
        extra = {k: v for k, v in (extra or {}).items() if not _is_nan(v)}
        taken = Snapshot(topology, step, epoch, dict(activity or {}), extra)
        self.run.write_snapshot(taken, weights)

    def checkpoint(
        self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any], best: bool = False
    ) -> None:
        """Store what is needed to go on, or the weights of the best evaluation."""
        self._refuse_closed()
        self.refuse_vanished()
        if not best:
            self.run.flush("evolution")
        name = checkpoint.BEST if best else checkpoint.LAST
        checkpoint.save(self.run.store, name, tensors, facts)

    def note(self, changes: Mapping[str, Any]) -> None:
        """Merge facts into provenance.json."""
        self._refuse_closed()
        if self.run.store.exists(PROVENANCE):
            self.run.update_provenance(changes)

    def refuse_vanished(self) -> None:
        """Refuse to write where the folder is gone: it would be made anew, without what it held."""
        if not self.run.store.exists(PROVENANCE):
            raise RunError(f"{self.run.path} vanished while the run was being written")

    # --- continuing and ending ----------------------------------------------------------------

    def last_checkpoint(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return the checkpoint to go on from, or None."""
        if not self.run.store.exists(checkpoint.LAST):
            return None
        return checkpoint.load(self.run.store, checkpoint.LAST)

    def rewind(self, step: int) -> None:
        """Drop what was recorded after a step: training repeats from there."""
        self.run.rewind(step)

    def close(self, step: int, status: str = "finished", **facts: Any) -> None:
        """Say how the run ended and let go of its lock."""
        if not self._finalizer.alive:
            return
        ended = {"finished": now()} if status == "finished" else {"stopped_at_step": step}
        with suppress(RunError):  # a full disk cannot take this note either
            self.note({"status": status, "steps": step, **self.spent(), **ended, **facts})
        self._finalizer()

    def spent(self) -> dict[str, float]:
        """Return wall and processor seconds, for the provenance."""
        return {
            "duration_s": round(self.seconds, 3),
            "processor_s": round(self.processor.seconds(), 3),
        }

    def _refuse_closed(self) -> None:
        if not self._finalizer.alive:
            raise NetsciError(f"the recording of {self.run.path} is closed")


class Processor:
    """Processor time of a training, also of the processes that were stopped before this one.

    It says what a run costs whatever else the machine was doing, as wall time cannot.

    Attributes
    ----------
    earlier, elsewhere
        Seconds before this process began, and those of the other processes of the training.
    """

    def __init__(self) -> None:
        self.earlier: float = 0.0
        self.elsewhere: float = 0.0
        self._begun = time.process_time()

    def seconds(self) -> float:
        """Return the seconds so far."""
        return self.earlier + self.elsewhere + time.process_time() - self._begun


def about(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts for the provenance, with versions and the machine."""
    return {"versions": versions(), "machine": machine(str(facts.get("device", "cpu"))), **facts}


def _main_metric(names: Sequence[str]) -> tuple[str, bool] | None:
    """Guess which of the metrics somebody logged is the main one, and whether more is better."""
    for part in ("accuracy", "acc", "bleu", "f1", "auc", "perplexity", "ppl", "loss"):
        found = [name for name in names if part in name.lower()]
        held_out = [name for name in found if "train" not in name.lower()]
        if held_out or found:
            return (held_out or found)[0], part not in ("perplexity", "ppl", "loss")
    return (names[0], True) if names else None


def _number(name: str, value: Any) -> float:
    """Return a logged value as a number.

    Raises
    ------
    NetsciError
        If it is none.
    """
    try:
        return float(value.detach() if hasattr(value, "detach") else value)
    except (TypeError, ValueError, RuntimeError):
        raise NetsciError(f"metric {name!r} is {value!r}, which is no single number") from None


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
