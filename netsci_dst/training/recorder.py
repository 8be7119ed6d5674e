"""Record a model that something else prunes: snapshots and statistics, nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ..topology import Dense, Layer, Topology
from ._recording import Recorded, Recording
from .evolution._choose import contains
from .evolution._memory import LinkMemory
from .evolution._percolation import Ends, Network
from .layers import SparseLayer
from .wiring import of as wiring_of

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
    out
        Folder or URL of a new run.
    every
        Calls of ``step()`` between snapshots.
    steps_per_epoch
        To express steps as epochs.
    wiring, example_input
        The populations of the model, or a batch to trace them with.
    probe
        A batch on which the neurons' activity is recorded.
    facts
        Anything to note in the provenance.

    Examples
    --------
    >>> with record(model, "runs/pruned", every=100) as recorder:  # doctest: +SKIP
    ...     for x, y in loader:
    ...         train_and_prune(model, x, y)
    ...         recorder.step()
    """
    wiring = wiring or wiring_of(model, example_input)
    wiring.check(model)
    recorder = Recorder(model, wiring, every, steps_per_epoch or 0)
    request = {"origin": "record", "every": every}
    recorder.recording = Recording(out, request, facts, model, wiring, recorder.topology, probe)
    recorder.snapshot()
    return recorder


class Recorder(Recorded):
    """Writes a run about a model that something else changes; made by `record`."""

    recording: Recording

    def __init__(self, model: nn.Module, wiring: Wiring, every: int, steps_per_epoch: float):
        self.model, self.wiring = model, wiring
        self.steps, self.every, self.steps_per_epoch = 0, every, steps_per_epoch
        self._network = Network(wiring)
        self._before: dict[str, Tensor] = {}
        self._memory: dict[str, LinkMemory] = {}

    @property
    def run(self) -> Run:
        """The run."""
        return self.recording.run

    @property
    def epoch(self) -> float:
        """Epochs so far; 0 when the length of an epoch was not given."""
        return self.steps / self.steps_per_epoch if self.steps_per_epoch else 0.0

    def step(self) -> None:
        """Follow one step of training."""
        self.steps += 1
        if self.steps % self.every == 0:
            self.snapshot()

    def snapshot(self, **extra: Any) -> None:
        """Store a snapshot of now, and how the links changed since the last one."""
        rows = self._changes()
        if rows:
            self.recording.updated(rows)
        self.recording.snapshot(self.steps, self.epoch, extra)

    def log(self, **metrics: float) -> None:
        """Record an evaluation, such as ``log(loss=0.3, accuracy=0.91)``."""
        self.recording.log(self.steps, self.epoch, metrics)

    def close(self, status: str = "finished") -> None:
        """End the recording with a last snapshot."""
        self._end(self.recording, status)

    # --- the links ----------------------------------------------------------------------------

    def topology(self) -> Topology:
        """Return the topology now."""
        sparse, dense = [], []
        for name, (source, target) in self.wiring.layers.items():
            grid = self.wiring.grids.get(name, 1)
            layer = _as_layer(self.model.get_submodule(name), name, source, target, grid)
            if layer is None:
                dense.append(Dense(name, source, target))
            else:
                sparse.append(layer)
        return Topology(
            self.wiring.populations, tuple(sparse), tuple(dense), tuple(self.wiring.skips)
        )

    def _changes(self) -> list[dict[str, Any]]:
        topology = self.topology()
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


def _as_layer(module: Any, name: str, source: str, target: str, grid: int) -> Layer | None:
    """Return the links of a module, or None when it is dense."""
    if isinstance(module, SparseLayer):
        return module.to_layer(name, source, target, grid)
    weight = module.weight.detach().float().cpu()
    if bool((weight != 0).all()):
        return None
    if weight.dim() == 4:
        entries = (weight != 0).sum((2, 3)).t().numpy()
        strength = weight.abs().sum((2, 3)).t().numpy()
        if module.groups > 1:
            return _grouped(module, name, source, target, entries, strength)
    elif grid > 1:
        blocks = weight.t().reshape(-1, grid, weight.shape[0])
        entries, strength = (blocks != 0).sum(1).numpy(), blocks.abs().sum(1).numpy()
    else:
        return Layer.from_matrix(name, source, target, weight.t().numpy())
    u, v = np.nonzero(entries)
    return Layer.from_links(
        name, source, target, entries.shape, u, v, strength[u, v], entries[u, v]
    )


def _grouped(
    module: nn.Conv2d, name: str, source: str, target: str, entries: Any, strength: Any
) -> Layer:
    u, v = np.nonzero(entries)
    of_group = v // (module.out_channels // module.groups)
    channel = of_group * entries.shape[0] + u
    shape = (module.in_channels, module.out_channels)
    return Layer.from_links(name, source, target, shape, channel, v, strength[u, v], entries[u, v])
