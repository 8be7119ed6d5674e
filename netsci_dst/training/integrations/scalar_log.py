"""What all loggers of scalars share: they hand everything on, and write numbers by group."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..progress import Progress


class ScalarLog(Progress):
    """Tell another progress everything, and write evaluations and topology updates as scalars.

    A logger overrides `write`, and `begin` and `close` where it has something to open.

    Parameters
    ----------
    then
        Another progress to tell everything, too.

    Examples
    --------
    >>> class Printed(ScalarLog):
    ...     def write(self, scalars, step):
    ...         print(step, sorted(scalars))
    ...
    >>> Printed().evaluated({"step": 100, "accuracy": 0.9, "loss": 0.3})
    100 ['metrics/accuracy', 'metrics/loss']
    """

    def __init__(self, then: Progress | None = None):
        self._then = then or Progress()

    def begin(self, run: Any, step: int) -> None:
        """Open the log of a run that begins, or goes on after ``step`` steps."""

    def write(self, scalars: Mapping[str, float], step: int) -> None:
        """Write scalars, finite ones, at a step."""

    def close(self, status: str) -> None:
        """Close the log: ``finished``, ``interrupted`` or ``failed``."""

    def started(self, run: Any, step: int, total_steps: int, steps_per_epoch: int) -> None:
        """Begin, and pass it on."""
        self.begin(run, step)
        self._then.started(run, step, total_steps, steps_per_epoch)

    def noted(self, message: str) -> None:
        """Pass on a word about the training."""
        self._then.noted(message)

    def stepped(self, step: int) -> None:
        """Pass on that a step is done."""
        self._then.stepped(step)

    def updated(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the statistics of a topology update, by layer."""
        for row in rows:
            self._row(f"evolution/{row['layer']}", row)
        self._then.updated(rows)

    def evaluated(self, row: Mapping[str, Any]) -> None:
        """Write an evaluation."""
        self._row("metrics", row)
        self._then.evaluated(row)

    def ended(self, status: str, message: str = "") -> None:
        """Close the log."""
        self.close(status)
        self._then.ended(status, message)

    def _row(self, group: str, row: Mapping[str, Any]) -> None:
        scalars = {
            f"{group}/{k}": float(v) for k, v in row.items() if k != "step" and _is_scalar(v)
        }
        if scalars:
            self.write(scalars, int(row["step"]))


def _is_scalar(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and math.isfinite(value)


def flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the settings of a recipe by their dotted names.

    Examples
    --------
    >>> dict(flat({"seed": 0, "method_options": {"zeta": 0.3}}))
    {'seed': 0, 'method_options.zeta': 0.3}
    """
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
