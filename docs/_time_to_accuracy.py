"""The page on time to accuracy, from the committed lines of CHTss table 7 on two data sets."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from _tables import markdown_table

EPOCHS = 100
# Not those that lose links while they train: their epochs cost less and less.
NAMES = {
    "dense": "FC (dense)",
    "set": "SET",
    "rigl": "RigL",
    "cht-program-2024": "CHT (reference code, 2024)",
    "chts": "CHTs, CH2-L3n",
    "chts-l3p": "CHTs, CH3-L3p",
}


@dataclass(frozen=True)
class DataSet:
    """A data set: folder of its lines, accuracies asked for, the range that is drawn in %."""

    folder: str
    targets: tuple[float, ...]
    drawn: tuple[float, float]


DATA = {
    "mnist": DataSet("chtss-table7", (0.97, 0.98, 0.985), (96, 99)),
    "fashion_mnist": DataSet("chtss-table7-fashion", (0.88, 0.89, 0.9), (85, 91.5)),
}


def runs_of(folder: Path) -> pd.DataFrame:
    """Return method, seed, processor seconds and best accuracy of whole runs."""
    files = [folder / name for name in ("results.csv", "earlier.csv")]
    runs = pd.concat([pd.read_csv(file) for file in files if file.exists()])
    runs = runs[(runs["setting"] == "all") & ~runs["quick"] & runs["row"].isin(NAMES)]
    runs = runs.drop_duplicates(["row", "seed"])
    return runs[["row", "seed", "processor_s", "best_accuracy"]]


def curves(folder: Path) -> pd.DataFrame:
    """Return method, seed, seconds and accuracy of each recorded epoch of whole runs."""
    runs = runs_of(folder)
    points = pd.read_csv(folder / "curves.csv")
    points = points[
        (points["setting"] == "all") & (points["quantity"] == "accuracy") & ~points["quick"]
    ]
    found = points.merge(runs, on=["row", "seed"])
    found["seconds"] = found["processor_s"] * found["epoch"] / EPOCHS
    return found.rename(columns={"value": "accuracy"})


SHORT = {**NAMES, "srigl": "SRigL", "chtss": "CHTss"}


def pages(results: Path, measured: Path) -> dict[str, str]:
    """Return the generated parts of the page: name -> text."""
    out = {}
    file = measured / "time_to_accuracy.json"
    trainings = json.loads(file.read_text())["results"] if file.exists() else {}
    short_runs = {
        name: {k.split(", ")[1]: v for k, v in trainings.items() if k.startswith(f"{name}, ")}
        for name in DATA
    }
    for name, data in DATA.items():
        out[f"time_to_accuracy_{name}_short.md"] = short(short_runs[name], data.targets)
    for name, data in DATA.items():
        found = curves(results / data.folder)
        text = table(found, runs_of(results / data.folder), data.targets)
        out[f"time_to_accuracy_{name}.md"] = text
        out[f"time_to_accuracy_{name}.svg"] = figure(found, data.drawn, short_runs[name])
    return out


def short(runs: dict[str, Any], targets: Sequence[float]) -> str:
    """Return a row per training on a short schedule: seconds (and joules) to each accuracy."""
    head = ["method", "epochs", "seconds an epoch", *(f"to {t:.1%}" for t in targets), "best"]
    lines = []
    for method, points in runs.items():
        cells = []
        for target in targets:
            there = next((p for p in points if p["accuracy"] >= target), None)
            text = "never" if there is None else f"{there['processor_s']:,.0f} s"
            if there is not None and "joules" in there:
                text += f", {there['joules']:,.0f} J"
            cells.append(text)
        last = points[-1]
        best = f"{100 * max(p['accuracy'] for p in points):.2f} %"
        each = f"{last['processor_s'] / last['epoch']:.1f}"
        lines.append([SHORT[method], f"{last['epoch']:.0f}", each, *cells, best])
    return markdown_table(head, lines) + "\n"


def table(found: pd.DataFrame, runs: pd.DataFrame, targets: Sequence[float]) -> str:
    """Return a row per method: processor seconds until each accuracy was first reached."""
    head = ["method", "runs", "seconds an epoch", *(f"to {t:.1%}" for t in targets), "best"]
    rows = []
    for name, title in NAMES.items():
        whole = runs[runs["row"] == name]
        if whole.empty:
            continue
        each = [group for _, group in found[found["row"] == name].groupby("seed")]
        cells = [_until(each, target) if each else "not recorded" for target in targets]
        epoch = whole["processor_s"].mean() / EPOCHS
        best = f"{100 * whole['best_accuracy'].mean():.2f} %"
        rows.append([title, str(len(whole)), f"{epoch:.1f}", *cells, best])
    return markdown_table(head, rows) + "\n"


def _until(runs: list[pd.DataFrame], target: float) -> str:
    reached = [g.loc[g["accuracy"] >= target, "seconds"].min() for g in runs]
    there = [seconds for seconds in reached if seconds == seconds]
    if not there:
        return "never"
    text = f"{sum(there) / len(there):,.0f} s"
    return text if len(there) == len(reached) else f"{text} ({len(there)} of {len(reached)} runs)"


def figure(
    found: pd.DataFrame, drawn_range: tuple[float, float], short_runs: dict[str, Any]
) -> str:
    """Return the curves, best accuracy so far against processor seconds, as SVG; short dashed."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    from netsci_dst.reports.colours import method_colours

    colours = method_colours(SHORT)

    options: Any = {"svg.hashsalt": "netsci-dst", "svg.fonttype": "none"}
    with mpl.rc_context(options):
        drawn = Figure(figsize=(7, 4))
        axes = drawn.subplots()
        for name, title in NAMES.items():
            own = found[(found["row"] == name)]
            for i, (_, run) in enumerate(own.groupby("seed")):
                run = run.sort_values("epoch")
                best = 100 * run["accuracy"].cummax()
                axes.plot(
                    run["seconds"], best, color=colours[name], lw=1, label=None if i else title
                )
        for name, points in short_runs.items():
            run = pd.DataFrame(points)
            best = 100 * run["accuracy"].cummax()
            title = f"{SHORT[name]}, {len(run)} epochs"
            axes.plot(run["processor_s"], best, "--", color=colours[name], lw=1.2, label=title)
        axes.set(xscale="log", xlabel="processor seconds", ylabel="best accuracy so far, %")
        axes.set_ylim(*drawn_range)
        axes.legend(frameon=False, fontsize=8)
        text = io.StringIO()
        drawn.savefig(text, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return text.getvalue()
