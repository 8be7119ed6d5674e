"""The curves over the epochs, as SVG."""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Mapping

import numpy as np

from ._blocks import QUICK, of_kind
from ._experiment import Experiment
from ._quantities import Quantity
from ._results import ResultTable


def curves_of(experiment: Experiment, table: ResultTable, quick: bool) -> dict[str, bytes]:
    """Return a figure for each setting and quantity that is followed, by name."""
    curves = of_kind(table.curves, quick)
    if curves.empty:
        return {}
    from ..reports.colours import method_colours
    from ..reports.need import need
    from ..reports.paper import STYLE, canvas

    matplotlib = need("matplotlib", "report", "a figure")
    drawn = {}
    for setting, name in itertools.product(experiment.settings, experiment.curves):
        here = curves[(curves["setting"] == setting.name) & (curves["quantity"] == name)]
        here = here[np.isfinite(here["value"].astype(float))]
        if here.empty:
            continue
        quantity = Quantity(name)
        rows = experiment.rows_in(setting)
        looks = _looks(method_colours(row.name for row in rows))
        longest = max(len(row.label) for row in rows)
        with matplotlib.rc_context({**STYLE, "svg.fonttype": "path"}):
            figure, axes = canvas(3.8 + 0.04 * longest, 2.8)
            for row in rows:
                colour, dash = looks[row.name]
                mine = here[here["row"] == row.name]
                if mine.empty:
                    continue
                values = mine["value"].astype(float) * quantity.factor
                by_epoch = values.groupby(mine["epoch"].astype(float))
                mean, error = by_epoch.mean(), by_epoch.sem()
                axes.plot(mean.index, mean, dash, color=colour, label=row.label, lw=1.2)
                if error.notna().any():
                    low, high = mean - error, mean + error
                    axes.fill_between(mean.index, low, high, color=colour, alpha=0.2, lw=0)
            title = [quantity.title, setting.label, QUICK if quick else ""]
            axes.set_title("\n".join(part for part in title if part), fontsize=8)
            axes.set_xlabel("epoch")
            figure.legend(loc="outside right upper", fontsize=6)
            buffer = io.BytesIO()
            figure.savefig(buffer, format="svg", metadata={"Date": None})
        safe = "".join(c if c.isalnum() else "-" for c in f"{setting.name}-{name}")
        drawn[f"{experiment.name}-{safe}"] = buffer.getvalue()
    return drawn


def _looks(colours: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return colour and dash of each row; where colours are too few, dashes tell them apart."""
    seen: Counter[str] = Counter()
    out = {}
    for name, colour in colours.items():
        out[name] = (colour, ("-", "--", ":", "-.")[seen[colour] % 4])
        seen[colour] += 1
    return out
