"""Could a training be repeated: its recipe, the version of the code, its data."""

from __future__ import annotations

from ..errors import NetsciError
from ..finding import Finding
from ..run import Run


def training_findings(run: Run, load_data: bool) -> list[Finding]:
    """Return whether the recipe is understood, and version and data are those of the run."""
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
        from .build import limited
        from .build import load_data as load

        try:
            now = limited(load(recipe), recipe).fingerprint
            agree = now == known
            text = "the data are those of the run" if agree else "the data have changed"
            found.append(Finding("ok" if agree else "damaged", f"{text} ({known[:12]}…)"))
        except NetsciError as error:
            found.append(Finding("differs", f"the data are not at hand: {error}"))
    return found
