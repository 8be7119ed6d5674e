"""From what a pass recorded to a wiring: populations with names and roles, layers, parts."""

from __future__ import annotations

from ...topology import Population, Role
from .atoms import Edge, in_order
from .description import Part, Wiring
from .joining import Joined
from .record import Birth, Record


def solve(record: Record, order: list[str], calls: dict[str, int]) -> Wiring:
    """Return the wiring behind a record.

    Parameters
    ----------
    order
        Names of layers in the model's order.
    calls
        How often each module ran; only the output of one that ran once is an activity.
    """
    return _Solver(record, order, calls).wiring()


class _Solver:
    def __init__(self, record: Record, order: list[str], calls: dict[str, int]):
        self.record, self.order, self.calls = record, order, calls
        self.joined = Joined(record)
        self.atoms = self.joined.atoms

    def wiring(self) -> Wiring:
        """Return it."""
        root = self.atoms.root
        edges = [(root(e.source), root(e.target)) for e in self.joined.edges]
        skips = list(dict.fromkeys((root(a), root(b)) for a, b in self.joined.skips))
        skips = [(a, b) for a, b in skips if a != b]
        names = self._names({end for pair in (*edges, *skips) for end in pair}, edges, skips)
        populations = self._populations(names, edges, skips)
        blocks: dict[str, list[Edge]] = {}
        for edge in self.joined.edges:
            blocks.setdefault(edge.use.name, []).append(edge)
        layers, parts, grids = {}, {}, {}
        for name in sorted(blocks, key=self._place):
            for number, edge in enumerate(blocks[name]):
                single = len(blocks[name]) == 1
                own = name if single else f"{name}.{number}"
                layers[own] = (names[root(edge.source)], names[root(edge.target)])
                if not single:
                    parts[own] = Part(name, *_positions(edge))
                if edge.grid > 1:
                    grids[own] = edge.grid
        return Wiring(
            populations,
            layers,
            tuple((names[a], names[b]) for a, b in skips),
            sparse=self._sparse(layers, parts, populations),
            grids=grids,
            outputs=self._outputs(names),
            parts=parts,
            breaks=tuple(self.record.breaks.values()),
        )

    def _place(self, name: str) -> int:
        return self.order.index(name) if name in self.order else len(self.order)

    def _sparse(
        self,
        layers: dict[str, tuple[str, str]],
        parts: dict[str, Part],
        populations: tuple[Population, ...],
    ) -> tuple[str, ...]:
        last = {p.name for p in populations if p.role == "output"}
        whole = {name: parts[name].layer if name in parts else name for name in layers}
        usual = {n for n, use in self.record.uses.items() if not use.embedding}
        hidden = [n for n in layers if whole[n] in usual and layers[n][1] not in last]
        return tuple(hidden or [n for n in layers if whole[n] in usual] or layers)

    def _names(
        self, used: set[int], edges: list[tuple[int, int]], skips: list[tuple[int, int]]
    ) -> dict[int, str]:
        births: dict[int, Birth] = {}
        for birth in self.record.births:
            for atom in self.atoms.between(birth.first, birth.size):
                births[atom] = birth
        leaving = {a for a, _ in (*edges, *skips)}
        ends = {self.atoms.root(a) for first, size in self.record.outputs
                for a in self.atoms.between(first, size)}  # fmt: skip
        only_end = [n for n in ends & used if n not in leaving]
        names: dict[int, str] = {}
        taken: set[str] = set()
        for number in sorted(used):
            birth = births[number]
            name = birth.name or "input"
            split = self.atoms.between(birth.first, birth.size)
            if [number] == only_end:
                name = "output"
            elif len(split) > 1:
                name = f"{name}.{split.index(number)}"
            names[number] = _free(name, taken)
            taken.add(names[number])
        self._births, self._ends = births, ends
        return names

    def _populations(
        self, names: dict[int, str], edges: list[tuple[int, int]], skips: list[tuple[int, int]]
    ) -> tuple[Population, ...]:
        root = self.atoms.root
        sums = {root(a) for a in self.joined.sums} | self._streams(skips)
        ended = {root(a) for a in self.joined.ended}
        leaving = {a for a, _ in edges}
        several = self._read_in_parts()
        found = []
        for number in in_order(sorted(names), [*edges, *skips]):
            birth = self._births[number]
            role: Role = birth.role
            if role == "hidden":
                if number in sums:
                    role = "residual"
                elif number in self._ends or (number in ended and number in leaving):
                    role = "output"
            combine = "any" if role == "residual" or number in several else "all"
            size = self.atoms.size(number)
            shape = birth.shape if birth.shape and size == birth.size else None
            found.append(Population(names[number], size, role, combine, shape))
        return tuple(found)

    def _streams(self, skips: list[tuple[int, int]]) -> set[int]:
        """Return the populations that are added to: the sources of skips into sums."""
        root = self.atoms.root
        sums = {root(a) for a in self.joined.sums}
        return {a for a, b in skips if b in sums}

    def _read_in_parts(self) -> set[int]:
        """Return the targets of layers that read several populations: theirs add up."""
        seen: dict[tuple[str, int], int] = {}
        for edge in self.joined.edges:
            key = (edge.use.name, edge.target)
            seen[key] = seen.get(key, 0) + 1
        return {self.atoms.root(target) for (_, target), n in seen.items() if n > 1}

    def _outputs(self, names: dict[int, str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for (first, size), path in self.record.activities.items():
            atoms = self.atoms.between(first, size)
            if len(atoms) == 1 and self.calls.get(path) == 1:
                name = names.get(self.atoms.root(atoms[0]))
                if name is not None:
                    found.setdefault(name, path)
        return found


def _positions(edge: Edge) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the positions of a block; of the side that groups share, those of one group."""
    view = edge.use.view
    (s0, s1), (t0, t1) = edge.sources, edge.targets
    kernel = view.source_patch
    sources = (s0 * kernel, s1 * kernel)
    targets = (t0 * view.target_patch, t1 * view.target_patch)
    if view.gates > 1 or (t1 - t0 == view.neurons[1]):
        targets = (0, view.n_target)
    if view.groups > 1:
        if view.target_first:
            sources = (0, view.n_source)
        else:
            targets = (0, view.n_target)
    return sources, targets


def _free(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}#{number}", number + 1
    return free
