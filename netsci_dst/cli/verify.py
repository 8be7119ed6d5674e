"""``netsci-dst verify``: is a run what it says it is?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from . import _console

PANEL = "Look"


def command(
    run: Annotated[str, typer.Argument(help="A run folder or URL.")],
    data: Annotated[bool, typer.Option(help="Load the data and compare its fingerprint.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check every checksum, and that recipe, data and code version still agree with the run."""
    from ..run import load_run

    opened = load_run(run)
    findings = [*_files(opened), *(_training(opened, data) if opened.status != "imported" else ())]
    if json:
        _console.result_json(findings)
    else:
        for finding in findings:
            _console.result(f"{finding['verdict']:8} {finding['what']}")
    if any(finding["verdict"] == "damaged" for finding in findings):
        raise typer.Exit(1)


def _finding(verdict: str, what: str) -> dict[str, str]:
    return {"verdict": verdict, "what": what}


def _files(run: Any) -> list[dict[str, str]]:
    from ..errors import NetsciError

    found = [_finding("damaged", problem) for problem in run.snapshots.verify()]
    if not found:
        found.append(_finding("ok", f"{len(run.snapshots)} snapshots match their checksums"))
    for table in ("metrics", "evolution"):
        try:
            found.append(_finding("ok", f"{table}: {len(run.table(table))} rows"))
        except NetsciError as error:
            found.append(_finding("damaged", str(error)))
    return found


def _training(run: Any, load: bool) -> list[dict[str, str]]:
    from .. import __version__
    from ..errors import NetsciError
    from ..training import load_recipe

    found = []
    try:
        recipe = load_recipe(run.recipe)
        found.append(_finding("ok", "the recipe is complete and understood"))
    except NetsciError as error:
        return [_finding("damaged", f"recipe: {error}")]
    provenance = run.provenance
    wrote = provenance.get("versions", {}).get("netsci-dst")
    same = wrote == __version__
    verdict = "ok" if same else "differs"
    found.append(_finding(verdict, f"written by version {wrote}, this is {__version__}"))
    known = provenance.get("data", {}).get("fingerprint")
    if load and known:
        from ..training.data import load as load_data

        try:
            now = load_data(recipe.data, **recipe.data_options).fingerprint
            agree = now == known
            text = "the data are those of the run" if agree else "the data have changed"
            found.append(_finding("ok" if agree else "damaged", f"{text} ({known[:12]}…)"))
        except NetsciError as error:
            found.append(_finding("differs", f"the data are not at hand: {error}"))
    finished = run.status == "finished"
    found.append(_finding("ok" if finished else "differs", f"the run is {run.status}"))
    return found
