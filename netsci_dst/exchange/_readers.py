"""Readers of weight files: each returns named weights and touches nothing but its file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..errors import FormatError, MissingDependency
from ._weights import NamedWeight, from_state, sparse
from .hdf5 import MARKS, read_mat73
from .mat5 import read_mat5
from .npz import read_npz, stored_sparse

Options = dict[str, Any]


def read_weights(
    path: str | Path,
    threshold: float = 0.0,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
) -> list[NamedWeight]:
    """Read the layers of a checkpoint, whose form is told by its name.

    ``.safetensors``; ``.pt``, ``.pth``, ``.bin`` (PyTorch, weights only); a Hugging Face model
    folder; ``.onnx``; ``.mat`` (any version); ``.npz``; a folder of ``weight_l*.npz``.

    Raises
    ------
    FormatError
        If the form is unknown, or the file is corrupt, or holds no weights.
    """
    path = Path(path)
    if not path.exists():
        raise FormatError(f"{path} does not exist")
    options: Options = {"threshold": threshold, "include": include, "exclude": exclude}
    if path.is_dir():
        return _folder(path, options)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        known = ", ".join(sorted(_READERS))
        raise FormatError(f"cannot tell the form of {path.name!r}; known endings: {known}")
    return reader(path, options)


def _folder(path: Path, options: Options) -> list[NamedWeight]:
    if list(path.glob("weight_l*.npz")):
        return _layer_files(path, options)
    for name in ("model.safetensors", "pytorch_model.bin"):
        if (path / name).is_file():
            return read_weights(path / name, **options)
    for name in ("model.safetensors.index.json", "pytorch_model.bin.index.json"):
        if (path / name).is_file():
            return _shards(path, name, options)
    raise FormatError(
        f"{path} holds neither a Hugging Face model (model.safetensors) nor weight_l*.npz files"
    )


def _shards(path: Path, index: str, options: Options) -> list[NamedWeight]:
    try:
        places = json.loads((path / index).read_bytes())["weight_map"]
        names = sorted(set(places.values()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{path / index} is corrupt: {error}") from error
    state: dict[str, NDArray[Any]] = {}
    for name in names:
        if Path(name).name != name:
            raise FormatError(f"{path / index} names a file outside its folder: {name!r}")
        read = _safetensors_state if name.endswith(".safetensors") else _torch_state
        state.update(read(path / name))
    missing = [key for key in places if key not in state]
    if missing:
        raise FormatError(f"{path} lacks {missing[0]!r}, which its index names")
    return from_state({key: state[key] for key in places}, **options)


def _safetensors_state(path: Path) -> dict[str, NDArray[Any]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            # Reduced precisions that numpy lacks are widened by torch where it is at hand.
            return {key: _tensor(file, key, path) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise FormatError(f"{path} is not a readable safetensors file: {error}") from error


def _tensor(file: Any, key: str, path: Path) -> NDArray[Any]:
    kind = file.get_slice(key).get_dtype()
    if kind not in ("BF16",) and not kind.startswith("F8"):
        return file.get_tensor(key)
    try:
        import torch
        from safetensors import safe_open
    except ImportError:
        raise MissingDependency("torch", "train", f"reading {kind} weights") from None
    with safe_open(path, framework="pt") as wide:
        return wide.get_tensor(key).to(torch.float32).numpy()


def _torch_state(path: Path) -> dict[str, NDArray[Any]]:
    try:
        import torch
    except ImportError:
        raise MissingDependency("torch", "train", "reading a PyTorch checkpoint") from None
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        # torch reports what it refuses to unpickle in many ways; none may run code.
        raise FormatError(
            f"{path} is not a PyTorch checkpoint of weights alone, and nothing else is unpickled: "
            "save model.state_dict() or safetensors"
        ) from error
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(loaded, dict) and isinstance(loaded.get(key), dict):
            loaded = loaded[key]
            break
    if not isinstance(loaded, dict):
        raise FormatError(f"{path} holds a {type(loaded).__name__}, not a state dict")
    return {
        str(key): (value.float() if value.is_floating_point() else value).to_dense().numpy()
        for key, value in loaded.items()
        if isinstance(value, torch.Tensor)
    }


def _safetensors(path: Path, options: Options) -> list[NamedWeight]:
    return from_state(_safetensors_state(path), **options)


def _torch(path: Path, options: Options) -> list[NamedWeight]:
    return from_state(_torch_state(path), **options)


def _onnx(path: Path, options: Options) -> list[NamedWeight]:
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError:
        raise MissingDependency("onnx", "exchange", "reading an ONNX model") from None
    try:
        model = onnx.load(str(path), load_external_data=False)
        constants = {item.name: item for item in model.graph.initializer}
    except Exception as error:
        raise FormatError(f"{path} is not a readable ONNX model: {error}") from error
    state: dict[str, NDArray[Any]] = {}
    for i, node in enumerate(model.graph.node):
        if node.op_type not in ("Gemm", "MatMul", "Conv") or len(node.input) < 2:
            continue
        item = constants.get(node.input[1])
        if item is None:
            continue
        if item.data_location == onnx.TensorProto.EXTERNAL:
            raise FormatError(f"{path} keeps weights in other files, which are not read")
        try:
            weight = numpy_helper.to_array(item)
        except Exception as error:
            raise FormatError(f"{path}: weight {item.name!r} is corrupt: {error}") from error
        flags = {attribute.name: attribute.i for attribute in node.attribute}
        if node.op_type == "MatMul" or (node.op_type == "Gemm" and not flags.get("transB", 0)):
            weight = weight.T
        name = item.name.removesuffix(".weight") or node.name or f"layer{i}"
        state[f"{name}.weight"] = weight
    return from_state(state, **options)


def _layer_files(path: Path, options: Options) -> list[NamedWeight]:
    files = sorted(path.glob("weight_l*.npz"), key=lambda file: _numbers(file.name))
    found = []
    for file in files:
        found.extend(_npz(file, options, file.stem))
    return found


def _npz(path: Path, options: Options, name: str | None = None) -> list[NamedWeight]:
    arrays = read_npz(path)
    if {"indices", "indptr", "data", "shape"} <= set(arrays):
        matrix = stored_sparse(arrays, path.stat().st_size, path)
        return [
            NamedWeight(
                name or path.stem, sparse(matrix, path.stem, options["threshold"]), oriented=False
            )
        ]
    return _matrices(arrays, options, path, name)


def _mat(path: Path, options: Options) -> list[NamedWeight]:
    try:
        with path.open("rb") as file:
            head = file.read(128)
        newer = head.startswith(MARKS)
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error}") from error
    if newer:
        return _matrices(read_mat73(path, path, path.stat().st_size), options, path)
    return _matrices(read_mat5(path), options, path)


def _matrices(
    arrays: dict[str, Any], options: Options, path: Path, name: str | None = None
) -> list[NamedWeight]:
    from fnmatch import fnmatchcase

    found: list[NamedWeight] = []
    for key, value in arrays.items():
        cells = _cells(key, value)
        for label, matrix in cells:
            if getattr(matrix, "ndim", 0) != 2 or min(matrix.shape) < 2:
                continue
            if matrix.dtype.kind not in "biuf":
                continue
            full_name = label if name is None or len(arrays) > 1 else name
            if options["include"] and not any(
                fnmatchcase(full_name, p) for p in options["include"]
            ):
                continue
            if any(fnmatchcase(full_name, pattern) for pattern in options["exclude"]):
                continue
            weight = sparse(matrix, full_name, options["threshold"])
            found.append(NamedWeight(full_name, weight, oriented=False))
    if not found:
        raise FormatError(f"{path} holds no matrix")
    return sorted(found, key=lambda weight: _numbers(weight.name))


def _cells(key: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, list):
        return [(f"{key}{i}", item) for i, item in enumerate(value, start=1)]
    return [(key, value)]


def _numbers(name: str) -> tuple[Any, ...]:
    return tuple(int(p) if p.isdigit() else p for p in re.split(r"(\d+)", name))


_READERS: dict[str, Callable[[Path, Options], list[NamedWeight]]] = {
    ".safetensors": _safetensors,
    ".pt": _torch,
    ".pth": _torch,
    ".bin": _torch,
    ".ckpt": _torch,
    ".onnx": _onnx,
    ".mat": _mat,
    ".npz": _npz,
}
