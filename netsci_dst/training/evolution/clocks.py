"""The first of many exponential clocks, on a CPU: most never need a logarithm."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .draws import hashed, log_waiting


def first_clocks(
    keys: Tensor, weights: Tensor, k: int, pair: tuple[int, int], many: int = 2**15
) -> Tensor | None:
    """Return the places of the ``k`` clocks that ring first, ascending.

    Clock i has the rate ``weights[i]``, positive, and the number of ``keys[i]``. None where it has
    to be found by looking at all of them: few clocks, another device, very unequal weights.
    """
    if keys.device.type != "cpu" or keys.numel() < many:
        return None
    from .loops import early as early_ones

    total = float(weights.sum())
    if not 0 < total < float("inf"):
        return None
    time = 1.2 * (k + 10) / total
    rates = weights.to(torch.float64).contiguous().numpy()
    for _ in range(6):
        # What rings before that time has a number below its rate times it: E = -log(1 - u) > u.
        places = np.empty(keys.numel(), np.int64)
        n = early_ones(keys.numpy(), rates, time, np.uint32(pair[0]), np.uint32(pair[1]), places)
        early = torch.from_numpy(places[:n])
        chance = hashed(keys[early], *pair)
        rings = log_waiting(chance, torch.float64).sub_(weights[early].to(torch.float64).log())
        if int((rings <= np.log(time)).sum()) >= k:
            return early[rings.topk(k, largest=False, sorted=False).indices].sort().values
        time *= 2
    return None
