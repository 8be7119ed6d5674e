"""The page on time to accuracy, from the committed lines of the runs of CHTss table 7."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pandas as pd
from _tables import markdown_table

TARGETS = (0.97, 0.98, 0.985)
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


def runs_of(folder: Path) -> pd.DataFrame:
    """Return method, seed, processor seconds and best accuracy of whole runs."""
    runs = pd.concat([pd.read_csv(folder / name) for name in ("results.csv", "earlier.csv")])
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


def pages(results: Path) -> dict[str, str]:
    """Return the generated parts of the page: name -> text."""
    found = curves(results / "chtss-table7")
    text = table(found, runs_of(results / "chtss-table7"))
    return {"time_to_accuracy.md": text, "time_to_accuracy.svg": figure(found)}


def table(found: pd.DataFrame, runs: pd.DataFrame) -> str:
    """Return a row per method: processor seconds until each accuracy was first reached."""
    head = ["method", "runs", "seconds an epoch", *(f"to {t:.1%}" for t in TARGETS), "best"]
    rows = []
    for name, title in NAMES.items():
        whole = runs[runs["row"] == name]
        if whole.empty:
            continue
        each = [group for _, group in found[found["row"] == name].groupby("seed")]
        cells = [_until(each, target) if each else "not recorded" for target in TARGETS]
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


def figure(found: pd.DataFrame) -> str:
    """Return the curves, best accuracy so far against processor seconds, as SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    options: dict[str, Any] = {"svg.hashsalt": "netsci-dst", "svg.fonttype": "none"}
    with mpl.rc_context(options):
        drawn = Figure(figsize=(7, 4))
        axes = drawn.subplots()
        for name, title in NAMES.items():
            own = found[(found["row"] == name)]
            for i, (_, run) in enumerate(own.groupby("seed")):
                run = run.sort_values("epoch")
                colour = f"C{list(NAMES).index(name)}"
                best = 100 * run["accuracy"].cummax()
                axes.plot(run["seconds"], best, color=colour, lw=1, label=None if i else title)
        axes.set(xscale="log", xlabel="processor seconds", ylabel="best accuracy so far, %")
        axes.set_ylim(96, 99)
        axes.legend(frameon=False, fontsize=8)
        text = io.StringIO()
        drawn.savefig(text, format="svg", metadata={"Date": None}, bbox_inches="tight")
    return text.getvalue()
