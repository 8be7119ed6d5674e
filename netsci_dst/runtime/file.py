"""Programs as safetensors files, read and written with NumPy alone."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FormatError
from .network import Network
from .program import Program, Step

FORMAT_VERSION = 1
_KEY = "netsci_dst.runtime"
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "U16": "<u2",
    "U8": "|u1",
}
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_LARGEST_HEADER = 100_000_000


def save(program: Program, path: str | os.PathLike[str]) -> None:
    """Write a network; an existing file is replaced at once or not at all.

    Parameters
    ----------
    program
        The network.
    path
        Where; an existing file is replaced at once or not at all.

    Raises
    ------
    FormatError
        If an array's numbers are of a type that the file cannot hold.

    Examples
    --------
    >>> import tempfile
    >>> w = np.array([[1.0, 2.0]], dtype=np.float32)
    >>> step = Step("linear", ("input",), "y", arrays={"weight": "w"})
    >>> save(Program((2,), (step,), {"w": w}), tempfile.mkdtemp() + "/network.safetensors")
    """
    header: dict[str, Any] = {"__metadata__": {_KEY: json.dumps(_facts(program))}}
    parts: list[bytes] = []
    at = 0
    for name, array in program.constants.items():
        data = np.ascontiguousarray(array)
        dtype = data.dtype.newbyteorder("<")
        if dtype not in _NAMES:
            raise FormatError(f"array {name!r} has numbers of type {data.dtype}")
        raw = data.astype(dtype, copy=False).tobytes()
        header[name] = {
            "dtype": _NAMES[dtype],
            "shape": list(data.shape),
            "data_offsets": [at, at + len(raw)],
        }
        parts.append(raw)
        at += len(raw)
    text = json.dumps(header, allow_nan=False).encode()
    text += b" " * (-len(text) % 8)
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(len(text).to_bytes(8, "little") + text + b"".join(parts))
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Network:
    """Return a network that is ready to run.

    Parameters
    ----------
    path
        What `save` or ``netsci-dst deploy`` wrote.

    Returns
    -------
    Network
        To call with a batch of samples.

    Raises
    ------
    FormatError
        If the file is none of ours, damaged, or of a newer format version.

    Examples
    --------
    >>> import tempfile
    >>> w = np.array([[1.0, 2.0]], dtype=np.float32)
    >>> step = Step("linear", ("input",), "y", arrays={"weight": "w"})
    >>> file = tempfile.mkdtemp() + "/network.safetensors"
    >>> save(Program((2,), (step,), {"w": w}), file)
    >>> load(file)(np.ones((1, 2), dtype=np.float32)).tolist()
    [[3.0]]
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    try:
        header, start = _header(data)
        facts = json.loads(header.pop("__metadata__")[_KEY])
        version = facts["format"]
        if not isinstance(version, int) or version > FORMAT_VERSION:
            raise FormatError(
                f"{path} has format version {version}; this netsci-dst reads up to "
                f"{FORMAT_VERSION}: install a newer one"
            )
        constants = {name: _array(entry, data, start) for name, entry in header.items()}
        return Network(_program(facts, constants))
    except FormatError:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FormatError(f"{path} is not a network of netsci_dst.runtime: {error}") from error


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > min(len(data) - 8, _LARGEST_HEADER):
        raise ValueError("it is no safetensors file, or cut short")
    return json.loads(data[8 : 8 + length]), 8 + length


def _array(entry: Mapping[str, Any], data: bytes, start: int) -> np.ndarray:
    dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), [int(n) for n in entry["shape"]]
    first, last = (start + int(offset) for offset in entry["data_offsets"])
    if min(shape, default=0) < 0 or not start <= first <= last <= len(data):
        raise ValueError("an array lies outside the file")
    if last - first != math.prod(shape) * dtype.itemsize:
        raise ValueError("an array's size and its shape differ")
    return np.frombuffer(data, dtype, math.prod(shape), first).reshape(shape)


def _facts(program: Program) -> dict[str, Any]:
    return {
        "format": FORMAT_VERSION,
        "shape": list(program.shape),
        "steps": [
            [s.operation, list(s.inputs), s.output, dict(s.options), dict(s.arrays)]
            for s in program.steps
        ],
        "facts": dict(program.facts),
    }


def _program(facts: Mapping[str, Any], constants: Mapping[str, np.ndarray]) -> Program:
    steps = tuple(
        Step(operation, tuple(inputs), output, options, arrays)
        for operation, inputs, output, options, arrays in facts["steps"]
    )
    return Program(tuple(facts["shape"]), steps, constants, facts["facts"])
