"""A run that is written from someone else's training loop."""

from __future__ import annotations

import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from ..errors import NetsciError
from ..run import Run
from ..snapshots import Snapshot
from .probe import activity
from .provenance import machine, now, versions

if TYPE_CHECKING:
    import os

    from torch import Tensor, nn

    from ..topology import Topology
    from .wiring import Wiring


class Recording:
    """Writes metrics, evolution and snapshots of a model into a run folder.

    Parameters
    ----------
    out
        Folder or fsspec URL of a new run.
    request
        What was asked, for recipe.toml.
    probe
        Arguments of a forward pass on which the neurons' activity is recorded.
    """

    def __init__(
        self,
        out: str | os.PathLike[str],
        request: Mapping[str, Any],
        facts: Mapping[str, Any],
        model: nn.Module,
        wiring: Wiring,
        topology: Callable[[], Topology],
        probe: Any = None,
    ):
        device = str(next(model.parameters()).device)
        self.run = Run.create(
            out,
            request,
            {"versions": versions(), "machine": machine(device), "started": now(), **facts},
        )
        self.model, self.wiring, self.topology = model, wiring, topology
        self.probe = probe
        self._begun = time.perf_counter()
        self._stack = ExitStack()
        self._stack.enter_context(self.run.writing())
        self.run.update_provenance({"status": "running"})
        self._finalizer = weakref.finalize(self, self._stack.close)

    @property
    def seconds(self) -> float:
        """Wall time since the recording began."""
        return time.perf_counter() - self._begun

    def updated(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to evolution.parquet."""
        self._refuse_closed()
        self.run.append("evolution", rows)

    def snapshot(self, step: int, epoch: float, extra: Mapping[str, Any] | None = None) -> None:
        """Store a snapshot."""
        self._refuse_closed()
        found: dict[str, Any] = {}
        if self.probe is not None:
            arguments = self.probe if isinstance(self.probe, tuple) else (self.probe,)
            found = activity(
                self.model, self.wiring, lambda: self.model(*arguments), _first(arguments)
            )
        self.run.write_snapshot(Snapshot(self.topology(), step, epoch, found, dict(extra or {})))

    def log(self, step: int, epoch: float, metrics: Mapping[str, float]) -> None:
        """Add a row to metrics.parquet."""
        self._refuse_closed()
        row = {"step": step, "epoch": epoch, **{k: float(v) for k, v in metrics.items()}}
        self.run.append("metrics", [{**row, "wall_s": self.seconds}])

    def close(self, step: int, status: str = "finished") -> None:
        """Say that the run is over and let go of its lock."""
        if self._finalizer.alive:
            facts = {"status": status, "steps": step, "duration_s": round(self.seconds, 3)}
            self.run.update_provenance({**facts, "finished": now()})
            self._finalizer()

    def _refuse_closed(self) -> None:
        if not self._finalizer.alive:
            raise NetsciError(f"the recording of {self.run.path} is closed")


class Recorded(ABC):
    """Something that may be recorded, and ends its recording at the end of a ``with`` block."""

    steps: int

    @property
    @abstractmethod
    def run(self) -> Run | None:
        """The run that is recorded, if any."""

    @abstractmethod
    def close(self, status: str = "finished") -> None:
        """End the recording."""

    @abstractmethod
    def snapshot(self, **extra: Any) -> None:
        """Store a snapshot of now."""

    def _end(self, recording: Recording, status: str) -> None:
        """End a recording, with a last snapshot where all went well."""
        if status == "finished" and recording.run.snapshots.steps[-1:] != [self.steps]:
            self.snapshot()
        recording.close(self.steps, status)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.close("interrupted" if issubclass(kind, KeyboardInterrupt) else "failed")


def _first(arguments: tuple[Any, ...]) -> Tensor | None:
    import torch

    first = arguments[0]
    return first if torch.is_tensor(first) and first.is_floating_point() else None
