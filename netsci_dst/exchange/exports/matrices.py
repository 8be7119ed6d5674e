"""Arrays: npz of numpy, MATLAB files."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np

from ...snapshots import Snapshot
from . import parts

_LARGEST_TEXT = 2**27


def npz(snapshot: Snapshot) -> bytes:
    """Return an archive of the columns of each layer, names and attributes."""
    buffer = io.BytesIO()
    found = _arrays(snapshot, "/")
    for i, population in enumerate(snapshot.topology.populations, start=1):
        columns = {"names": population.names, **population.attributes}
        for place, (key, values) in enumerate(columns.items()):
            plain = re.sub(r"\W", "_", key, flags=re.ASCII)[:40]
            name = "names" if place == 0 else f"attributes/{place}_{plain}"
            if values is not None and _fits(values):
                found[f"population/{i}/{name}"] = _as_array(values)
    header = {parts.KEY: np.array(parts.header(snapshot))}
    np.savez_compressed(buffer, allow_pickle=False, **header, **found)
    return buffer.getvalue()


def _fits(values: Any) -> bool:
    """Whether texts of a fixed width stay small; the header holds them in any case."""
    if isinstance(values, np.ndarray) and values.dtype != object:
        return True
    return len(values) * 4 * max((len(v) for v in values if v), default=0) <= _LARGEST_TEXT


def _as_array(values: Any) -> Any:
    if isinstance(values, np.ndarray) and values.dtype != object:
        return values
    return np.array(["" if value is None else value for value in values], dtype=np.str_)


def mat(snapshot: Snapshot) -> bytes:
    """Return a MATLAB file: masks and weights as sparse matrices, names as cells."""
    import scipy.io

    found = _arrays(snapshot, "_")
    for i, layer in enumerate(snapshot.topology.layers, start=1):
        # Masks and weights apart: MATLAB's sparse matrices forget links whose weight is zero.
        found[f"mask_{i}"] = layer.to_scipy()
        if layer.weights is not None:
            found[f"weights_{i}"] = layer.to_scipy(weighted=True).astype(np.float64)
    for i, population in enumerate(snapshot.topology.populations, start=1):
        if population.names is not None:
            found[f"names_{i}"] = np.array([_cell(name) for name in population.names], dtype=object)
        for key, values in population.attributes.items():
            name = re.sub(r"\W", "_", f"attribute_{i}_{key}", flags=re.ASCII)[:31]
            if values.dtype != object and name not in found:
                found[name] = values
    found[parts.KEY] = parts.header(snapshot)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, found, do_compression=True, oned_as="column")
    return buffer.getvalue()


def _cell(name: str) -> str:
    # MATLAB counts UTF-16; scipy writes what fits into its plane and the header holds the rest.
    return "".join(c if c <= "\uffff" and c != "\0" else "\ufffd" for c in name)


def _arrays(snapshot: Snapshot, separator: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for i, layer in enumerate(snapshot.topology.layers, start=1):
        for key, values in parts.columns(layer).items():
            found[separator.join(["layer", str(i), key])] = values
    for i, population in enumerate(snapshot.topology.populations, start=1):
        for key, values in snapshot.activity.get(population.name, {}).items():
            found[separator.join(["activity", str(i), key])] = values
    return found
