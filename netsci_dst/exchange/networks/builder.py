"""A network put together node by node and link by link, for readers of small forms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ... import attributes
from ...link_tables import name_nodes
from ...network import LinkTable
from .found import Found, count
from .text import Text


def left_out(names: Iterable[str]) -> str:
    """Return the note that some attributes of links were left out."""
    listed = sorted(names)
    more = ", …" if len(listed) > 6 else ""
    return f"attributes of links left out: {', '.join(listed[:6])}{more}"


class Builder:
    """Nodes in the order of the file, links, and what each says.

    Parameters
    ----------
    text
        The file, for messages.
    closed
        Whether links may only join nodes that were declared.
    """

    def __init__(self, text: Text, closed: bool = False):
        self.text = text
        self.closed = closed
        self.place: dict[Any, int] = {}
        self.facts: list[dict[str, Any]] = []
        self.ends: list[tuple[int, int]] = []
        self.weights: list[float | None] = []
        self.directions: list[bool | None] = []
        self.layers: list[Any] = []
        self.notes: list[str] = list(text.notes)
        self.left: set[str] = set()  # attributes of links that no network keeps

    def node(self, key: Any, line: int | None = None, **facts: Any) -> int:
        """Declare a node, or return the place of one that is there."""
        if key not in self.place:
            self.place[key] = len(self.facts)
            self.facts.append(facts)
        elif facts:
            self.facts[self.place[key]].update(facts)
        return self.place[key]

    def link(
        self,
        source: Any,
        target: Any,
        weight: Any = None,
        directed: bool | None = None,
        line: int | None = None,
        layer: Any = None,
    ) -> None:
        """Add a link.

        Raises
        ------
        DataError
            If it ends at an undeclared node, or its weight is no number.
        """
        if self.closed:
            for key in (source, target):
                if key not in self.place:
                    raise self.text.error(f"a link ends at {key!r}, which is no node", line)
        self.ends.append((self.node(source), self.node(target)))
        self.weights.append(self._number(weight, line))
        self.directions.append(directed)
        self.layers.append(layer)

    def _number(self, weight: Any, line: int | None) -> float | None:
        if weight is None or weight == "":
            return None
        try:
            return float(weight)
        except (TypeError, ValueError):
            raise self.text.error(f"weight {str(weight)[:40]!r} is no number", line) from None

    def found(
        self, form: str, directed: bool | None, labels: tuple[str, ...] = ("label",)
    ) -> Found:
        """Return what was put together; links that differ from ``directed`` are mixed."""
        if self.left:
            self.notes.append(left_out(self.left))
        ends = np.array(self.ends, dtype=np.int64).reshape(-1, 2)
        weights = self._weights()
        own = [directed if one is None else one for one in self.directions]
        if own and len(set(own)) > 1:
            both = np.array([not one for one in own])
            ends = np.concatenate([ends, ends[both][:, ::-1]])
            weights = None if weights is None else np.concatenate([weights, weights[both]])
            times = count(int(both.sum()), "undirected link")
            self.notes.append(f"{times} taken in both directions")
            directed = True
        elif own:
            directed = own[0]
        names, columns = self._named(labels)
        table = LinkTable(
            len(self.facts), ends[:, 0], ends[:, 1], weights, directed, names, columns
        )
        layers = self.layers if any(layer is not None for layer in self.layers) else None
        return Found(table, form, self.notes, layers)

    def _weights(self) -> Any:
        known = sum(weight is not None for weight in self.weights)
        if not known:
            return None
        if known < len(self.weights):
            lacking = count(len(self.weights) - known, "link")
            self.notes.append(f"{lacking} without a weight taken as weight 1")
        return np.array([1.0 if weight is None else weight for weight in self.weights])

    def _named(self, labels: tuple[str, ...]) -> tuple[list[str] | None, dict[str, Any]]:
        columns = attributes.columns(self.facts)
        keys = [str(key) for key in self.place]
        counted = any(keys == [f"{p}{i}" for i in range(len(keys))] for p in ("", "n"))
        for label in labels:
            texts = [fact.get(label) for fact in self.facts]
            if texts and name_nodes(texts):
                columns.pop(label, None)
                whole = all(isinstance(key, int) for key in self.place)
                if not (whole or counted or keys == texts):
                    columns.setdefault("id", attributes.column(keys))
                return [str(text) for text in texts], columns
        return None if counted else keys, columns
