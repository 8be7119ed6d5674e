"""From what a pass recorded to populations: cut ranges of units, and make one what is one."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...topology import Population, Role
from .description import Part, Wiring
from .record import Birth, Record, Segment, Use

_MOST_BLOCKS = 512


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
        self.apart: dict[str, int] = {}
        self.atoms = self._cut()
        self.alone: list[tuple[int, int]] = []
        self.skips: list[tuple[int, int]] = []
        self.edges: list[Edge] = []
        self.sums: set[int] = set()
        self.ended: set[int] = set()

    # --- cutting --------------------------------------------------------------------------------

    def _cut(self) -> Atoms:
        while True:
            cuts = self._cuts()
            atoms = Atoms(np.append(np.flatnonzero(cuts[:-1]), cuts.size - 1), [])
            atoms.parents = list(range(atoms.starts.size - 1))
            wrong = next((u for u in self.record.uses.values() if self._unfit(u, atoms)), None)
            if wrong is None:
                return atoms
            self._set_apart(wrong)

    def _cuts(self) -> np.ndarray:
        cuts = np.zeros(self.record.n_units + 1, dtype=bool)
        cuts[-1] = True
        for birth in self.record.births:
            cuts[[birth.first, birth.first + birth.size]] = True
        relations = [part for join in self.record.joins for part in join.parts]
        relations += [piece for pieces in self.record.contracts for piece in pieces]
        relations += [pair for use in self.record.uses.values() for pair in _read_again(use)]
        for a, b, n in relations:
            cuts[[a, b, a + n, b + n]] = True
        segments = [s for use in self.record.uses.values() for read in use.reads for s in read]
        for segment in segments:
            cuts[[segment.first, segment.first + segment.size]] = True
        before = -1
        while before != (before := int(cuts.sum())):
            for a, b, n in relations:
                both = cuts[a : a + n] | cuts[b : b + n]
                cuts[a : a + n] = cuts[b : b + n] = both
            for use in self.record.uses.values():
                self._cut_groups(use, cuts)
        return cuts

    def _cut_groups(self, use: Use, cuts: np.ndarray) -> None:
        groups = use.view.groups
        if groups == 1:
            return
        n_in, n_out = (n // groups for n in use.view.neurons)
        at = 0
        for segment in use.reads[0]:
            read = cuts[segment.first : segment.first + segment.size]
            given = cuts[use.target : use.target + use.view.neurons[1]]
            whole = list(range(-at % n_in, segment.size, n_in))
            mine = np.array([(at + i) // n_in * n_out for i in whole], dtype=int)
            both = read[whole] | given[mine]
            read[whole], given[mine] = both, both
            at += segment.size

    def _unfit(self, use: Use, atoms: Atoms) -> bool:
        if use.target < 0:
            return False
        targets = len(atoms.between(use.target, use.view.neurons[1]))
        sources = sum(len(atoms.between(s.first, s.size)) for s in use.reads[0])
        if targets > 1 and not use.splits:
            return True
        if use.view.groups > 1:
            return not self._whole_groups(use, atoms)
        return sources * targets > _MOST_BLOCKS

    def _whole_groups(self, use: Use, atoms: Atoms) -> bool:
        if sum(s.size * s.grid for s in use.reads[0]) != use.view.neurons[0]:
            return False
        if any(s.grid > 1 for s in use.reads[0]):
            return False
        n_in, n_out = (n // use.view.groups for n in use.view.neurons)
        at = 0
        for segment in use.reads[0]:
            if any((at + int(atoms.starts[a]) - segment.first) % n_in
                   for a in atoms.between(segment.first, segment.size)):  # fmt: skip
                return False
            at += segment.size
        return not any(
            (int(atoms.starts[a]) - use.target) % n_out
            for a in atoms.between(use.target, use.view.neurons[1])
        )

    def _set_apart(self, use: Use) -> None:
        """Give a layer that cannot be split ends of its own."""
        n_source, n_target = use.view.neurons
        self.record.broken(
            "splitting",
            use.name,
            "what it reads or feeds is split where its weight cannot be: it joins populations "
            "of its own",
        )
        self.record.ended += [(s.first, s.size) for read in use.reads for s in read]
        own = self.record.birth(f"{use.name}.in", n_source, "input")
        use.reads[:] = [(Segment(own, n_source),)]
        self.record.births.append(Birth(f"{use.name}.out", self.record.n_units, n_target, "output"))
        old = next(b for b in self.record.births if b.first == use.target)
        old.role = "input"
        use.target = self.record.births[-1].first

    # --- joining --------------------------------------------------------------------------------

    def wiring(self) -> Wiring:
        for use in self.record.uses.values():
            self._edges_of(use)
        self._join_sums()
        for pieces in self.record.contracts:
            self._unite_all(pieces)
        for use in self.record.uses.values():
            self._unite_reads(use)
        for first, size in self.record.ended:
            self.ended.update(self.atoms.between(first, size))
        return self._described()

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
        for a, b, n in _read_again(use):
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

    # --- describing -----------------------------------------------------------------------------

    def _described(self) -> Wiring:
        root = self.atoms.root
        edges = [(root(e.source), root(e.target)) for e in self.edges]
        skips = list(dict.fromkeys((root(a), root(b)) for a, b in self.skips))
        skips = [(a, b) for a, b in skips if a != b]
        names = self._names({end for pair in (*edges, *skips) for end in pair}, edges, skips)
        populations = self._populations(names, edges, skips)
        blocks: dict[str, list[Edge]] = {}
        for edge in self.edges:
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
        sums = {root(a) for a in self.sums} | self._streams(skips)
        ended = {root(a) for a in self.ended}
        leaving = {a for a, _ in edges}
        several = self._read_in_parts()
        found = []
        for number in _sorted(sorted(names), [*edges, *skips]):
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
        sums = {root(a) for a in self.sums}
        return {a for a, b in skips if b in sums}

    def _read_in_parts(self) -> set[int]:
        """Return the targets of layers that read several populations: theirs add up."""
        seen: dict[tuple[str, int], int] = {}
        for edge in self.edges:
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


def _read_again(use: Use) -> list[tuple[int, int, int]]:
    first = use.reads[0]
    pairs = []
    for read in use.reads[1:]:
        if [(s.size, s.grid) for s in read] == [(s.size, s.grid) for s in first]:
            pairs += [(a.first, b.first, a.size) for a, b in zip(first, read) if a != b]
    return pairs


def _same_groups(view, at: int, n: int, t0: int, m: int) -> bool:
    n_in, n_out = (side // view.groups for side in view.neurons)
    return at // n_in == t0 // n_out and n // n_in == m // n_out


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


def _sorted(numbers: list[int], edges: list[tuple[int, int]]) -> list[int]:
    before: dict[int, set[int]] = {number: set() for number in numbers}
    after: dict[int, list[int]] = {number: [] for number in numbers}
    for a, b in edges:
        if a not in before[b]:
            before[b].add(a)
            after[a].append(b)
    import heapq

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
