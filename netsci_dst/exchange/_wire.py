"""From named weights to a topology: which population feeds which."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ..errors import FormatError
from ..topology import Dense, Layer, Population, Topology
from ._weights import NamedWeight

_ATTENTION = re.compile(r"(.*\blayers\.(\d+))\.(?:self_attn|mlp)\.(q|k|v|o|gate|up|down)_proj$")


def wire(weights: Sequence[NamedWeight], keep_dense: bool = False) -> Topology:
    """Return the topology of layers that are used in the order given.

    A layer whose source size is the target size of the one before is fed by it, also through a
    flattening (sizes a multiple, after a convolution); otherwise it starts a chain of its own.
    The projections of LLaMA-like decoders are wired by their names. Full layers become `Dense`
    unless ``keep_dense``.

    Raises
    ------
    FormatError
        If there is no layer, or no sparse one.
    """
    if not weights:
        raise FormatError("no layer weights were found: a layer is a matrix named '….weight'")
    weights = _orient(weights)
    if any(_ATTENTION.match(weight.name) for weight in weights):
        topology = _decoder(weights, keep_dense)
    else:
        topology = _chain(weights, keep_dense)
    if not topology.layers:
        raise FormatError(
            "every layer is fully connected: give a threshold below which a weight counts as "
            "absent, or ask for dense layers to be kept"
        )
    return topology


def _orient(weights: Sequence[NamedWeight]) -> Sequence[NamedWeight]:
    if all(weight.oriented for weight in weights) or _fits(weights):
        return weights
    turned = [
        NamedWeight(w.name, scipy.sparse.csr_array(w.matrix.T), w.multiplicity) for w in weights
    ]
    return turned if _fits(turned) else weights


def _fits(weights: Sequence[NamedWeight]) -> bool:
    pairs = itertools.pairwise(weights)
    return all(first.matrix.shape[1] == second.matrix.shape[0] for first, second in pairs)


def _chain(weights: Sequence[NamedWeight], keep_dense: bool) -> Topology:
    ends: list[tuple[NamedWeight, int | None, int]] = []  # weight, source, target population
    sizes: list[int] = []
    last: int | None = None
    for weight in weights:
        size = sizes[last] if last is not None else 0
        if last is not None and weight.matrix.shape[0] != size:
            after_convolution = ends[-1][0].is_convolution and not weight.is_convolution
            if after_convolution and weight.matrix.shape[0] % size == 0:
                weight = _unflatten(weight, size)
            elif weight.is_convolution and size % weight.matrix.shape[0] == 0:
                weight = _ungroup(weight, size)
            else:
                last = None
        if last is None:
            sizes.append(weight.matrix.shape[0])
            last = len(sizes) - 1
        sizes.append(weight.matrix.shape[1])
        ends.append((weight, last, len(sizes) - 1))
        last = len(sizes) - 1
    fed = {target for _, _, target in ends}
    feeding = {source for _, source, _ in ends}
    names = _names(sizes, ends, fed, feeding)
    populations = []
    for i, size in enumerate(sizes):
        role = "input" if i not in fed else "output" if i not in feeding else "hidden"
        populations.append(Population(names[i], size, role))
    return _assemble(populations, [(w, names[s or 0], names[t]) for w, s, t in ends], keep_dense)


def _names(sizes: list[int], ends: list, fed: set[int], feeding: set[int]) -> list[str]:
    if len(sizes) == len(ends) + 1:
        return ["input", *(f"hidden{i}" for i in range(1, len(ends))), "output"]
    by_target = {target: weight.name for weight, _, target in ends}
    by_source = {source: weight.name for weight, source, _ in ends}
    return [f"{by_target[i]}.out" if i in fed else f"{by_source[i]}.in" for i in range(len(sizes))]


def _assemble(
    populations: Sequence[Population],
    ends: Sequence[tuple[NamedWeight, str, str]],
    keep_dense: bool,
    skips: Sequence[tuple[str, str]] = (),
) -> Topology:
    layers, dense = [], []
    for weight, source, target in ends:
        if weight.is_full and not keep_dense:
            dense.append(Dense(weight.name, source, target))
            continue
        csr = weight.matrix
        csr.sort_indices()
        multiplicity = None
        if weight.multiplicity is not None:
            weight.multiplicity.sort_indices()
            multiplicity = weight.multiplicity.data
        layers.append(
            Layer(
                weight.name,
                source,
                target,
                csr.shape,
                csr.indptr,
                csr.indices,
                csr.data,
                multiplicity,
            )
        )
    return Topology(tuple(populations), tuple(layers), tuple(dense), tuple(skips))


def _unflatten(weight: NamedWeight, channels: int) -> NamedWeight:
    """Join the positions of each channel that a flattening laid side by side."""
    positions = weight.matrix.shape[0] // channels
    return _join_rows(weight, np.arange(weight.matrix.shape[0]) // positions, channels)


def _join_rows(weight: NamedWeight, group: NDArray[np.int64], n_groups: int) -> NamedWeight:
    coo = weight.matrix.tocoo()
    ends = (group[coo.row], coo.col)
    shape = (n_groups, weight.matrix.shape[1])
    strength = scipy.sparse.coo_array((np.abs(coo.data), ends), shape=shape).tocsr()
    count = scipy.sparse.coo_array((np.ones(coo.nnz, np.int32), ends), shape=shape).tocsr()
    return NamedWeight(weight.name, strength, count)


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
    return NamedWeight(weight.name, spread(weight.matrix), spread(weight.multiplicity))


def _decoder(weights: Sequence[NamedWeight], keep_dense: bool) -> Topology:
    """Wire a LLaMA-like decoder: q·k and gate·up are populations fed by both, v feeds o."""
    blocks: dict[str, dict[str, NamedWeight]] = {}
    others = []
    for weight in weights:
        match = _ATTENTION.match(weight.name)
        if match:
            blocks.setdefault(match[1], {})[match[3]] = weight
        else:
            others.append(weight)
    populations: list[Population] = []
    ends: list[tuple[NamedWeight, str, str]] = []
    skips: list[tuple[str, str]] = []
    stream = "stream.0"

    def advance(size: int) -> str:
        name = f"stream.{len(skips) + 1}"
        populations.append(Population(name, size, "residual"))
        skips.append((stream, name))
        return name

    for block, parts in blocks.items():
        missing = sorted({"q", "k", "v", "o", "gate", "up", "down"} - set(parts))
        if missing:
            raise FormatError(f"{block} lacks its projections {', '.join(missing)}")
        width = parts["q"].matrix.shape[0]
        if not populations:
            populations.append(Population(stream, width, "residual"))
        shared = parts["q"].matrix.shape[1] == parts["k"].matrix.shape[1]
        queries, keys = (f"{block}.qk",) * 2 if shared else (f"{block}.q", f"{block}.k")
        populations.append(Population(queries, parts["q"].matrix.shape[1]))
        if not shared:  # grouped queries: several query heads read one key head
            populations.append(Population(keys, parts["k"].matrix.shape[1]))
        ends += [(parts["q"], stream, queries), (parts["k"], stream, keys)]
        values = f"{block}.v"
        populations.append(Population(values, parts["v"].matrix.shape[1]))
        ends.append((parts["v"], stream, values))
        out = _share_values(parts["o"], populations[-1].size, parts["k"], parts["q"])
        following = advance(width)
        ends.append((out, values, following))
        stream = following
        populations.append(Population(f"{block}.mlp", parts["gate"].matrix.shape[1]))
        ends += [(parts[part], stream, f"{block}.mlp") for part in ("gate", "up")]
        following = advance(width)
        ends.append((parts["down"], f"{block}.mlp", following))
        stream = following
    for weight in others:
        if weight.name.endswith("lm_head") and weight.matrix.shape[0] == populations[-1].size:
            populations.append(Population("output", weight.matrix.shape[1], "output"))
            ends.append((weight, stream, "output"))
        else:
            raise FormatError(f"do not know where {weight.name!r} belongs; leave it out by name")
    return _assemble(populations, ends, keep_dense, skips)


def _share_values(
    out: NamedWeight, n_values: int, keys: NamedWeight, queries: NamedWeight
) -> NamedWeight:
    """Let the value heads that several query heads read feed each of their places in ``out``."""
    n_rows = out.matrix.shape[0]
    if n_rows == n_values:
        return out
    repeats, rest = divmod(n_rows, n_values)
    if rest or queries.matrix.shape[1] != repeats * keys.matrix.shape[1]:
        raise FormatError(f"{out.name!r} reads {n_rows} values, but there are {n_values}")
    # Without the head size the widest split is taken: blocks of the values, each read `repeats`
    # times in turn, which is exact for one value head and keeps every degree for more.
    return _join_rows(out, np.arange(n_rows) % n_values, n_values)
