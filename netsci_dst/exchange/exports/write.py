"""A snapshot as a file that other programs read."""

from __future__ import annotations

import os
from collections.abc import Callable

from ...errors import FormatError, UnknownName
from ...run import Run
from ...snapshots import Snapshot
from ..write_file import write_file
from . import graphs, links_table, matrices, torch_models


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
        One of `FORMATS`: ``graphml``, ``gexf``, ``gml``, ``edgelist`` (CSV), ``json`` (networkx
        node-link), ``mat``, ``npz``, ``pytorch`` (state dict), ``onnx`` (dense, with zeros),
        ``pyg`` (PyTorch Geometric).
    step
        Which snapshot of a run; the last by default.

    Returns
    -------
    str
        The path.

    Raises
    ------
    UnknownName
        If there is no such format.

    Examples
    --------
    >>> import numpy as np, pathlib, tempfile
    >>> from netsci_dst import Snapshot, Topology
    >>> snapshot = Snapshot(Topology.chain([np.eye(2)]))
    >>> file = export(snapshot, tempfile.mkdtemp() + "/links.csv")
    >>> pathlib.Path(file).read_text().splitlines()[2]
    'input,0,output,0,layer1,1.0,'
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


_WRITERS: dict[str, Callable[[Snapshot], bytes]] = {
    "graphml": graphs.graphml,
    "gexf": graphs.gexf,
    "gml": graphs.gml,
    "edgelist": links_table.edgelist,
    "json": graphs.node_link,
    "mat": matrices.mat,
    "npz": matrices.npz,
    "pytorch": torch_models.pytorch,
    "onnx": torch_models.onnx,
    "pyg": torch_models.pyg,
}
_MODEL_WRITERS: dict[str, Callable[[Run], bytes]] = {
    "pytorch": torch_models.pytorch_model,
    "onnx": torch_models.onnx_model,
}
_ENDINGS = {
    ".graphml": "graphml",
    ".gexf": "gexf",
    ".gml": "gml",
    ".csv": "edgelist",
    ".json": "json",
    ".mat": "mat",
    ".npz": "npz",
    ".pt": "pytorch",
    ".pth": "pytorch",
    ".onnx": "onnx",
}
FORMATS = tuple(_WRITERS)
