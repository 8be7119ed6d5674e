"""The numbers behind a figure or table, in long form: what was measured, its unit, its scope."""

from __future__ import annotations

import csv
import io
import math

import numpy as np

from ..reading import is_number
from .chart import Chart, Heat, Table


def to_csv(block: Chart | Heat | Table) -> str:
    """Return one row per number; a spreadsheet runs no cell as a formula."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    rows = {Chart: _chart, Heat: _heat, Table: _table}[type(block)](block)  # type: ignore[operator]
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return buffer.getvalue()


def _chart(chart: Chart):
    errors = any(series.error is not None for series in chart.series)
    bands = any(series.low is not None for series in chart.series)
    yield [
        *("measure", "scope", "series", with_unit(chart.x_label, chart.x_unit)),
        with_unit(chart.y_label, chart.y_unit),
        *(["error"] if errors else []),
        *(["low", "high"] if bands else []),
    ]
    measure = chart.measure or chart.key
    for series in chart.series:
        n = len(series.x)
        columns = [series.x, series.y]
        columns += [_or_empty(series.error, n)] if errors else []
        columns += [_or_empty(series.low, n), _or_empty(series.high, n)] if bands else []
        for values in zip(*columns):
            yield [measure, chart.scope, series.name, *values]


def _heat(heat: Heat):
    yield ["measure", "panel", heat.y_label or "row", heat.x_label or "column", heat.label]
    for panel in heat.panels:
        for (i, j), value in np.ndenumerate(panel.values):
            row = panel.y[i] if panel.y is not None else i
            column = panel.x[j] if panel.x is not None else j
            yield [heat.measure or heat.key, panel.name, row, column, value]


def _table(table: Table):
    yield list(table.head)
    yield from table.rows


def with_unit(label: str, unit: str) -> str:
    """Return ``label (unit)``."""
    return f"{label} ({unit})" if unit else label


def _or_empty(values, n: int):
    return [""] * n if values is None else values


def _cell(value: object) -> object:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not math.isfinite(plain):
        return ""
    if isinstance(plain, str) and plain[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{plain}" if not is_number(plain) else plain
    return plain
