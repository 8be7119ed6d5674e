"""Make one what is one: the operands of sums and products, and what a layer reads each time."""

from __future__ import annotations

import numpy as np

from ..matrix_view import MatrixView
from .atoms import Atoms, Edge
from .cuts import cut, read_again
from .record import Record, Use


class Joined:
    """The atoms of a record, joined, and the blocks of layers between them.

    Attributes
    ----------
    atoms, edges, skips
        What there is, and what feeds what.
    sums
        Atoms that are sums.
    ended
        Atoms that are also read by something that is no layer.
    """

    def __init__(self, record: Record):
        self.record = record
        self.atoms: Atoms = cut(record)
        self.alone: list[tuple[int, int]] = []
        self.skips: list[tuple[int, int]] = []
        self.edges: list[Edge] = []
        self.sums: set[int] = set()
        self.ended: set[int] = set()
        for use in record.uses.values():
            self._edges_of(use)
        self._join_sums()
        for pieces in record.contracts:
            self._unite_all(pieces)
        for use in record.uses.values():
            self._unite_reads(use)
        for first, size in record.ended:
            self.ended.update(self.atoms.between(first, size))

    def _edges_of(self, use: Use) -> None:
        at, targets = 0, self.atoms.between(use.target, use.view.neurons[1])
        view = use.view
        grouped = view.groups > 1
        for segment in use.reads[0]:
            for source in self.atoms.between(segment.first, segment.size):
                n = self.atoms.size(source) * segment.grid
                for target in targets:
                    t0 = int(self.atoms.starts[target]) - use.target
                    t1 = t0 + self.atoms.size(target)
                    if grouped and not _same_groups(view, at, n, t0, t1 - t0):
                        continue
                    self.edges.append(
                        Edge(use, source, target, (at, at + n), (t0, t1), segment.grid)
                    )
                    self.atoms.edges.append((source, target))
                at += n

    def _counts(self) -> np.ndarray:
        counts = np.zeros(self.record.n_units + 1, dtype=np.int64)
        for use in self.record.uses.values():
            for segment in {s for read in use.reads for s in read}:
                counts[segment.first : segment.first + segment.size] += 1
        for join in self.record.joins:
            for a, _, n in join.parts:
                counts[a : a + n] += 1
        for pieces in self.record.contracts:
            for a, b, n in pieces:
                counts[a : a + n] += 1
                counts[b : b + n] += 1
        for first, size in (*self.record.ended, *set(self.record.outputs)):
            counts[first : first + size] += 1
        return counts

    def _join_sums(self) -> None:
        counts = self._counts()
        inputs = np.zeros(self.record.n_units + 1, dtype=bool)
        for birth in self.record.births:
            if birth.role == "input":
                inputs[birth.first : birth.first + birth.size] = True
        for join in self.record.joins:
            if join.kind == "sum":
                self.sums.update(self.atoms.between(join.first, join.size))
            for a, own, n in join.parts:
                pairs = zip(self.atoms.between(a, n), self.atoms.between(own, n))
                alone = counts[a : a + n].max() == 1 and not inputs[a : a + n].any()
                (self.alone if alone else self.skips).extend(pairs)
        self.atoms.edges += self.skips
        for part, whole in self.alone:
            if not self.atoms.unite(part, whole):
                self.skips.append((part, whole))
                self.atoms.edges.append((part, whole))

    def _unite_all(self, pieces: list[tuple[int, int, int]]) -> None:
        pairs = [
            pair
            for a, b, n in pieces
            for pair in zip(self.atoms.between(a, n), self.atoms.between(b, n))
        ]
        for a, b in pairs:
            if not self.atoms.unite(a, b):
                self.ended.update((a, b))

    def _unite_reads(self, use: Use) -> None:
        for a, b, n in read_again(use):
            for one, other in zip(self.atoms.between(a, n), self.atoms.between(b, n)):
                if not self.atoms.unite(one, other):
                    self.ended.add(other)
                    self._reused(use)
        first = [(s.size, s.grid) for s in use.reads[0]]
        for read in use.reads[1:]:
            if [(s.size, s.grid) for s in read] != first:
                for segment in read:
                    self.ended.update(self.atoms.between(segment.first, segment.size))
                self._reused(use)

    def _reused(self, use: Use) -> None:
        self.record.broken(
            "reuse",
            use.name,
            "it is used again on neurons that depend on its own outputs; its links are listed "
            "from those of the first use",
        )


def _same_groups(view: MatrixView, at: int, n: int, t0: int, m: int) -> bool:
    n_in, n_out = (side // view.groups for side in view.neurons)
    return at // n_in == t0 // n_out and n // n_in == m // n_out
