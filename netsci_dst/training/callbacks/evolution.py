"""Record what each topology update did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .callback import Callback

if TYPE_CHECKING:
    from ..fit import Fit


class RecordEvolution(Callback):
    """Rows of evolution.parquet; they are written out with the next checkpoint."""

    def updated(self, fit: Fit, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add the rows of an update."""
        if fit.writer is not None:
            fit.writer.evolution(rows, flush=False)
