"""Graphviz DOT: nodes, chains of links, subgraphs, weights and labels."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from .builder import Builder
from .found import Found, Options
from .text import Text

_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*|/\*.*?\*/|^\#[^\n]*)|\"(?P<text>(?:\\.|[^\"\\])*)\""
    r"|(?P<sign>->|--|[{}\[\]=;,:])|(?P<word>[^\s{}\[\]=;,:\"\-]+(?:-(?![->])[^\s{}\[\]=;,:\"\-]*)*"
    r"|-\.?\d[\d.]*)|(?P<other>.)",
    re.DOTALL | re.MULTILINE,
)

_START = re.compile(
    r"\s*(?:(?://[^\n]*|/\*.*?\*/|\#[^\n]*)\s*)*(strict\s+)?(di)?graph\b[^\[{]*\{", re.S | re.I
)
_DRAWN = {
    "shape", "style", "color", "fillcolor", "fontname", "fontsize", "pos", "width", "height",
}  # fmt: skip
_OF_LINKS = {
    "weight", "label", "dir", "arrowhead", "arrowtail", "arrowsize", "penwidth", "len", "minlen",
    "constraint", "taillabel", "headlabel", "labeltooltip", "tooltip",
}  # fmt: skip


def is_dot(text: Text) -> bool:
    """Whether the text begins as a DOT graph."""
    start = re.compile(
        r"\s*(?:(?://[^\n]*|/\*.*?\*/|\#[^\n]*)\s*)*(strict\s+)?(di)?graph\b[^\[{]*\{", re.S | re.I
    )
    return start.match(text.text[:100_000]) is not None


def read_dot(text: Text, options: Options) -> Found:
    """Read a DOT graph; chains ``a -> b -> c`` and groups ``a -> {b c}`` are links each."""
    return _Dot(text).read()


class _Dot:
    def __init__(self, text: Text):
        self.text, self.builder = text, Builder(text)
        self.tokens = list(self._tokens())
        self.at = 0
        self.depth = 0

    def _tokens(self) -> Any:
        for match in _TOKEN.finditer(self.text.text):
            kind = str(match.lastgroup)
            if kind == "other":
                line = self.text.text.count("\n", 0, match.start()) + 1
                raise self.text.error(f"{match[0]!r} is not expected in DOT", line)
            if kind != "space":
                word = match[kind].replace('\\"', '"') if kind == "text" else match[kind]
                yield ("text" if kind == "text" else kind), word, match.start()

    def peek(self, *words: str) -> bool:
        """Whether the next token is one of some signs or words that stand without quotes."""
        if self.at >= len(self.tokens):
            return False
        kind, word, _ = self.tokens[self.at]
        return kind != "text" and word.lower() in words

    def take(self) -> str:
        if self.at >= len(self.tokens):
            raise self.text.error("the graph is not closed")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def expect(self, sign: str) -> None:
        if not self.peek(sign):
            raise self._unexpected()
        self.at += 1

    def _unexpected(self) -> Exception:
        if self.at >= len(self.tokens):
            return self.text.error("the graph is not closed")
        _, word, place = self.tokens[self.at]
        line = self.text.text.count("\n", 0, place) + 1
        return self.text.error(f"{word[:40]!r} is not expected there", line)

    def read(self) -> Found:
        if self.peek("strict"):
            self.take()
        directed = self.take().lower() == "digraph"
        if not self.peek("{"):
            self.take()
        self._group()
        if self.at < len(self.tokens):
            raise self.text.error("a second graph begins: keep one a file")
        return self.builder.found("DOT", directed, ("label", "name"))

    def _group(self) -> list[str]:
        """Read ``{ … }`` and return the nodes in it."""
        self.depth += 1
        if self.depth > 50:
            raise self.text.error("subgraphs are nested deeper than 50")
        self.expect("{")
        found: list[str] = []
        while not self.peek("}"):
            if self.peek(";", ","):
                self.take()
                continue
            found += self._statement()
        self.take()
        self.depth -= 1
        return found

    def _statement(self) -> list[str]:
        if self.peek("graph", "node", "edge"):
            self.take()
            self._attributes()
            return []
        start = self.at
        ends = [self._side()]
        if self.peek("=") and self.at == start + 1:
            self.take()
            self.take()
            return []
        while self.peek("->", "--"):
            self.take()
            ends.append(self._side())
        facts = self._attributes()
        if len(ends) == 1 and facts and len(ends[0]) == 1:
            self.builder.node(ends[0][0], **_kept(facts))
        for left, right in pairwise(ends):
            for u in left:
                for v in right:
                    self.builder.link(u, v, facts.get("weight"))
                    self.builder.left |= set(facts) - _DRAWN - _OF_LINKS
        return [node for end in ends for node in end]

    def _side(self) -> list[str]:
        if self.peek("subgraph"):
            self.take()
            if not self.peek("{"):
                self.take()
            return self._group()
        if self.peek("{"):
            return self._group()
        if self.peek("}", "[", "]", "=", ";", ",", ":", "->", "--"):
            raise self._unexpected()
        node = self.take()
        while self.peek(":"):
            self.take()
            self.take()
        if not self.peek("="):
            self.builder.node(node)
        return [node]

    def _attributes(self) -> dict[str, str]:
        facts: dict[str, str] = {}
        while self.peek("["):
            self.take()
            while not self.peek("]"):
                if self.peek(";", ","):
                    self.take()
                    continue
                key = self.take()
                if self.peek("="):
                    self.take()
                    facts[key] = self.take()
            self.take()
        return facts


def _kept(facts: dict[str, str]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key not in _DRAWN and "\\N" not in value}
