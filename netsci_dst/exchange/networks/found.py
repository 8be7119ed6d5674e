"""What a reader found in a file, and the one line that says what was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...network import LinkTable, Merged
from ...topology import Topology


@dataclass(frozen=True)
class Options:
    """What a user says about a file where the file does not.

    Attributes
    ----------
    form
        Name of the form, such as ``edges`` or ``matrix``.
    columns
        The role of each column, or the names of the columns that hold source, target and weight.
    separator
        What stands between columns.
    directed
        Overrules the file.
    comments
        Characters with which a comment line begins.
    """

    form: str | None = None
    columns: tuple[str, ...] | None = None
    separator: str | None = None
    directed: bool | None = None
    comments: str = "#%"


@dataclass
class Found:
    """The links of a file as they are listed.

    Attributes
    ----------
    table
        Links, names, attributes.
    form
        The form of the file in words.
    notes
        What was left out or taken in a way that is worth knowing.
    link_layers
        The layer of each link, in files that this package wrote.
    lines
        Returns the line of each link, for messages.
    times
        When each link was there, in the order of the file.
    """

    table: LinkTable
    form: str
    notes: list[str] = field(default_factory=list)
    link_layers: Sequence[Any] | None = None
    lines: Callable[[], NDArray[np.int64]] | None = None
    times: Any = None


def report(topology: Topology, found: Found, merged: Merged, said: bool | None) -> str:
    """Return what was read, in one line: sizes, direction, weights, what was merged or left out."""
    parts = [count(topology.n_nodes, "node"), count(topology.n_links, "link")]
    if topology.is_directed:
        parts.append("directed")
    elif found.table.directed is None and said is None:
        parts.append("undirected (the file does not say; --directed keeps directions)")
    else:
        parts.append("undirected")
    parts.append("weighted" if topology.is_weighted else "unweighted")
    notes = [found.form]
    if merged.both_ways:
        notes.append("each link is listed in both directions")
    notes.append(f"{count(merged.self_loops, 'self-loop')} left out" if merged.self_loops else "")
    if merged.parallel:
        added = ", their weights added" if topology.is_weighted else ""
        notes.append(f"{count(merged.parallel, 'parallel link')} merged{added}")
    return "; ".join([", ".join(parts), *filter(None, notes), *found.notes])


def count(n: int, what: str, several: str = "") -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count(1, "link"), count(3200, "link")
    ('1 link', '3,200 links')
    """
    return f"{n:,} {what if n == 1 else several or what + 's'}"
