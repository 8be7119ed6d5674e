"""What a training tells the one who watches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..run import Run


class Progress:
    """Callbacks of a training; override those of interest. All do nothing here.

    Examples
    --------
    >>> class Accuracies(Progress):
    ...     def __init__(self):
    ...         self.seen = []
    ...
    ...     def evaluated(self, row):
    ...         self.seen.append(row["accuracy"])
    ...
    >>> import tempfile
    >>> import netsci_dst as nd
    >>> watching = Accuracies()
    >>> recipe = nd.training.load_recipe(
    ...     data="digits", model_options={"hidden": [8]}, sparsity=0.5, epochs=2, train_samples=100
    ... )
    >>> _ = nd.train(recipe, out=tempfile.mkdtemp() + "/run", progress=watching)
    >>> len(watching.seen)
    2
    """

    def started(self, run: Run, step: int, total_steps: int, steps_per_epoch: int) -> None:
        """Training begins, or continues after ``step`` steps."""

    def noted(self, message: str) -> None:
        """Something about the training that one may not expect."""

    def stepped(self, step: int) -> None:
        """One optimizer step is done."""

    def updated(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """The topology was updated; the rows are those of evolution.parquet."""

    def evaluated(self, row: Mapping[str, Any]) -> None:
        """The model was evaluated; the row is that of metrics.parquet."""

    def ended(self, status: str, message: str = "") -> None:
        """Training ended: ``finished``, ``interrupted`` or ``failed``."""
