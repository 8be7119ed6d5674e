"""A tile of the first screen: one figure, its direction, one sentence, what it means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

EMPTY = Markup("")


@dataclass(frozen=True)
class Tile:
    """One figure with the sentence that says what it means here.

    ``better`` is the direction that is better, empty where there is none.
    """

    key: str
    label: str
    value: str
    sentence: str
    meaning: str
    better: Literal["higher", "lower", ""] = ""
    spark: Markup = EMPTY


@dataclass(frozen=True)
class TileGroup:
    """Tiles that answer one question."""

    name: str
    tiles: list[Tile] = field(default_factory=list)


def groups(**named: list[Tile | None]) -> list[TileGroup]:
    """Return the groups that have a tile."""
    made = [TileGroup(name, [t for t in tiles if t is not None]) for name, tiles in named.items()]
    return [group for group in made if group.tiles]
