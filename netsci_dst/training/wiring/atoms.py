"""Stretches of units that always go together, and which of them are one population."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from .record import Use


@dataclass(frozen=True)
class Edge:
    """A block of a layer between two atoms."""

    use: Use
    source: int
    target: int
    sources: tuple[int, int]
    targets: tuple[int, int]
    grid: int


@dataclass
class Atoms:
    """Stretches of units that always go together.

    Attributes
    ----------
    starts
        First unit of each, increasing; with the number of units at the end.
    parents
        The atom each has been made one with.
    """

    starts: np.ndarray
    parents: list[int]
    edges: list[tuple[int, int]] = field(default_factory=list)

    def between(self, first: int, size: int) -> list[int]:
        """Return the atoms of a range of units."""
        a, b = np.searchsorted(self.starts, [first, first + size])
        return list(range(int(a), int(b)))

    def size(self, atom: int) -> int:
        """Return the number of units of an atom."""
        return int(self.starts[atom + 1] - self.starts[atom])

    def root(self, atom: int) -> int:
        """Return the atom that stands for all made one with this."""
        while self.parents[atom] != atom:
            self.parents[atom] = self.parents[self.parents[atom]]
            atom = self.parents[atom]
        return atom

    def unite(self, a: int, b: int) -> bool:
        """Make two atoms one, unless a signal passes from one to the other."""
        a, b = self.root(a), self.root(b)
        if a == b:
            return True
        if self._reaches(a, b) or self._reaches(b, a):
            return False
        self.parents[max(a, b)] = min(a, b)
        return True

    def _reaches(self, a: int, b: int) -> bool:
        following: dict[int, list[int]] = {}
        for source, target in self.edges:
            following.setdefault(self.root(source), []).append(self.root(target))
        seen, waiting = {a}, [a]
        while waiting:
            for after in following.get(waiting.pop(), ()):
                if after == b:
                    return True
                if after not in seen:
                    seen.add(after)
                    waiting.append(after)
        return False


def in_order(numbers: list[int], edges: list[tuple[int, int]]) -> list[int]:
    """Return numbers so that every edge goes from an earlier one to a later one."""
    before: dict[int, set[int]] = {number: set() for number in numbers}
    after: dict[int, list[int]] = {number: [] for number in numbers}
    for a, b in edges:
        if a not in before[b]:
            before[b].add(a)
            after[a].append(b)
    ready = [number for number in numbers if not before[number]]
    order: list[int] = []
    while ready:
        number = heapq.heappop(ready)
        order.append(number)
        for follower in after[number]:
            before[follower].discard(number)
            if not before[follower]:
                heapq.heappush(ready, follower)
    if len(order) < len(numbers):
        raise AssertionError("populations feed each other in a circle")
    return order
