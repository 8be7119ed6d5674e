"""All checks of a run, and of many."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from ..errors import NetsciError
from ..finding import DAMAGED, DIFFERS, OK, Finding, counted, noting
from ..reading import one_line
from ..run import TABLES, Run, load_run
from .analysis import check_analysis
from .checkpoints import check_checkpoints
from .folder import check_folder
from .imports import check_import


def verify(run: Run, data: bool = True) -> list[Finding]:
    """Read everything in a run that is ever read, and compare it with its checksums.

    Recipe, provenance, tables, snapshots, checkpoints and the results of the analysis; and whether
    the version of the code and the data are those of the run, or its import is whole.

    Parameters
    ----------
    run
        A run.
    data
        Load the data, or read the imported files, and compare their fingerprint.

    Returns
    -------
    list of Finding
        ``damaged``: the run cannot be relied on. ``differs``: it is whole, but could not be
        repeated as it stands (another version, data that are not at hand, not finished).

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from netsci_dst import Run, Snapshot, Topology
    >>> run = Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> _ = run.write_snapshot(Snapshot(Topology.chain([np.eye(4)]), step=0))
    >>> [finding.what for finding in verify(run, data=False) if "snapshot" in finding.what]
    ['1 snapshot matches its checksum']
    """
    found = check_folder(run.store)
    recipe: dict[str, Any] = {}
    with noting(found):
        recipe = run.recipe
        found.append(Finding(OK, "recipe and provenance match their checksums"))
    found += _snapshots(run)
    for table in TABLES:
        with noting(found):
            found.append(Finding(OK, f"{table}: {counted(len(run.table(table)), 'row')}"))
    found += check_checkpoints(run.store)
    found += check_analysis(run.store)
    with noting(found):
        found += _origin(run, recipe, data)
    return found


def verify_all(
    paths: Iterable[str | os.PathLike[str]], data: bool = True
) -> Iterator[dict[str, Any]]:
    """Yield for each path the run, the worst verdict and the findings; see `verify`."""
    for path in paths:
        try:
            found = verify(load_run(path), data)
        except NetsciError as error:
            found = [Finding(DAMAGED, one_line(error))]
        verdicts = {finding.verdict for finding in found}
        worst = next((verdict for verdict in (DAMAGED, DIFFERS) if verdict in verdicts), OK)
        yield {"run": os.fspath(path), "verdict": worst, "findings": found}


def _snapshots(run: Run) -> list[Finding]:
    found: list[Finding] = []
    with noting(found):
        problems = run.snapshots.verify()
        found += [Finding(DAMAGED, one_line(problem)) for problem in problems]
        n = len(run.snapshots)
        if not problems:
            match = "matches its checksum" if n == 1 else "match their checksums"
            found.append(Finding(OK, f"{counted(n, 'snapshot')} {match}"))
    return found


def _origin(run: Run, recipe: dict[str, Any], data: bool) -> list[Finding]:
    if not recipe:
        return []
    if "imported" in recipe:
        return check_import(run, recipe["imported"], data)
    if "origin" in recipe:
        return [Finding(OK, f"recorded by {one_line(recipe['origin'])!r}"), status(run)]
    from ..training.verification import training_findings

    return [*training_findings(run, data), status(run)]


def status(run: Run) -> Finding:
    """Return whether a run came to its end."""
    word = run.status
    if word == "finished":
        return Finding(OK, "the run is finished")
    return Finding(DIFFERS, f"the run is {one_line(word)}")
