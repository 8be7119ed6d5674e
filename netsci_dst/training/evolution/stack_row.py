"""Which neurons of one layer of a stack have links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from .layer import EvolvingLayer
    from .stack_neurons import StackNeurons


class StackRow:
    """Which neurons of one layer of a stack have links; those of idle ones go at the next flush."""

    def __init__(self, stack: StackNeurons, place: int):
        self.stack = stack
        self.place = place
        self.layer: EvolvingLayer = stack.group.layers[place]
        self.sources: Tensor | None = None
        self.targets: Tensor | None = None
        self._heard: Tensor | None = None
        self._reached: Tensor | None = None

    @property
    def frozen(self) -> bool:
        """Whether percolation leaves the layer alone."""
        return all(self.layer.stopped)

    def forget(self) -> None:
        """Forget what was found out about the links."""
        self.sources = self.targets = self._heard = self._reached = None

    @property
    def heard(self) -> Tensor:
        """Which source neurons have a link."""
        if self._heard is None:
            stack = self.stack
            for row, found in zip(stack.rows, stack.form.sources_of(stack.links).unbind(0)):
                row._heard = found
        assert self._heard is not None
        return self._heard

    @property
    def reached(self) -> Tensor:
        """Which target neurons have a link."""
        if self._reached is None:
            stack = self.stack
            for row, found in zip(stack.rows, stack.form.targets_of(stack.links).unbind(0)):
                row._reached = found
        assert self._reached is not None
        return self._reached

    def restrict(self, sources: Tensor | None = None, targets: Tensor | None = None) -> None:
        """Let links of all but these neurons go, when the stack is flushed."""
        if sources is not None:
            self.sources = sources
        if targets is not None:
            self.targets = targets

    def flush(self) -> None:
        """Remove the links of neurons that were found idle."""
        if self.sources is not None or self.targets is not None:
            self.stack.flush()
