"""A batch cut into pieces whose gradients add up to that of the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .task import Batch, Task


def pieces(task: Task, batch: Batch, parts: int) -> list[Batch]:
    """Cut a batch into at most ``parts`` pieces, whose ``share`` says what their losses weigh.

    The sum of ``share * loss`` over the pieces is ``batch.share`` times the batch's loss, however
    unevenly its tokens fall upon them. A batch that is not cut is returned as it is.
    """
    if parts == 1:
        return [batch]
    cut = zip(*(tensor.tensor_split(parts) for tensor in batch.tensors))
    found = [type(batch)(tensors, len(tensors[0])) for tensors in cut if len(tensors[0])]
    weights = [task.weight(piece) for piece in found]
    whole = sum(weights)
    return [
        piece._replace(share=batch.share * weight / whole) for piece, weight in zip(found, weights)
    ]
