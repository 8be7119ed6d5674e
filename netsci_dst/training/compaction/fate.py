"""Which units stay."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .follow import Follower
from .sites import Cut, Site
from .units import PINNED


class Fate:
    """Which units of a followed model matter, and which have to stay although they do not.

    A unit matters when it is pinned, or when a layer reads it where it is not constant, into a
    unit that matters. No layer is left without any feature, so a unit may stay that nothing reads:
    a silent one.
    """

    def __init__(self, follower: Follower):
        self._units, self._sites = follower.units, list(follower.sites.values())
        self.needed: NDArray[np.bool_] = np.zeros(len(self._units), bool)
        self.needed[PINNED] = True
        self._spread()
        self.kept: NDArray[np.bool_] = self.needed.copy()
        for vector in follower.vectors.values():
            self._keep_one(vector)
        for site in self._sites:
            if site.inputs is not None:
                self._keep_one(site.inputs.labels)
            self._keep_one(site.outputs)

    def _spread(self) -> None:
        before = -1
        while before != self.needed.sum():
            before = self.needed.sum()
            for site in reversed(self._sites):
                if site.inputs is None:
                    continue
                wanted = self.needed[self._units.roots(site.outputs)]
                read = site.reads(wanted) & ~site.inputs.constant
                self.needed[self._units.roots(site.inputs.labels[read])] = True

    def _keep_one(self, labels: np.ndarray) -> None:
        roots = self._units.roots(labels)
        if len(roots) and not self.kept[roots].any():
            self.kept[roots[0]] = True

    def of(self, labels: np.ndarray) -> np.ndarray:
        """Return which of these neurons stay."""
        return self.kept[self._units.roots(labels)]

    def cut(self, site: Site) -> Cut:
        """Return what stays of a layer."""
        silent = self.kept & ~self.needed
        inputs = site.outputs if site.inputs is None else site.inputs.labels
        at = [self._units.roots(labels) for labels in (inputs, site.outputs)]
        return Cut(self.kept[at[0]], self.kept[at[1]], silent[at[0]], silent[at[1]])
