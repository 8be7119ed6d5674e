"""What each neuron does on a fixed batch: the activity that a snapshot stores."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .tasks._modes import evaluating

if TYPE_CHECKING:
    import numpy as np

    from ..topology import Population
    from .wiring import Wiring


def activity(
    model: nn.Module, wiring: Wiring, forward: Callable[[], Any], inputs: Tensor | None = None
) -> dict[str, dict[str, np.ndarray]]:
    """Return per population ``mean_abs`` = E|h_i| and ``positive`` = share of samples with h_i > 0.

    Parameters
    ----------
    forward
        Passes the probe batch through the model.
    inputs
        What the input population holds, where the batch says so directly.
    """
    by_name = {population.name: population for population in wiring.populations}
    sums: dict[str, list[Tensor]] = {}

    def watch(population: Population) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            tensor = output[0] if isinstance(output, tuple) else output
            found = _statistics(tensor, population.size)
            if found is not None:
                sums.setdefault(population.name, found)

        return hook

    with ExitStack() as stack, evaluating(model):
        for name, path in wiring.outputs.items():
            handle = model.get_submodule(path).register_forward_hook(watch(by_name[name]))
            stack.callback(handle.remove)
        forward()
    if inputs is not None and inputs.is_floating_point():
        for population in wiring.populations:
            if population.role == "input" and population.name not in sums:
                found = _statistics(inputs, population.size)
                if found is not None:
                    sums[population.name] = found
    return {
        name: {"mean_abs": mean.cpu().numpy(), "positive": positive.cpu().numpy()}
        for name, (mean, positive) in sums.items()
    }


def _statistics(tensor: Tensor, size: int) -> list[Tensor] | None:
    """Mean over everything but the neurons: channels of an image, the last axis otherwise."""
    tensor = tensor.detach()
    if tensor.dim() == 4 and tensor.shape[1] == size:
        tensor = tensor.movedim(1, -1)
    elif tensor.shape[-1] != size:
        tensor = tensor.flatten(1)
        if tensor.shape[-1] != size:
            return None
    rows = tensor.reshape(-1, size)
    return [rows.abs().mean(0).float(), (rows > 0).float().mean(0)]


def probe_inputs(batch: Any) -> Tensor | None:
    """Return the first tensor of a batch where it is what the input neurons hold."""
    first = batch.tensors[0]
    return first if torch.is_tensor(first) and first.is_floating_point() else None
