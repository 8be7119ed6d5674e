"""Training curves."""

from __future__ import annotations

from .._chart import Chart, Series
from .._data import RunData

_QUALITY = {
    "accuracy": "accuracy",
    "bleu": "BLEU",
    "perplexity": "perplexity",
}


def charts(data: RunData) -> list[Chart]:
    """Return the charts of accuracy (or BLEU, perplexity), loss and learning rate recorded."""
    found = [
        *(_pair(data, name, label) for name, label in _QUALITY.items()),
        _pair(data, "loss", "loss"),
        _pair(data, "lr", "learning rate"),
        _pair(data, "samples_per_s", "samples per second"),
    ]
    return [chart for chart in found if chart is not None]


def _pair(data: RunData, column: str, label: str) -> Chart | None:
    lines = []
    for name, title, colour, dash in (
        (column, "test" if column != "lr" else label, "#0072B2", "solid"),
        (f"train_{column}", "training", "#D55E00", "dot"),
    ):
        x, y = data.curve(name)
        if len(x):
            kind = "line+points" if len(x) < 40 else "line"
            lines.append(Series(title, x, y, kind, colour, dash))  # type: ignore[arg-type]
    if not lines:
        return None
    title = label[0].upper() + label[1:]
    return Chart(f"training-{column}", title, "epoch", label, tuple(lines), x_is_epoch=True)
