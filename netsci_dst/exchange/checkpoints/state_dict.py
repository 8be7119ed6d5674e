"""The layers in a state dict, given as numpy arrays or scipy sparse matrices by name."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ...errors import FormatError
from .adapters import refuse_adapters
from .layers import from_convolution, from_gates, from_linear
from .masks import Entry, merged
from .matrices import from_matrices
from .named_weight import NamedWeight, Options, selected
from .natural import natural
from .orientation import Orientation

_RECURRENT = re.compile(r"(?:(.*)\.)?(weight_(?:ih|hh|hr)(?:_l\d+)?(?:_reverse)?)$")
_EXPERTS = re.compile(r"(.*\.experts)\.(gate_up_proj|up_proj|gate_proj|down_proj)$")
_WRAPPERS = ("module.", "_orig_mod.")


def from_state(tensors: Mapping[str, Any], options: Options, ordered: bool) -> list[NamedWeight]:
    """Pick the layers out of named tensors, in the order of use as far as it is known.

    Names ending in ``weight`` with two or more dimensions are layers, unless they are embeddings
    or positions. Packed are the projections of ``torch.nn.MultiheadAttention`` (``attn.q``, ``.k``
    and ``.v``), the gates of recurrent cells and experts in one tensor.

    Raises
    ------
    FormatError
        If the tensors are an adapter or quantised, or contradict each other.
    """
    refuse_adapters(tensors)
    state = merged(_unwrapped(tensors))
    names = list(state) if ordered else sorted(state, key=natural)
    sides = Orientation({name: state[name] for name in names})
    found = [
        weight
        for name in names
        for weight in _layers(name, state, sides, options.threshold)
        if options.include or not _is_table(weight.name)
    ]
    if not found and not any(name.endswith("weight") for name in names):
        plain = {name: state[name].value for name in names}
        return from_matrices(plain, options)
    return selected(found, options)


def _unwrapped(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Take off what DataParallel and torch.compile put before every name."""
    found = dict(tensors)
    for _ in range(4):
        for start in _WRAPPERS:
            if found and all(key.startswith(start) for key in found):
                found = {key.removeprefix(start): value for key, value in found.items()}
    return found


def _layers(
    key: str, state: Mapping[str, Entry], sides: Orientation, threshold: float
) -> Iterator[NamedWeight]:
    entry = state[key]
    name, _, leaf = key.rpartition(".")
    if entry.value.ndim < 2:
        return
    if leaf == "in_proj_weight":
        yield from _attention(name, entry, threshold)
    elif leaf in ("q_proj_weight", "k_proj_weight", "v_proj_weight"):
        place = f"{name}.{leaf[0]}" if name else leaf[0]
        yield from_linear(place, entry.value, threshold, entry.mask)
    elif match := _RECURRENT.fullmatch(key):
        yield from_gates(key, _kept(entry), threshold, _gates(key, match[2], state))
    elif match := _EXPERTS.fullmatch(key):
        yield from _experts(match[1], match[2], entry, threshold)
    elif leaf == "weight":
        yield _plain(name or key, entry, sides, threshold)


def _plain(name: str, entry: Entry, sides: Orientation, threshold: float) -> NamedWeight:
    first = sides.target_first(name)
    if entry.value.ndim == 2:
        weight = from_linear(name, entry.value, threshold, entry.mask, first)
        return replace(weight, at_least=entry.at_least)
    weight = from_convolution(name, _kept(entry), threshold, first)
    return replace(weight, oriented=sides.is_certain(name))


def _kept(entry: Entry) -> Any:
    value = entry.value.toarray() if hasattr(entry.value, "toarray") else entry.value
    return value if entry.mask is None else np.where(entry.mask != 0, value, 0)


def _attention(name: str, entry: Entry, threshold: float) -> Iterator[NamedWeight]:
    width = entry.value.shape[0] // 3
    if entry.value.shape[0] % 3:
        raise FormatError(f"'{name}.in_proj_weight' is not three projections of one size")
    for place, part in enumerate("qkv"):
        rows = slice(place * width, (place + 1) * width)
        mask = None if entry.mask is None else entry.mask[rows]
        label = f"{name}.{part}" if name else part
        yield from_linear(label, entry.value[rows], threshold, mask)


def _gates(key: str, leaf: str, state: Mapping[str, Entry]) -> int:
    """Return how many gates of a recurrent cell a weight packs: 4, 3 or 1."""
    if leaf.startswith("weight_hr"):
        return 1
    rows = state[key].value.shape[0]
    hidden = state.get(key.replace("weight_ih", "weight_hh"))
    projection = state.get(re.sub("weight_(ih|hh)", "weight_hr", key))
    if projection is not None:  # an LSTM whose hidden state is projected
        return 4
    if hidden is None or rows % hidden.value.shape[1]:
        raise FormatError(f"cannot tell the gates of {key!r}: its weight_hh does not go with it")
    return rows // hidden.value.shape[1]


def _experts(name: str, leaf: str, entry: Entry, threshold: float) -> Iterator[NamedWeight]:
    if entry.value.ndim != 3:
        return
    for i, matrix in enumerate(_kept(entry)):
        if leaf == "gate_up_proj":
            half = math.ceil(matrix.shape[0] / 2)
            yield from_linear(f"{name}.{i}.gate_proj", matrix[:half], threshold)
            yield from_linear(f"{name}.{i}.up_proj", matrix[half:], threshold)
        else:
            yield from_linear(f"{name}.{i}.{leaf}", matrix, threshold)


def _is_table(name: str) -> bool:
    # Embeddings are look-up tables: their rows are tokens or positions, not neurons.
    leaf = name.lower().rsplit(".", 1)[-1]
    known = ("wte", "wpe", "shared", "position_embeddings", "relative_attention_bias", "embed_in")
    return ("embed" in leaf and leaf != "embed_out") or leaf in known
