"""Stored results, read back as tidy tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..run import Run
from ..snapshots import Snapshot
from .result_store import WHOLE_RUN

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ["run", "step", "epoch", "scope", "measure", "quantity", "value", "text"]
NOTE = ("step", "epoch", "measure", "status", "reason", "seconds")


def tidy(
    label: str,
    subject: Run | Snapshot | None,
    notes: Mapping[str, Mapping[str, Any]],
    values: pd.DataFrame | None,
) -> pd.DataFrame:
    """Return the values of the noted results as rows of `COLUMNS`, in the order of the notes."""
    import pandas as pd

    if values is None or not notes:
        empty = pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
        return empty.astype({"step": "int64", "epoch": "float64", "value": "float64"})
    order = {key: place for place, key in enumerate(notes)}
    frame = values[values["key"].isin(order)].copy()
    frame["place"] = frame["key"].map(order)
    frame = frame.sort_values("place", kind="stable").reset_index(drop=True)
    measures = {key: note["measure"] for key, note in notes.items()}
    epochs = {key: note["epoch"] for key, note in notes.items()}
    frame["measure"] = frame["key"].map(measures)
    frame["epoch"] = frame["key"].map(epochs).astype(float)
    frame["run"] = label
    frame["text"] = frame["text"].astype(object).where(frame["text"].notna(), None)
    if isinstance(subject, Run) and frame["epoch"].isna().any():
        _date(frame, subject)
    return frame[COLUMNS]


def _date(frame: pd.DataFrame, run: Run) -> None:
    """Give values of a whole run their step's epoch; those without a step get the last step."""
    taken = {}
    for table in (run.evolution, run.metrics):
        if {"step", "epoch"} <= set(table.columns):
            taken.update(zip(table["step"].astype(int), table["epoch"].astype(float)))
    taken.update(zip(run.snapshots.steps, run.snapshots.epochs))
    frame.loc[frame["step"] == WHOLE_RUN, "step"] = max(taken, default=0)
    undated = frame["epoch"].isna()
    frame.loc[undated, "epoch"] = frame.loc[undated, "step"].map(taken).astype(float)
