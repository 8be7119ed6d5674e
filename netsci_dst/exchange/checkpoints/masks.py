"""Weights that a state dict keeps in several tensors: masks, parametrisations, our own links."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse

from ...errors import FormatError

_PARAMETRISED = re.compile(r"(.*?)\.?parametrizations\.(\w+)\.original(0|1)?$")


@dataclass(frozen=True)
class Entry:
    """A weight, dense or sparse, and the mask of its links where the file has one."""

    value: Any
    mask: Any = None
    at_least: bool = False


def merged(tensors: Mapping[str, Any]) -> dict[str, Entry]:
    """Return plain weights by their plain names.

    Joined are ``weight_orig`` with ``weight_mask`` (``torch.nn.utils.prune``),
    ``parametrizations.weight.original`` with its mask (``torch.ao.pruning``) or norm
    (``torch.nn.utils.parametrizations.weight_norm``), ``weight_g`` with ``weight_v``, and ``keys``
    with ``values``, the links of our own sparse layers.
    """
    found: dict[str, Entry] = {}
    for key, value in tensors.items():
        if key.endswith("_mask") and f"{key[:-5]}_orig" in tensors:
            continue
        if key.endswith("_orig"):
            found[key[:-5]] = _pruned(key, value, tensors)
        elif key.endswith("weight_v") and f"{key[:-1]}g" in tensors:
            found[key[:-2]] = Entry(_normalised(tensors[f"{key[:-1]}g"], value))
        elif key.endswith("weight_g") and f"{key[:-1]}v" in tensors:
            continue
        elif match := _PARAMETRISED.fullmatch(key):
            name = f"{match[1]}.{match[2]}" if match[1] else match[2]
            entry = _parametrised(key, value, tensors, match[3])
            if entry is not None:
                found[name] = entry
        elif key.rpartition(".")[2] == "keys" and f"{key[:-4]}values" in tensors:
            found[f"{key[:-4]}weight"] = Entry(_links(key[:-4], tensors), at_least=True)
        elif ".parametrizations." not in key and not _is_links(key, tensors):
            found[key] = Entry(value)
    return found


def _pruned(key: str, value: Any, tensors: Mapping[str, Any]) -> Entry:
    mask = tensors.get(f"{key[:-5]}_mask")
    if mask is None or mask.shape != value.shape:
        raise FormatError(f"{key!r} has no mask of its shape beside it")
    return Entry(value, mask)


def _parametrised(
    key: str, value: Any, tensors: Mapping[str, Any], place: str | None
) -> Entry | None:
    if place is not None:  # weight norm: original0 is the magnitude, original1 the direction
        return Entry(_normalised(value, tensors[f"{key[:-1]}1"])) if place == "0" else None
    beside = [k for k in tensors if k.startswith(key.removesuffix("original")) and k != key]
    masks = [k for k in beside if k.endswith(".mask") and tensors[k].shape == value.shape]
    if len(masks) == 1:
        return Entry(value, tensors[masks[0]])
    if beside and all(k.endswith(("._u", "._v")) for k in beside):  # spectral norm
        flat = np.reshape(value, (value.shape[0], -1))
        u, v = (tensors[next(k for k in beside if k.endswith(end))] for end in ("._u", "._v"))
        return Entry(value / float(u @ flat @ v))
    raise FormatError(
        f"{key!r} is parametrised in a way that its file does not tell: before saving, call "
        "sparsifier.squash_mask() (torch.ao.pruning) or "
        "torch.nn.utils.parametrize.remove_parametrizations"
    )


def _normalised(magnitude: Any, direction: Any) -> Any:
    axes = tuple(range(1, direction.ndim))
    size = np.sqrt((np.asarray(direction, np.float64) ** 2).sum(axes, keepdims=True))
    return direction / np.where(size > 0, size, 1) * magnitude


def _is_links(key: str, tensors: Mapping[str, Any]) -> bool:
    start, _, leaf = key.rpartition(".")
    prefix = f"{start}." if start else ""
    return leaf == "values" and f"{prefix}keys" in tensors


def _links(prefix: str, tensors: Mapping[str, Any]) -> Any:
    """Return the links ``source * n_target + target`` of a sparse linear layer as (out, in)."""
    keys, values = tensors[f"{prefix}keys"], tensors[f"{prefix}values"]
    bias = tensors.get(f"{prefix}bias")
    if bias is None:
        raise FormatError(
            f"'{prefix}keys' are links of a layer whose size its file does not tell: save "
            "nd.to_dense(model).state_dict()"
        )
    if keys.dtype.kind not in "iu" or keys.shape != values.shape or keys.ndim != 1:
        raise FormatError(f"'{prefix}keys' are not the links of '{prefix}values'")
    if keys.size and (keys[0] < 0 or (np.diff(keys) <= 0).any()):
        raise FormatError(f"'{prefix}keys' are no links: they must increase")
    n_target = int(bias.size)
    n_source = max(2, int(keys.max(initial=-1)) // n_target + 1)
    if n_source > np.iinfo(np.int32).max:
        raise FormatError(f"'{prefix}keys' are links of a layer with {n_source} inputs")
    source, target = keys // n_target, keys % n_target
    return scipy.sparse.csr_array((values, (target, source)), shape=(n_target, n_source))
