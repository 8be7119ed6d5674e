"""A run out of a time-stamped list of links: a snapshot for each state of the growing network."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..network import LinkTable
from ..run import Run
from ..snapshots import Snapshot
from ..topology import simple_network
from .import_run import IMPORTED, IMPORTING, begun, fingerprint
from .networks.read import find_links


def from_events(
    source: Any, out: str | os.PathLike[str], *, states: int = 50, **network: Any
) -> Run:
    """Make a run of a time-stamped list of links, which analyses, reports and films then read.

    Every snapshot holds the links that were named up to its time, on all nodes of the list;
    ``extra["time"]`` is the time. About as many links are named between states.

    Parameters
    ----------
    source
        A file or a data frame of links with a column of times.
    out
        Where the run goes; holds no run.
    states
        Number of snapshots; fewer where there are fewer distinct times.
    network
        Options of `netsci_dst.read_network`.

    Returns
    -------
    Run
        With a snapshot per state.

    Raises
    ------
    DataError
        If the list has no times, times that cannot be ordered, or a single one.
    RunError
        If the folder holds a run.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> links = pd.DataFrame({"source": [*"aab"], "target": [*"bcc"], "time": [3, 5, 4]})
    >>> run = from_events(links, tempfile.mkdtemp() + "/run", states=3)
    >>> [snapshot.topology.n_links for snapshot in run.snapshots]
    [1, 2, 3]
    """
    if states < 2:
        raise DataError(f"growth needs at least two states, not {states}")
    found = find_links(source, **network)
    if found.times is None:
        raise DataError(
            f"{_name(source)} has no column of times; name it, such as --columns source,target,time"
        )
    times = _numbers(found.times, source)
    moments = np.unique(np.quantile(times, np.linspace(0, 1, states), method="inverted_cdf"))
    if moments.size < 2:
        raise DataError(f"{_name(source)} names a single time: nothing grows")
    said = found.table.directed if network.get("directed") is None else network["directed"]
    asked = {"from": [_name(source)], "states": states, "network": _plain(network)}
    run = begun(out, asked)
    if run is None:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        run = Run.create(out, {"imported": asked}, {"status": IMPORTING, "started": started})
    with run.writing():
        there = set(run.snapshots.steps)
        for step, moment in enumerate(moments):
            if step not in there:
                run.write_snapshot(_state(found.table, times, float(moment), step, bool(said)))
        origin: dict[str, Any] = {"step": len(moments) - 1}
        if isinstance(source, (str, os.PathLike)) and os.path.isfile(source):
            origin["sha256"] = fingerprint(Path(source))
        run.update_provenance({"status": IMPORTED, "sources": {_name(source): origin}})
    return run


def continue_events(run: Run) -> Run:
    """Go on with an import of a time-stamped list that was stopped."""
    asked = run.recipe["imported"]
    network = asked.get("network", {})
    return from_events(asked["from"][0], run.path, states=asked["states"], **network)


def _state(
    table: LinkTable, times: NDArray[np.float64], moment: float, step: int, directed: bool
) -> Snapshot:
    there = times <= moment
    listed = replace(
        table,
        sources=np.asarray(table.sources)[: there.size][there],
        targets=np.asarray(table.targets)[: there.size][there],
        weights=None if table.weights is None else np.asarray(table.weights)[: there.size][there],
        lines=None,
    )
    topology, _ = simple_network(listed, directed=directed)
    return Snapshot(topology, step=step, epoch=float(step), extra={"time": moment})


def _numbers(times: Any, source: Any) -> NDArray[np.float64]:
    """Return times as numbers; dates as seconds since 1970."""
    import pandas as pd

    series = pd.Series(times)
    if pd.api.types.is_datetime64_any_dtype(series):
        return (series - pd.Timestamp(0, tz=series.dt.tz)).dt.total_seconds().to_numpy(float)
    try:
        found = series.to_numpy(float)
    except (TypeError, ValueError):
        found = np.array([np.nan])
    if not np.isfinite(found).all():
        raise DataError(f"{_name(source)}: the times are neither numbers nor dates")
    return found


def _name(source: Any) -> str:
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else "the list"


def _plain(network: Any) -> dict[str, Any]:
    given = {key: value for key, value in network.items() if value is not None}
    return {key: list(v) if isinstance(v, tuple) else v for key, v in given.items()}
