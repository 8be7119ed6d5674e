"""The state of an engine as tensors and plain facts, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ...errors import FormatError
from .memory import LinkMemory

if TYPE_CHECKING:
    from .engine import Engine


def state_of(engine: Engine) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return tensors and JSON-compatible facts from which `restore` continues bit for bit."""
    tensors = {"generator": engine.generator.get_state()}
    for layer in engine.layers:
        tensors[f"{layer.name}/memory/keys"] = layer.memory.keys
        if layer.memory.values is not None:
            tensors[f"{layer.name}/memory/values"] = layer.memory.values
        if layer.momentum is not None:
            tensors[f"{layer.name}/momentum"] = layer.momentum
    facts: dict[str, Any] = {
        "stopped": {layer.name: layer.stopped for layer in engine.layers},
        "settled": {layer.name: layer.settled for layer in engine.layers},
        "bounds": {layer.name: layer.bounds for layer in engine.layers},
        "removal": engine.removal_state,
    }
    if engine.rule is not None:
        more, facts["rule"] = engine.rule.state()
        tensors |= {f"rule/{name}": tensor for name, tensor in more.items()}
    return tensors, facts


def restore(engine: Engine, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Let an engine continue from what `state_of` returned.

    Raises
    ------
    FormatError
        If the state is not of these layers.
    """
    try:
        engine.generator.set_state(tensors["generator"].cpu())
        for layer in engine.layers:
            keys = tensors[f"{layer.name}/memory/keys"]
            layer.memory = LinkMemory(keys, tensors.get(f"{layer.name}/memory/values"))
            momentum = tensors.get(f"{layer.name}/momentum")
            layer.momentum = None if momentum is None else momentum.clone()
            layer.stopped = list(facts["stopped"][layer.name])
            layer.settled = list(facts.get("settled", facts["stopped"])[layer.name])
            layer.bounds = [tuple(pair) for pair in facts["bounds"][layer.name]]
        engine.removal_state = dict(facts["removal"])
        if engine.rule is not None:
            own = {k[5:]: v for k, v in tensors.items() if k.startswith("rule/")}
            engine.rule.load(own, facts["rule"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise FormatError(f"the checkpoint does not fit this model: {error}") from error
