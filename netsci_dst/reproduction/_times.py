"""How long the runs of an experiment took where they were made before."""

from __future__ import annotations

import csv
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from ._results import ResultTable

FILE = "recorded_times.csv"
# Experiment, setting, row, whether quick.
Place = tuple[str, str, str, bool]


@dataclass(frozen=True)
class Spent:
    """Seconds of processor time of a run, and its steps."""

    seconds: float
    steps: float


@dataclass(frozen=True)
class Times:
    """What runs took, and what one like them would take."""

    known: Mapping[Place, Spent] = field(default_factory=dict)

    def seconds(
        self, place: Place, steps: int | None = None, alike: Collection[str] | None = None
    ) -> tuple[float, str] | None:
        """Return what a run takes, and by what runs: of its row, or of rows that compute alike.

        Parameters
        ----------
        steps
            Of the run: a quick one is reckoned from the steps of others, if there are none.
        alike
            Rows whose steps cost about what the row's do (a dense step costs fifteen times that
            at 99 % sparsity); None for all of them.

        Returns
        -------
        tuple or None
            Seconds and ``"row"`` or ``"alike"``; None if no such run was made before.
        """
        experiment, setting, _, quick = place
        if place in self.known:
            return self.known[place].seconds, "row"
        if same := self._of(experiment, setting, quick, alike):
            return statistics.median(spent.seconds for spent in same), "alike"
        whole = self._of(experiment, setting, False, alike)
        if not quick or not steps or not whole:
            return None
        return steps * statistics.median(spent.seconds / spent.steps for spent in whole), "alike"

    def _of(
        self, experiment: str, setting: str, quick: bool, alike: Collection[str] | None
    ) -> list[Spent]:
        wanted = (experiment, setting, quick)
        return [
            spent
            for (e, s, row, q), spent in self.known.items()
            if (e, s, q) == wanted and (alike is None or row in alike)
        ]


def times_of(experiment: str, table: ResultTable) -> Times:
    """Return the times in a table of results, and elsewhere those that ship."""
    rows = table.rows
    if not len(rows):
        return Times(_shipped())
    lines = rows[["setting", "row", "quick", "processor_s", "steps"]].dropna()
    here = (
        ((experiment, setting, row, bool(quick)), Spent(float(seconds), float(steps)))
        for setting, row, quick, seconds, steps in lines.itertuples(index=False)
    )
    return Times({**_shipped(), **medians(here)})


@cache
def _shipped() -> Mapping[Place, Spent]:
    text = (resources.files("netsci_dst.reproduction") / FILE).read_text(encoding="utf-8")
    return dict(lines_of(text, None))


def lines_of(text: str, experiment: str | None) -> Iterator[tuple[Place, Spent]]:
    """Yield the times in a table of results, of an experiment or of the one each line names."""
    for line in csv.DictReader(text.splitlines()):
        if line.get("processor_s") and line.get("steps"):
            name = experiment or line["experiment"]
            place = (name, line["setting"], line["row"], line["quick"] == "True")
            yield place, Spent(float(line["processor_s"]), float(line["steps"]))


def medians(lines: Iterable[tuple[Place, Spent]]) -> dict[Place, Spent]:
    """Return the median over the runs of each place."""
    found: dict[Place, list[Spent]] = defaultdict(list)
    for place, spent in lines:
        found[place].append(spent)
    return {
        place: Spent(*(statistics.median(x) for x in zip(*((s.seconds, s.steps) for s in several))))
        for place, several in found.items()
    }
