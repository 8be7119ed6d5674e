"""A quantity of a measure through the snapshots, for any section that shows one."""

from __future__ import annotations

import numpy as np

from .chart import Chart, Series
from .colours import palette
from .run_data import RunData


def through_time(run: RunData, measure: str, quantity: str, label: str = "") -> Chart:
    """Return a quantity of a measure through the snapshots, a line per scope."""
    scopes = [scope for name, scope in run.quantities(measure) if name == quantity]
    colours = palette(len(scopes))
    series = []
    for i, scope in enumerate(scopes):
        rows = run.series(measure, quantity, scope)
        y = rows["value"].astype(float).to_numpy()
        keep = np.isfinite(y)
        if keep.any():
            x = run.times(rows)[keep]
            series.append(Series(scope, x, y[keep], "line+points", colours[i]))
    text = label or quantity.replace("_", " ")
    return Chart(
        f"measure-{measure}-{quantity}",
        f"{text[0].upper()}{text[1:]}" if label else f"{measure.replace('_', ' ')}: {text}",
        run.time_label,
        text if len(text) < 24 else "share" if text.startswith("share") else "value",
        tuple(series),
        over_time=True,
        measure=f"{measure}: {quantity}",
    )
