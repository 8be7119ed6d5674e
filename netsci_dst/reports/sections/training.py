"""Training curves: every metric that was logged."""

from __future__ import annotations

from collections.abc import Iterator

from ..chart import Chart, Series
from ..page_section import section
from ..run_data import METRIC_NAMES, SHARES, RunData

_NAMES = {**METRIC_NAMES, "lr": "learning rate", "samples_per_s": "samples per second"}
_FIRST = ("accuracy", "bleu", "perplexity", "loss")
_LAST = ("lr", "samples_per_s")
_NOT_METRICS = {"step", "epoch", "wall_s", "aae", "flops_links", "flops_executed"}


@section(
    "training",
    title="Training",
    after="film",
    lead="Is the curve still rising where it ends, and how wide is the gap between training and "
    "test?",
    definition="One point per evaluation on the whole test set, and every other metric that was "
    "logged. AAE, the area across the epochs, is the mean height of the test curve: of two "
    "networks that end equal, the one that learned sooner has more.",
    equation="AAE = (1 / (E − 1)) Σ<sub>e</sub> (a<sub>e</sub> + a<sub>e+1</sub>) / 2",
    source="Zhang et al. (CHT), ICLR 2024, section 4",
    computed_by="Run.metrics",
)
def training(run: RunData) -> Iterator[Chart]:
    """Show the curves of a training: test and training accuracy, loss, whatever was logged."""
    for column in logged(run):
        chart = curve(run, column)
        if chart is not None:
            yield chart


def logged(run: RunData) -> list[str]:
    """Return the metrics of a run, the figure of merit first, the learning rate last."""
    frame = run.metrics
    numeric = [c for c in frame.columns if frame[c].dtype.kind in "fiub" and c not in _NOT_METRICS]
    names = dict.fromkeys(
        c.removeprefix("train_") if c.removeprefix("train_") in numeric else c for c in numeric
    )
    middle = [name for name in names if name not in (*_FIRST, *_LAST)]
    return [n for n in _FIRST if n in names] + middle + [n for n in _LAST if n in names]


def curve(run: RunData, column: str) -> Chart | None:
    """Return the chart of a metric with its twin on the training data; None without a number."""
    label = _NAMES.get(column, column.replace("_", " "))
    twin = f"train_{column}"
    pairs = [(column, "test" if twin in run.metrics else label, "#0072B2", "solid")]
    pairs.append((twin, "training", "#D55E00", "dot"))
    share = column in SHARES
    lines = []
    for name, title, colour, dash in pairs:
        x, y = run.curve(name)
        if len(x):
            kind = "line+points" if len(x) < 40 else "line"
            lines.append(Series(title, x, y, kind, colour, dash))  # type: ignore[arg-type]
    if not lines:
        return None
    title = label[0].upper() + label[1:]
    return Chart(
        f"training-{column}",
        title,
        run.time_label,
        label,
        tuple(lines),
        over_time=True,
        share=share,
        measure=column,
    )
