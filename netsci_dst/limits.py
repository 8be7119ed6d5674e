"""How much memory a file may ask for, checked before anything is allocated.

A file of a few kilobytes can ask for terabytes. What it may take in memory is 1 GiB, or 64 times
its size on the disk if that is more; the environment variable ``NETSCI_DST_MAX_BYTES`` ("8GB",
"500 MiB", a number of bytes) sets another limit, for files that can be trusted.
"""

from __future__ import annotations

import os
import re

from .errors import FormatError, NetsciError

VARIABLE = "NETSCI_DST_MAX_BYTES"
LEAST_BYTES = 2**30
TIMES_FILE_SIZE = 64
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kKMGTP]?)(i?)B?")
_POWERS = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


class TooLarge(FormatError):
    """A file that asks for more memory than it may."""


def set_limit() -> int | None:
    """Return the limit that the user set, in bytes; None without one.

    Raises
    ------
    NetsciError
        If the variable is not a size.
    """
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    found = _SIZE.fullmatch(text) if len(text) < 30 else None
    if found is None:
        raise NetsciError(f"{VARIABLE}={text[:40]!r} is not a size; write for example 8GB")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** _POWERS[found[2]])


def allowed_bytes(file_size: int) -> int:
    """Return how many bytes of memory a file of ``file_size`` bytes may ask for."""
    chosen = set_limit()
    return max(LEAST_BYTES, TIMES_FILE_SIZE * file_size) if chosen is None else chosen


def largest_file() -> int:
    """Return the size of the largest file that is read whole: the memory of this machine."""
    chosen = set_limit()
    if chosen is not None:
        return chosen
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**40


def check_size(asked: float, file_size: int, origin: object) -> None:
    """Refuse a file that asks for more memory than a file of its size may.

    Raises
    ------
    TooLarge
        Saying how to raise the limit.
    """
    limit = allowed_bytes(file_size)
    if asked > limit:
        raise TooLarge(
            f"{origin} would take {size_text(asked)} of memory, more than the {size_text(limit)} "
            f"that it may; if it can be trusted, set {VARIABLE}"
        )


class Budget:
    """What a file may ask for in all its parts together, each refused before it is allocated.

    Many parts that are small enough by themselves, or one that is named many times, add up.
    """

    def __init__(self, file_size: int, origin: object):
        self.file_size = file_size
        self.origin = origin
        self.asked: float = 0.0

    def take(self, asked: float, what: object = None) -> None:
        """Add what a part asks for.

        Raises
        ------
        TooLarge
            If all parts so far ask for more than they may.
        """
        self.asked += max(0.0, asked)
        check_size(self.asked, self.file_size, self.origin if what is None else what)


def size_text(n_bytes: float) -> str:
    """Return a size in words.

    Examples
    --------
    >>> size_text(37_000_000_000)
    '37 GB'
    """
    size, units = float(n_bytes), ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.3g} {units[0]}"
