"""Units: neurons that are kept or removed together."""

from __future__ import annotations

import numpy as np

PINNED = 0


class Units:
    """Disjoint sets of labels; label `PINNED` stands for all that must stay.

    Examples
    --------
    >>> units = Units()
    >>> a, b = units.fresh(2), units.fresh(2)
    >>> units.join(a, b)
    >>> (units.roots(a) == units.roots(b)).all(), units.roots(a)[0] == units.roots(a)[1]
    (np.True_, np.False_)
    """

    def __init__(self) -> None:
        self._parent = np.zeros(1, np.int64)

    def __len__(self) -> int:
        return len(self._parent)

    def fresh(self, n: int) -> np.ndarray:
        """Return ``n`` labels, each a unit of its own."""
        first = len(self._parent)
        labels = np.arange(first, first + n)
        self._parent = np.concatenate([self._parent, labels])
        return labels

    def roots(self, labels: np.ndarray) -> np.ndarray:
        """Return one label for each unit; the pinned unit's is `PINNED`."""
        found = self._parent[labels]
        while True:
            above = self._parent[found]
            if np.array_equal(above, found):
                return found
            found = above

    def join(self, a: np.ndarray, b: np.ndarray | np.int64) -> None:
        """Make one unit of each pair of labels; the arrays broadcast."""
        a, b = np.broadcast_arrays(self.roots(np.asarray(a)), self.roots(np.asarray(b)))
        differ = a != b
        if not differ.any():
            return
        for one, other in np.unique(np.stack([a[differ], b[differ]], 1), axis=0):
            one, other = self._root(int(one)), self._root(int(other))
            # The smallest label is the root, so that the pinned unit's is always `PINNED`.
            self._parent[max(one, other)] = min(one, other)

    def pin(self, labels: np.ndarray) -> None:
        """Keep these units whatever else is found."""
        self.join(np.asarray(labels), np.int64(PINNED))

    def _root(self, label: int) -> int:
        while self._parent[label] != label:
            label = int(self._parent[label])
        return label
