"""Linear layers that keep their links only."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...formats import CsrLinear
from .base import Cut
from .linear import LinearSite
from .parts import add_to_bias


class CsrSite(LinearSite):
    """A linear layer that keeps its links only."""

    def _links(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        keys, n = self.module.keys.numpy(), self.module.n_target
        values = self.module.weight.detach().numpy()
        present = values != 0
        return keys[present] // n, keys[present] % n, values[present]

    def _reached(self, rows: Tensor) -> Tensor:
        from scipy.sparse import csr_matrix

        sources, targets, _ = self._links()
        shape = (self.module.n_source, self.module.n_target)
        matrix = csr_matrix((np.ones(len(sources), np.float32), (sources, targets)), shape=shape)
        return torch.from_numpy(np.asarray(rows.numpy() @ matrix) > 0)

    def reads(self, wanted: np.ndarray) -> np.ndarray:
        """See `Site.reads`."""
        sources, targets, _ = self._links()
        found = np.zeros(self.module.n_source, bool)
        found[sources[wanted[targets]]] = True
        return found

    def cut(self, cut: Cut) -> None:
        """See `Site.cut`."""
        module = self.module
        sources, targets, values = self._links()
        gone = (~cut.keep_in | cut.silent_in)[sources]
        assert self.inputs is not None
        moved = np.where(gone & self.inputs.constant[sources], self.inputs.values[sources], 0.0)
        added = np.bincount(targets, moved * values, module.n_target)
        add_to_bias(module, added, cut, module.n_target)
        stays = ~gone & (cut.keep_out & ~cut.silent_out)[targets]
        place_in, place_out = np.cumsum(cut.keep_in) - 1, np.cumsum(cut.keep_out) - 1
        n_target = int(cut.keep_out.sum())
        keys = place_in[sources[stays]].astype(np.int64) * n_target + place_out[targets[stays]]
        small = CsrLinear(
            int(cut.keep_in.sum()),
            n_target,
            module.bias is not None,
            torch.from_numpy(keys),
            torch.from_numpy(values[stays]),
            dtype=module.weight.dtype,
        )
        small.bias = module.bias
        small.train(module.training)
        module.__dict__ = small.__dict__
