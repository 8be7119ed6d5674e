"""A network as a snapshot, with the line that says what was read."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import NetsciError
from ...reading import reading
from ...snapshots import Snapshot
from .forms import find_form, is_ending
from .found import Options
from .read import read
from .source import STANDARD_INPUT, ending_of, load

WEIGHT_ENDINGS = (".safetensors", ".pt", ".pth", ".bin", ".ckpt", ".onnx")
_EITHER = (".npz", ".mat")


def read_snapshot(source: Any, **options: Any) -> Snapshot:
    """Return the network in a file or object as a snapshot; ``extra["read"]`` says what was read.

    Parameters
    ----------
    source
        A file or object as `netsci_dst.read_network` takes it.
    options
        Those of `netsci_dst.read_network`.

    Returns
    -------
    Snapshot
        With all that the file holds, where this package wrote it.

    Raises
    ------
    DataError
        As `netsci_dst.read_network`.

    Examples
    --------
    >>> import networkx as nx
    >>> snapshot = read_snapshot(nx.path_graph(3))
    >>> snapshot.topology.n_links, snapshot.extra["read"]
    (2, '3 nodes, 2 links, undirected, unweighted; networkx Graph')
    """
    if isinstance(source, Snapshot):
        return source
    found = read(source, **options)
    if found.snapshot is not None:
        before = found.snapshot.extra.get("read")
        line = f"{found.line}, which read: {before}" if before else found.line
        return replace(found.snapshot, extra={**found.snapshot.extra, "read": line})
    extra = {"read": found.line}
    if isinstance(source, (str, os.PathLike)):
        extra["name"] = _stem(os.fspath(source))
    return Snapshot(found.topology, extra=extra)


def _stem(name: str) -> str:
    if name in STANDARD_INPUT:
        return "network"
    base = name.rstrip("/").rsplit("/", 1)[-1]
    if base.startswith("out.") and not is_ending(ending_of(base)):
        return base[4:] or "network"  # KONECT's files are called out.NAME
    ending = ending_of(base)
    place = base.lower().rfind(ending) if ending else -1
    return (base[:place] if place > 0 else base) or "network"


def names_a_file(item: str | os.PathLike[str]) -> bool:
    """Whether a name is that of a file, a pipe, or the standard input; a run is a folder.

    A URL is that of a file when it ends as networks do, such as ``.csv.gz``.

    Parameters
    ----------
    item
        A path or URL.

    Returns
    -------
    bool
        False for a folder, and where there is nothing.

    Examples
    --------
    >>> names_a_file("-"), names_a_file("s3://bucket/net.csv.gz"), names_a_file("s3://bucket/run")
    (True, True, False)
    """
    name = os.fspath(item)
    if name in STANDARD_INPUT:
        return True
    if "://" in name:
        return is_ending(ending_of(name))
    name = os.path.expanduser(name)
    return os.path.exists(name) and not os.path.isdir(name)


def is_network_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file is read as a network: all are but folders and files of weights.

    ``.npz`` and ``.mat`` hold either: a symmetric matrix is a network, others are weights.

    Parameters
    ----------
    path
        A path, which need not exist.

    Returns
    -------
    bool
        True also for what no reader knows: the attempt then says what is wrong.

    Examples
    --------
    >>> is_network_file("net.csv"), is_network_file("model.safetensors")
    (True, False)
    """
    name = os.fspath(path)
    if name in STANDARD_INPUT:
        return True
    ending = ending_of(name)
    if ending in WEIGHT_ENDINGS or Path(name).is_dir():
        return False
    return ending not in _EITHER or _is_symmetric(name)


def _is_symmetric(name: str) -> bool:
    try:
        with reading(name):
            found = find_form(load(name), Options())
    except NetsciError:
        return False
    square = "mode" not in found.table.attributes
    return square and found.table.directed is False and not found.notes
