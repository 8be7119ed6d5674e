"""A device that is not the CPU, pretended, so that what a GPU would refuse fails anywhere.

Its numbers lie in the CPU's memory and are computed there. Its tensors say that they are on another
device: the ways of the code for GPUs are taken, and operations on tensors of two devices raise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

# A name that PyTorch knows and for which it loads nothing.
DEVICE = torch.device("meta")
# Operations that copy between devices, or take positions from the CPU, on a GPU, too.
_MAY_MIX = {"copy_", "_to_copy", "index", "index_put", "index_put_", "_index_put_impl_"}


class OtherTensor(Tensor):
    """A tensor on the pretended device."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> OtherTensor:
        made = torch.Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), storage_offset=inner.storage_offset(),
            dtype=inner.dtype, device=DEVICE, requires_grad=inner.requires_grad,
        )  # fmt: skip
        made.inner = inner
        return made

    def numpy(self, **_: Any) -> Any:
        raise TypeError("a tensor of another device cannot be read by NumPy; use .cpu()")

    def data_ptr(self) -> int:
        return self.inner.data_ptr()

    def tolist(self) -> list[Any]:
        return self.inner.tolist()

    def _set_data(self, value: Tensor) -> None:
        torch.Tensor.data.__set__(self, value)  # type: ignore[attr-defined]
        self.inner = _inner(value)

    data = property(Tensor.detach, _set_data)

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


class _Pretend(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return _run(function, args, kwargs or {})


def _inner(value: Any) -> Any:
    return value.inner if isinstance(value, OtherTensor) else value


def _outer(value: Any) -> Any:
    plain = isinstance(value, Tensor) and not isinstance(value, OtherTensor)
    return OtherTensor(value) if plain and value.layout == torch.strided else value


def _run(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    name = function._schema.name.split("::")[1]
    tensors = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
    # Sparse ones are made of parts that were checked, and are not wrapped.
    there = [isinstance(t, OtherTensor) or t.layout != torch.strided for t in tensors]
    here = [t for t, elsewhere in zip(tensors, there) if not elsewhere and t.dim() > 0]
    if any(there) and here and name not in _MAY_MIX:
        raise RuntimeError(f"{name}: tensors on two devices")
    goes = any(there)
    if kwargs.get("device") is not None:
        goes = torch.device(kwargs["device"]) == DEVICE
        kwargs = {**kwargs, "device": torch.device("cpu")}
    found = function(*tree_map(_inner, args), **tree_map(_inner, kwargs))
    if function._schema.is_mutable and name.endswith("_"):
        return args[0] if isinstance(args[0], Tensor) else None
    if kwargs.get("out") is not None:
        return kwargs["out"]
    return tree_map(_outer, found) if goes else found


@contextmanager
def other_device() -> Iterator[torch.device]:
    """Return the pretended device, on which tensors can be made and used inside the block."""
    tensor, generator = torch.tensor, torch.Generator

    def made(data: Any, *args: Any, device: Any = None, **kwargs: Any) -> Tensor:
        found = tensor(data, *args, **kwargs)
        return found if device is None else found.to(device)

    with (
        patch.object(torch, "tensor", made),
        patch.object(torch, "Generator", lambda device=None: generator()),
        _Pretend(),
    ):
        yield DEVICE
