"""What the scripts of a comparison get: final values and every recorded point of every curve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..pack import Pack
from ..sections.evolution import STATISTICS
from .model import COSTS, STRUCTURE, Comparison

# Points of all curves in one page; beyond it they are thinned, and the page says so.
MOST_POINTS = 3_000_000


def describe(comparison: Comparison) -> tuple[dict[str, Any], Pack]:
    """Return the JSON description and the packed arrays."""
    settings = list(dict.fromkeys(v.setting for v in comparison.variants))
    pack, thinned = _pack(comparison)
    return {
        "metric": comparison.metric,
        "metricName": comparison.metric_name,
        "share": comparison.share,
        "better": comparison.better,
        "cost": comparison.cost,
        "time": comparison.time_label,
        "settings": settings,
        "variants": [
            {
                "label": v.label,
                "method": v.method,
                "sparsity": v.sparsity,
                "setting": settings.index(v.setting),
                "colour": comparison.colours[i],
            }
            for i, v in enumerate(comparison.variants)
        ],
        "runs": [
            [run.name, comparison.variant_of[i], run.seed, _opened(comparison, run.run.path)]
            for i, run in enumerate(comparison.runs)
        ],
        "costs": {k: COSTS[k] for k in comparison.quantities if k in COSTS},
        "structure": {k: STRUCTURE[k] for k in comparison.quantities if k in STRUCTURE},
        "quantities": comparison.quantities,
        "curves": [
            [n, STATISTICS[n][0] if n in STATISTICS else n, _is_share(comparison, n)]
            for n in comparison.curve_names
        ],
        "thinned": thinned,
        "pack": pack.manifest,
    }, pack


def _opened(comparison: Comparison, path: str) -> int | None:
    return (comparison.opened or {}).get(path)


def _is_share(comparison: Comparison, name: str) -> bool:
    if name in STATISTICS:
        return STATISTICS[name][2]
    return comparison.share if name == "metric" else name in ("accuracy", "train_accuracy")


def _pack(comparison: Comparison) -> tuple[Pack, bool]:
    pack = Pack()
    rows = [[v.get(q, math.nan) for q in comparison.quantities] for v in comparison.values]
    pack.add("values", np.array(rows, dtype=np.float32))
    xs, ys, counts = [], [], []
    for run in comparison.runs:
        for name in comparison.curve_names:
            x, y = comparison.curve(run, name)
            xs.append(x)
            ys.append(y)
    total = sum(map(len, xs))
    most = max(2, MOST_POINTS // max(len(xs), 1)) if total > MOST_POINTS else total
    for i, (x, y) in enumerate(zip(xs, ys)):
        if len(x) > most:
            kept = np.unique(np.linspace(0, len(x) - 1, most).round().astype(int))
            xs[i], ys[i] = x[kept], y[kept]
        counts.append(len(xs[i]))
    empty = np.empty(0)
    pack.add("counts", np.array(counts, dtype=np.uint32))
    pack.add("x", np.concatenate([*xs, empty]).astype(np.float32))
    pack.add("y", np.concatenate([*ys, empty]).astype(np.float32))
    return pack, total > MOST_POINTS
