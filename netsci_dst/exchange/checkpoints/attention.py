"""Packed projections taken apart, and value heads that several query heads read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import FormatError
from .chain import join_rows
from .named_weight import NamedWeight


def split_packed(
    parts: Mapping[str, NamedWeight], config: Mapping[str, Any]
) -> dict[str, NamedWeight]:
    """Return the projections of a block, each by itself.

    ``query_key_value`` (GPT-NeoX, BLOOM) packs query, key and value head by head; ``c_attn``,
    ``qkv_proj`` and ``in_proj`` pack all queries, then keys, then values; ``gate_up_proj`` the
    gate, then the up-projection.
    """
    found: dict[str, NamedWeight] = {}
    for part, weight in parts.items():
        prefix, _, kind = part.rpartition(".") if part.startswith("expert") else ("", "", part)
        start = f"{prefix}." if prefix else ""
        if kind.endswith("qkv"):
            for letter, columns in zip("qkv", _columns(weight, config), strict=True):
                name = f"{weight.name}.{letter}"
                found[kind.replace("qkv", letter)] = weight.columns(columns, name)
        elif kind == "gate_up":
            half = weight.matrix.shape[1] // 2
            for i, label in enumerate(("gate", "up")):
                columns = np.arange(i * half, (i + 1) * half)
                found[start + label] = weight.columns(columns, f"{weight.name}.{label}")
        else:
            found[part] = weight
    return found


def _columns(weight: NamedWeight, config: Mapping[str, Any]) -> list[Any]:
    """Return the columns of the queries, keys and values."""
    total = weight.matrix.shape[1]
    if weight.name.endswith("query_key_value"):
        heads = _whole(config, "num_attention_heads", "n_head")
        if heads is None:
            raise FormatError(
                f"{weight.name!r} packs its heads one after the other, and how many there are is "
                "told by a config.json, which must lie beside the file"
            )
        if total % (3 * heads):
            raise FormatError(f"{weight.name!r} has {total} targets, not 3 × {heads} heads")
        columns = np.arange(total).reshape(heads, 3, -1)
        return [columns[:, i].ravel() for i in range(3)]
    queries, groups = _whole(config, "num_attention_heads"), _whole(config, "num_key_value_heads")
    if queries and groups and queries != groups:
        size, rest = divmod(total, queries + 2 * groups)
        cuts = [queries * size, (queries + groups) * size]
    else:
        size, rest = divmod(total, 3)
        cuts = [size, 2 * size]
    if rest:
        raise FormatError(f"{weight.name!r} has {total} targets, not queries, keys and values")
    return np.split(np.arange(total), cuts)


def _whole(config: Mapping[str, Any], *names: str) -> int | None:
    for name in names:
        value = config.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**6:
            return value
    return None


def share_values(
    out: NamedWeight,
    values: NamedWeight,
    keys: NamedWeight,
    queries: NamedWeight,
    config: Mapping[str, Any],
) -> NamedWeight:
    """Let the value heads that several query heads read feed each of their places in ``out``."""
    n_rows, n_values = out.matrix.shape[0], values.matrix.shape[1]
    if n_rows == n_values:
        return out
    repeats, rest = divmod(n_rows, n_values)
    if rest or queries.matrix.shape[1] != repeats * keys.matrix.shape[1]:
        raise FormatError(f"{out.name!r} reads {n_rows} values, but there are {n_values}")
    heads = _whole(config, "num_attention_heads")
    if heads and n_rows % heads == 0:
        size = n_rows // heads
        head, within = np.divmod(np.arange(n_rows), size)
        return join_rows(out, head // repeats * size + within, n_values)
    # Without the head size the widest split is taken: blocks of the values, each read `repeats`
    # times in turn, which is exact for one value head and keeps every degree for more.
    return join_rows(out, np.arange(n_rows) % n_values, n_values)
