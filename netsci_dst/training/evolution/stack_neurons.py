"""Which neurons of a stack have links, and how the links of idle ones go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from . import draws as draw
from .select import counted
from .stack_entries import StackEntries
from .stack_row import StackRow


class StackNeurons(StackEntries):
    """A stack, for questions about neurons."""

    def __init__(self, *given: Any, **more: Any):
        super().__init__(*given, **more)
        self.rows: list[StackRow] = [StackRow(self, i) for i in range(len(self.group.layers))]

    def activities(self) -> dict[str, Any]:
        """Return which neurons have links, by layer."""
        for row in self.rows:
            row.forget()
        return {layer.name: row for layer, row in zip(self.group.layers, self.rows)}

    def flush(self) -> None:
        """Remove the links of neurons that were found idle."""
        form = self.form
        alive = self._between([(row.sources, row.targets) for row in self.rows])
        if alive is not None:
            self.keep = self._spared(self.keep & form.logical(alive))
        for row in self.rows:
            row.forget()

    def _between(self, sides: Sequence[tuple[Tensor | None, Tensor | None]]) -> Tensor | None:
        """Return which positions lie between these neurons, of each layer; None: all do.

        The result broadcasts to ``(L, n_source, n_target)``.
        """
        found: Tensor | None = None
        for place, at in ((0, self.form.at_sources), (1, self.form.at_targets)):
            given = [side[place] for side in sides]
            known = next((one for one in given if one is not None), None)
            if known is None:
                continue
            if any(one is None for one in given):
                every = torch.ones_like(known)
                given = [every if one is None else one for one in given]
            here = at(torch.stack(given))  # type: ignore[arg-type]
            found = here if found is None else found & here
        return found

    def _spared(self, keep: Tensor) -> Tensor:
        """Return a mask in which heads that have stopped evolving keep their links."""
        stopped = [update.stopped for update in self.updates]
        if not any(stopped):
            return keep
        still = draw.sent(stopped, keep.device)[:, None, None]
        units = self.form.units(keep) | (self.form.units(self.keep) & still)
        return self.form.layers(units)

    def counted(self) -> Tensor:
        """Return the number of links that are left in each row."""
        return counted(self.form.units(self.keep))

    @property
    def final(self) -> Tensor:
        """The mask after the update, as far as it is decided."""
        if self.new is None:
            return self.keep
        if self._final is None:
            self._final = self.keep | self.new
        return self._final

    @property
    def links(self) -> Tensor:
        """The same as ``(L, n_source, n_target)``."""
        final = self.final
        if self._links is None or self._links[0] is not final:
            self._links = final, self.form.logical(final)
        return self._links[1]
