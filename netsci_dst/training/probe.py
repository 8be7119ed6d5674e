"""What each neuron does on a fixed batch: the activity that a snapshot stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .tasks.modes import evaluating

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
    found: dict[str, list[Tensor]] = {}
    with ExitStack() as stack, evaluating(model):
        for population in wiring.populations:
            handle = _watch(model, wiring, population, found)
            if handle is not None:
                stack.callback(handle.remove)
        forward()
    if inputs is not None and inputs.is_floating_point():
        for population in wiring.populations:
            if population.role == "input" and population.name not in found:
                _note(found, population, inputs)
    return {
        name: {"mean_abs": mean.cpu().numpy(), "positive": positive.cpu().numpy()}
        for name, (mean, positive) in found.items()
    }


def _watch(
    model: nn.Module, wiring: Wiring, population: Population, found: dict[str, list[Tensor]]
) -> Any:
    """Listen where a population's activity passes: at its own module, or into the next layer."""
    name = population.name
    output = wiring.outputs.get(name)
    leaving = wiring.leaving(name)
    if output is None and not leaving and population.role == "output":
        output = next(iter(wiring.feeding(name)), None)
    if output is not None and _module(model, output) is not None:
        return model.get_submodule(output).register_forward_hook(
            lambda module, args, result: _note(found, population, result)
        )
    if not leaving or _module(model, leaving[0]) is None:
        return None
    grid = wiring.grids.get(leaving[0], 1)
    return model.get_submodule(leaving[0]).register_forward_pre_hook(
        lambda module, args: _note(found, population, args[0], grid)
    )


def _module(model: nn.Module, path: str) -> nn.Module | None:
    """Return a module, or None for a part of a packed weight, which has none of its own."""
    try:
        return model.get_submodule(path)
    except AttributeError:
        return None


def _note(
    found: dict[str, list[Tensor]], population: Population, value: Any, grid: int = 1
) -> None:
    tensor = value[0] if isinstance(value, tuple) else value
    if not torch.is_tensor(tensor) or population.name in found:
        return
    if grid > 1 and tensor.shape[-1] == population.size * grid:
        tensor = tensor.unflatten(-1, (population.size, grid)).movedim(-1, 0)
    statistics = _statistics(tensor, population.size)
    if statistics is not None:
        found[population.name] = statistics


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


def activity_on(model: nn.Module, wiring: Wiring, probe: Any) -> dict[str, dict[str, np.ndarray]]:
    """Return what neurons do on a probe: a tensor, or a tuple or dict of arguments."""
    if probe is None:
        return {}
    named = dict(probe) if isinstance(probe, Mapping) else {}
    placed = () if named else probe if isinstance(probe, tuple) else (probe,)
    first = next(iter((*placed, *named.values())), None)
    inputs = first if torch.is_tensor(first) and first.is_floating_point() else None
    return activity(model, wiring, lambda: model(*placed, **named), inputs)


def probe_inputs(batch: Any) -> Tensor | None:
    """Return the first tensor of a batch where it is what the input neurons hold."""
    first = batch.tensors[0]
    return first if torch.is_tensor(first) and first.is_floating_point() else None
