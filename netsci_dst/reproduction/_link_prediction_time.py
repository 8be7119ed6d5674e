"""The time one link prediction takes (CHTss, fig. 2)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import RecipeError
from ..training.provenance import now


def measure_time(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return how long scoring all missing links of a random layer takes, by clock and processors.

    Parameters
    ----------
    options
        ``predictor`` (a function of `netsci_dst.link_prediction`), ``size`` n of the n × n layer,
        ``density``, ``seed``, and ``repeats`` of which the median counts.

    Raises
    ------
    RecipeError
        If an option is missing.
    """
    from .. import link_prediction

    try:
        score = getattr(link_prediction, options["predictor"])
        size, density = int(options["size"]), float(options["density"])
    except KeyError as error:
        raise RecipeError(f"a timing of link prediction needs {error.args[0]!r}") from None
    random = np.random.default_rng(int(options.get("seed", 0)))
    layer = (random.random((size, size)) < density).astype(np.float32)
    score(layer[:64, :64])  # compiles
    times, busy = [], []
    for _ in range(int(options.get("repeats", 3))):
        begun, processor = time.perf_counter(), time.process_time()
        score(layer)
        times.append(time.perf_counter() - begun)
        busy.append(time.process_time() - processor)
    return {
        "seconds": float(np.median(times)),
        "processor_seconds": float(np.median(busy)),
        "wall_s": float(sum(times)),
        "processor_s": float(sum(busy)),
        "steps": len(times),
        "data": f"random layer of {size} x {size}",
        "data_fingerprint": "",
        "finished": now()[:10],
    }
