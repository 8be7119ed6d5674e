"""Links with signs around them: ``a -> b``, ``(1, 2)``, ``| a | b |``, Excel's ``sep=;``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .text import Text, first_lines

_SAMPLE = 200
_ARROW = r"[ \t]*(?:(?P<both><-->|<->|↔|--(?!>)|—)|(?P<one>-->|->|=>|→))[ \t]*"
_BETWEEN = re.compile(rf"^(?P<u>[^\n]*?\S){_ARROW}(?P<v>\S[^\n]*?)[ \t]*;?[ \t]*$", re.MULTILINE)
_NUMBER_BEHIND = re.compile(r"[\s,;:]-?[0-9.]+(?:[eE][-+]?\d+)?[\])}]?$")
_BRACKETS = re.compile(r"^[ \t]*[(\[{]([^\n]*)[)\]}][ \t]*[,;]?[ \t]*$", re.MULTILINE)
_BARS = re.compile(r"^[ \t]*\|([^\n]*)\|[ \t]*$", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*\|?[ \t]*:?-{2,}:?[-+|: \t]*$", re.MULTILINE)
_EXCEL = re.compile(r"\s*\"?sep=(.|\\t)\"?[ \t]*(?=\n|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Bare:
    """A text without the signs, and what they said: the separator, whether links are directed."""

    text: Text
    separator: str | None = None
    directed: bool | None = None


def bare(text: Text, comments: str) -> Bare:
    """Return the text without signs that stand around or between the two ends of every link.

    Lines stay where they are, so that messages name the right ones.
    """
    said = _EXCEL.match(text.text[:100])
    if said:
        return Bare(_with(text, text.text[said.end() :], said[0].count("\n")), said[1])
    lines = [line for _, line in first_lines(text, _SAMPLE, comments)]
    if not lines:
        return Bare(text)
    drawn = [line for line in lines if not _RULE.match(line)]
    if drawn and all(_BARS.match(line) for line in drawn):
        return Bare(_with(text, _BARS.sub(r"\1", _RULE.sub("", text.text))), "|")
    if all(_BRACKETS.match(line) for line in lines):
        return Bare(_with(text, _BRACKETS.sub(r"\1", text.text)))
    return _between(text, lines)


def _between(text: Text, lines: list[str]) -> Bare:
    found = [_BETWEEN.match(line) for line in lines]
    if not all(found):
        return Bare(text)
    if all(match and _NUMBER_BEHIND.search(match["v"]) for match in found):
        return Bare(text)  # a weight behind the two ends
    kinds = {match["one"] is not None for match in found if match is not None}
    if len(kinds) > 1:
        return Bare(text)
    return Bare(_with(text, _BETWEEN.sub("\\g<u>\t\\g<v>", text.text)), "tab", kinds == {True})


def _with(text: Text, changed: str, lines_before: int = 0) -> Text:
    return Text(text.origin, "\n" * lines_before + changed, text.ending, text.notes)
