"""What is read off a run: by short name from its tables, or as ``measure.quantity@scope``.

``best_accuracy`` is the best of all evaluations, ``test_accuracy`` that of the test part by the
network that did best on the validation part (data sets with both).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import NetsciError, UnknownName
from ..run import Run

METRICS = ("accuracy", "loss", "bleu", "perplexity", "aae", "train_loss")
EVOLUTION = ("anp", "itop", "overlap", "density", "active_neurons", "links")
TIMES = ("seconds", "processor_seconds")
LOWER_IS_BETTER = ("loss", "train_loss", "perplexity", *TIMES)
# Stored as shares, reported in percent.
_SHARES = ("accuracy", "aae", "anp", "itop", "overlap", "density")
_TITLES = {
    "accuracy": "accuracy, %",
    "bleu": "BLEU",
    "aae": "AAE, %",
    "anp": "ANP, %",
    "itop": "ITOP, %",
    "overlap": "overlap, %",
    "density": "density, %",
    "links": "links",
    "seconds": "seconds",
}


@dataclass(frozen=True)
class Quantity:
    """A quantity and how it is reported."""

    name: str

    @property
    def measure(self) -> str | None:
        """The measure it comes from; None for one of the run's own tables."""
        return self.name.partition(".")[0] if "." in self.name else None

    @property
    def scope(self) -> str:
        """The population, layer or network it is about."""
        return self.name.partition("@")[2] or "network"

    @property
    def of_measure(self) -> str:
        """Its name among the measure's quantities."""
        return self.name.partition("@")[0].partition(".")[2]

    @property
    def factor(self) -> float:
        """From the stored value to the reported one."""
        own = self.of_measure
        share = self.plain in _SHARES or own.endswith("_share") or own.startswith("hub_share_")
        return 100.0 if share or own == "anp" else 1.0

    @property
    def lower_is_better(self) -> bool:
        """Whether a smaller value wins."""
        return self.plain in LOWER_IS_BETTER

    @property
    def plain(self) -> str:
        """Its name without the word that says when it is taken."""
        return self.name.removeprefix("best_").removeprefix("test_")

    @property
    def title(self) -> str:
        """Column heading."""
        if self.measure is None:
            when = self.name.removesuffix(self.plain).replace("_", " ")
            return when + _TITLES.get(self.plain, self.plain.replace("_", " "))
        where = "" if self.scope == "network" else f", {self.scope}"
        parts = [self.measure.replace("_", " "), self.of_measure.replace("_", " ")]
        text = ": ".join(dict.fromkeys(parts))
        return f"{text}{where}{', %' if self.factor != 1 else ''}"


def check_quantity(name: str, kind: str) -> None:
    """Refuse a name that no table and no measure knows.

    Raises
    ------
    UnknownName
    """
    from .. import registry

    if kind != "training":
        if name not in TIMES:
            raise UnknownName("quantity", name, TIMES)
        return
    measure = Quantity(name).measure
    if measure is not None:
        registry.get("measure", measure)
    elif Quantity(name).plain not in METRICS and name not in EVOLUTION:
        raise UnknownName("quantity", name, (*METRICS, *EVOLUTION))


def final_values(
    run: Run, names: Sequence[str], options: Mapping[str, Mapping[str, Any]]
) -> dict[str, float]:
    """Return quantities at the end of a run; NaN for what the run does not have.

    Raises
    ------
    NetsciError
        For a quantity that no table and no measure knows, or a measure that failed.
    """
    metrics, whole = run.metrics, _whole_network(run)
    last = [run.snapshots.steps[-1]] if len(run.snapshots) else []
    found: dict[str, float] = {}
    for name in names:
        quantity = Quantity(name)
        if quantity.measure is not None:
            continue
        plain = quantity.plain
        if name.startswith("test_"):
            # Of the checkpoint that did best on the validation part.
            best = run.provenance.get("best", {}).get("test", {})
            found[name] = float(best.get(plain, float("nan")))
        elif name != plain:
            column = metrics[plain] if plain in metrics else np.array([np.nan])
            found[name] = float(column.min() if quantity.lower_is_better else column.max())
        elif name in METRICS:
            found[name] = float(metrics[name].iloc[-1]) if name in metrics else float("nan")
        elif name == "anp" and last and not len(whole):
            # Links that never change have no row of evolution, but neurons all the same.
            same = Quantity("active_neurons.anp")
            found[name] = _last(_measured(run, [same], last, {}), same)
        else:
            found[name] = float(whole[name].iloc[-1]) if len(whole) else float("nan")
    measured = [q for q in map(Quantity, names) if q.measure is not None]
    if measured:
        frame = _measured(run, measured, last, options)
        for quantity in measured:
            found[quantity.name] = _last(frame, quantity)
    return found


def curve_values(
    run: Run, names: Sequence[str], points: int, options: Mapping[str, Mapping[str, Any]]
) -> list[tuple[str, float, float]]:
    """Return (quantity, epoch, value) over a run; measures at ``points`` snapshots."""
    rows: list[tuple[str, float, float]] = []
    metrics, whole = run.metrics, _whole_network(run)
    for name in names:
        table = metrics if name in METRICS else whole if name in EVOLUTION else None
        if table is not None and name in table:
            table = table.dropna(subset=[name])  # a method that regrows nothing has no overlap
            kept = table.iloc[_spread(len(table), max(points, 60))]
            rows += [(name, float(e), float(v)) for e, v in zip(kept["epoch"], kept[name])]
    measured = [q for q in map(Quantity, names) if q.measure is not None]
    if measured:
        known = list(run.snapshots.steps)
        epochs = dict(zip(known, run.snapshots.epochs))
        steps = [known[i] for i in _spread(len(known), points)]
        frame = _measured(run, measured, steps, options)
        for quantity in measured:
            for step in steps:
                value = _pick(frame, quantity, step)
                rows.append((quantity.name, epochs[step], value))
    return rows


def _whole_network(run: Run) -> Any:
    evolution = run.evolution
    return evolution[evolution["layer"] == "all"] if len(evolution) else evolution


def _spread(n: int, points: int) -> list[int]:
    """Return up to ``points`` places from first to last, denser at the beginning."""
    if n <= points:
        return list(range(n))
    early = np.geomspace(1, n, points) - 1
    even = np.linspace(0, n - 1, points)
    return sorted({*map(int, np.rint(early[::2])), *map(int, np.rint(even[::2])), 0, n - 1})


def _measured(
    run: Run, wanted: Sequence[Quantity], steps: list[int], options: Mapping[str, Any]
) -> Any:
    from ..analysis import analyze

    names = sorted({quantity.measure or "" for quantity in wanted})
    used = {name: dict(options[name]) for name in names if name in options}
    frame = analyze(run, names, steps, options=used)
    failed = [note for note in frame.attrs["notes"] if note["status"] == "failed"]
    if failed:
        raise NetsciError(f"{run.path}: {failed[0]['measure']} failed: {failed[0]['reason']}")
    return frame


def _of(frame: Any, quantity: Quantity) -> Any:
    mine = frame[
        (frame["measure"] == quantity.measure) & (frame["quantity"] == quantity.of_measure)
    ]
    if not len(mine):
        known = frame.loc[frame["measure"] == quantity.measure, "quantity"]
        raise UnknownName(f"quantity of {quantity.measure}", quantity.of_measure, set(known))
    return mine[mine["scope"] == quantity.scope]


def _pick(frame: Any, quantity: Quantity, step: int) -> float:
    """Return a value at a step; NaN where the measure has none, such as of too few values."""
    mine = _of(frame, quantity)
    here = mine[mine["step"] == step]
    return float(here["value"].iloc[-1]) if len(here) else float("nan")


def _last(frame: Any, quantity: Quantity) -> float:
    mine = _of(frame, quantity)
    return float(mine.sort_values("step")["value"].iloc[-1]) if len(mine) else float("nan")
