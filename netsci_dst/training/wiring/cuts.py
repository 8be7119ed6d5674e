"""Cut ranges of units where layers read or feed parts of them."""

from __future__ import annotations

import numpy as np

from .atoms import Atoms
from .record import Birth, Record, Segment, Use

_MOST_BLOCKS = 512


def cut(record: Record) -> Atoms:
    """Cut the units of a record wherever a layer, sum or product needs it.

    A layer whose weight cannot be split so is given ends of its own.
    """
    while True:
        cuts = _cuts(record)
        atoms = Atoms(np.append(np.flatnonzero(cuts[:-1]), cuts.size - 1), [])
        atoms.parents = list(range(atoms.starts.size - 1))
        wrong = next((u for u in record.uses.values() if _unfit(u, atoms)), None)
        if wrong is None:
            return atoms
        _set_apart(record, wrong)


def _cuts(record: Record) -> np.ndarray:
    cuts = np.zeros(record.n_units + 1, dtype=bool)
    cuts[-1] = True
    for birth in record.births:
        cuts[[birth.first, birth.first + birth.size]] = True
    relations = [part for join in record.joins for part in join.parts]
    relations += [piece for pieces in record.contracts for piece in pieces]
    relations += [pair for use in record.uses.values() for pair in read_again(use)]
    for a, b, n in relations:
        cuts[[a, b, a + n, b + n]] = True
    segments = [s for use in record.uses.values() for read in use.reads for s in read]
    for segment in segments:
        cuts[[segment.first, segment.first + segment.size]] = True
    before = -1
    while before != (before := int(cuts.sum())):
        for a, b, n in relations:
            both = cuts[a : a + n] | cuts[b : b + n]
            cuts[a : a + n] = cuts[b : b + n] = both
        for use in record.uses.values():
            _cut_groups(use, cuts)
    return cuts


def read_again(use: Use) -> list[tuple[int, int, int]]:
    """Return the units that stand at one place when a layer is used again."""
    first = use.reads[0]
    pairs = []
    for read in use.reads[1:]:
        if [(s.size, s.grid) for s in read] == [(s.size, s.grid) for s in first]:
            pairs += [(a.first, b.first, a.size) for a, b in zip(first, read) if a != b]
    return pairs


def _cut_groups(use: Use, cuts: np.ndarray) -> None:
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


def _unfit(use: Use, atoms: Atoms) -> bool:
    if use.target < 0:
        return False
    targets = len(atoms.between(use.target, use.view.neurons[1]))
    sources = sum(len(atoms.between(s.first, s.size)) for s in use.reads[0])
    if targets > 1 and not use.splits:
        return True
    if use.view.groups > 1:
        return not _whole_groups(use, atoms)
    return sources * targets > _MOST_BLOCKS


def _whole_groups(use: Use, atoms: Atoms) -> bool:
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


def _set_apart(record: Record, use: Use) -> None:
    """Give a layer that cannot be split ends of its own."""
    n_source, n_target = use.view.neurons
    record.broken(
        "splitting",
        use.name,
        "what it reads or feeds is split where its weight cannot be: it joins populations "
        "of its own",
    )
    record.ended += [(s.first, s.size) for read in use.reads for s in read]
    own = record.birth(f"{use.name}.in", n_source, "input")
    use.reads[:] = [(Segment(own, n_source),)]
    record.births.append(Birth(f"{use.name}.out", record.n_units, n_target, "output"))
    old = next(b for b in record.births if b.first == use.target)
    old.role = "input"
    use.target = record.births[-1].first
