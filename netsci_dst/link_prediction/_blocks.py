"""Slices of the rows of a predictor's scores, whatever computes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .. import registry
from ._bipartite import Bipartite, bipartite, is_tensor
from ._pool import Pool
from ._threads import n_threads

# Matrices up to this many numbers are computed whole; larger ones in slices of this many.
_WHOLE = 2**25
_SLICE = 2**22


class Blocks:
    """The scores of one layer by one predictor, row slice by row slice."""

    def __init__(self, adjacency: Any, predictor: str, threads: int | None = None):
        self._entry = registry.get("link predictor", predictor)
        self._rule: Any = self._entry.metadata.get("rule")
        self._threads = threads
        self._adjacency: Any = adjacency
        self._on_device = is_tensor(adjacency) and adjacency.device.type != "cpu"
        if self._on_device and self._rule is not None:
            from ._tensors import zero_one

            self._adjacency = zero_one(adjacency)
        elif self._rule is not None:
            self._adjacency = bipartite(adjacency)
        n_source, n_target = (
            (self._adjacency.n_source, self._adjacency.n_target)
            if isinstance(self._adjacency, Bipartite)
            else np.shape(self._adjacency)
        )
        self.shape: tuple[int, int] = (n_source, n_target)

    def candidates(self, pool: Pool | None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield keys and scores of positive scores, above the threshold of the pool so far."""
        least = (lambda: pool.threshold) if pool is not None else (lambda: 0.0)
        if self._is_sparse_and_large():
            yield from self._sparse(least)
            return
        for low, block in self._slices():
            flat = block.reshape(-1)
            place = np.flatnonzero((flat > 0) & (flat >= least()) if least() else flat > 0)
            yield place + low * self.shape[1], flat[place]

    def at(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the scores of pairs."""
        if self._rule is None or self._on_device or np.prod(self.shape) <= _WHOLE:
            out = np.empty(len(u))
            for low, block in self._slices():
                inside = (u >= low) & (u < low + len(block))
                out[inside] = block[u[inside] - low, v[inside]]
            return out
        return self._rows_at(u, v)

    def _slices(self) -> Iterator[tuple[int, np.ndarray]]:
        if self._rule is not None and self._on_device:
            from ._tensors import row_blocks

            for low, _, block in row_blocks(self._adjacency, self._rule):
                yield low, block.double().cpu().numpy()
        elif self._rule is None:
            scores = self._entry.target(self._adjacency)
            yield 0, np.asarray(scores.cpu() if is_tensor(scores) else scores, np.float64)
        elif np.prod(self.shape) <= _WHOLE:
            from ._cpu import matrix

            yield 0, matrix(self._adjacency, self._rule, self._threads)
        else:
            yield from self._streamed()

    def _is_sparse_and_large(self) -> bool:
        if self._rule is None or self._on_device or np.prod(self.shape) <= _WHOLE:
            return False
        from ._cpu import keeps_contributions

        return not keeps_contributions(self._adjacency, self._rule)

    def _sparse(self, least: Callable[[], float]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        from ._cpu import n_paths, sparse_candidates

        n_source, workers = self.shape[0], n_threads(self._threads)
        # No more candidates than paths: this bounds what a slice can hold.
        size = max(1, int(_SLICE * n_source / max(n_paths(self._adjacency), 1.0)))

        def score(low: int) -> list[tuple[np.ndarray, np.ndarray]]:
            high = min(low + size, n_source)
            return list(sparse_candidates(self._adjacency, self._rule, low, high, least))

        lows = range(0, n_source, size)
        if workers == 1:
            for low in lows:
                yield from sparse_candidates(
                    self._adjacency, self._rule, low, min(low + size, n_source), least
                )
            return
        with ThreadPoolExecutor(workers) as threads:
            for first in range(0, len(lows), workers):
                for found in threads.map(score, lows[first : first + workers]):
                    yield from found

    def _streamed(self) -> Iterator[tuple[int, np.ndarray]]:
        from ._cpu import row_kernel
        from .ties import snap_ties

        n_source, n_target = self.shape
        kernel = row_kernel(self._adjacency, self._rule)
        step = max(1, _SLICE // n_target)

        def score(low: int) -> tuple[int, np.ndarray]:
            block = np.zeros((min(step, n_source - low), n_target))
            kernel(low, low + len(block), block)
            return low, snap_ties(block)

        workers = n_threads(self._threads)
        if workers == 1:
            yield from map(score, range(0, n_source, step))
            return
        with ThreadPoolExecutor(workers) as threads:
            # One round at a time, so that no more slices are held than threads.
            for first in range(0, n_source, step * workers):
                rounds = range(first, min(first + step * workers, n_source), step)
                yield from threads.map(score, rounds)

    def _rows_at(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        from ._cpu import row_kernel
        from .ties import snap_ties

        kernel = row_kernel(self._adjacency, self._rule)
        order = np.argsort(u, kind="stable")
        rows, starts = np.unique(u[order], return_index=True)
        out = np.empty(len(u))
        row = np.zeros((1, self.shape[1]))
        for source, pairs in zip(rows, np.split(order, starts[1:])):
            row[:] = 0.0
            kernel(source, source + 1, row)
            out[pairs] = snap_ties(row[0, v[pairs]])
        return out
