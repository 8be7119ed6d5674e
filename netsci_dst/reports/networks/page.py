"""A network's part of the page, and the overview of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from ..blocks import page_blocks
from ..payload import packed_json_script
from ..run_page import page_part
from .data import NetworkData
from .sketch import drawing
from .tiles import tiles
from .words import facts, sentences


def network_view(network: NetworkData, uid: str) -> tuple[dict[str, Any], Markup]:
    """Return the template's variables for a network, and its data blocks."""
    frames = network.frames
    first = {
        "facts": facts(network),
        "verdict": sentences(network, uid),
        "tiles": tiles(network),
        "hero": drawing(network, frames) if frames else None,
        "legend": [],
    }
    return page_part("network", network, uid, first)


def networks_view(networks: Sequence[NetworkData]) -> tuple[dict[str, Any], Markup]:
    """Return the template's variables for the overview of several networks."""
    made = page_blocks("networks", list(networks), "networks")
    view = {
        "facts": f"{len(networks)} networks",
        "names": [network.name for network in networks],
        "sections": made.shown,
    }
    return view, packed_json_script("networks-charts", {"charts": made.charts, "data": made.data})
