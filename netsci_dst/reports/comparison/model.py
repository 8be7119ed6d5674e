"""What a comparison knows: rows of runs, variants, costs, curves."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..colours import method_colours
from ..run_data import METRICS, RunData
from ..sections.evolution import STATISTICS
from ..sections.training import logged
from .statistics import Interval, interval
from .variants import DENSE, Variant, flags, some, variants_of

# Key -> title, unit of the cost columns; the first that is recorded is shown first.
COSTS = {
    "training_flops_links": ("training FLOPs of the links", "FLOPs"),
    "training_flops_executed": ("training FLOPs executed", "FLOPs"),
    "inference_flops_links": ("FLOPs of one inference, links", "FLOPs"),
    "inference_flops_executed": ("FLOPs of one inference, executed", "FLOPs"),
    "wall_s": ("time", "s"),
    "processor_s": ("processor time", "s"),
    "parameters": ("parameters", ""),
    "links": ("links", ""),
    "weight_bytes": ("bytes of weights", "B"),
    "optimizer_bytes": ("bytes of optimizer state", "B"),
    "peak_memory_bytes": ("peak memory", "B"),
    "energy_j": ("energy", "J"),
}
STRUCTURE = {
    "anp": ("ANP", True),
    "itop": ("ITOP", True),
    "power law: gamma": ("γ", False),
    "modularity: modularity": ("modularity", False),
    "asi: asi layers": ("ASI", False),
}


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several runs, read once.

    ``opened`` says which of them can be looked into on the page: path -> number.
    """

    runs: list[RunData]
    opened: Mapping[str, int] | None = None

    @cached_property
    def variants(self) -> list[Variant]:
        """Groups of runs that are seeds of one another, dense ones last."""
        return sorted(variants_of(self.runs), key=lambda v: v.method == DENSE)

    @cached_property
    def variant_of(self) -> dict[int, int]:
        """Run -> variant."""
        return {run: i for i, variant in enumerate(self.variants) for run in variant.runs}

    @cached_property
    def flags(self) -> list[str]:
        """What a reader must know before comparing."""
        return [*flags(self.variants, self.runs, self.time_label), *self._left_out()]

    def _left_out(self) -> list[str]:
        others: dict[str, list[str]] = {}
        for run in self.runs:
            if run.metric not in (None, self.metric):
                others.setdefault(run.metric_name, []).append(run.name)
        return [
            f"{some(names)} {'is' if len(names) == 1 else 'are'} measured by {metric}: not among "
            f"the figures of {self.metric_name}."
            for metric, names in others.items()
        ]

    @cached_property
    def colours(self) -> list[str]:
        """A colour for each variant: the method's own, another where a method has several."""
        labels = [v.method if self._first_of(v) else f"{v.method}·{v.label}" for v in self.variants]
        by_name = method_colours(dict.fromkeys(labels))
        return [by_name[label] for label in labels]

    def _first_of(self, variant: Variant) -> bool:
        labels = [v.label for v in self.variants if v.method == variant.method]
        return variant.label == labels[0]

    @cached_property
    def metric(self) -> str:
        """The metric that most runs have."""
        found = [run.metric for run in self.runs if run.metric]
        return max(set(found), key=found.count) if found else "accuracy"

    @property
    def metric_name(self) -> str:
        """The metric as people write it."""
        return next((r.metric_name for r in self.runs if r.metric == self.metric), self.metric)

    @cached_property
    def time_label(self) -> str:
        """The axis of time: epochs where every run knows them, else steps."""
        return "epoch" if all(run.by_epoch for run in self.runs) else "step"

    @property
    def better(self) -> bool:
        """Whether more of the metric is better."""
        return METRICS.get(self.metric, True)

    @property
    def share(self) -> bool:
        """Whether the metric is shown in per cent."""
        return any(r.metric_is_share for r in self.runs if r.metric == self.metric)

    @cached_property
    def values(self) -> list[dict[str, float]]:
        """Final values of each run by quantity."""
        return [self._values(i) for i in range(len(self.runs))]

    def _values(self, i: int) -> dict[str, float]:
        run = self.runs[i]
        out = {"metric": math.nan, "aae": math.nan}
        if run.metric == self.metric:
            y = run.curve(self.metric)[1]
            out["metric"] = float(y[-1])
            out["best"] = float(y.max() if self.better else y.min())
            out["aae"] = self._aae(i)
        for column in ("anp", "itop", "overlap", "density"):
            y = _evolution(run, column)[1]
            out[column] = float(y[-1]) if len(y) else math.nan
        out |= costs(run)
        for (measure, quantity, scope), found in run.groups.items():
            if scope == "network":
                finite = found["value"].astype(float).dropna()
                if len(finite):
                    out[f"{measure}: {quantity}".replace("_", " ")] = float(finite.iloc[-1])
        return out

    def _aae(self, i: int) -> float:
        """Area across the epochs, cut to the smallest end of the setting's runs."""
        from ...analysis import area_across_epochs

        x, y = self.curve(self.runs[i], "metric")
        keep = x <= self._ends[self._setting(i)]
        return area_across_epochs(x[keep], y[keep]) if keep.sum() > 1 else math.nan

    @cached_property
    def _ends(self) -> dict[tuple[str, str], float]:
        """The smallest end of the runs of each setting."""
        ends: dict[tuple[str, str], float] = {}
        for i, run in enumerate(self.runs):
            if run.metric == self.metric:
                setting, last = self._setting(i), float(self.curve(run, "metric")[0][-1])
                ends[setting] = min(last, ends.get(setting, math.inf))
        return ends

    def _setting(self, i: int) -> tuple[str, str]:
        return self.variants[self.variant_of[i]].setting

    @cached_property
    def cost(self) -> str | None:
        """The cost that is shown first: the best that at least two runs recorded."""
        for name in ("training_flops_links", "wall_s", "links", "parameters"):
            if sum(math.isfinite(v.get(name, math.nan)) for v in self.values) >= 2:
                return name
        return None

    @cached_property
    def quantities(self) -> list[str]:
        """All quantities: those that people ask for first, then those that most runs have."""
        counts: dict[str, int] = {}
        for values in self.values:
            for name, value in values.items():
                counts[name] = counts.get(name, 0) + math.isfinite(value)
        first = [n for n in ("metric", "aae", *STRUCTURE, *COSTS) if counts.get(n)]
        most = max(counts.values(), default=0)
        rest = [n for n in counts if n not in first and counts[n]]
        return [*first, *sorted(rest, key=lambda name: counts[name] < 0.5 * most)]

    def seeds(self, variant: Variant, quantity: str) -> dict[int, float]:
        """Return a quantity of a variant's runs by seed, runs of one seed as their mean."""
        found: dict[int, list[float]] = {}
        for place, i in enumerate(variant.runs):
            value = self.values[i].get(quantity, math.nan)
            if math.isfinite(value):
                seed = self.runs[i].seed
                found.setdefault(-1 - place if seed is None else seed, []).append(value)
        return {seed: float(np.mean(values)) for seed, values in found.items()}

    def interval(self, variant: Variant, quantity: str) -> Interval:
        """Return the mean of a quantity over a variant's seeds, with its interval."""
        return interval(list(self.seeds(variant, quantity).values()))

    def colour(self, variant: Variant) -> str:
        """Return the colour of a variant."""
        return self.colours[self.variants.index(variant)]

    def settings(self) -> Iterator[tuple[tuple[str, str], list[Variant]]]:
        """Yield each task, as data and model, with its variants."""
        for setting in dict.fromkeys(v.setting for v in self.variants):
            yield setting, [v for v in self.variants if v.setting == setting]

    @cached_property
    def curve_names(self) -> list[str]:
        """What can be drawn through training: every logged metric, then the evolution's."""
        names = dict.fromkeys(
            ("metric", *(n for run in self.runs for n in logged(run) if n != self.metric))
        )
        return [
            *names,
            *(n for n in STATISTICS if any(len(_evolution(r, n)[0]) for r in self.runs)),
        ]

    def curve(self, run: RunData, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the times and values of a curve of one run, every one that was recorded."""
        if name in STATISTICS:
            return _evolution(run, name, self.time_label)
        return run.curve(self.metric if name == "metric" else name, self.time_label)


def costs(run: RunData) -> dict[str, float]:
    """Return what a run cost, as far as it was recorded."""
    found: dict[str, float] = {}
    for name in COSTS:
        value = run.compute.get(name)
        if isinstance(value, (int, float)) and math.isfinite(value):
            found[name] = float(value)
    spare = {"wall_s": run.provenance.get("duration_s"), "processor_s": None}
    spare["processor_s"] = run.provenance.get("processor_s")
    if run.topology is not None and run.topology.layers:
        spare["links"] = run.topology.n_links
    model = run.provenance.get("model")
    if isinstance(model, dict):
        spare["parameters"] = model.get("parameters")
    for name, value in spare.items():
        if name not in found and isinstance(value, (int, float)):
            found[name] = float(value)
    return found


def _evolution(
    run: RunData, column: str, time: str | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    frame = run.whole_evolution
    if column not in frame:
        return np.empty(0), np.empty(0)
    y = frame[column].to_numpy(dtype=float)
    keep = np.isfinite(y)
    return run.times(frame, time)[keep], y[keep]


def representatives(runs: Sequence[RunData], most: int) -> list[RunData]:
    """Return the runs that can be looked into: all of a few, else the first of each variant.

    Dense runs come last: they have no topology to look at.
    """
    ordered = sorted(runs, key=lambda run: run.method == DENSE)
    if len(ordered) <= most:
        return ordered
    with_snapshots = [run for run in ordered if len(run.run.snapshots)]
    firsts = [with_snapshots[v.runs[0]] for v in variants_of(with_snapshots)]
    rest = [run for run in with_snapshots if run not in firsts]
    return [*firsts, *rest][:most]
