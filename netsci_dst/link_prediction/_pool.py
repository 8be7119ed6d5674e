"""The best candidates seen so far, in bounded memory."""

from __future__ import annotations

import numpy as np

_SPARE = 2**20


class Pool:
    """Keep the ``k`` largest scores of a stream, those that tie at the end at random.

    Parameters
    ----------
    k
        How many to keep.
    rng
        Source of the order of ties.
    keep_ties
        Keep all that tie with the last kept one, for a later, finer order.
    """

    def __init__(self, k: int, rng: np.random.Generator, keep_ties: bool = False):
        self._k, self._rng, self._keep_ties = k, rng, keep_ties
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._size = 0
        self.threshold = 0.0

    def add(self, keys: np.ndarray, scores: np.ndarray) -> None:
        """Take candidates into account; those below the threshold fall out at once."""
        if self._k == 0:
            return
        passed = scores >= self.threshold
        if not passed.all():
            keys, scores = keys[passed], scores[passed]
        self._parts.append((keys, scores, self._rng.random(len(keys))))
        self._size += len(keys)
        if self._size > 2 * self._k + _SPARE:
            self._shrink()

    def content(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return keys, scores and the random numbers that order ties."""
        self._shrink()
        if not self._parts:
            return np.empty(0, np.int64), np.empty(0), np.empty(0)
        return self._parts[0]

    def best(self) -> tuple[np.ndarray, np.ndarray]:
        """Return keys and scores, best first."""
        keys, scores, chance = self.content()
        order = np.lexsort((chance, -scores))[: self._k]
        return keys[order], scores[order]

    def _shrink(self) -> None:
        if not self._parts:
            return
        keys, scores, chance = (np.concatenate(part) for part in zip(*self._parts))
        if len(keys) > self._k:
            self.threshold = float(np.partition(scores, len(scores) - self._k)[-self._k])
            kept = scores >= self.threshold
            if not self._keep_ties:
                above = scores > self.threshold
                tied = np.flatnonzero(kept & ~above)
                tied = tied[np.argsort(chance[tied])[: self._k - int(above.sum())]]
                kept = above
                kept[tied] = True
            keys, scores, chance = keys[kept], scores[kept], chance[kept]
        self._parts = [(keys, scores, chance)]
        self._size = len(keys)
