"""The part of the page that compares runs."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from ..blocks import page_blocks
from ..payload import json_script, pack_script, packed_json_script
from .model import Comparison
from .pack import describe
from .words import sentences


def comparison_view(comparison: Comparison) -> tuple[dict[str, Any], Markup]:
    """Return the template's variables and the data blocks of a comparison."""
    made = page_blocks("comparison", comparison, "comparison")
    description, pack = describe(comparison)
    view = {
        "n": len(comparison.runs),
        "facts": _facts(comparison),
        "sentences": sentences(comparison),
        "flags": comparison.flags,
        "sections": made.shown,
        "key": [entry for name, entry in KEY.items() if name in comparison.quantities],
        "variants": [
            {"label": v.label, "colour": c} for v, c in zip(comparison.variants, comparison.colours)
        ],
    }
    blocks = json_script("comparison-data", description) + pack_script("comparison-pack", pack)
    data = {"charts": made.charts, "data": made.data}
    return view, blocks + packed_json_script("comparison-charts", data)


# What the short names on the page mean, and which direction is better.
KEY = {
    "aae": ("AAE", "area across the epochs: how early it learned, more is better"),
    "anp": ("ANP", "active neurons: the share that still has links, fewer is leaner"),
    "itop": ("ITOP", "links ever tried of those possible: more is wider exploration"),
    "power law: gamma": (
        "γ",
        "exponent of the degrees' tail: up to 3.5 is heavy, not better",
    ),
    "asi: asi layers": (
        "ASI",
        "separation of the layers on the disk, 0 to 1: more is clearer",
    ),
}


def _facts(comparison: Comparison) -> str:
    settings = list(dict.fromkeys(v.setting for v in comparison.variants))
    parts = [f"{len(comparison.runs)} runs"]
    parts.append(f"{len({v.method for v in comparison.variants})} methods")
    parts.append(
        " on ".join(reversed(settings[0])) if len(settings) == 1 else f"{len(settings)} settings"
    )
    sizes = {_test_size(run.provenance) for run in comparison.runs} - {None}
    if len(sizes) == 1 and comparison.share:
        n = sizes.pop()
        assert n is not None
        parts.append(f"{n} test samples: one is {100 / n:.2g} points")
    return " · ".join(part for part in parts if part)


def _test_size(provenance: Any) -> int | None:
    data = provenance.get("data")
    found = data.get("test_samples") if isinstance(data, dict) else None
    return found if isinstance(found, int) and found > 0 else None
