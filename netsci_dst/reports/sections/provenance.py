"""What repeats a run: its recipe, and where and with what it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator

from markupsafe import Markup

from ..chart import Block, View, Words
from ..page_section import section
from ..run_data import RunData


@section(
    "provenance",
    title="Provenance and recipe",
    after="measures",
    lead="Everything needed to repeat this run.",
    definition="The resolved recipe (netsci-dst train recipe.toml repeats the run) and the "
    "versions, machine, seed and data fingerprint that were recorded.",
    computed_by="Run.recipe, Run.provenance",
)
def provenance(run: RunData) -> Iterator[Block]:
    """Show the recipe and the provenance of a run."""
    if run.notes:
        yield Words(run.notes)
    recorded = run.run.store.exists("recipe.toml")
    recipe = run.run.store.read("recipe.toml").decode("utf-8", "replace") if recorded else ""
    yield View("recipe", "Recipe", first=_text(recipe or "No recipe was recorded."))
    facts = json.dumps(run.provenance, indent=2, default=str, ensure_ascii=False)
    yield View("provenance", "Provenance", first=_text(facts))


def _text(text: str) -> str:
    return Markup('<pre tabindex="0">{}</pre>').format(text)
