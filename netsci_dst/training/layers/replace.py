"""Put sparse layers into a model in place of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeGuard

import torch
from torch import Tensor, nn

from netsci_dst.errors import NetsciError, UnknownName

from .backend import choose_backend
from .base import SparseLayer
from .conv import SparseConv2d
from .linear import SparseLinear


def sparsify_module(
    model: nn.Module,
    names: Iterable[str],
    backend: str | Mapping[str, str] = "auto",
    keys: Mapping[str, Tensor] | None = None,
    density: float = 1.0,
    batch: int = 32,
    threads: int | None = None,
) -> dict[str, SparseLayer]:
    """Replace `torch.nn.Linear` and `torch.nn.Conv2d` modules by sparse layers, in place.

    Links keep the weights the modules have. Layers that are sparse already stay as they are.

    Parameters
    ----------
    names
        Module paths.
    backend
        ``"masked"``, ``"csr"``, or ``"auto"`` for `choose_backend`; one for all or by name.
        Convolutions are always masked.
    keys
        Links of each layer; all of them when left out.
    density, batch, threads
        What ``"auto"`` decides by; a layer with ``keys`` has its own density.

    Returns
    -------
    dict
        The sparse layers by name.

    Raises
    ------
    NetsciError
        If a name is no linear or convolutional layer of the model, or its weight is shared with
        another module.
    """
    modules = dict(model.named_modules())
    keys = keys or {}
    made: dict[str, SparseLayer] = {}
    for name in names:
        if name not in modules:
            raise UnknownName("module", name, [n for n, m in modules.items() if _can(m)])
        module = modules[name]
        if isinstance(module, SparseLayer):
            made[name] = module
            continue
        if not _can(module):
            raise NetsciError(
                f"{name!r} is a {type(module).__name__}; only Linear and Conv2d can be sparse"
            )
        _refuse_shared(name, module, modules)
        wanted = backend if isinstance(backend, str) else backend.get(name, "auto")
        sparse: SparseLayer
        if isinstance(module, nn.Conv2d):
            sparse = _convolution(module, wanted, keys.get(name))
        else:
            sparse = _linear(module, wanted, keys.get(name), density, batch, threads)
        sparse.train(module.training)
        _put(model, name, sparse)
        made[name] = sparse
    return made


def _can(module: nn.Module) -> TypeGuard[nn.Linear | nn.Conv2d]:
    return isinstance(module, nn.Linear | nn.Conv2d)


def _convolution(module: nn.Conv2d, backend: str, keys: Tensor | None) -> SparseConv2d:
    if backend == "csr":
        raise NetsciError("the csr backend is for linear layers; use masked for convolutions")
    convolution = SparseConv2d(module)
    if keys is not None:
        convolution.set_links(keys, _at(module.weight, keys))
    convolution.weight.requires_grad_(module.weight.requires_grad)
    return convolution


def _linear(
    module: nn.Linear,
    backend: str,
    keys: Tensor | None,
    density: float,
    batch: int,
    threads: int | None,
) -> SparseLinear:
    n_target, n_source = module.weight.shape
    device = module.weight.device
    if keys is None:
        keys = torch.arange(n_source * n_target, device=device)
    else:
        density = keys.numel() / (n_source * n_target)
    if backend == "auto":
        backend = choose_backend(n_source, n_target, density, batch, device, threads)
    linear = SparseLinear(
        n_source,
        n_target,
        False,
        keys,
        _at(module.weight, keys),
        backend,
        device,
        module.weight.dtype,
    )
    linear.bias = module.bias
    linear.weight.requires_grad_(module.weight.requires_grad)
    return linear


def _at(weight: Tensor, keys: Tensor) -> Tensor:
    flat = weight.detach().reshape(weight.shape[0], -1)
    keys = keys.to(weight.device)
    return flat[keys % flat.shape[0], keys // flat.shape[0]]


def _refuse_shared(
    name: str, module: nn.Linear | nn.Conv2d, modules: Mapping[str, nn.Module]
) -> None:
    for other, candidate in modules.items():
        if candidate is not module and getattr(candidate, "weight", None) is module.weight:
            raise NetsciError(
                f"{name!r} shares its weight with {other!r}; a shared weight cannot be sparse"
            )


def _put(model: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, leaf = name.rpartition(".")
    if not name:
        raise NetsciError("the model itself is the layer; wrap it in torch.nn.Sequential")
    setattr(model.get_submodule(parent), leaf, module)
