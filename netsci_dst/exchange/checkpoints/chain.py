"""Layers that are used one after the other: which population feeds which, by their sizes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ...errors import FormatError
from ...topology import Dense, Layer, Population, Topology
from .named_weight import NamedWeight

_HEAD = re.compile(
    r"(^|\.)(fc|head|heads|classifier|lm_head|output|out|logits|linear|decoder)\b", re.I
)
_STEM = re.compile(r"(^|\.)(conv1|conv0|stem|input|first|embed\w*|patch\w*|encoder)\b", re.I)
_AGAIN = re.compile(r"weight_hh")


def wire(weights: Sequence[NamedWeight], keep_dense: bool = False) -> Topology:
    """Return the topology of layers that are used in the order given.

    A layer whose source size is the target size of the one before is fed by it, also through a
    flattening (sizes a multiple, after a convolution); otherwise it starts a chain of its own. The
    recurrent links of a cell come from a population that stands for the step before.
    """
    weights = _oriented(weights)
    ends: list[tuple[NamedWeight, int, int]] = []  # weight, source, target population
    sizes: list[int] = []
    last: int | None = None
    for weight in weights:
        if last is not None and _AGAIN.search(weight.name) and ends[-1][2] == last:
            # The step before is listed before what it feeds: see `_in_order`.
            sizes.append(weight.matrix.shape[0])
            if weight.matrix.shape[1] == sizes[last]:
                ends.append((weight, len(sizes) - 1, last))
                continue
            sizes.pop()
        weight = _fitted(weight, sizes[last] if last is not None else 0, ends)
        if last is None or weight.matrix.shape[0] != sizes[last]:
            sizes.append(weight.matrix.shape[0])
            last = len(sizes) - 1
        sizes.append(weight.matrix.shape[1])
        ends.append((weight, last, len(sizes) - 1))
        last = len(sizes) - 1
    return _topology(sizes, ends, keep_dense)


def joints(weights: Sequence[NamedWeight]) -> int:
    """Return how many layers in this order fit on the one before."""
    return sum(_fits(a.matrix.shape[1], b.matrix.shape[0]) for a, b in itertools.pairwise(weights))


def _fits(size: int, following: int) -> bool:
    return following == size or (following > size and following % size == 0)


def is_head(name: str) -> bool:
    """Return whether a layer's name is that of a last layer."""
    return bool(_HEAD.search(name))


def is_stem(name: str) -> bool:
    """Return whether a layer's name is that of a first layer."""
    return bool(_STEM.search(name))


def _oriented(weights: Sequence[NamedWeight]) -> Sequence[NamedWeight]:
    """Turn layers whose sides are not told, all or none, when only that makes a chain."""
    free = [weight for weight in weights if not weight.oriented]
    if not free or _is_chain(weights):
        return weights
    turned = [weight if weight.oriented else weight.turned() for weight in weights]
    if _is_chain(turned):
        return turned
    # Among convolutions each is turned by itself where it fits so on the one before.
    found: list[NamedWeight] = []
    for weight in weights:
        size = found[-1].matrix.shape[1] if found else weight.matrix.shape[0]
        rows, columns = weight.matrix.shape
        swap = not weight.oriented and weight.is_convolution and rows != size == columns
        found.append(weight.turned() if swap else weight)
    return found


def _is_chain(weights: Sequence[NamedWeight]) -> bool:
    pairs = itertools.pairwise(weights)
    return all(first.matrix.shape[1] == second.matrix.shape[0] for first, second in pairs)


def _fitted(
    weight: NamedWeight, size: int, ends: Sequence[tuple[NamedWeight, int, int]]
) -> NamedWeight:
    """Return the layer with its sources as the population of ``size`` before it has them."""
    n_source = weight.matrix.shape[0]
    if not size or n_source == size:
        return weight
    after_convolution = ends[-1][0].is_convolution and not weight.is_convolution
    if after_convolution and n_source % size == 0:
        return join_rows(weight, np.arange(n_source) // (n_source // size), size)
    if weight.is_convolution and size % n_source == 0:
        return _ungroup(weight, size)
    if weight.at_least and n_source < size:
        padded = weight.matrix.copy()
        padded.resize(size, weight.matrix.shape[1])
        return replace(weight, matrix=padded)
    return weight


def _topology(
    sizes: list[int], ends: Sequence[tuple[NamedWeight, int, int]], keep_dense: bool
) -> Topology:
    fed = {target for _, _, target in ends}
    feeding = {source for _, source, _ in ends}
    names = _names(sizes, ends, fed)
    # A population that only feeds is listed first: those of the step before come after the rest.
    order = sorted(range(len(sizes)), key=lambda i: (i in fed, i))
    populations = []
    for i in order:
        role = "input" if i not in fed else "output" if i not in feeding else "hidden"
        populations.append(Population(names[i], sizes[i], role))
    return assemble(populations, [(w, names[s], names[t]) for w, s, t in ends], keep_dense)


def _names(
    sizes: list[int], ends: Sequence[tuple[NamedWeight, int, int]], fed: set[int]
) -> list[str]:
    if len(sizes) == len(ends) + 1 and not any(_AGAIN.search(w.name) for w, _, _ in ends):
        return ["input", *(f"hidden{i}" for i in range(1, len(ends))), "output"]
    by_target: dict[int, str] = {}
    for weight, _, target in ends:
        by_target.setdefault(target, weight.name)
    by_source = {source: weight.name for weight, source, _ in ends}
    return [f"{by_target[i]}.out" if i in fed else f"{by_source[i]}.in" for i in range(len(sizes))]


def assemble(
    populations: Sequence[Population],
    ends: Sequence[tuple[NamedWeight, str, str]],
    keep_dense: bool,
    skips: Sequence[tuple[str, str]] = (),
) -> Topology:
    """Return the topology of layers between populations."""
    layers, dense = [], []
    for weight, source, target in ends:
        if weight.is_full and not keep_dense:
            dense.append(Dense(weight.name, source, target))
            continue
        csr, count = weight.matrix, weight.multiplicity
        csr.sort_indices()
        if count is not None:
            count.sort_indices()
        layers.append(
            Layer(
                weight.name,
                source,
                target,
                csr.shape,
                csr.indptr,
                csr.indices,
                csr.data,
                None if count is None else count.data,
            )
        )
    return Topology(tuple(populations), tuple(layers), tuple(dense), tuple(skips))


def join_rows(weight: NamedWeight, group: NDArray[np.int64], n_groups: int) -> NamedWeight:
    """Join the source positions of each group into one neuron."""
    coo = weight.matrix.tocoo()
    ends = (group[coo.row], coo.col)
    shape = (n_groups, weight.matrix.shape[1])
    strength = scipy.sparse.coo_array((np.abs(coo.data), ends), shape=shape).tocsr()
    count = scipy.sparse.coo_array((np.ones(coo.nnz, np.int32), ends), shape=shape).tocsr()
    return replace(weight, matrix=strength, multiplicity=count)


def _ungroup(weight: NamedWeight, channels: int) -> NamedWeight:
    """Place the rows of a grouped convolution among all channels."""
    per_group, n_target = weight.matrix.shape
    groups = channels // per_group
    if n_target % groups:
        raise FormatError(f"convolution {weight.name!r} has {n_target} outputs in {groups} groups")

    def spread(matrix: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
        coo = matrix.tocoo()
        rows = coo.row + coo.col // (n_target // groups) * per_group
        return scipy.sparse.coo_array((coo.data, (rows, coo.col)), (channels, n_target)).tocsr()

    assert weight.multiplicity is not None
    return replace(weight, matrix=spread(weight.matrix), multiplicity=spread(weight.multiplicity))
