"""Which snapshots are taken, and which of them are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..recipe import Recipe
    from ..run import Run


class Retention:
    """The snapshot rule of a recipe.

    The first and the last state are always taken, unless the rule is ``none``. ``log`` takes the
    evaluations 1, 2, 4, 8, ...
    """

    def __init__(self, recipe: Recipe):
        self.rule, self.every, self.keep = (
            recipe.snapshot_rule,
            recipe.snapshot_every,
            recipe.snapshot_keep,
        )

    def wants(self, loop: Any) -> bool:
        """Return whether to take a snapshot at the loop's evaluation."""
        if self.rule == "none":
            return False
        n = loop.area.n
        if n == 0 or loop.step >= loop.session.total_steps:
            return True
        if self.rule == "log" and n & (n - 1):
            return False
        return n % self.every == 0

    def thin(self, run: Run) -> None:
        """Drop old snapshots; the first is always kept."""
        if self.keep is None:
            return
        steps = run.snapshots.steps
        gone = set(steps[1 : max(1, len(steps) - self.keep)])
        if gone:
            run.snapshots._drop(lambda step: step in gone)
