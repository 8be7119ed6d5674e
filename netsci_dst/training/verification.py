"""Is a run what it says it is?"""

from __future__ import annotations

from typing import Literal, NamedTuple

from ..errors import NetsciError
from ..run import Run


class Finding(NamedTuple):
    """One thing that was looked at."""

    verdict: Literal["ok", "differs", "damaged"]
    what: str


def verify(run: Run, data: bool = True) -> list[Finding]:
    """Check the checksums, the tables, and that recipe, data and code version agree with a run.

    Parameters
    ----------
    run
        A recorded or imported run.
    data
        Load the data and compare their fingerprint.

    Returns
    -------
    list of Finding
        ``damaged``: the run cannot be relied on. ``differs``: it is whole, but could not be
        repeated as it stands (another version, data that are not at hand, not finished).
    """
    found = [Finding("damaged", problem) for problem in run.snapshots.verify()]
    if not found:
        found.append(Finding("ok", f"{len(run.snapshots)} snapshots match their checksums"))
    for table in ("metrics", "evolution"):
        try:
            found.append(Finding("ok", f"{table}: {len(run.table(table))} rows"))
        except NetsciError as error:
            found.append(Finding("damaged", str(error)))
    if "origin" in run.recipe:
        found.append(Finding("ok", "recorded from a training loop of one's own, or imported"))
    elif run.status != "imported":
        found += _training(run, data)
    return found


def _training(run: Run, load_data: bool) -> list[Finding]:
    from .. import __version__
    from ..recipe import recorded_recipe

    try:
        recipe = recorded_recipe(run.recipe)
    except NetsciError as error:
        return [Finding("damaged", f"recipe: {error}")]
    found = [Finding("ok", "the recipe is complete and understood")]
    provenance = run.provenance
    wrote = provenance.get("versions", {}).get("netsci-dst")
    same = wrote == __version__
    text = f"written by version {wrote}, this is {__version__}"
    found.append(Finding("ok" if same else "differs", text))
    known = provenance.get("data", {}).get("fingerprint")
    if load_data and known:
        from ._session import limited
        from ._session import load_data as load

        try:
            now = limited(load(recipe), recipe).fingerprint
            agree = now == known
            text = "the data are those of the run" if agree else "the data have changed"
            found.append(Finding("ok" if agree else "damaged", f"{text} ({known[:12]}…)"))
        except NetsciError as error:
            found.append(Finding("differs", f"the data are not at hand: {error}"))
    finished = run.status == "finished"
    found.append(Finding("ok" if finished else "differs", f"the run is {run.status}"))
    return found
