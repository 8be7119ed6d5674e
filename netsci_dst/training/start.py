"""Begin with another run's final links, and the weights it began with (CHTs-24 app. C)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import RecipeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..methods import MethodOptions
    from ..run import Run
    from ..topology import Layer, Topology

# Methods that prune by a threshold do not end at exactly the density that was asked of them.
_TOLERANCE = 0.01


class Start:
    """A run to begin from.

    Raises
    ------
    RecipeError
        If the run has no snapshots, or the method would change how many links there are.
    """

    def __init__(self, run: Run, method: MethodOptions):
        if not method.sparse or method.density != "constant":
            raise RecipeError(
                f"init_from begins with the links of {run.path} and keeps their number, which "
                f"method {method.name!r} does not: take one of fixed density, or remove it"
            )
        if method.draws_weights:
            raise RecipeError(
                f"init_from begins with the links of {run.path}, but method {method.name!r} draws "
                "its own: remove it"
            )
        if run.status not in ("finished", "imported"):
            raise RecipeError(
                f"{run.path} is {run.status}: its last topology is not its final one; resume it"
            )
        if not len(run.snapshots):
            raise RecipeError(f"{run.path} has no snapshots to start from")
        self.path: str = run.path
        self._first: Topology = run.snapshots[0].topology
        self._last: Topology = run.snapshots[-1].topology

    def layer(
        self, name: str, n_source: int, n_target: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return a layer's final keys, and their weights in the first snapshot, NaN where absent.

        Raises
        ------
        RecipeError
            If the run has no such sparse layer, or no more than its neurons are known.
        """
        last, first = self._layer_of(self._last, name), self._layer_of(self._first, name)
        if last.multiplicity is not None:
            raise RecipeError(
                f"layer {name!r} of {self.path} is a convolution, or reads one: its snapshots hold "
                "links between channels, not kernel entries; init_from is for fully connected "
                "layers, leave this one out by sparse_layers"
            )
        if last.shape != (n_source, n_target):
            raise RecipeError(
                f"layer {name!r} of {self.path} has shape {last.shape}, which does not fit "
                f"({n_source}, {n_target})"
            )
        if first.weights is None:
            raise RecipeError(
                f"{self.path} stored no weights: its snapshots cannot start another run"
            )
        weights = np.full(last.n_links, np.nan)
        known = np.isin(last.keys, first.keys)
        weights[known] = first.weights[np.searchsorted(first.keys, last.keys[known])]
        return last.keys, weights

    def _layer_of(self, topology: Topology, name: str) -> Layer:
        found = [layer for layer in topology.layers if layer.name == name]
        if not found:
            there = ", ".join(layer.name for layer in topology.layers) or "none"
            raise RecipeError(f"{self.path} has no sparse layer {name!r}; it has {there}")
        return found[0]

    def check(self, n_links: int, wanted: int, possible: int) -> None:
        """Refuse a density other than the one that was asked for.

        Raises
        ------
        RecipeError
            Naming the sparsity that would fit.
        """
        if abs(n_links - wanted) > _TOLERANCE * wanted:
            raise RecipeError(
                f"{self.path} ends with {n_links} links where {wanted} are asked for: "
                f"set sparsity = {1 - n_links / possible:.6g}"
            )
