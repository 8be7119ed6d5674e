"""The step and the epoch of a checkpoint, out of its name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# A whole number that is no part of a decimal: the 1 of "epoch=1-val_loss=0.90", not its 0 or 90.
_NUMBER = r"(?<![\d.])(\d{1,15})(?!\d|\.\d)"
_STEP = re.compile(rf"(?:^|[^a-z])(?:global[_-]?)?(?:steps?|iter(?:ation)?s?|it|batch)[=_ -]?{_NUMBER}", re.I)  # fmt: skip  # noqa: E501
_EPOCH = re.compile(rf"(?:^|[^a-z])(?:epochs?|ep|e)[=_ -]?{_NUMBER}", re.I)
_CHECKPOINT = re.compile(rf"(?:^|[^a-z])(?:checkpoint|ckpt|model|snapshot)[=_ -]?{_NUMBER}", re.I)
_NAMED = re.compile(r"[A-Za-z_]+=[-+]?\d*\.\d+(?:e[-+]?\d+)?")


class Taken(NamedTuple):
    """When a checkpoint was taken."""

    step: int
    epoch: float


def steps_of(files: Sequence[Path]) -> list[Taken]:
    """Return when each checkpoint was taken, by their names, or 0, 1, 2, … where these do not say.

    ``step`` goes before ``epoch``, and any last whole number is taken where all files have one and
    no two the same. Files of one name in several folders go by their folders.

    Examples
    --------
    >>> [tuple(taken) for taken in steps_of([Path("epoch=1-val_loss=0.90.ckpt")])]
    [(1, 1.0)]
    """
    names = _names(files)
    epochs = _all(_EPOCH, names)
    for pattern in (_STEP, _EPOCH, _CHECKPOINT):
        found = _all(pattern, names)
        if found is not None and len(set(found)) == len(files):
            known = epochs or found
            return [Taken(step, float(epoch)) for step, epoch in zip(found, known, strict=True)]
    last = [re.findall(_NUMBER, _NAMED.sub("", name)) for name in names]
    steps = [int(found[-1]) for found in last if found]
    if len(files) > 1 and len(steps) == len(set(steps)) == len(files):
        return [Taken(step, float(step)) for step in steps]
    return [Taken(step, float(step)) for step in range(len(files))]


def _names(files: Sequence[Path]) -> list[str]:
    """Return what tells the files apart: their names, or those of their folders."""
    names = [file.name if file.is_dir() else _stem(file) for file in files]
    if len(files) > 1 and len(set(names)) == 1:
        parents = [file.absolute().parent for file in files]
        if all(parent != parent.parent for parent in parents):
            return _names(parents) if len(set(parents)) > 1 else names
    return names


def _stem(file: Path) -> str:
    # "epoch=1-val_loss=0.90" is a whole stem: only a known kind of ending is taken off.
    return file.stem if re.fullmatch(r"\.[A-Za-z]\w*", file.suffix) else file.name


def _all(pattern: re.Pattern[str], names: Sequence[str]) -> list[int] | None:
    found = [pattern.search(name) for name in names]
    return [int(match[1]) for match in found if match] if all(found) else None
