"""What is recorded at an update, because no snapshot can tell it later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

from .percolation import Ends

if TYPE_CHECKING:
    from .engine import Engine
    from .layer import EvolvingLayer
    from .update import Update
    from .work import LayerUpdate

ALL = "all"
_COUNTS: tuple[str, ...] = ("pruned", "removed", "percolated", "regrown", "shared")


def rows_of(
    engine: Engine, update: Update, step: int, zeta: float | None, seconds: float
) -> list[dict[str, Any]]:
    """Return one row per layer, and one for the network under the name ``all``."""
    links = {layer.name: sum(layer.counts) for layer in engine.moving}
    whole = (update.active, update.n_neurons, seconds)
    return _rows(engine, update.updates, links, step, zeta, whole)


def rows_of_hook(
    engine: Engine, updates: Sequence[LayerUpdate], step: int, seconds: float
) -> list[dict[str, Any]]:
    """Return the same for a method that moves links at every step."""
    ends = {layer.name: _ends(engine, layer) for layer in engine.moving}
    for layer in engine.moving:
        layer.ever = len(layer.memory)
        layer.active_sources = int(ends[layer.name].heard.sum())
    found = engine.network.active(engine.still_ends() | ends)
    active, size = sum(int(m.sum()) for m in found.values()), sum(m.numel() for m in found.values())
    links = {layer.name: engine.visible_links(layer) for layer in engine.moving}
    return _rows(engine, updates, links, step, 0.0, (active, size, seconds))


def _rows(
    engine: Engine,
    updates: Sequence[LayerUpdate],
    links: dict[str, int],
    step: int,
    zeta: float | None,
    whole: tuple[int, int, float],
) -> list[dict[str, Any]]:
    common = {"step": step, "epoch": engine.clock.epoch(step)}
    rows: list[dict[str, Any]] = []
    totals: dict[str, int] = dict.fromkeys(_COUNTS, 0)
    layers = engine.moving
    for layer in layers:
        own = [update for update in updates if update.of is layer]
        counts = _counts(own)
        for name in _COUNTS:
            totals[name] += counts[name]
        size = layer.parameter.neurons(layer.grid)[0]
        rows.append(
            common
            | {"layer": layer.name}
            | _row(links[layer.name], layer.parameter.n_possible, layer.ever, zeta, counts)
            | {
                "active_neurons": layer.active_sources,
                "anp": layer.active_sources / size,
                "early_stopped": all(layer.stopped),
                "wall_s": sum(update.seconds for update in own),
            }
        )
    active, size, seconds = whole
    possible = sum(layer.parameter.n_possible for layer in layers)
    ever = sum(layer.ever for layer in layers)
    rows.append(
        common
        | {"layer": ALL}
        | _row(sum(links.values()), possible, ever, zeta, dict(totals))
        | {
            "active_neurons": active,
            "anp": active / size if size else 0.0,
            "early_stopped": all(all(layer.stopped) for layer in layers),
            "wall_s": seconds,
        }
    )
    return rows


def _counts(updates: Sequence[LayerUpdate]) -> dict[str, int]:
    return {
        "pruned": sum(u.pruned for u in updates),
        "removed": sum(u.removed + u.exchanged for u in updates),
        "percolated": sum(u.percolated for u in updates),
        "regrown": sum(u.regrown + u.exchanged for u in updates),
        "shared": sum(u.shared + u.exchanged_back for u in updates),
    }


def _ends(engine: Engine, layer: EvolvingLayer) -> Ends:
    u, v = layer.parameter.endpoints(None, layer.grid)
    hidden = engine.hidden(layer)
    return Ends(u, v, torch.ones_like(u, dtype=torch.bool) if hidden is None else ~hidden)


def _row(
    links: int, possible: int, ever: int, zeta: float | None, counts: dict[str, int]
) -> dict[str, Any]:
    regrown = counts["regrown"]
    return {
        "links": links,
        "density": links / possible,
        "zeta": zeta,
        "pruned": counts["pruned"],
        "removed": counts["removed"],
        "percolated": counts["percolated"],
        "regrown": regrown,
        "overlap": counts["shared"] / regrown if regrown else None,
        "itop": ever / possible,
    }
