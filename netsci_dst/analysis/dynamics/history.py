"""Which links a network had when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import scipy.sparse

__all__ = ["LinkHistory"]


@dataclass(frozen=True)
class Block:
    """Where links are possible: from some nodes to others, or among some nodes."""

    source: slice
    target: slice
    directed: bool

    def holds(self, u: NDArray[np.int64], v: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which links lie in the block."""
        inside = (u >= self.source.start) & (u < self.source.stop)
        return inside & (v >= self.target.start) & (v < self.target.stop)


@dataclass(frozen=True, eq=False)
class LinkHistory:
    """The links of a network at several times, on the same nodes.

    Attributes
    ----------
    times
        When each state was, increasing, shape ``(n_states,)``.
    n
        Number of nodes.
    states
        The links of each state as increasing numbers ``source * n + target``, each undirected
        link with its smaller node first.
    blocks
        Where links are possible.
    arrived
        For each node the first state that has it, shape ``(n,)``.
    unit
        Of the times: epochs, steps, states, or the user's.
    """

    times: NDArray[np.float64]
    n: int
    states: tuple[NDArray[np.int64], ...]
    blocks: tuple[Block, ...]
    arrived: NDArray[np.int64]
    unit: str = "states"

    def __repr__(self) -> str:
        last = len(self.states[-1]) if self.states else 0
        return (
            f"LinkHistory({len(self.times)} states by {self.unit}, {self.n:,} nodes, "
            f"{last:,} links in the last)"
        )

    def ends(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return source and target of links given by number."""
        return keys // self.n, keys % self.n

    def degrees(self, state: int) -> NDArray[np.int64]:
        """Return the degree of each node in a state, shape ``(n,)``."""
        return self.count(self.states[state])

    def count(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many of some links each node has, shape ``(n,)``."""
        return np.bincount(np.concatenate(self.ends(keys)), minlength=self.n).astype(np.int64)

    def gained(self, state: int) -> NDArray[np.int64]:
        """Return the links of the next state that this one lacks."""
        return np.setdiff1d(self.states[state + 1], self.states[state], assume_unique=True)

    def lost(self, state: int) -> NDArray[np.int64]:
        """Return the links of this state that the next one lacks."""
        return np.setdiff1d(self.states[state], self.states[state + 1], assume_unique=True)

    def adjacency(self, state: int) -> scipy.sparse.csr_array:
        """Return the symmetric boolean adjacency of a state."""
        import scipy.sparse

        from ...graphs import as_adjacency

        u, v = self.ends(self.states[state])
        ends = (np.concatenate([u, v]), np.concatenate([v, u]))
        values = np.ones(2 * u.size, dtype=bool)
        return as_adjacency(scipy.sparse.coo_array((values, ends), shape=(self.n, self.n)))

    def within(self, keys: NDArray[np.int64]) -> Iterator[tuple[Block, NDArray[np.int64]]]:
        """Yield each block with those of some links that lie in it."""
        u, v = self.ends(keys)
        for block in self.blocks:
            yield block, keys[block.holds(u, v)]
