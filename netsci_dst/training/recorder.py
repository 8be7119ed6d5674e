"""Record a model that something else prunes: snapshots and statistics, nothing is changed."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from ..topology import Layer, Topology
from .evolution.absent import contains
from .evolution.memory import LinkMemory
from .evolution.percolation import Ends, Network
from .formats.csr.linear import CsrLinear
from .matrix_view import MatrixView, layer_between_neurons, weight_in_use
from .probe import activity_on
from .run_writer import RunWriter
from .wiring import of as wiring_of
from .wiring import unwrap

if TYPE_CHECKING:
    from ..run import Run
    from .wiring import Wiring


def record(
    model: nn.Module,
    out: str | os.PathLike[str],
    *,
    every: int = 1,
    steps_per_epoch: int | None = None,
    wiring: Wiring | None = None,
    example_input: Any = None,
    probe: Any = None,
    **facts: Any,
) -> Recorder:
    """Record the topology of a model while it is trained and pruned by anything else.

    A link is a non-zero weight (`torch.nn.utils.prune` included); a layer without zeros is dense.

    Parameters
    ----------
    model
        What is trained; it is not changed.
    out
        Folder or URL of a new run.
    every
        Calls of ``step()`` between snapshots.
    steps_per_epoch
        To express steps as epochs; without it steps are the axis of time.
    wiring, example_input
        The populations of the model, or a batch to follow them with.
    probe
        A batch on which the neurons' activity is recorded.
    facts
        Anything to note in the provenance; ``label`` and ``notes`` are shown in reports.

    Returns
    -------
    Recorder
        Whose `Recorder.step` follows each optimizer step.

    Examples
    --------
    >>> import tempfile
    >>> from torch.nn.utils import prune
    >>> import netsci_dst as nd
    >>> model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 10))
    >>> place = tempfile.mkdtemp() + "/pruned"
    >>> with record(model, place, example_input=torch.zeros(1, 20)) as recorder:
    ...     for _ in range(2):
    ...         _ = prune.l1_unstructured(model[0], "weight", amount=0.5)
    ...         recorder.step()
    >>> [snapshot.topology.n_links for snapshot in nd.load_run(place).snapshots][1:]
    [300, 150]
    """
    model = unwrap(model)
    wiring = wiring or wiring_of(model, example_input)
    wiring.check(model)
    request = {"origin": "record", "every": every}
    device = str(next(model.parameters()).device)
    about = {"device": device, "steps_per_epoch": steps_per_epoch, **facts}
    writer = RunWriter.create(out, request, about)
    recorder = Recorder(model, wiring, writer, every, steps_per_epoch or 0, probe)
    recorder.snapshot()
    return recorder


class Recorder:
    """Writes a run about a model that something else changes; made by `record`."""

    def __init__(
        self,
        model: nn.Module,
        wiring: Wiring,
        writer: RunWriter,
        every: int,
        steps_per_epoch: float,
        probe: Any = None,
    ):
        self.model = model
        self.wiring = wiring
        self._writer = writer
        self._probe = probe
        self.steps: int = 0
        self.every = every
        self.steps_per_epoch = steps_per_epoch
        self._network = Network(wiring)
        self._before: dict[str, Tensor] = {}
        self._memory: dict[str, LinkMemory] = {}

    @property
    def run(self) -> Run:
        """The run."""
        return self._writer.run

    @property
    def epoch(self) -> float:
        """Epochs so far; NaN when the length of an epoch was not given."""
        return self.steps / self.steps_per_epoch if self.steps_per_epoch else math.nan

    def step(self) -> None:
        """Follow one step of training."""
        self.steps += 1
        if self.steps % self.every == 0:
            self.snapshot()

    def snapshot(self, **extra: Any) -> None:
        """Store a snapshot of now, and how the links changed since the last one."""
        topology = self.topology()
        rows = self._changes(topology)
        if rows:
            self._writer.evolution(rows)
        found = activity_on(self.model, self.wiring, self._probe)
        self._writer.snapshot(topology, self.steps, self.epoch, found, extra)

    def log(self, **metrics: Any) -> None:
        """Record an evaluation, such as ``log(loss=0.3, accuracy=0.91)``."""
        self._writer.log(self.steps, self.epoch, metrics)

    def close(self, status: str = "finished") -> None:
        """End the recording with a last snapshot."""
        if status == "finished" and self.run.snapshots.steps[-1:] != [self.steps]:
            self.snapshot()
        self._writer.close(self.steps, status)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.close("interrupted" if issubclass(kind, KeyboardInterrupt) else "failed")

    # --- the links ----------------------------------------------------------------------------

    def topology(self) -> Topology:
        """Return the topology now."""
        found = {
            name: _Known(links)
            for name, view in self.wiring.views(self.model).items()
            if (links := _links(self.model, replace(view, name=name))) is not None
        }
        return self.wiring.topology(self.model, found)

    def _changes(self, topology: Topology) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for layer in topology.layers:
            keys = torch.from_numpy(np.asarray(layer.keys))
            values = torch.zeros(keys.shape)
            memory = self._memory.setdefault(layer.name, LinkMemory(keys, None))
            memory.remember(keys, values)
            before = self._before.get(layer.name, keys)
            self._before[layer.name] = keys
            active = int((np.diff(layer.indptr) > 0).sum())
            rows.append(
                self._row(layer.name, layer.n_links, layer.n_possible, len(memory))
                | {
                    "removed": int((~contains(keys, before)).sum()),
                    "regrown": int((~contains(before, keys)).sum()),
                    "active_neurons": active,
                    "anp": active / layer.shape[0],
                }
            )
        return [*rows, self._whole(topology, rows)] if rows else []

    def _row(self, name: str, links: int, possible: int, ever: int) -> dict[str, Any]:
        return {
            "step": self.steps,
            "epoch": self.epoch,
            "layer": name,
            "links": links,
            "density": links / possible,
            "itop": ever / possible,
        }

    def _whole(self, topology: Topology, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        possible = sum(layer.n_possible for layer in topology.layers)
        ends = {
            layer.name: Ends(
                torch.from_numpy(layer.sources.astype(np.int64)),
                torch.from_numpy(layer.indices.astype(np.int64)),
                torch.ones(layer.n_links, dtype=torch.bool),
            )
            for layer in topology.layers
        }
        active = self._network.active(ends)
        n, size = sum(int(a.sum()) for a in active.values()), sum(map(len, active.values()))
        ever = sum(len(self._memory[layer.name]) for layer in topology.layers)
        return self._row("all", topology.n_links, possible, ever) | {
            "removed": sum(row["removed"] for row in rows),
            "regrown": sum(row["regrown"] for row in rows),
            "active_neurons": n,
            "anp": n / size,
        }


Links: TypeAlias = tuple[MatrixView, Tensor, Tensor]


class _Known:
    """Links of a weight as they were read."""

    def __init__(self, links: Links):
        self.links = links

    def to_layer(self, name: str, source: str, target: str) -> Layer:
        return layer_between_neurons(*self.links, source, target)


def _links(model: nn.Module, view: MatrixView) -> Links | None:
    """Return the links of a weight, or None when it is dense."""
    owner = model.get_submodule(view.parameter.rpartition(".")[0])
    if isinstance(owner, CsrLinear):
        return view, owner.keys, owner.weight
    matrix = view.matrix(weight_in_use(model, view)).float().cpu()
    if bool((matrix != 0).all()):
        return None
    u, v = matrix.nonzero(as_tuple=True)
    return view, u * view.n_target + v, matrix[u, v]
