"""Degrees of one snapshot within a scope."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...errors import RunError, UnknownName
from ...measures import hidden_neurons
from ...snapshots import Snapshot
from .._data import RunData


def snapshot_of(data: RunData, step: int | None) -> Snapshot:
    """Return the snapshot at a step, the last for None."""
    if not len(data.run.snapshots):
        raise RunError(f"{data.run.path} has no snapshots to show")
    return data.run.snapshots[-1] if step is None else data.run.snapshots.at(step)


def scope_degrees(data: RunData, step: int | None, scope: str) -> tuple[int, NDArray[np.int64]]:
    """Return the step and the degrees in ``network``, ``hidden``, a layer or a population."""
    snapshot = snapshot_of(data, step)
    topology = snapshot.topology
    if scope == "network":
        return snapshot.step, topology.degrees
    if scope == "hidden":
        return snapshot.step, topology.degrees[hidden_neurons(topology)]
    if scope in topology.offsets:
        return snapshot.step, topology.degrees[topology.nodes(scope)]
    layers = [layer.name for layer in topology.layers]
    if scope not in layers:
        raise UnknownName("scope", scope, ["network", "hidden", *topology.offsets, *layers])
    return snapshot.step, topology.part([scope]).degrees
