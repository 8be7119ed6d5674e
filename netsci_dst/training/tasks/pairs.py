"""Sentence pairs as batches of about equal length, measured in tokens."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...errors import DataError, UnknownName
from .order import part
from .sending import sent
from .task import PROBE_SEQUENCES, Batch, Batches, BatchOptions


class PairBatches(Batches):
    """Sentence pairs with padding; ``batch_size`` counts tokens.

    A batch holds as many pairs as keep (number of pairs) × (longest sentence, source or target)
    within ``batch_size``. Pairs of like length go together, ties in random order, so epochs differ
    in their batches but not in how many there are.

    Attributes
    ----------
    references
        Target sentences of each held-out split, as text.
    decode
        From tokens to text.
    """

    one_shape = False

    def __init__(
        self, dataset: Any, options: BatchOptions, special: tuple[int, int, int], limit: int | None
    ) -> None:
        options.refuse("sentence pairs", "augment", "drop_last")
        self.options = options
        self.pad: int
        self.begin: int
        self.end: int
        self.pad, self.begin, self.end = special
        self._pairs = {
            split: pairs
            for split in ("train", "validation", "test")
            if (pairs := getattr(dataset, f"x_{split}", None)) is not None and len(pairs)
        }
        if "train" not in self._pairs or len(self._pairs) < 2:
            raise DataError("translation needs a train split and a split to evaluate on")
        self.splits: tuple[str, ...] = tuple(split for split in self._pairs if split != "train")
        self.references: dict[str, list[Any]] = {
            split: list(dataset.references[split])[:limit] for split in self.splits
        }
        self.limit = limit
        self.decode: Any = dataset.decode
        self._length = np.array([_longest(*pair) + 1 for pair in self._pairs["train"]])
        if self._length.max() > options.batch_size:
            raise DataError(
                f"a batch of {options.batch_size} tokens cannot hold the longest training pair, "
                f"of {self._length.max()}; raise the batch size (it counts tokens)"
            )

    @cached_property
    def steps_per_epoch(self) -> int:
        """Number of batches in one epoch."""
        return len(_packed(np.sort(self._length), self.options.batch_size))

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield batches ``(source, target in, target out)``, padded, each ``(samples, length)``."""
        options = self.options
        rng = np.random.default_rng([options.seed, epoch])
        ties = rng.random(len(self._length))
        order = np.lexsort((ties, self._length))
        batches = _packed(self._length[order], options.batch_size)
        for place in rng.permutation(len(batches))[start:]:
            batch = order[batches[place]]
            batch = batch[np.argsort(ties[batch])]  # so that processes share lengths evenly
            own, passed = part(batch, options.rank, options.world_size)
            share = self._tokens(own) * options.world_size / self._tokens(batch)
            batch = self._batch("train", passed, share)
            yield batch._replace(items=self._tokens(passed))

    def evaluation(self, split: str | None = None) -> Iterator[Batch]:
        """Yield batches of a held-out split in order; here ``evaluation_batch_size`` is pairs."""
        name = split or self.splits[0]
        if name not in self._pairs:
            raise UnknownName("split", name, self._pairs)
        n, size = len(self._pairs[name]), self.options.evaluation_batch_size
        n = n if self.limit is None else min(n, self.limit)
        for begin in range(0, n, size):
            yield self._batch(name, np.arange(begin, min(begin + size, n)))

    def probe(self, size: int) -> Batch:
        """Return the first pairs of the evaluation split; ``size`` counts source tokens."""
        name = self.splits[0]
        tokens = np.cumsum([len(source) + 1 for source, _ in self._pairs[name]])
        n = max(PROBE_SEQUENCES, 1 + int(np.searchsorted(tokens, size)))
        return self._batch(name, np.arange(min(n, len(tokens))))

    def _tokens(self, rows: NDArray[np.int64]) -> int:
        targets = self._pairs["train"].target
        return sum(len(targets[row]) + 1 for row in rows)

    def _batch(self, split: str, rows: NDArray[np.int64], share: float = 1.0) -> Batch:
        sources, targets = self._pairs[split].source, self._pairs[split].target
        source = _padded(sources, rows, self.pad, [], [self.end])
        before = _padded(targets, rows, self.pad, [self.begin], [])
        after = _padded(targets, rows, self.pad, [], [self.end])
        parts = [source, before, after]
        if torch.device(self.options.device).type == "cuda":
            # Of one width, so that shapes come again and their steps can be recorded.
            width = max(part.shape[1] for part in parts)
            parts = [
                np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=self.pad)
                for part in parts
            ]
        # One copy for all three.
        together = sent(np.concatenate([part.ravel() for part in parts]), self.options.device)
        flat = together.split([part.size for part in parts])
        tensors = tuple(tokens.view(part.shape) for tokens, part in zip(flat, parts))
        return Batch(tensors, len(rows), share)


def _longest(source: Any, target: Any) -> int:
    return max(len(source), len(target))


def _packed(lengths: NDArray[np.int64], tokens: int) -> list[slice]:
    """Cut increasing lengths into runs of which (count × longest) stays within ``tokens``."""
    batches, first = [], 0
    for i, length in enumerate(lengths):
        if (i - first + 1) * length > tokens:
            batches.append(slice(first, i))
            first = i
    batches.append(slice(first, len(lengths)))
    return batches


def _padded(
    sentences: Any, rows: NDArray[np.int64], pad: int, before: list[int], after: list[int]
) -> NDArray[np.int64]:
    """Return sentences with tokens before and after each, padded to the longest."""
    first = len(before)
    lengths = sentences.offsets[rows + 1] - sentences.offsets[rows]
    width = int(lengths.max(initial=0)) + first + len(after)
    found = np.full((len(rows), width), pad, dtype=np.int64)
    found[:, :first] = before
    for line, row, end in zip(found, rows, lengths + first):
        line[first:end] = sentences[row]
        line[end : end + len(after)] = after
    return found
