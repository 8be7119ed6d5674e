"""What a report is about: runs, or networks in any form that an analysis takes."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import RunError
from ..run import Run, load_run
from ..snapshots import Snapshot
from ..topology import Topology


def open_subjects(subjects: Any) -> list[Run]:
    """Return runs from a run, its path, a network of any kind, or a sequence of these.

    A network (a file, networkx, igraph, scipy, a topology, a snapshot) becomes a run of one
    snapshot in a folder of its own, which lasts as long as the run is used.
    """
    opened = [_open(one) for one in _listed(subjects)]
    if not opened:
        raise RunError("a report needs at least one run or network")
    return opened


def _listed(subjects: Any) -> Iterable[Any]:
    iterator = hasattr(subjects, "__next__") and not hasattr(subjects, "adj")
    return list(subjects) if isinstance(subjects, (list, tuple)) or iterator else [subjects]


def _open(one: Any) -> Run:
    if isinstance(one, Run):
        return one
    if isinstance(one, (str, os.PathLike)):
        from ..exchange.networks import names_a_file

        if not names_a_file(one):
            return load_run(one)
    return _network(one)


def _network(source: Any) -> Run:
    from ..exchange.networks import read_snapshot

    snapshot = Snapshot(source) if isinstance(source, Topology) else read_snapshot(source)
    _clean_abandoned()
    folder = tempfile.TemporaryDirectory(prefix=f"netsci-dst-{os.getpid()}-")
    name = str(snapshot.extra.get("name") or getattr(source, "name", "") or "network")
    safe = "".join(c if c.isalnum() or c in " -_." else "_" for c in name).strip(" .") or "network"
    run = Run.create(
        os.path.join(folder.name, safe[:80]), {}, {"status": "imported", "label": name}
    )
    run.write_snapshot(snapshot)
    weakref.finalize(run, folder.cleanup)
    return run


def _clean_abandoned() -> None:
    """Remove the folders of networks whose process was killed."""
    for left in Path(tempfile.gettempdir()).glob("netsci-dst-*-*"):
        owner = left.name.split("-")[2]
        if owner.isdigit() and not _is_alive(int(owner)) and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def is_network(run: Run) -> bool:
    """Whether a run is a network that no layers order: its nodes are one population."""
    if not len(run.snapshots):
        return False
    topology = run.snapshots[-1].topology
    return bool(topology.layers) and not topology.is_layered


def page_subject(runs: list[Run]) -> tuple[str, Any]:
    """Return the kind of page that runs or networks ask for, and what its sections take."""
    from .comparison.model import Comparison
    from .networks.data import NetworkData
    from .run_data import RunData

    nets = [is_network(run) for run in runs]
    if all(nets):
        found = [NetworkData(run) for run in runs]
        return ("network", found[0]) if len(found) == 1 else ("networks", found)
    if any(nets):
        raise RunError("runs or networks are compared, not both: give one kind alone")
    data = [RunData(run) for run in runs]
    return ("run", data[0]) if len(data) == 1 else ("comparison", Comparison(data))
