"""Readers of weight files: each returns named weights and touches nothing but its file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ..errors import FormatError, MissingDependency
from ._npz import read_npz
from ._weights import NamedWeight, from_state, sparse
from .mat5 import read_mat5

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
        matrix = _stored_sparse(arrays, path)
        return [
            NamedWeight(
                name or path.stem, sparse(matrix, path.stem, options["threshold"]), oriented=False
            )
        ]
    return _matrices(arrays, options, path, name)


def _stored_sparse(arrays: dict[str, NDArray[Any]], path: Path) -> Any:
    form = arrays.get("format", np.array("csr")).item()
    form = form.decode() if isinstance(form, bytes) else form
    kinds = {"csr": scipy.sparse.csr_array, "csc": scipy.sparse.csc_array}
    try:
        parts = (arrays["data"], arrays["indices"], arrays["indptr"])
        matrix = kinds[form](parts, shape=tuple(int(n) for n in arrays["shape"]))
        matrix.check_format(full_check=True)
    except (KeyError, ValueError, TypeError, OverflowError, MemoryError) as error:
        raise FormatError(f"{path} holds a corrupt sparse matrix: {error}") from error
    return matrix


def _mat(path: Path, options: Options) -> list[NamedWeight]:
    try:
        with path.open("rb") as file:
            head = file.read(128)
        newer = head.startswith((b"\x89HDF\r\n\x1a\n", b"MATLAB 7.3"))
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error}") from error
    if newer:
        return _mat73(path, options)
    return _matrices(read_mat5(path), options, path)


def _mat73(path: Path, options: Options) -> list[NamedWeight]:
    try:
        import h5py
    except ImportError:
        raise MissingDependency("h5py", "exchange", "reading a .mat file of version 7.3") from None
    found: dict[str, Any] = {}
    try:
        with h5py.File(path, "r") as file:
            for key in file:
                item = file[key]
                if isinstance(item, h5py.Dataset):
                    if item.dtype.kind in "biuf" and item.ndim == 2:
                        found[key] = np.asarray(item).T  # MATLAB stores columns first
                elif isinstance(item, h5py.Group) and {"ir", "jc", "data"} <= set(item):
                    columns = np.asarray(item["jc"])
                    rows = int(item.attrs["MATLAB_sparse"])
                    parts = (np.asarray(item["data"]), np.asarray(item["ir"]), columns)
                    found[key] = scipy.sparse.csc_array(parts, shape=(rows, columns.size - 1))
                    found[key].check_format(full_check=True)
    except (OSError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise FormatError(f"{path} is not a readable .mat file: {error}") from error
    return _matrices(found, options, path)


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
