"""What happens around the steps of a training: one concern a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .callback import Callback

if TYPE_CHECKING:
    from ..build import Training

__all__ = ["Callback", "default_callbacks"]


def default_callbacks(training: Training) -> list[Callback]:
    """Return the callbacks of every training, in their order.

    The loss is checked before it is evaluated, an evaluation is made before its snapshot, and a
    checkpoint is the last thing of a step.
    """
    from .checkpoints import Checkpoints
    from .evaluate import Evaluate
    from .evolution import RecordEvolution
    from .finite import Finite
    from .report_progress import ReportProgress
    from .snapshots import TakeSnapshots

    return [
        ReportProgress(),
        Finite(),
        TakeSnapshots(training.recipe),
        Evaluate(),
        RecordEvolution(),
        Checkpoints(training.recipe.checkpoint_minutes),
    ]
