"""What one forward pass tells: units, the layers that join them, and what is done with them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...topology import Role
from ..matrix_view import MatrixView
from .description import Break


@dataclass
class Birth:
    """A range of units that came into being together: outputs of a layer, an input, a sum."""

    name: str
    first: int
    size: int
    role: Role = "hidden"
    shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Segment:
    """Consecutive units that a layer reads, each at ``grid`` consecutive positions."""

    first: int
    size: int
    grid: int = 1


@dataclass
class Use:
    """A weight as a layer: what it reads (each time it is used) and its outputs."""

    name: str
    view: MatrixView
    target: int
    reads: list[tuple[Segment, ...]]
    embedding: bool = False
    splits: bool = True


@dataclass
class Join:
    """Units that are sums or products of two operands.

    Each operand is a list of stretches ``(operand's first, own first, length)``.
    """

    kind: str
    first: int
    size: int
    operands: list[list[tuple[int, int, int]]]

    @property
    def parts(self) -> list[tuple[int, int, int]]:
        """The stretches of both operands."""
        return [part for operand in self.operands for part in operand]


@dataclass
class Record:
    """Everything noted during a pass. Units of all ranges are numbered through."""

    births: list[Birth] = field(default_factory=list)
    uses: dict[str, Use] = field(default_factory=dict)
    joins: list[Join] = field(default_factory=list)
    contracts: list[list[tuple[int, int, int]]] = field(default_factory=list)
    ended: list[tuple[int, int]] = field(default_factory=list)
    outputs: list[tuple[int, int]] = field(default_factory=list)
    activities: dict[tuple[int, int], str] = field(default_factory=dict)
    breaks: dict[tuple[str, str], Break] = field(default_factory=dict)

    @property
    def n_units(self) -> int:
        """Number of units so far."""
        return self.births[-1].first + self.births[-1].size if self.births else 0

    def birth(
        self, name: str, size: int, role: Role = "hidden", shape: tuple[int, ...] | None = None
    ) -> int:
        """Add a range of units and return the first."""
        first = self.n_units
        self.births.append(Birth(name, first, size, role, shape))
        return first

    def broken(self, operation: str, where: str, lost: str, stops: bool = True) -> None:
        """Note once that an operation at a place could not be followed."""
        self.breaks.setdefault((operation, where), Break(operation, where, lost, stops))
