"""PyTorch files, read as weights alone: nothing in them is run."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from ...errors import FormatError, MissingDependency
from ...limits import Budget, check_size
from ...reading import one_line, reading

_BESIDE = re.compile(
    r"optim|sched|scaler|callback|loops|rng|^state$|param_groups|hyper|^args$|config|metric|history"
)
_MODELS = ("state_dict", "model_state_dict", "model", "module", "net", "network", "weights")
_DEEPEST = 8


def read_torch(path: Path) -> dict[str, Any]:
    """Return the tensors of the model in a file by name, dense or as scipy sparse matrices.

    The state dict may be nested under any keys; what belongs to optimizers and schedulers is left
    out. Of several models each keeps its key before its names.

    Raises
    ------
    FormatError
        If the file holds more than weights, is damaged, or asks for too much memory.
    """
    try:
        import torch
    except ImportError:
        raise MissingDependency("torch", "train", "reading a PyTorch checkpoint") from None
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with reading(path), zipfile.ZipFile(path) as archive:
            check_size(sum(item.file_size for item in archive.infolist()), size, path)
    try:
        # What torch thinks of its own forms is not the reader's business.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # torch reports what it refuses to unpickle in many ways; none may run code.
        raise FormatError(
            f"{path} is not a PyTorch checkpoint of weights alone, and nothing else is unpickled: "
            "save model.state_dict() or safetensors"
        ) from error
    found = dict(_flat(loaded, (), 0))
    if not found:
        kind = type(loaded).__name__
        raise FormatError(f"{path} holds a {kind} without tensors, not a state dict")
    with reading(path):
        tensors, budget = _of_the_model(found), Budget(size, path)
        arrays = {name: _array(tensor, name, budget) for name, tensor in tensors.items()}
        for name, mask in _sparsifier_masks(loaded).items():
            _apply(_array(mask, name, budget), name, arrays)
        return arrays


def _sparsifier_masks(value: Any, depth: int = 0) -> dict[str, Any]:
    """Return the masks that the sparsifiers of torch.ao.pruning keep, by weight."""
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return {}
    state = value.get("state")
    if isinstance(state, Mapping):
        kept = {k: v["mask"] for k, v in state.items() if isinstance(v, Mapping) and "mask" in v}
        if kept:
            return {str(name): mask for name, mask in kept.items()}
    found: dict[str, Any] = {}
    for item in value.values():
        found |= _sparsifier_masks(item, depth + 1)
    return found


def _apply(mask: Any, name: str, arrays: dict[str, Any]) -> None:
    path, _, leaf = name.rpartition(".")
    original = f"{path}.parametrizations.{leaf}.original".lstrip(".")
    if original in arrays:
        arrays[f"{original.removesuffix('original')}0.mask"] = mask
    elif name in arrays and arrays[name].shape == mask.shape:
        arrays[name] = arrays[name] * (mask != 0)


def _flat(value: Any, place: tuple[str, ...], depth: int) -> Iterator[tuple[tuple[str, ...], Any]]:
    import torch

    if isinstance(value, torch.Tensor):
        yield place, value
    elif depth < _DEEPEST and isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str) or (
                isinstance(item, (Mapping, list)) and _BESIDE.search(key)
            ):
                continue
            yield from _flat(item, (*place, key), depth + 1)
    elif depth < _DEEPEST and isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _flat(item, (*place, str(i)), depth + 1)


def _of_the_model(found: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    """Choose among state dicts side by side, and take the keys off that all have before them."""
    while len({place[0] for place in found}) > 1:
        firsts = {place[0] for place in found if len(place) > 1}
        known = next((name for name in _MODELS if name in firsts), None)
        nested = {p: v for p, v in found.items() if p[0] == known} if known else None
        if nested is None:
            # A mean or an epoch kept as a tensor beside one nested state dict is no layer.
            alone = len(firsts) == 1 and all(v.dim() < 2 for p, v in found.items() if len(p) == 1)
            if not alone:
                break
            nested = {p: v for p, v in found.items() if len(p) > 1}
        found = nested
    while len({place[0] for place in found}) == 1 and all(len(place) > 1 for place in found):
        found = {place[1:]: value for place, value in found.items()}
        if len({place[0] for place in found}) > 1:
            return _of_the_model(found)
    return {".".join(place): value for place, value in found.items()}


def _array(tensor: Any, name: str, budget: Budget) -> Any:
    import torch

    name = one_line(name)
    if tensor.is_meta:
        raise FormatError(f"tensor {name!r} is on the meta device: it has a shape but no numbers")
    if getattr(tensor, "is_nested", False):
        raise FormatError(f"tensor {name!r} is a nested tensor, not a weight")
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.is_complex():
        return np.empty(tuple(tensor.shape) and (0,), dtype=complex)
    if tensor.layout is not torch.strided:
        return _sparse(tensor, name, budget)
    # Strides of zero let a few bytes stand for any number of weights.
    budget.take(tensor.numel() * 4, f"tensor {name!r}")
    tensor = tensor.detach()
    return (tensor if tensor.dtype is torch.float64 else _single(tensor)).numpy()


def _single(tensor: Any) -> Any:
    return tensor.float() if tensor.is_floating_point() else tensor


def _sparse(tensor: Any, name: str, budget: Budget) -> Any:
    import torch

    if tensor.layout is torch.sparse_csr and tensor.dim() == 2:
        tensor = tensor.to_sparse_coo()
    if tensor.layout is not torch.sparse_coo or tensor.sparse_dim() != 2 or tensor.dense_dim():
        budget.take(tensor.numel() * 4, f"tensor {name!r}")
        return _single(tensor.to_dense()).numpy()
    tensor = tensor.detach().coalesce()
    rows, columns = tensor.indices().numpy()
    values = _single(tensor.values()).numpy()
    budget.take(8 * max(tensor.shape), f"tensor {name!r}")
    return scipy.sparse.csr_array((values, (rows, columns)), shape=tuple(tensor.shape))
