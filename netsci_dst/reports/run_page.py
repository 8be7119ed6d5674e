"""One run's part of the page: its first screen, its sections, what its scripts need."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from .blocks import page_blocks
from .colours import population_colours
from .frames import Frames
from .payload import describe, json_script, pack_script, packed_json_script, packs
from .run_data import RunData
from .run_tiles import tiles
from .run_words import facts, sentences
from .sketch import hero


def run_view(run: RunData, uid: str) -> tuple[dict[str, Any], Markup]:
    """Return the template's variables for a run, and its data blocks."""
    frames = run.frames
    first = {
        "facts": facts(run),
        "verdict": sentences(run),
        "tiles": tiles(run),
        "hero": hero(frames) if frames else None,
        "legend": _legend(frames),
    }
    return page_part("run", run, uid, first)


def page_part(
    page: str, run: RunData, uid: str, first: dict[str, Any]
) -> tuple[dict[str, Any], Markup]:
    """Return a part of the page with all sections of its kind, and its data blocks."""
    frames = run.frames
    made = page_blocks(page, run, uid)
    view = {
        **first,
        "id": uid,
        "name": run.name,
        "path": run.run.path,
        "n_frames": len(frames.steps) if frames else 0,
        "sections": made.shown,
    }
    payload = describe(run, frames, uid)
    blocks = Markup("")
    payload["packs"] = {}
    for name, pack in (packs(run, frames) if frames else {}).items():
        payload["packs"][name] = pack.manifest
        blocks += pack_script(f"{uid}-pack-{name}", pack)
    blocks += packed_json_script(f"{uid}-charts", {"charts": made.charts, "data": made.data})
    return view, json_script(f"{uid}-data", payload) + blocks


def _legend(frames: Frames | None) -> list[dict[str, str]]:
    if frames is None or len(frames.populations) > 12:
        return []
    colours = population_colours(len(frames.populations))
    return [{"name": p.name, "colour": c} for p, c in zip(frames.populations, colours)]
