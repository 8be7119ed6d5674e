"""What a layer inside a model receives: the features of a fully connected head."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .scores import undisturbed

# Samples at a time, and at most: correlations of features need no more.
_PART, _MOST = 500, 50_000


@torch.no_grad()
def received(model: nn.Module, path: str, samples: Tensor | None) -> np.ndarray | None:
    """Return the inputs of a module for samples of the model, flattened, float32 ``(n, d)``.

    Parameters
    ----------
    path
        The module.
    samples
        Inputs of the model; the first 50,000 are used. None gives None.
    """
    if samples is None:
        return None
    found: list[Tensor] = []
    module = model.get_submodule(path)
    watch = module.register_forward_pre_hook(
        lambda _, given: found.append(given[0].detach().flatten(1).float().cpu())
    )
    first = next(model.parameters())
    try:
        with undisturbed(model):
            model.eval()
            for part in samples[:_MOST].split(_PART):
                model(part.to(device=first.device, dtype=first.dtype))
    finally:
        watch.remove()
    return torch.cat(found).numpy()
