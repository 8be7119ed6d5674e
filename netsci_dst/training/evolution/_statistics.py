"""What is recorded at an update, because no snapshot can tell it later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from ._percolation import Ends

if TYPE_CHECKING:
    from ._engine import Engine
    from ._layer import EvolvingLayer, LayerUpdate

ALL = "all"
_COUNTS = ("pruned", "removed", "percolated", "regrown", "shared")


def rows_of(
    engine: Engine, drafts: list[LayerUpdate], step: int, zeta: float | None, seconds: float
) -> list[dict[str, Any]]:
    """Return one row per layer, and one for the network under the name ``all``."""
    common = {"step": step, "epoch": engine.clock.epoch(step)}
    ends = {each.name: _ends(engine, each) for each in engine.layers}
    rows, totals = [], dict.fromkeys(_COUNTS, 0)
    for each in engine.layers:
        own = [draft for draft in drafts if draft.of is each]
        counts = {
            "pruned": sum(d.pruned for d in own),
            "removed": sum(d.removed + d.exchanged for d in own),
            "percolated": sum(d.percolated for d in own),
            "regrown": sum(d.new_keys.numel() + d.exchanged for d in own),
            "shared": sum(d.overlap + d.exchanged_back for d in own),
        }
        for name in _COUNTS:
            totals[name] += counts[name]
        sources = torch.bincount(ends[each.name].sources[ends[each.name].keep], minlength=1)
        active = int((sources > 0).sum())
        size = each.layer.neurons(each.grid)[0]
        rows.append(
            common
            | {"layer": each.name}
            | _row(
                engine.visible_links(each), each.layer.n_possible, len(each.memory), zeta, counts
            )
            | {
                "active_neurons": active,
                "anp": active / size,
                "early_stopped": all(each.stopped),
                "wall_s": sum(d.seconds for d in own),
            }
        )
    active, size = active_neurons(engine, ends)
    rows.append(
        common
        | {"layer": ALL}
        | _row(
            sum(engine.visible_links(each) for each in engine.layers),
            sum(each.layer.n_possible for each in engine.layers),
            sum(len(each.memory) for each in engine.layers),
            zeta,
            totals,
        )
        | {
            "active_neurons": active,
            "anp": active / size if size else 0.0,
            "early_stopped": all(all(each.stopped) for each in engine.layers),
            "wall_s": seconds,
        }
    )
    return rows


def active_neurons(engine: Engine, ends: dict[str, Ends]) -> tuple[int, int]:
    """Return the active neurons and all neurons of the populations with sparse layers."""
    found = engine.network.active(ends)
    return sum(int(mask.sum()) for mask in found.values()), sum(m.numel() for m in found.values())


def _ends(engine: Engine, each: EvolvingLayer) -> Ends:
    u, v = each.layer.endpoints(None, each.grid)
    hidden = engine.hidden(each)
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
