"""Classification: cross-entropy on arrays held once on the device, accuracy on a held-out split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from ...errors import DataError
from ...registry import register
from .arrays import ArrayBatches
from .build import build_model
from .modes import evaluating
from .task import Batch, Batches, BatchOptions, Loss, Task


@register("task", "classification")
class Classification(Task):
    """Which of ``n_classes`` classes a sample belongs to."""

    name = "classification"
    metric = "accuracy"
    higher_is_better = True

    def build(
        self, model: str, options: Mapping[str, Any], dataset: Any, seed: int = 0
    ) -> nn.Module:
        """Build a model for ``dataset.shape`` inputs and ``dataset.n_classes`` classes."""
        shape, n_classes = tuple(dataset.shape), int(dataset.n_classes)
        return build_model(model, options, seed, input_shape=shape, n_classes=n_classes)

    def prepare(self, dataset: Any, options: BatchOptions) -> ArrayBatches:
        """Hold the arrays on the device; they are normalised as they are drawn."""
        if getattr(dataset, "kind", "image") not in ("image", "features"):
            raise DataError(
                f"data of kind {dataset.kind!r} has no labels to classify; choose image data, "
                "or a model for that kind"
            )
        return ArrayBatches(dataset, options)

    def forward(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return logits, shape ``(samples, n_classes)``."""
        return model(batch.tensors[0])

    def loss(self, model: nn.Module, batch: Batch, label_smoothing: float = 0.0) -> Loss:
        """Return the mean cross-entropy of a batch, and how many predictions were right."""
        labels = batch.tensors[1]
        logits = self.forward(model, batch)
        value = functional.cross_entropy(logits, labels, label_smoothing=label_smoothing)
        rows = logits.detach()
        shown = functional.cross_entropy(rows, labels) if label_smoothing else value.detach()
        return Loss(value, batch.samples, shown, (rows.argmax(1) == labels).sum())

    def evaluate(
        self, model: nn.Module, batches: Batches, split: str | None = None
    ) -> dict[str, float]:
        """Return mean ``loss`` and ``accuracy`` (a fraction) on a held-out split."""
        total, right, n = 0.0, 0, 0
        with evaluating(model):
            for batch in batches.evaluation(split):
                logits = self.forward(model, batch).float()
                labels = batch.tensors[1]
                total += float(functional.cross_entropy(logits, labels, reduction="sum"))
                right += int((logits.argmax(1) == labels).sum())
                n += batch.samples
        return {"loss": total / n, "accuracy": right / n}
