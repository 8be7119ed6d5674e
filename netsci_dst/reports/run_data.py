"""What a report knows of one run: its tables, its snapshots, its analysis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import NetsciError
from ..run import Run
from ..topology import Population, Topology
from .numbers import p_value
from .recipe_facts import model_of, text_of

if TYPE_CHECKING:
    import pandas as pd

    from .frames import Frames

# Columns of a run's metrics that may be the figure of merit, best first; True: more is better.
METRICS = {"accuracy": True, "bleu": True, "perplexity": False, "loss": False}
METRIC_NAMES = {"bleu": "BLEU"}
SHARES = {"accuracy", "train_accuracy"}


@dataclass(frozen=True, eq=False)
class RunData:
    """One run as the report sees it; everything is read once, when first asked for.

    ``max_frames`` and ``link_budget`` bound what of its snapshots travels in a page; ``baselines``
    are the dense runs it is measured against, ``progress`` is told of the snapshots read.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from netsci_dst import Run, Snapshot, Topology
    >>> run = Run.create(tempfile.mkdtemp() + "/run", {"seed": 0})
    >>> _ = run.write_snapshot(Snapshot(Topology.chain([np.eye(4)]), step=0))
    >>> RunData(run).topology.n_links
    4
    """

    run: Run
    max_frames: int = 400
    link_budget: int = 1_200_000
    baselines: tuple[RunData, ...] = ()
    progress: Callable[[int, int], None] | None = field(default=None, repr=False)

    @cached_property
    def name(self) -> str:
        """The run's own label, else its folder's name."""
        label = self.recipe.get("label") or self.provenance.get("label")
        return str(label) if label else self.run.name

    @cached_property
    def notes(self) -> str:
        """The notes that the user gave the run."""
        return str(self.recipe.get("notes") or self.provenance.get("notes") or "")

    @cached_property
    def frames(self) -> Frames | None:
        """The arrays behind every snapshot view; None without links."""
        from .frames import collect

        return collect(
            self, max_frames=self.max_frames, link_budget=self.link_budget, progress=self.progress
        )

    @cached_property
    def finished(self) -> bool:
        """Whether nothing more is to come of this run."""
        return self.run.status in ("finished", "imported")

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The resolved request; empty when the run has none."""
        return self.run.recipe if self.run.store.exists("recipe.toml") else {}

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Versions, machine, seed, duration."""
        return self.run.provenance

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """A row per evaluation."""
        return self.run.metrics

    @cached_property
    def evolution(self) -> pd.DataFrame:
        """A row per update and layer."""
        return self.run.evolution

    @cached_property
    def whole_evolution(self) -> pd.DataFrame:
        """The evolution of the whole network: a row per update, means over layers if need be."""
        frame = self.evolution
        if frame.empty or "layer" not in frame:
            return frame
        whole = frame[(frame["layer"] == "all").to_numpy()]
        rows = whole if len(whole) else frame
        layers = None if len(whole) == 0 else frame[(frame["layer"] != "all").to_numpy()]
        numeric = rows.select_dtypes("number").set_index("step", drop=False)
        if not numeric.index.is_unique:
            numeric = numeric.groupby(level=0).mean()
        # Some statistics, such as the overlap, may be recorded by layer only.
        empty = [c for c in numeric if numeric[c].isna().all()]
        if layers is not None and empty and len(layers):
            numeric[empty] = layers.groupby("step")[empty].mean()
        return numeric

    @cached_property
    def values(self) -> pd.DataFrame:
        """Tidy analysis values: run, step, epoch, scope, measure, quantity, value, text."""
        import pandas as pd

        columns = ["run", "step", "epoch", "scope", "measure", "quantity", "value", "text"]
        frame = getattr(self._results, "values", None)
        return pd.DataFrame(columns=columns) if frame is None else frame.reindex(columns=columns)

    @cached_property
    def _results(self) -> Any:
        from ..analysis import results

        return results(self.run)

    def array(self, measure: str, name: str, step: int) -> NDArray[Any] | None:
        """Return an array of the analysis, or None when it was not computed."""
        try:
            return self._results.array(measure, name, step)
        except (NetsciError, KeyError):
            return None

    def arrays(self, measure: str, step: int) -> dict[str, NDArray[Any]]:
        """Return all arrays of a measure, none when it was not computed."""
        try:
            return self._results.arrays(measure, step)
        except (NetsciError, KeyError):
            return {}

    def run_array(self, measure: str, name: str) -> NDArray[Any] | None:
        """Return an array of a measure of the whole run, or None when it was not computed."""
        try:
            return self._results.array(measure, name)
        except (NetsciError, KeyError):
            return None

    def value(
        self, measure: str, quantity: str, scope: str = "network", step: int | None = None
    ) -> float | None:
        """Return the last finite value (or the one at ``step``); None when there is none."""
        found = self.series(measure, quantity, scope)
        if step is not None:
            found = found[found["step"] == step]
        found = found[np.isfinite(found["value"].astype(float))]
        return None if found.empty else float(found["value"].iloc[-1])

    def text(self, measure: str, quantity: str, scope: str = "network") -> str | None:
        """Return the last text of a quantity, such as a verdict or an exact integer."""
        found = self.series(measure, quantity, scope)["text"].dropna()
        return None if found.empty else str(found.iloc[-1])

    def tail_p(self, scope: str = "network", step: int | None = None) -> str | None:
        """Return the p-value of the power law with its sign, as its synthetic samples bound it.

        None where it was not tested.
        """
        found = self.series("power_law_test", "p_value", scope)
        if step is not None:
            found = found[found["step"] == step]
        found = found[np.isfinite(found["value"].astype(float))]
        if found.empty:
            return None
        said = found["text"].iloc[-1]
        if isinstance(said, str) and said.startswith("<"):
            return said.partition(" (")[0]
        return p_value(float(found["value"].iloc[-1]))

    def series(self, measure: str, quantity: str, scope: str = "network") -> pd.DataFrame:
        """Return the rows of one quantity in order of step."""
        found = self.groups.get((measure, quantity, scope))
        return self.values.iloc[:0] if found is None else found

    @cached_property
    def groups(self) -> dict[Any, pd.DataFrame]:
        """The stored values by measure, quantity and scope, in order of step."""
        ordered = self.values.sort_values("step", kind="stable")
        return dict(iter(ordered.groupby(["measure", "quantity", "scope"], sort=False)))

    def quantities(self, measure: str) -> list[tuple[str, str]]:
        """Return the stored (quantity, scope) pairs of a measure, in order of appearance."""
        return [(key[1], key[2]) for key in self.groups if key[0] == measure]

    def has(self, measure: str) -> bool:
        """Whether any value of a measure is stored."""
        return any(key[0] == measure for key in self.groups)

    # --- what was trained ---------------------------------------------------------------------

    @cached_property
    def topology(self) -> Topology | None:
        """The last snapshot's topology."""
        return self.run.snapshots[-1].topology if len(self.run.snapshots) else None

    @cached_property
    def first_topology(self) -> Topology | None:
        """The first snapshot's topology."""
        return self.run.snapshots[0].topology if len(self.run.snapshots) else None

    @cached_property
    def populations(self) -> tuple[Population, ...]:
        """The populations that are nodes of the graph."""
        return self.topology.graph_populations if self.topology else ()

    @property
    def elm_threshold(self) -> float:
        """Overlap from which a layer is in an epitopological local minimum, from the recipe."""
        from ..analysis.dynamics.evolution import overlap_threshold

        return overlap_threshold(self.recipe)

    @cached_property
    def method(self) -> str:
        """Name of the method, from the recipe; empty where none was named."""
        return text_of(self.recipe, "method")

    @cached_property
    def dataset(self) -> str:
        """Name of the data, from the recipe."""
        return text_of(self.recipe, "data")

    @cached_property
    def model(self) -> str:
        """Name of the model, from the recipe, with its hidden sizes."""
        return model_of(self.recipe)

    @cached_property
    def seed(self) -> int | None:
        """The seed, from the recipe or the provenance."""
        found = self.recipe.get("seed", self.provenance.get("seed"))
        return found if isinstance(found, int) else None

    @cached_property
    def compute(self) -> dict[str, Any]:
        """What the run cost, as it was recorded; empty where it was not."""
        found = self.provenance.get("compute")
        return found if isinstance(found, dict) else {}

    @property
    def metric_name(self) -> str:
        """The metric as people write it."""
        return METRIC_NAMES.get(self.metric or "", self.metric or "")

    @property
    def metric_is_share(self) -> bool:
        """Whether the metric is shown in per cent."""
        return self.metric in SHARES

    @cached_property
    def sparsity(self) -> float:
        """Sparsity over all sparse layers in the end; 0 for a dense network.

        That of the weights where updates recorded it: a link between two channels of a convolution
        stands for several.
        """
        evolution = self.whole_evolution
        density = evolution["density"].dropna() if "density" in evolution else []
        if len(density):
            return 1.0 - float(density.iloc[-1])  # type: ignore[union-attr]
        if self.topology is not None and self.topology.layers:
            return 1.0 - self.topology.density
        found = self.recipe.get("sparsity")
        return float(found) if isinstance(found, (int, float)) else 0.0

    @cached_property
    def metric(self) -> str | None:
        """The column of the metrics that says how good the network is."""
        known = [name for name in METRICS if name in self.metrics]
        known = [name for name in known if self.metrics[name].notna().any()]
        return known[0] if known else None

    @property
    def more_is_better(self) -> bool:
        """Whether the metric is to be large."""
        return METRICS.get(self.metric or "", True)

    def curve(
        self, column: str, time: str | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return times, by default the run's own, and finite values of a column of the metrics."""
        frame = self.metrics
        if column not in frame:
            return np.empty(0), np.empty(0)
        y = frame[column].astype(float).to_numpy()
        keep = np.isfinite(y)
        return self.times(frame, time)[keep], y[keep]

    @cached_property
    def by_epoch(self) -> bool:
        """Whether epochs are known; else steps are the axis of time."""
        known = [
            f["epoch"].astype(float) for f in (self.metrics, self.evolution) if "epoch" in f.columns
        ]
        if any((epochs.notna() & (epochs != 0)).any() for epochs in known):
            return True
        index = self.run.snapshots.index
        return any(_number(entry.get("epoch")) > 0 for entry in index)

    @property
    def time_label(self) -> str:
        """Name of the axis of time."""
        return "epoch" if self.by_epoch else "step"

    def times(self, frame: pd.DataFrame, time: str | None = None) -> NDArray[np.float64]:
        """Return the place of each row on the axis of time, by default the run's own."""
        label = time or self.time_label
        column = label if label in frame else "step"
        if column not in frame:
            return np.arange(len(frame), dtype=float)
        return frame[column].astype(float).to_numpy()

    def when(self, step: int, epoch: float) -> float:
        """Return the place of a snapshot on the axis of time."""
        return float(epoch) if self.by_epoch else float(step)

    @cached_property
    def aae(self) -> float | None:
        """Area across the epochs: trapezoid of the metric over epochs / (E - 1)."""
        if self.metric is None:
            return None
        from ..analysis import area_across_epochs

        x, y = self.curve(self.metric)
        return area_across_epochs(x, y) if len(y) > 1 else None

    def layers(self) -> Iterator[str]:
        """Yield the names of the sparse layers."""
        if self.topology:
            yield from (layer.name for layer in self.topology.layers)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and np.isfinite(value) else 0.0
