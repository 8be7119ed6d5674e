"""One thing that was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, NamedTuple

from .errors import MissingDependency, NetsciError
from .reading import one_line

OK, DIFFERS, DAMAGED = "ok", "differs", "damaged"


class Finding(NamedTuple):
    """One thing that was looked at."""

    verdict: Literal["ok", "differs", "damaged"]
    what: str


@contextmanager
def noting(found: list[Finding]) -> Iterator[None]:
    """Note what the block raises as damage, and go on."""
    try:
        yield
    except MissingDependency as error:
        found.append(Finding(DIFFERS, one_line(error)))
    except NetsciError as error:
        found.append(Finding(DAMAGED, one_line(error)))


def counted(n: int, what: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(2, "snapshot")
    '2 snapshots'
    """
    return f"{n} {what}{'' if n == 1 else 's'}"
