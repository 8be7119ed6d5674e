"""Reading a checkpoint, whose form is told by its name; only its own files are touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ...errors import FormatError
from ...reading import reading
from ..hdf5 import MARKS, read_mat73
from ..mat5 import read_mat5
from ..npz import read_npz, stored_sparse
from .matrices import from_matrices
from .named_weight import Found, NamedWeight, Options, sparse
from .natural import natural
from .onnx_file import read_onnx
from .safetensors_file import read_safetensors
from .state_dict import from_state
from .torch_file import read_torch


def read_weights(
    path: str | Path,
    threshold: float = 0.0,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> Found:
    """Read the layers of a checkpoint.

    ``.safetensors``; ``.pt``, ``.pth``, ``.bin``, ``.ckpt`` (PyTorch, weights only); a Hugging Face
    model folder; ``.onnx``; ``.mat`` (any version); ``.npz``; a folder of ``weight_l*.npz``.

    Raises
    ------
    FormatError
        If the form is unknown, or the file is corrupt, or holds no weights.
    """
    path = Path(path)
    options = Options(threshold, tuple(include), tuple(exclude))
    with reading(path):
        return _read(path, options)


def _read(path: Path, options: Options) -> Found:
    try:
        if not path.exists():
            raise FormatError(f"{path} does not exist")
        if path.is_dir():
            return _folder(path, options)
        if not path.is_file():
            raise FormatError(f"{path} is no regular file")
        reader = _READERS.get(path.suffix.lower())
        if reader is None:
            known = ", ".join(sorted(_READERS))
            raise FormatError(f"cannot tell the form of {path.name!r}; known endings: {known}")
        return reader(path, options)
    except FormatError as error:
        if str(path) in str(error):
            raise
        raise FormatError(f"{path}: {error}") from error


def _folder(path: Path, options: Options) -> Found:
    layers = sorted(path.glob("weight_l*.npz"), key=lambda file: natural(file.name))
    if layers:
        return Found([w for file in layers for w in _npz_weights(file, options, file.stem)])
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (path / name).is_file():
            return _READERS[Path(name).suffix](path / name, options)
    for name in ("model.safetensors.index.json", "pytorch_model.bin.index.json"):
        if (path / name).is_file():
            return _shards(path, name, options)
    if (path / "adapter_config.json").is_file():
        raise FormatError(
            f"{path} is a LoRA adapter, not a network by itself: merge it into its base "
            "(model.merge_and_unload() of peft) and save that"
        )
    raise FormatError(
        f"{path} holds neither a Hugging Face model (model.safetensors) nor weight_l*.npz files"
    )


def _shards(path: Path, index: str, options: Options) -> Found:
    with reading(path / index):
        places = json.loads((path / index).read_bytes())["weight_map"]
        names = sorted(set(places.values()))
    state: dict[str, Any] = {}
    for name in names:
        if Path(name).name != name:
            raise FormatError(f"{path / index} names a file outside its folder: {name!r}")
        read = read_safetensors if name.endswith(".safetensors") else read_torch
        state.update(read(path / name))
    missing = [key for key in places if key not in state]
    if missing:
        raise FormatError(f"{path} lacks {missing[0]!r}, which its index names")
    weights = from_state({key: state[key] for key in places}, options, ordered=False)
    return Found(weights, False, _config(path))


def _config(folder: Path) -> dict[str, Any]:
    """Return the ``config.json`` of a Hugging Face model; empty where there is none."""
    file = folder / "config.json"
    if not file.is_file():
        return {}
    with reading(file):
        found = json.loads(file.read_bytes())
    if not isinstance(found, dict):
        raise FormatError(f"{file} is corrupt: it holds no object")
    if found.get("quantization_config"):
        method = found["quantization_config"]
        name = method.get("quant_method", "some way") if isinstance(method, dict) else method
        raise FormatError(f"{folder} is quantised by {name}: dequantise it first, then import")
    return found


def _safetensors(path: Path, options: Options) -> Found:
    config = _config(path.parent)
    return Found(from_state(read_safetensors(path), options, ordered=False), False, config)


def _torch(path: Path, options: Options) -> Found:
    weights = from_state(read_torch(path), options, ordered=True)
    return Found(weights, True, _config(path.parent) if path.suffix == ".bin" else {})


def _onnx(path: Path, options: Options) -> Found:
    return Found(read_onnx(path, options))


def _npz(path: Path, options: Options) -> Found:
    return Found(_npz_weights(path, options))


def _npz_weights(path: Path, options: Options, name: str | None = None) -> list[NamedWeight]:
    arrays = read_npz(path)
    if {"indices", "indptr", "data", "shape"} <= set(arrays):
        matrix = stored_sparse(arrays, path.stat().st_size, path)
        weight = sparse(matrix, path.stem, options.threshold)
        return [NamedWeight(name or path.stem, weight, oriented=False)]
    if name is not None and len(arrays) == 1:
        arrays = {name: next(iter(arrays.values()))}
    return from_matrices(arrays, options)


def _mat(path: Path, options: Options) -> Found:
    with path.open("rb") as file:
        newer = file.read(128).startswith(MARKS)
    size = path.stat().st_size
    arrays = read_mat73(path, path, size) if newer else read_mat5(path)
    return Found(from_matrices(arrays, options))


_READERS: dict[str, Callable[[Path, Options], Found]] = {
    ".safetensors": _safetensors,
    ".pt": _torch,
    ".pth": _torch,
    ".bin": _torch,
    ".ckpt": _torch,
    ".onnx": _onnx,
    ".mat": _mat,
    ".npz": _npz,
}
