"""Tables laid over tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .options import PARTS


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table with another laid over it, group by group, key by key.

    Examples
    --------
    >>> merged({"a": {"x": 1, "y": 2}, "b": 3}, {"a": {"y": 4}})
    {'a': {'x': 1, 'y': 4}, 'b': 3}
    """
    result = dict(base)
    for key, value in changes.items():
        known = result.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        result[key] = merged(known, value) if both else value  # type: ignore[arg-type]
    return result


def merged_options(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a method's options with changes; options of a part that is exchanged go with it."""
    kept = dict(base)
    for _, part, options in PARTS:
        if options in kept and part in changes and changes[part] != base.get(part):
            kept[options] = {}
    return merged(kept, changes)
