"""Write down a model's populations and layers in the order in which they are computed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...topology import Population, Role

if TYPE_CHECKING:
    from ..wiring import Wiring


class Plan:
    """Collects what a `Wiring` declares; populations come in topological order by construction."""

    def __init__(self) -> None:
        self.populations: list[Population] = []
        self.layers: dict[str, tuple[str, str]] = {}
        self.skips: list[tuple[str, str]] = []
        self.outputs: dict[str, str] = {}

    def population(
        self, name: str, size: int, role: Role = "hidden", output: str | None = None
    ) -> str:
        """Add a population and return its name; a residual stream combines by ``any``.

        ``output`` is the path of the module whose output is the population's activity.
        """
        combine = "any" if role == "residual" else "all"
        self.populations.append(Population(name, size, role, combine))
        if output is not None:
            self.outputs[name] = output
        return name

    def layer(self, path: str, source: str, target: str) -> str:
        """Add the layer at a module path and return its target, which may be added later."""
        self.layers[path] = (source, target)
        return target

    def skip(self, source: str, target: str) -> None:
        """Join two populations of one size neuron by neuron."""
        self.skips.append((source, target))

    def wiring(self, sparse: Iterable[str]) -> Wiring:
        """Return the declaration; ``sparse`` are module path patterns."""
        from ..wiring import Wiring

        return Wiring(
            populations=tuple(self.populations),
            layers=dict(self.layers),
            skips=tuple(self.skips),
            sparse=tuple(sparse),
            outputs=dict(self.outputs),
        )
