"""Note a weight as a layer: which units it reads, and the units it gives."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..matrix_view import MatrixView
from .description import TOKENS
from .record import Join, Record, Segment, Use
from .shadow import CONSTANT, MIXED, RAW, Lost, Shadow, compact, full, is_scattered, runs

_BEGIN = "layers behind it begin with a population of their own, and percolation stops there"


@dataclass
class RawInput:
    """A tensor given to the model, whose elements become neurons when a layer reads them."""

    name: str
    first: int
    size: int
    shape: tuple[int, ...]


class Reader:
    """Turns what a layer reads into segments of units."""

    def __init__(self, record: Record):
        self.record = record
        self.inputs: list[RawInput] = []
        self._decided: dict[tuple, int] = {}

    def new_input(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """Number the elements of one sample; returns ids of length 1 along the batch."""
        first = RAW
        if self.inputs:
            first = self.inputs[-1].first + self.inputs[-1].size
        size = 1
        for length in shape[1:]:
            size *= length
        self.inputs.append(RawInput(name, first, max(size, 1), tuple(shape[1:])))
        return torch.arange(first, first + max(size, 1)).reshape(1, *shape[1:])

    def input_of(self, unit: int) -> RawInput:
        """Return the input that a raw number belongs to."""
        return next(one for one in self.inputs if one.first <= unit < one.first + one.size)

    def rows(self, shadow: Shadow, shape: tuple[int, ...], axis: int) -> Tensor:
        """Return what is read along an axis, shape ``(positions, inputs)``, distinct rows only."""
        ids = compact(shadow.ids).movedim(axis, -1)
        ids = ids.expand(*ids.shape[:-1], shape[axis])
        rows = ids.reshape(-1, shape[axis])
        rows = rows[(rows != CONSTANT).any(1)]
        if rows.shape[0] == 0:
            return torch.full((1, shape[axis]), CONSTANT)
        return rows

    def settle(self, rows: Tensor) -> Tensor:
        """Replace elements of the input by neurons of input populations.

        Parameters
        ----------
        rows
            Numbers of units, shape ``(positions, inputs)``.
        """
        if not bool((rows >= RAW).any()):
            return rows
        rows = rows.clone()
        n = rows.shape[1]
        raw = (rows >= RAW).any(0)
        mixed = raw & ~((rows >= RAW) | (rows == CONSTANT)).all(0)
        if bool(mixed.any()):
            rows[:, mixed] = MIXED
            raw &= ~mixed
        places = raw.nonzero()[:, 0]
        owners = [self.input_of(int(rows[:, j].max())) for j in places.tolist()]
        for owner in {id(one): one for one in owners}.values():
            mine = places[torch.tensor([one is owner for one in owners])]
            first = self._decide(owner, rows[:, mine], n if mine.numel() == n else mine.numel())
            rows[:, mine] = first + torch.arange(mine.numel())
        return rows

    def _decide(self, owner: RawInput, rows: Tensor, n: int) -> int:
        # What an element of the input means shows when a layer reads it: every element of a
        # flattened sample is a neuron, or the channels are, or the features of each position.
        steps = torch.arange(n)
        local = rows - owner.first
        shape: tuple[int, ...] | None = None
        known = (local >= 0) & (local < owner.size)
        if n == owner.size and bool((local[known.all(1)] == steps).all()) and bool(known.all()):
            grid = owner.shape[1:] if owner.shape and owner.shape[0] == 1 else owner.shape
            key, shape = (owner.first, "flat"), grid if len(grid) > 1 else None
        elif owner.size % n == 0 and self._is(local, known, local // (owner.size // n), steps):
            key = (owner.first, "channels", n)
        elif self._is(local, known, local % n, steps):
            key = (owner.first, "features", n)
        else:
            key = (owner.first, n, rows.min().item(), rows.sum().item())
        if key not in self._decided:
            self._decided[key] = self.record.birth(owner.name, n, "input", shape)
        return self._decided[key]

    @staticmethod
    def _is(local: Tensor, known: Tensor, neurons: Tensor, steps: Tensor) -> bool:
        return bool(((neurons == steps) | ~known).all())

    def segments(
        self, shadow: Shadow | None, shape: tuple[int, ...], axis: int, name: str
    ) -> tuple[Segment, ...]:
        """Return the units a layer reads along an axis; where unknown, units of its own."""
        n = shape[axis]
        if shadow is None:
            return (self.own(name, n),)
        rows = self.settle(self.rows(shadow, shape, axis))
        row = self._one_row(rows, name)
        if row is None:
            return (self.own(name, n),)
        if bool((row < 0).all()):
            if bool((row == MIXED).any()):
                self.lose(shadow.lost, name)
            return (self.own(name, n),)
        found = self._pieces(row, name, shadow)
        if found is None:
            self._leave(row)
            self.record.broken("reordering", name, f"it reads neurons in another order; {_BEGIN}")
            return (self.own(name, n),)
        if shadow.module and len(found) == 1:
            self.record.activities.setdefault((found[0].first, found[0].size), shadow.module)
        return found

    def _one_row(self, rows: Tensor, name: str) -> Tensor | None:
        first = rows[0]
        if bool((rows == first).all()):
            return first
        most = rows.max(0).values
        if bool(((rows == most) | (rows == CONSTANT)).all()):
            return most
        lead = torch.unique(rows, dim=0)
        together = self._alternatives(lead, name)
        if together is not None:
            return together
        for row in lead:
            self._leave(row)
        self.record.broken(
            "reading by position",
            name,
            f"it reads other neurons at each position; {_BEGIN}",
        )
        return None

    def _alternatives(self, rows: Tensor, name: str) -> Tensor | None:
        """Join populations that stand at different positions, as tokens of several kinds do."""
        n = rows.shape[1]
        disjoint = torch.unique(rows).numel() == rows.numel()
        if rows.shape[0] > 16 or bool((rows < 0).any()) or not disjoint:
            return None
        steps = torch.arange(n)
        stretches = [runs(row, steps) for row in rows]
        if any(is_scattered(stretch) for stretch in stretches):
            return None
        key = ("alternatives", *(tuple(stretch) for stretch in stretches))
        if key not in self._decided:
            first = self.record.birth(name, n)
            operands = [
                [(a, first + own, size) for a, own, size in stretch] for stretch in stretches
            ]
            self.record.joins.append(Join("sum", first, n, operands))
            self._decided[key] = first
        return self._decided[key] + steps

    def _leave(self, row: Tensor) -> None:
        units = torch.unique(row[row >= 0])
        self.record.ended += [(first, size) for first, size in ranges(units)]

    def lose(self, lost: Lost | None, name: str) -> None:
        """Note that a layer reads what no longer belongs to neurons."""
        operation = lost.operation if lost else "an operation"
        where = lost.where if lost else name
        self.record.ended += list(lost.units) if lost else []
        self.record.broken(operation, where, f"{name} reads what it gives; {_BEGIN}")

    def own(self, name: str, n: int) -> Segment:
        """Begin a population that a layer alone reads."""
        return Segment(self.record.birth(f"{name}.in", n, "input"), n)

    def _pieces(self, row: Tensor, name: str, shadow: Shadow) -> tuple[Segment, ...] | None:
        values, counts = torch.unique_consecutive(row, return_counts=True)
        new = torch.ones(values.numel(), dtype=torch.bool)
        negative = values < 0
        new[1:] = (counts[1:] != counts[:-1]) | (values[1:] != values[:-1] + 1)
        starts = new.nonzero()[:, 0].tolist()
        ends = [*starts[1:], values.numel()]
        pieces = [(int(values[a]), int(counts[a]), b - a) for a, b in zip(starts, ends)]
        if is_scattered([(first, length) for first, _, length in pieces]) and len(pieces) > 1:
            return None
        found = []
        for at, (first, grid, length) in enumerate(pieces):
            if negative[starts[at]]:
                if first == MIXED:
                    self.lose(shadow.lost, name)
                segment = self.own(name, grid * length)
            else:
                segment = Segment(first, length, grid)
            found.append(segment)
        return tuple(found)


def ranges(units: Tensor) -> list[tuple[int, int]]:
    """Return sorted numbers as ``(first, length)`` of consecutive ones."""
    return [(first, length) for first, length in runs(units[units < RAW])]


class Layers:
    """Notes uses of weights in a record."""

    def __init__(self, record: Record, reader: Reader):
        self.record = record
        self.reader = reader

    def use(self, view: MatrixView, segments: tuple[Segment, ...], splits: bool = True) -> int:
        """Note that a weight reads units, and return the first of the units it gives."""
        known = self.record.uses.get(view.name)
        if known is None:
            target = self.record.birth(view.name, view.neurons[1])
            known = Use(view.name, view, target, [segments], splits=splits)
            self.record.uses[view.name] = known
        elif segments not in known.reads:
            known.reads.append(segments)
        return known.target

    def embedding(self, view: MatrixView) -> int:
        """Note an embedding; its rows are a population of tokens."""
        known = self.record.uses.get(view.name)
        if known is None:
            tokens = self.record.birth(view.name + TOKENS, view.n_source, "input")
            target = self.record.birth(view.name, view.n_target)
            segments = (Segment(tokens, view.n_source),)
            known = Use(view.name, view, target, [segments], embedding=True)
            self.record.uses[view.name] = known
        return known.target


def outputs(first: int, size: int, shape: tuple[int, ...], axis: int) -> Tensor:
    """Return the ids of a tensor whose units lie along one axis."""
    ids = torch.arange(first, first + size)
    lengths = [1] * len(shape)
    lengths[axis] = size
    return ids.reshape(lengths)


def flat_row(shadow: Shadow, shape: tuple[int, ...]) -> Tensor:
    """Return all ids of a tensor in one row."""
    return full(shadow.ids, shape).reshape(-1)
