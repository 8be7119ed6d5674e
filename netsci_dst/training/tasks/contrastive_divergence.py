"""Contrastive divergence: a Boltzmann machine learns to reconstruct its data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import DataError, RecipeError
from ...registry import register
from .arrays import ArrayBatches
from .build import build_model
from .modes import evaluating, is_recording
from .task import Batch, Batches, BatchOptions, Loss, Task


@register("task", "contrastive-divergence", source="Hinton 2002; Survival app. D")
class ContrastiveDivergence(Task):
    """CD-k (Hinton 2002): the gradient of ``F(v_0) - F(v_k)`` after k steps of Gibbs sampling.

    Parameters
    ----------
    steps
        k.
    """

    name = "contrastive-divergence"
    metric = "reconstruction_error"
    higher_is_better = False

    def __init__(self, steps: int = 1) -> None:
        if steps < 1:
            raise RecipeError(f"contrastive divergence needs at least one step, not {steps}")
        self.steps = steps
        self._generators: dict[torch.device, torch.Generator] = {}

    def build(
        self, model: str, options: Mapping[str, Any], dataset: Any, seed: int = 0
    ) -> nn.Module:
        """Build a model with one visible unit per value of ``dataset.shape``."""
        return build_model(model, options, seed, input_shape=tuple(dataset.shape))

    def prepare(self, dataset: Any, options: BatchOptions) -> ArrayBatches:
        """Hold the arrays as probabilities in [0, 1]; labels are left out."""
        return _Probabilities(dataset, options)

    def forward(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return the log odds of the mean-field reconstruction, shape ``(samples, n_visible)``."""
        return model(batch.tensors[0])

    def loss(self, model: nn.Module, batch: Batch, label_smoothing: float = 0.0) -> Loss:
        """Return the difference of free energies; shown is the reconstruction's cross-entropy."""
        if label_smoothing:
            raise RecipeError("contrastive divergence has no labels to smooth")
        data = batch.tensors[0]
        [generator] = self.generators(batch)
        if not is_recording(data.device):
            self.reseed(batch)
        machine: Any = getattr(model, "module", model)
        model_side = machine.gibbs(data, self.steps, generator)
        energy = machine.free_energy(torch.cat([data, model_side]))
        value = energy[: len(data)].mean() - energy[len(data) :].mean()
        shown = functional.binary_cross_entropy(model_side, data, reduction="sum") / len(data)
        return Loss(value, batch.samples, shown)

    def generators(self, batch: Batch) -> list[torch.Generator]:
        """Return the one that Gibbs sampling draws from, on the data's device."""
        device = batch.tensors[0].device
        if device not in self._generators:
            self._generators[device] = torch.Generator(device=device)
        return [self._generators[device]]

    def reseed(self, batch: Batch) -> None:
        """Seed it by the batch's first number."""
        [generator] = self.generators(batch)
        generator.manual_seed(int(batch.tensors[1][0]))

    def evaluate(
        self, model: nn.Module, batches: Batches, split: str | None = None
    ) -> dict[str, float]:
        """Return the mean-field reconstruction's error on a held-out split.

        ``loss`` is its cross-entropy per sample, ``reconstruction_error`` the mean squared error
        per visible unit.
        """
        entropy, squares, n = 0.0, 0.0, 0
        with evaluating(model):
            for batch in batches.evaluation(split):
                data = batch.tensors[0]
                logits = self.forward(model, batch).to(data.dtype)
                entropy += float(
                    functional.binary_cross_entropy_with_logits(logits, data, reduction="sum")
                )
                squares += float((torch.sigmoid(logits) - data).square().mean(1).sum())
                n += batch.samples
        return {"loss": entropy / n, "reconstruction_error": squares / n}


class _Probabilities(ArrayBatches):
    """Flat samples in [0, 1], each batch with the seed of its noise in place of labels."""

    def __init__(self, dataset: Any, options: BatchOptions) -> None:
        super().__init__(dataset, options)
        images = self._held["train"][0]
        floating = images.dtype.is_floating_point
        x = dataset.x_train if floating else None
        if x is not None and (x.min() < 0 or x.max() > 1):
            raise DataError(
                "a Boltzmann machine needs values from 0 to 1; the training samples have "
                f"{float(x.min()):g} to {float(x.max()):g}"
            )
        pixel = 1.0 if floating else 1.0 / 255.0
        self._scale = torch.tensor(pixel, dtype=self.dtype, device=images.device)
        self._shift = torch.zeros_like(self._scale)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield batches ``(samples, seed)``; the seed depends on where the batch stands."""
        for step, batch in enumerate(super().epoch(epoch, start), start=start):
            words = np.random.SeedSequence([self.options.seed, epoch, step, self.options.rank])
            noise = int(words.generate_state(1, np.uint64)[0] >> np.uint64(2))
            x = batch.tensors[0].flatten(1)
            # A seed per sample, so that a batch can be cut: its first one is used.
            yield batch._replace(tensors=(x, noise + torch.arange(len(x))))

    def evaluation(self, split: str | None = None) -> Iterator[Batch]:
        """Yield flat batches of a held-out split."""
        for batch in super().evaluation(split):
            yield batch._replace(tensors=(batch.tensors[0].flatten(1), torch.zeros(batch.samples)))

    def probe(self, size: int) -> Batch:
        """Return the first samples of the evaluation split."""
        batch = super().probe(size)
        return batch._replace(tensors=(batch.tensors[0].flatten(1), torch.zeros(batch.samples)))
