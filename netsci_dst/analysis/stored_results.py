"""The results that are stored with a run."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from .. import registry
from ..errors import NetsciError, RunError, UnknownName
from ..run import Run
from .result_store import DONE, WHOLE_RUN, ResultStore, run_source
from .tables import NOTE, tidy

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Results", "results"]


class Results:
    """What has been computed for a run, as far as it belongs to its present snapshots.

    For each measure and snapshot there is one result: that with the options asked for, else that
    with the measure's default options, else the newest.
    """

    def __init__(self, run: Run, options: Mapping[str, Mapping[str, Any]] | None = None):
        self.run = run
        self._store = ResultStore(run.store).load()
        self._options = {name: dict(given) for name, given in (options or {}).items()}
        for name in self._options:
            registry.get("measure", name)

    @cached_property
    def _selected(self) -> dict[tuple[str, int], dict[str, Any]]:
        sources = {int(e["step"]): e["sha256"] for e in self.run.snapshots.index}
        notes = list(self._store.notes.values())
        if any(note["step"] == WHOLE_RUN for note in notes):
            sources[WHOLE_RUN] = run_source(self.run)
        best: dict[tuple[str, int], tuple[tuple[bool, bool, int], dict[str, Any]]] = {}
        for note in notes:
            if sources.get(int(note["step"])) != note["source"]:
                continue
            rank = self._rank(note)
            place = (note["measure"], int(note["step"]))
            if rank is not None and (place not in best or rank > best[place][0]):
                best[place] = (rank, note)
        ordered = sorted(best.items(), key=lambda item: (item[0][1] == WHOLE_RUN, item[0][1]))
        return {place: note for place, (_, note) in ordered}

    def _rank(self, note: Mapping[str, Any]) -> tuple[bool, bool, int] | None:
        try:
            measure = registry.get("measure", note["measure"]).target
        except UnknownName:
            # Its extension is not installed here.
            return (note["status"] == DONE, False, note["order"])
        if measure.version != note["version"]:
            return None
        asked = measure.resolve(self._options.get(measure.name))
        same = asked == json.loads(note["options"])
        if measure.name in self._options and not same:
            return None
        return (note["status"] == DONE, same, note["order"])

    @cached_property
    def values(self) -> pd.DataFrame:
        """All values: run, step, epoch, scope, measure, quantity, value, text."""
        chosen = {note["key"]: note for note in self._selected.values() if note["status"] == DONE}
        return tidy(self.run.name, self.run, chosen, self._store.frame())

    @cached_property
    def notes(self) -> pd.DataFrame:
        """How each result went: step, epoch, measure, status, reason, seconds, options."""
        import pandas as pd

        names = [*NOTE, "options"]
        rows = [{name: note[name] for name in names} for note in self._selected.values()]
        return pd.DataFrame(rows, columns=names)

    @property
    def measures(self) -> list[str]:
        """Names of the measures with at least one finished result."""
        done = [m for (m, _), note in self._selected.items() if note["status"] == DONE]
        return sorted(set(done))

    def steps(self, measure: str) -> list[int]:
        """Return the steps of the snapshots for which the measure has a finished result."""
        return [
            step
            for (name, step), note in self._selected.items()
            if name == measure and step != WHOLE_RUN and note["status"] == DONE
        ]

    def arrays(self, measure: str, step: int | None = None) -> dict[str, NDArray[Any]]:
        """Return the arrays of a result by name.

        Parameters
        ----------
        measure
            Name of the measure.
        step
            Step of the snapshot; by default the last that has a result, or for a measure of whole
            runs, the run.

        Raises
        ------
        RunError
            If the measure was not computed there; the message says how to.
        """
        if step is None:
            known = self.steps(measure)
            step = known[-1] if known else WHOLE_RUN
        note = self._selected.get((measure, step))
        if note is None or note["status"] != DONE:
            why = f" ({note['status']}: {note['reason']})" if note else ""
            where = "" if step == WHOLE_RUN else f" at step {step}"
            raise RunError(f"{self.run.path} holds no result of {measure!r}{where}{why}")
        return self._store.arrays(note)

    def array(self, measure: str, name: str, step: int | None = None) -> NDArray[Any]:
        """Return one array of a result; see `arrays`.

        Raises
        ------
        RunError
            If the measure was not computed there.
        UnknownName
            If it yields no array of that name.
        """
        known = self.arrays(measure, step)
        if name not in known:
            raise UnknownName(f"array of measure {measure!r}:", name, known)
        return known[name]

    def __repr__(self) -> str:
        return f"Results({self.run.path!r}, {len(self._selected)} results)"


def results(
    run: Run | str | os.PathLike[str], options: Mapping[str, Mapping[str, Any]] | None = None
) -> Results:
    """Return what has been computed for a run; nothing is computed.

    Parameters
    ----------
    run
        A run, or its path or URL.
    options
        Options by measure, to read results that were computed with these instead of the defaults.

    Returns
    -------
    Results
        Read as `Results.value`, `Results.array` and its neighbours say.

    Raises
    ------
    RunError
        If there is no run at that place.
    NetsciError
        For something that is no run.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from netsci_dst import Run, Snapshot, Topology, analyze
    >>> run = Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> _ = run.write_snapshot(Snapshot(Topology.chain([np.eye(3)]), 0, 0.0))
    >>> _ = analyze(run, "degrees")
    >>> found = results(run)
    >>> found.measures, found.steps("degrees")
    (['degrees'], [0])
    >>> found.values.query("quantity == 'links'")["value"].tolist()
    [3.0]
    """
    if isinstance(run, (str, os.PathLike)):
        run = Run.open(run)
    if not isinstance(run, Run):
        raise NetsciError(f"results are stored with runs, not with a {type(run).__name__}")
    return Results(run, options)
