"""An example input as arguments of a model's forward pass, or a guess of one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

_IMAGE_SIZES = (32, 64, 28, 224, 16, 96, 128)


def arguments_of(model: nn.Module, example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return positional and named arguments, on the model's device.

    A tuple holds positional arguments, a mapping named ones; anything else is the one argument.
    """
    place = next((p.device for p in model.parameters()), torch.device("cpu"))
    example = _placed(example, place)
    if isinstance(example, Mapping):
        return (), dict(example)
    if isinstance(example, tuple) and not hasattr(example, "_fields"):
        return tuple(example), {}
    if isinstance(example, list) and not _takes_list(model):
        return tuple(example), {}
    return (example,), {}


def _takes_list(model: nn.Module) -> bool:
    return bool(getattr(model, "takes_list", False))


def _placed(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, Mapping):
        return {key: _placed(part, device) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return value  # a packed sequence
    if isinstance(value, tuple | list):
        return type(value)(_placed(part, device) for part in value)
    return value


def named_tensors(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of the arguments, the first called ``input``, others by their names."""
    names = list(inspect.signature(model.forward).parameters)
    first = True
    for place, value in enumerate(args):
        name = names[place] if place < len(names) else f"input{place}"
        for tensor in _tensors(value):
            yield ("input" if first else name), tensor
            first = False
    for name, value in kwargs.items():
        for tensor in _tensors(value):
            yield ("input" if first else name), tensor
            first = False


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(part)


def guessed(model: nn.Module) -> Iterator[Any]:
    """Yield inputs that the model may take, judged by its first layer."""
    dummy = getattr(model, "dummy_inputs", None)
    if isinstance(dummy, Mapping):
        yield dict(dummy)
    first = next((m for m in model.modules() if _begins(m)), None)
    if first is None:
        return
    dtype = next(iter(first.parameters())).dtype
    if isinstance(first, nn.Linear):
        yield torch.zeros(2, first.in_features, dtype=dtype)
    elif isinstance(first, nn.Embedding):
        yield torch.zeros(2, 8, dtype=torch.long)
    elif isinstance(first, nn.RNNBase):
        yield torch.zeros(2, 8, first.input_size, dtype=dtype)
    elif isinstance(first, nn.modules.conv._ConvNd):
        rank = len(first.kernel_size)
        for size in _IMAGE_SIZES[: None if rank < 3 else 2]:
            yield torch.zeros(2, first.in_channels, *[size] * rank, dtype=dtype)


def _begins(module: nn.Module) -> bool:
    kinds = (nn.Linear, nn.Embedding, nn.RNNBase, nn.modules.conv._ConvNd)
    return isinstance(module, kinds)
