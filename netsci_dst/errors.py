"""The errors a user can cause or meet: each is one line that says what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

__all__ = [
    "DataError",
    "FormatError",
    "MissingDependency",
    "NetsciError",
    "NumericalError",
    "ReadOnly",
    "RecipeError",
    "RunError",
    "RunExists",
    "RunLocked",
    "TopologyError",
    "UnknownName",
]

# What commands a terminal, turns the direction of a line, or is half a character.
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    r"""Return a text in which such characters are written out.

    Parameters
    ----------
    text
        Any text.

    Returns
    -------
    str
        Without what commands a terminal.

    Examples
    --------
    >>> visible("a" + chr(27) + "[2J")
    'a\\x1b[2J'
    """
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


class NetsciError(ValueError):
    """Base of every error this package raises on purpose; its text commands no terminal.

    Examples
    --------
    >>> raise NetsciError("the network has no links")
    Traceback (most recent call last):
        ...
    netsci_dst.errors.NetsciError: the network has no links
    """

    def __str__(self) -> str:
        return visible(super().__str__())


class UnknownName(NetsciError):
    """A name that is not registered; the message offers the nearest that is.

    Examples
    --------
    >>> print(UnknownName("method", "chst", ["chts", "set", "rigl"]))
    unknown method 'chst'; did you mean 'chts'?
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]):
        known = sorted(known)
        spelt = {name.lower(): name for name in known}
        near = difflib.get_close_matches(str(name).lower(), spelt, n=1, cutoff=0.5)
        if near:
            hint = f"did you mean {spelt[near[0]]!r}?"
        elif not known:
            hint = "there are none"
        elif len(known) <= 30:
            hint = "known: " + ", ".join(known)
        else:
            hint = f"there are {len(known)}, such as " + ", ".join(known[:5])
        super().__init__(f"unknown {kind} {str(name)!r}; {hint}")


class TopologyError(NetsciError):
    """A population, layer or topology that contradicts itself."""


class FormatError(NetsciError):
    """A file that is corrupt, truncated, foreign, or of a newer format version."""


class RunError(NetsciError):
    """A run folder that is missing, incomplete, or cannot be written."""


class RunExists(RunError):
    """A run is asked for where there is one."""


class RunLocked(RunError):
    """Another process is writing to this run."""


class ReadOnly(RunError):
    """A place that may be read but not written."""


class RecipeError(NetsciError):
    """A recipe with an unknown key, a wrong type or an impossible value.

    Examples
    --------
    >>> raise RecipeError("sparsity must be below 1, not 1.5")
    Traceback (most recent call last):
        ...
    netsci_dst.errors.RecipeError: sparsity must be below 1, not 1.5
    """


class DataError(NetsciError):
    """A data set that is missing, unreadable, or of the wrong form.

    Examples
    --------
    >>> raise DataError("digits.npz holds no array 'x'")
    Traceback (most recent call last):
        ...
    netsci_dst.errors.DataError: digits.npz holds no array 'x'
    """


class NumericalError(NetsciError):
    """NaN or infinity where training or a measure needs finite numbers."""


class MissingDependency(NetsciError):
    """An optional package is not installed; the message names the extra that brings it."""

    def __init__(self, package: str, extra: str, purpose: str):
        super().__init__(
            f"{purpose} needs {package}, which is not installed; "
            f"install it with: pip install 'netsci-dst[{extra}]'"
        )


def memory_asked(error: BaseException) -> str | None:
    """Return what an allocation that failed asked for, such as "4 TB"; None for other errors.

    torch and numpy raise errors of many kinds when memory runs out, told apart by their texts.
    """
    text = str(error)
    if found := re.search(r"tried to allocate (\d+) bytes", text):
        size, unit = float(found[1]), 0
        while size >= 1000 and unit < len(_UNITS) - 1:
            size, unit = size / 1000, unit + 1
        return f"{size:.3g} {_UNITS[unit]}"
    if found := re.search(r"(?:ried|nable) to allocate ([\d.]+ \w+)", text):
        return found[1]
    known = isinstance(error, MemoryError) or "out of memory" in text or "Storage size calc" in text
    return "more than there is" if known else None


_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
