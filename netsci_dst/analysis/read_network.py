"""Read any network from a file: edge lists, GraphML, GML, GEXF, Matrix Market, scipy's npz."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..topology import Layer, Population, Topology

__all__ = ["read_network"]

_HEADS = {"source", "target", "from", "to", "node1", "node2", "src", "dst", "u", "v", "i", "j"}
_READERS = {".graphml": "graphml", ".xml": "graphml", ".gml": "gml", ".gexf": "gexf"}


def read_network(path: str | os.PathLike[str]) -> Topology:
    """Read a network as a topology.

    GraphML and GML are read by igraph, GEXF by networkx; where nodes and links carry the
    ``population`` and ``layer`` that this package writes, the layers come back. ``.mtx`` and
    ``.npz`` hold a square matrix. Anything else is an edge list: two columns of node names,
    separated by commas, tabs, semicolons or spaces, with or without a header; ``#`` and ``%``
    start comments, further columns are left out. Links are undirected, repeated links and
    self-loops are dropped. Nodes are numbered in the order of their names, numbers by value.

    Raises
    ------
    DataError
        If the file is missing, empty or not of its form; the message names the line.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "net.csv"
    >>> _ = file.write_text("source,target\\n0,1\\n1,2\\n")
    >>> read_network(file)
    Topology(nodes:3; 1 sparse layers, 2 links)
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"{file} is not a file")
    ending = "".join(file.suffixes[-1:]).lower()
    try:
        if ending in _READERS:
            return _from_igraph(file, _READERS[ending])
        if ending == ".mtx":
            from scipy.io import mmread
            from scipy.sparse import csr_array

            return Topology.network(csr_array(mmread(file)))
        if ending == ".npz":
            from scipy.sparse import load_npz

            return Topology.network(load_npz(file))
    except DataError:
        raise
    except Exception as error:
        text = _without_source(" ".join(str(error).split()))
        raise DataError(f"{file} cannot be read as a {ending[1:]} network: {text}") from error
    return _edge_list(file)


def _without_source(text: str) -> str:
    """Return igraph's message without the place in its C source."""
    if "Graph index was too large" in text:
        return "it holds no graph"
    found = re.fullmatch(r"Error at \S+: (.*?)\.?(?: -- .*)?", text)
    return found[1] if found else text


def _edge_list(file: Path) -> Topology:
    import pandas as pd

    separator, skip = _form(file)
    try:
        table = pd.read_csv(
            file,
            sep=separator,
            header=None,
            skiprows=skip,
            usecols=[0, 1],
            comment="#",
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
        )
    except (ValueError, pd.errors.ParserError, UnicodeDecodeError) as error:
        text = _without_source(" ".join(str(error).split()))
        raise DataError(f"{file} is not an edge list of two columns: {text}") from error
    ends = table.to_numpy(dtype=str)
    ends = np.char.strip(ends)
    if len(ends) > 1 and not _numbers(ends[:1]) and _numbers(ends[1:]):
        ends = ends[1:]  # a header in words that are not known as such
    lacking = np.flatnonzero((ends == "").any(axis=1))
    if lacking.size:
        raise DataError(f"{file}: link {lacking[0] + 1} lacks an end")
    names, codes = np.unique(ends, return_inverse=True)
    codes = codes.reshape(ends.shape)
    try:
        order = np.argsort(names.astype(np.int64), kind="stable")
    except ValueError:
        order = np.arange(names.size)
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    codes = place[codes]
    low, high = codes.min(axis=1), codes.max(axis=1)
    pairs = np.unique(np.column_stack([low, high])[low != high], axis=0)
    n = names.size
    ends = (pairs[:, 0], pairs[:, 1])
    layer = Layer.from_links("links", "nodes", "nodes", (n, n), *ends, directed=False)
    return Topology((Population("nodes", n),), (layer,))


def _numbers(ends: NDArray[np.str_]) -> bool:
    try:
        ends.astype(np.int64)
    except ValueError:
        return False
    return True


def _form(file: Path) -> tuple[str, int]:
    """Return the separator and the number of lines before the first link."""
    first: list[str] | None = None
    with file.open(encoding="utf-8", errors="strict") as lines:
        try:
            for number, line in enumerate(lines):
                text = line.strip()
                if not text or text[0] in "#%":
                    continue
                separator = next((s for s in ",;\t" if s in text), r"\s+")
                fields = [f.strip(" \"'") for f in re.split(separator, text)]
                if len(fields) < 2:
                    raise DataError(
                        f"{file}, line {number + 1}: {text[:40]!r} does not name two nodes"
                    )
                if first is None and {f.lower() for f in fields[:2]} <= _HEADS:
                    first = fields
                    continue
                return separator, number
        except UnicodeDecodeError as error:
            raise DataError(f"{file} is no text file: it is not an edge list") from error
    raise DataError(f"{file} lists no links")


def _from_igraph(file: Path, form: str) -> Topology:
    import warnings

    import igraph

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # about attributes that are not needed
        if form == "gexf":
            import networkx

            graph = igraph.Graph.from_networkx(networkx.read_gexf(file))
        else:
            graph = igraph.Graph.Read(str(file), format=form)
    marks = {"population", "index"} <= set(graph.vs.attributes())
    if graph.is_directed() and marks and "layer" in graph.es.attributes():
        return _layered(graph)
    return Topology.network(graph)


def _layered(graph: Any) -> Topology:
    names = list(dict.fromkeys(graph.vs["population"]))
    of = np.array([names.index(name) for name in graph.vs["population"]])
    index = np.array(graph.vs["index"], dtype=np.int64)
    roles = graph.vs["role"] if "role" in graph.vs.attributes() else ["hidden"] * graph.vcount()
    populations = tuple(
        Population(name, int((of == i).sum()), roles[int(np.argmax(of == i))])
        for i, name in enumerate(names)
    )
    ends = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    labels = np.array(graph.es["layer"], dtype=object)
    weights = graph.es["weight"] if "weight" in graph.es.attributes() else None
    layers = []
    for label in dict.fromkeys(graph.es["layer"]):
        here = np.flatnonzero(labels == label)
        u, v = ends[here, 0], ends[here, 1]
        a, b = populations[of[u[0]]], populations[of[v[0]]]
        if (of[u] != of[u[0]]).any() or (of[v] != of[v[0]]).any():
            raise DataError(f"layer {label!r} joins more than two populations")
        known = None if weights is None else [weights[i] for i in here]
        layers.append(
            Layer.from_links(
                str(label),
                a.name,
                b.name,
                (a.size, b.size),
                index[u],
                index[v],
                None if known is None or None in known or not np.isfinite(known).all() else known,
            )
        )
    return Topology(populations, tuple(layers))
