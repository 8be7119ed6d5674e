"""Signatures with the names of types that people know, for what the interpreter makes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

# numpy's ArrayLike, spelt out with whatever prefixes.
_ARRAY_LIKE = re.compile(
    r"(?:[\w.]*\.)?_?Buffer \| (?:[\w.]*\.)?_SupportsArray\[dtype\[Any\]\] \| "
    r"(?:[\w.]*\.)?_NestedSequence\[(?:[\w.]*\.)?_SupportsArray\[dtype\[Any\]\]\] \| "
    r"complex \| bytes \| str \| (?:[\w.]*\.)?_NestedSequence\[complex \| bytes \| str\]"
)
_NAMES = (
    (re.compile(r"~(?=[a-zA-Z_])"), ""),
    (re.compile(r"\b(?:collections\.abc|typing|types|numpy\.typing|numpy)\.(?=[A-Za-z_])"), ""),
    (_ARRAY_LIKE, "ArrayLike"),
    (re.compile(r"ndarray\[tuple\[Any, \.\.\.\], dtype\[([^\[\]]+)\]\]"), r"NDArray[\1]"),
    (re.compile(r"\bos\.PathLike\[str\]|PathLike\[str\]"), "PathLike"),
    (re.compile(r"ForwardRef\('([^']*)'\)"), r"\1"),
    (re.compile(r"torch\.nn\.modules\.module\.Module"), "torch.nn.Module"),
    (re.compile(r"<factory>"), "..."),
)
_OWN = re.compile(r"\bnetsci_dst(?:\.\w+)+")


def named(text: str) -> str:
    """Return a signature with known names: no constraints, a public class by its public path."""
    for pattern, word in _NAMES:
        text = pattern.sub(word, text)
    return _OWN.sub(_public, _without_constraints(text))


def _without_constraints(text: str) -> str:
    """Return ``Annotated[type, what it must fulfil]`` as the type."""
    while (at := text.find("Annotated[")) >= 0:
        start = at + len("Annotated[")
        depth, comma, end = 0, 0, start
        for end in range(start, len(text)):
            depth += text[end] in "[(" or -(text[end] in "])")
            if depth < 0:
                break
            if depth == 0 and text[end] == "," and not comma:
                comma = end
        text = text[:at] + text[start:comma] + text[end + 1 :]
    return text


def _public(found: re.Match[str]) -> str:
    return _homes().get(found[0]) or found[0].rpartition(".")[2]


@cache
def _homes() -> Mapping[str, str]:
    """Return where each public class is documented, by where it is defined."""
    import _api

    homes: dict[str, str] = {}
    for page in _api.pages():
        for name in (name for names in page.sections.values() for name in names):
            found: Any = _api.thing(page.module, name)
            if isinstance(found, type):
                homes.setdefault(
                    f"{found.__module__}.{found.__qualname__}", f"{page.module}.{name}"
                )
    return homes
