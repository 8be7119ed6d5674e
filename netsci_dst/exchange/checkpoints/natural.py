"""The order of names that people expect: ``layer10`` after ``layer9``."""

from __future__ import annotations

import re


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts numbers in names by their value.

    Examples
    --------
    >>> sorted(["b10", "b9", "a", "b"], key=natural)
    ['a', 'b', 'b9', 'b10']
    """
    parts = re.split(r"([0-9]+)", name)
    return tuple((0, int(p), "") if p[:1].isdigit() and p.isascii() else (1, 0, p) for p in parts)
