"""A snapshot as a file that other programs read."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import FormatError, MissingDependency, UnknownName
from ..run import Run
from ..snapshots import Snapshot
from . import _parts
from ._file import write_file


def export(
    source: Run | Snapshot,
    path: str | os.PathLike[str],
    format: str | None = None,
    step: int | None = None,
) -> str:
    """Write a snapshot in another program's format and return the path.

    Parameters
    ----------
    source
        A run, or a single snapshot.
    path
        Where to write; the format follows from the ending unless given.
    format
        One of `FORMATS`: ``graphml``, ``gexf``, ``edgelist`` (CSV), ``json`` (networkx node-link),
        ``mat``, ``npz``, ``pytorch`` (state dict), ``onnx`` (dense, with zeros), ``pyg`` (PyTorch
        Geometric).
    step
        Which snapshot of a run; the last by default.

    Raises
    ------
    UnknownName
        If there is no such format.
    """
    name = os.fspath(path)
    if format is None:
        format = _ENDINGS.get(os.path.splitext(name)[1].lower())
        if format is None:
            raise FormatError(f"cannot tell the format of {name!r}; name one: {', '.join(FORMATS)}")
    if format not in FORMATS:
        raise UnknownName("format", format, FORMATS)
    if isinstance(source, Run):
        whole = step is None or step == _checkpoint_step(source)
        if format in _MODEL_WRITERS and whole and source.store.exists("checkpoint"):
            return write_file(name, _MODEL_WRITERS[format](source))
        snapshot = source.snapshots[-1] if step is None else source.snapshots.at(step)
    else:
        snapshot = source
    return write_file(name, _WRITERS[format](snapshot))


def _checkpoint_step(run: Run) -> int | None:
    return run.snapshots.steps[-1] if len(run.snapshots) else None


# --- graphs -----------------------------------------------------------------------------------


def _with_activity(snapshot: Snapshot) -> Any:
    graph = snapshot.to_networkx()
    offsets = snapshot.topology.offsets
    for population, statistics in snapshot.activity.items():
        if population in offsets:
            for key, values in statistics.items():
                for i, value in enumerate(values.tolist()):
                    graph.nodes[offsets[population] + i][f"activity_{key}"] = value
    return graph


def _graphml(snapshot: Snapshot) -> bytes:
    import networkx as nx

    graph = _with_activity(snapshot)
    graph.graph[_parts.KEY] = _parts.header(snapshot)
    buffer = io.BytesIO()
    nx.write_graphml_xml(graph, buffer)
    return buffer.getvalue()


def _gexf(snapshot: Snapshot) -> bytes:
    import networkx as nx

    graph = _with_activity(snapshot)
    if graph.number_of_nodes():
        # GEXF has no attributes of the whole graph.
        graph.nodes[0][_parts.KEY] = _parts.header(snapshot)
    buffer = io.BytesIO()
    nx.write_gexf(graph, buffer)
    return buffer.getvalue()


def _json(snapshot: Snapshot) -> bytes:
    import networkx as nx

    graph = _with_activity(snapshot)
    graph.graph[_parts.KEY] = _parts.header(snapshot)
    return json.dumps(nx.node_link_data(graph, edges="edges")).encode()


def _edgelist(snapshot: Snapshot) -> bytes:
    text = io.StringIO()
    text.write(f"# {_parts.KEY} {_parts.header(snapshot)}\n")
    writer = csv.writer(text, lineterminator="\n")
    names = ["source_population", "source", "target_population", "target", "layer"]
    writer.writerow([*names, "weight", "multiplicity"])
    for layer in snapshot.topology.layers:
        found = _parts.columns(layer)
        lists = [
            values.tolist() if (values := found.get(key)) is not None else [""] * layer.n_links
            for key in ("source", "target", "weight", "multiplicity")
        ]
        for u, v, weight, multiplicity in zip(*lists, strict=True):
            writer.writerow([layer.source, u, layer.target, v, layer.name, weight, multiplicity])
    return text.getvalue().encode()


# --- matrices ---------------------------------------------------------------------------------


def _arrays(snapshot: Snapshot, separator: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for i, layer in enumerate(snapshot.topology.layers, start=1):
        for key, values in _parts.columns(layer).items():
            found[separator.join(["layer", str(i), key])] = values
    for i, population in enumerate(snapshot.topology.populations, start=1):
        for key, values in snapshot.activity.get(population.name, {}).items():
            found[separator.join(["activity", str(i), key])] = values
    return found


def _npz(snapshot: Snapshot) -> bytes:
    buffer = io.BytesIO()
    header: Mapping[str, Any] = {_parts.KEY: np.array(_parts.header(snapshot))}
    np.savez_compressed(buffer, allow_pickle=False, **header, **_arrays(snapshot, "/"))
    return buffer.getvalue()


def _mat(snapshot: Snapshot) -> bytes:
    import scipy.io

    found = _arrays(snapshot, "_")
    for i, layer in enumerate(snapshot.topology.layers, start=1):
        # Masks and weights apart: MATLAB's sparse matrices forget links whose weight is zero.
        found[f"mask_{i}"] = layer.to_scipy()
        if layer.weights is not None:
            found[f"weights_{i}"] = layer.to_scipy(weighted=True).astype(np.float64)
    found[_parts.KEY] = _parts.header(snapshot)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, found, do_compression=True, oned_as="column")
    return buffer.getvalue()


# --- PyTorch ----------------------------------------------------------------------------------


def _state(snapshot: Snapshot) -> dict[str, Any]:
    import torch

    state = {}
    for layer in snapshot.topology.layers:
        if layer.multiplicity is not None:
            raise FormatError(
                f"layer {layer.name!r} is a convolution, whose kernels a snapshot does not hold; "
                "export the run's last step, which has a checkpoint"
            )
        if layer.weights is None:
            raise FormatError(f"layer {layer.name!r} has no weights stored")
        # The names of torch.nn.utils.prune: a link of weight zero is still a link.
        state[f"{layer.name}.weight_orig"] = torch.from_numpy(
            layer.to_scipy(weighted=True).toarray().T.copy()
        )
        state[f"{layer.name}.weight_mask"] = torch.from_numpy(
            layer.to_scipy().toarray().T.astype(np.float32)
        )
    return state


def _pytorch(snapshot: Snapshot) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(_state(snapshot), buffer)
    return buffer.getvalue()


def _pytorch_model(run: Run) -> bytes:
    import torch

    from ._to_dense import to_dense

    buffer = io.BytesIO()
    torch.save(to_dense(run).state_dict(), buffer)
    return buffer.getvalue()


def _onnx(snapshot: Snapshot) -> bytes:
    raise FormatError(
        "ONNX needs a whole model, and a snapshot holds the sparse layers alone; "
        "export the run's last step, which has a checkpoint"
    )


def _onnx_model(run: Run) -> bytes:
    from ._onnx import to_onnx
    from ._to_dense import to_dense

    return to_onnx(to_dense(run))


def _pyg(snapshot: Snapshot) -> bytes:
    import torch

    buffer = io.BytesIO()
    torch.save(to_pyg(snapshot).to_dict(), buffer)
    return buffer.getvalue()


def to_pyg(snapshot: Snapshot) -> Any:
    """Return a ``torch_geometric.data.Data``: edge_index, weights, layer and population numbers."""
    try:
        from torch_geometric.data import Data
    except ImportError:
        raise MissingDependency(
            "torch_geometric", "train", "exporting to PyTorch Geometric"
        ) from None
    import torch

    topology = snapshot.topology
    u, v = topology.links()
    sizes = [layer.n_links for layer in topology.layers]
    data = Data(
        edge_index=torch.from_numpy(np.stack([u, v])),
        population=torch.from_numpy(topology.node_population.astype(np.int64)),
        layer=torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)),
        num_nodes=topology.n_nodes,
    )
    if all(layer.weights is not None for layer in topology.layers):
        weights = [layer.weights for layer in topology.layers if layer.weights is not None]
        data.edge_attr = torch.from_numpy(np.concatenate(weights))[:, None]
    return data


_WRITERS: dict[str, Callable[[Snapshot], bytes]] = {
    "graphml": _graphml,
    "gexf": _gexf,
    "edgelist": _edgelist,
    "json": _json,
    "mat": _mat,
    "npz": _npz,
    "pytorch": _pytorch,
    "onnx": _onnx,
    "pyg": _pyg,
}
_MODEL_WRITERS: dict[str, Callable[[Run], bytes]] = {
    "pytorch": _pytorch_model,
    "onnx": _onnx_model,
}
_ENDINGS = {
    ".graphml": "graphml",
    ".gexf": "gexf",
    ".csv": "edgelist",
    ".json": "json",
    ".mat": "mat",
    ".npz": "npz",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".onnx": "onnx",
}
FORMATS = tuple(_WRITERS)
