"""What stands between the columns of a table of links."""

from __future__ import annotations

import csv
from collections import Counter

from .found import count
from .text import Text

SPACES = r"\s+"
_WORDS = {
    "tab": "\t",
    "comma": ",",
    "semicolon": ";",
    "space": SPACES,
    "spaces": SPACES,
    "whitespace": SPACES,
    " ": SPACES,
    "pipe": "|",
    "\\t": "\t",
}
_CANDIDATES = ("\t", ";", ",", "|", SPACES)
NAMES = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars", SPACES: "spaces"}


def spelt(separator: str) -> str:
    """Return the separator that a user wrote, by a word or as itself."""
    return _WORDS.get(separator.lower(), separator)


def fields_of(line: str, separator: str) -> list[str]:
    """Split one line; quotes hold a field together."""
    if separator == SPACES:
        if '"' not in line:
            return line.split()
        line, separator = " ".join(line.split()), " "
    if len(separator) > 1:
        return [field.strip() for field in line.split(separator)]
    try:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=False))
    except (csv.Error, StopIteration):
        return line.split(separator)
    return [field.strip() for field in row]


def guess_separator(text: Text, lines: list[tuple[int, str]]) -> str:
    """Return the separator that gives every line the same number of columns, two at least.

    Raises
    ------
    DataError
        If none does, naming the first line that differs; or if two do, with different columns.
    """
    widths = {s: [len(fields_of(line, s)) for _, line in lines] for s in _CANDIDATES}
    even = [s for s in _CANDIDATES if _even(widths[s])]
    if not even:
        raise _uneven(text, lines, widths)
    if len(even) > 1 and _ambiguous(even, lines):
        a, b = NAMES[even[0]], NAMES[even[1]]
        raise text.error(
            f"columns may be separated by {a} or by {b}: write --separator with the one that is",
            lines[0][0],
        )
    return even[0]


def _even(widths: list[int]) -> bool:
    first, rest = widths[0], set(widths[1:]) or {widths[0]}
    # R writes the names of rows, but no header above them.
    return len(rest) == 1 and min(rest) >= 2 and first in (min(rest), min(rest) - 1) and first > 0


def _ambiguous(even: list[str], lines: list[tuple[int, str]]) -> bool:
    first, second = even[:2]
    if first == "\t" or any('"' in line for _, line in lines):
        return False
    if first == ";" and second == ",":
        # Decimal commas stand inside numbers.
        cells = [cell for _, line in lines for cell in fields_of(line, ";") if "," in cell]
        return not all(cell.replace(",", "", 1).lstrip("-").isdigit() for cell in cells)
    cells = [cell for _, line in lines for cell in fields_of(line, first)]
    return second == SPACES and any(len(cell.split()) > 1 for cell in cells)


def _uneven(text: Text, lines: list[tuple[int, str]], widths: dict[str, list[int]]) -> Exception:
    def regularity(separator: str) -> tuple[int, int]:
        (width, times), *_ = Counter(widths[separator]).most_common(1)
        return (times if width >= 2 else 0, -_CANDIDATES.index(separator))

    best = max(_CANDIDATES, key=regularity)
    (usual, _), *_ = Counter(widths[best]).most_common(1)
    if usual < 2:
        number, line = lines[0]
        return text.error(f"{line.strip()[:40]!r} does not name two nodes", number)
    place = next(i for i, width in enumerate(widths[best]) if width != usual)
    number, line = lines[place]
    return text.error(
        f"{line.strip()[:40]!r} has {count(widths[best][place], 'column')} where other lines have "
        f"{usual} (separated by {NAMES[best]}): this is no edge list, or write --separator "
        "or --form",
        number,
    )
