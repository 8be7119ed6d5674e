"""Read any network: a file of any known form, or an object of another library."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import DataError, TopologyError
from ...link_tables import link_table
from ...network import Merged
from ...reading import one_line, reading
from ...snapshots import Snapshot
from ...topology import Topology, simple_network
from ..exports.read_back import read_ours
from .builder import left_out
from .forms import find_form
from .found import Found, Options, report
from .layered import is_layered, layered
from .source import Source, load

_SOURCES = (str, os.PathLike)


@dataclass(frozen=True)
class Reading:
    """A network and what was read.

    Attributes
    ----------
    topology
        The network.
    line
        Nodes, links, direction, weights, what was merged or left out, in one line.
    snapshot
        All that a file holds which this package exported; None for others.
    """

    topology: Topology
    line: str
    snapshot: Snapshot | None = None


def read_network(
    source: Any,
    columns: str | Sequence[str] | None = None,
    separator: str | None = None,
    directed: bool | None = None,
    form: str | None = None,
    comments: str = "#%",
) -> Topology:
    """Return the network in a file or an object; `read` says in a line what was read, too.

    Parameters
    ----------
    source
        A path (``-``: the standard input; .gz, .bz2, .xz, .zip, .tar are undone), a URL of fsspec,
        a networkx or igraph graph, a square scipy or numpy matrix, a data frame of links.
    columns
        Roles of the columns of an edge list, such as ``source,target,weight``, ``-`` for one to
        leave out; or the names of the columns of source, target and weight.
    separator
        What separates columns: a character, or ``tab``, ``comma``, ``semicolon``, ``space``.
    directed
        Whether links are directed, where the file does not say or says otherwise.
    form
        The form of the file where its name and content do not show it: ``edges``, ``adjacency``,
        ``matrix``, ``sif``, ``dimacs``, ``metis``, ``pajek``, ``dl``, ``gml``, ``graphml``,
        ``gexf``, ``json``, ``mtx``, ``numpy``, ``mat``, ``parquet``, ``dot``, ``tgf``, ``lgl``,
        ``gdf``, ``leda``, ``graph6``.
    comments
        The characters that begin a comment line of an edge list; "" or ``none`` for none.

    Returns
    -------
    Topology
        One population with names and attributes, one layer with directions and weights; the
        layers of a neural network where this package wrote the file.

    Raises
    ------
    DataError
        If the file is missing, of no known form, or can be read in several ways; the message names
        the line and what to write instead.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "net.csv"
    >>> _ = file.write_text("source,target\\n0,1\\n1,2\\n")
    >>> read_network(file)
    Topology(3 nodes, 2 links, undirected)
    """
    return read(source, columns, separator, directed, form, comments).topology


def read(
    source: Any,
    columns: str | Sequence[str] | None = None,
    separator: str | None = None,
    directed: bool | None = None,
    form: str | None = None,
    comments: str = "#%",
) -> Reading:
    """Return the network in a file or an object with a line that says what was read.

    Parameters
    ----------
    source, columns, separator, directed, form, comments
        As for `read_network`.

    Returns
    -------
    Reading
        The network, and what was read.

    Raises
    ------
    DataError
        As `read_network`.

    Examples
    --------
    >>> import networkx as nx
    >>> read(nx.DiGraph([("a", "b"), ("b", "a")])).line
    '2 nodes, 2 links, directed, unweighted; networkx DiGraph'
    """
    options = _options(columns, separator, directed, form, comments)
    if not isinstance(source, _SOURCES):
        return _of_object(source, options)
    ours = _exported(source, options)
    if ours is not None:
        return ours
    loaded = _load(source)
    with reading(loaded.origin, "a network that can be read", DataError):
        found = _found(loaded, options)
        return _finished(found, options, loaded.origin)


def find_links(source: Any, **options: Any) -> Found:
    """Return the links of a file or object as they are listed; see `read`."""
    chosen = _options(**options)
    if not isinstance(source, _SOURCES):
        return _found_in_object(source, chosen)
    loaded = _load(source)
    with reading(loaded.origin, "a network that can be read", DataError):
        return _found(loaded, chosen)


def _options(
    columns: str | Sequence[str] | None = None,
    separator: str | None = None,
    directed: bool | None = None,
    form: str | None = None,
    comments: str = "#%",
) -> Options:
    if isinstance(columns, str):
        columns = columns.split(",")
    chosen = None if columns is None else tuple(columns)
    return Options(form, chosen, separator, directed, "" if comments == "none" else comments)


def _exported(path: Any, options: Options) -> Reading | None:
    """Return what this package exported, whole, unless the user says how to read the file."""
    if options != Options() or not os.path.isfile(path):
        return None
    snapshot = read_ours(Path(path))
    if snapshot is None:
        return None
    topology = snapshot.topology
    found = Found(link_table(topology), "exported by netsci-dst")
    return Reading(topology, report(topology, found, Merged(), topology.is_directed), snapshot)


def _load(path: Any) -> Source:
    with reading(os.fspath(path), "a file that can be read", DataError):
        return load(path)


def _found(source: Source, options: Options) -> Found:
    found = find_form(source, options)
    if found.link_layers is not None and is_layered(found):
        return found
    if found.table.n == 0:
        raise DataError(f"{source.origin} holds no nodes")
    return found


def _finished(found: Found, options: Options, origin: str) -> Reading:
    if found.link_layers is not None and is_layered(found):
        topology = layered(found)
        return Reading(topology, report(topology, found, Merged(), True))
    try:
        topology, merged = _network(found, options)
    except TopologyError as error:
        raise DataError(f"{origin}: {_with_options(one_line(error))}") from error
    return Reading(topology, report(topology, found, merged, options.directed))


def _network(found: Found, options: Options) -> tuple[Topology, Merged]:
    try:
        return simple_network(found.table, directed=options.directed)
    except TopologyError:
        if found.lines is None:
            raise
    found.table.lines = found.lines()
    return simple_network(found.table, directed=options.directed)


def _with_options(message: str) -> str:
    return message.replace(
        "say whether links are directed, or undirected, in which case their weights add up",
        "write --directed for two links, or --undirected for one with their sum",
    )


def _of_object(source: Any, options: Options) -> Reading:
    if isinstance(source, Topology):
        return Reading(source, repr(source))
    return _finished(_found_in_object(source, options), options, "the graph")


def _found_in_object(source: Any, options: Options) -> Found:
    import pandas as pd

    if isinstance(source, pd.DataFrame):
        from .parquet import read_frame

        return read_frame(source, options, "the data frame", "data frame")
    library = type(source).__module__.split(".")[0]
    form = "matrix" if isinstance(source, np.ndarray) else f"{library} {type(source).__name__}"
    left = _of_links(source) - {"weight"}
    return Found(link_table(source), form, [left_out(left)] if left else [])


def _of_links(graph: Any) -> set[str]:
    """Return the names of the attributes of links of a networkx or igraph graph."""
    if hasattr(graph, "es") and hasattr(graph.es, "attributes"):
        return set(map(str, graph.es.attributes()))
    if hasattr(graph, "adj") and hasattr(graph, "edges"):
        return {str(key) for _, _, facts in graph.edges(data=True) for key in facts}
    return set()
