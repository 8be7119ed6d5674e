"""Labelled arrays as batches: drawn, augmented and normalised on the device, many rows at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...errors import DataError, UnknownName
from .order import n_batches, part, shuffled
from .sending import Held, sent
from .task import Batch, Batches, BatchOptions

# Small batches are gathered and normalised several at a time, up to this many values, which stay
# in a core's cache.
_CHUNK_VALUES = 1 << 18


class ArrayBatches(Batches):
    """A data set of arrays ``(n, *shape)`` with integer labels.

    Integer pixels are divided by 255; then ``mean`` is subtracted and the result divided by
    ``std`` (per channel). Grids ``(h, w)`` come out as ``(1, h, w)``.
    """

    def __init__(self, dataset: Any, options: BatchOptions) -> None:
        self.options = options
        self.dtype: torch.dtype = options.dtype or torch.get_default_dtype()
        self._held = {
            split: _on_device(dataset, split, options.device) for split in _splits(dataset)
        }
        if "train" not in self._held or len(self._held) < 2:
            raise DataError("a data set needs a train split and a split to evaluate on")
        held_out = [split for split in ("validation", "test") if split in self._held]
        self.splits: tuple[str, ...] = tuple(held_out)
        images = self._held["train"][0]
        self._scale, self._shift = _normalisation(dataset, images, self.dtype)

    @property
    def n_train(self) -> int:
        """Number of training samples."""
        return len(self._held["train"][1])

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in one epoch."""
        return n_batches(self.n_train, self.options.batch_size, self.options.drop_last)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield this process's batches of an epoch, leaving out the first ``start``."""
        options = self.options
        images, labels = self._held["train"]
        order = shuffled(self.n_train, options.seed, epoch)
        width = max(1, int(np.prod(images.shape)))
        group = max(1, _CHUNK_VALUES // (width * options.batch_size))
        for first in range(0, self.steps_per_epoch, group):
            last = min(first + group, self.steps_per_epoch)
            if last <= start:
                continue
            parts = [self._part(order, step) for step in range(first, last)]
            rows = np.concatenate([rows for rows, _ in parts])
            x = self._augmented(images[rows], epoch, first)
            y = labels.index_select(0, sent(rows, labels.device))
            begin = 0
            for step, (mine, share) in zip(range(first, last), parts):
                end = begin + mine.size
                if step >= start:
                    yield Batch((x[begin:end], y[begin:end]), mine.size, share)
                begin = end

    def evaluation(self, split: str | None = None) -> Iterator[Batch]:
        """Yield batches of a held-out split in order (default: the first of `splits`)."""
        images, labels = self._split(split)
        size = self.options.evaluation_batch_size
        for begin in range(0, len(labels), size):
            x = self._normalised(images[np.arange(begin, min(begin + size, len(labels)))])
            yield Batch((x, labels[begin : begin + size]), len(x))

    def probe(self, size: int) -> Batch:
        """Return the first samples of the evaluation split, normalised."""
        images, labels = self._split(None)
        x = self._normalised(images[np.arange(min(size, len(labels)))])
        return Batch((x, labels[:size]), len(x))

    def calibration(self, size: int | None = None) -> np.ndarray:
        """Return normalised training samples in the order of epoch 0, float32 ``(n, d)``."""
        images, _ = self._held["train"]
        x = self._normalised(images[shuffled(self.n_train, self.options.seed, 0)[:size]])
        return x.flatten(1).float().cpu().numpy()

    def _split(self, split: str | None) -> tuple[_Rows, Tensor]:
        name = split or self.splits[0]
        if name not in self._held:
            raise UnknownName("split", name, self._held)
        return self._held[name]

    def _part(self, order: np.ndarray, step: int) -> tuple[np.ndarray, float]:
        options = self.options
        batch = order[step * options.batch_size : (step + 1) * options.batch_size]
        own, passed = part(batch, options.rank, options.world_size)
        return passed, own.size * options.world_size / batch.size

    def _augmented(self, images: Tensor, epoch: int, step: int) -> Tensor:
        options = self.options
        if options.augment is not None:
            words = np.random.SeedSequence([options.seed, epoch, step, options.rank])
            generator = torch.Generator(device=images.device)
            generator.manual_seed(int(words.generate_state(1, np.uint64)[0] >> 1))
            images = options.augment(images, generator)
        return self._normalised(images)

    def _normalised(self, images: Tensor) -> Tensor:
        return images.to(self.dtype).mul_(self._scale).add_(self._shift)


def _splits(dataset: Any) -> list[str]:
    return [
        split
        for split in ("train", "validation", "test")
        if getattr(dataset, f"x_{split}", None) is not None
    ]


def _on_device(dataset: Any, split: str, device: str | torch.device) -> tuple[_Rows, Tensor]:
    x, y = getattr(dataset, f"x_{split}"), getattr(dataset, f"y_{split}")
    if len(x) != len(y) or not len(x):
        raise DataError(f"the {split} split has {len(x)} samples and {len(y)} labels")
    labels = torch.from_numpy(np.asarray(y, dtype=np.int64)).to(device)
    return _Rows(x, torch.device(device)), labels


class _Rows:
    """Samples held on the device, or decoded as they are drawn where they would not fit."""

    def __init__(self, x: Any, device: torch.device) -> None:
        self.device = device
        self._x = Held(x, device) if isinstance(x, np.ndarray) else x
        first = self[np.arange(1)]
        self.shape, self.dtype = tuple(first.shape[1:]), first.dtype

    def __len__(self) -> int:
        return len(self._x)

    def __getitem__(self, rows: np.ndarray) -> Tensor:
        x = self._x[rows] if isinstance(self._x, Held) else sent(self._x[rows], self.device)
        return x.unsqueeze(1) if x.ndim == 3 else x


def _normalisation(dataset: Any, images: _Rows, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    mean = np.atleast_1d(np.asarray(dataset.mean if len(dataset.mean) else 0.0, np.float64))
    std = np.atleast_1d(np.asarray(dataset.std if len(dataset.std) else 1.0, np.float64))
    std = np.where(std > 0, std, 1.0)  # a constant channel is only centred
    pixel = 1.0 if images.dtype.is_floating_point else 1.0 / 255.0
    form = (-1, *[1] * (len(images.shape) - 1))
    put = lambda values: torch.as_tensor(values, dtype=dtype, device=images.device).reshape(form)  # noqa: E731
    return put(pixel / std), put(-mean / std)
