"""safetensors files, in every type of number they can hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FormatError
from ...reading import reading

_PLAIN = {"F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """Return the tensors of a file by name; bfloat16 and float8 are widened to float32.

    Raises
    ------
    FormatError
        If the file is damaged.
    """
    from safetensors import safe_open

    with reading(path, "a readable safetensors file"):
        with safe_open(path, framework="numpy") as file:
            kinds = {key: file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118
            found = {k: file.get_tensor(k) for k, kind in kinds.items() if kind in _PLAIN}
        found |= _widened(path, {k: kind for k, kind in kinds.items() if kind not in _PLAIN})
    return {key: found[key] for key in kinds}


def _widened(path: Path, kinds: dict[str, str]) -> dict[str, NDArray[Any]]:
    """Read the types that numpy lacks from their places in the file."""
    import json

    if not kinds:
        return {}
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        found = {}
        for key, kind in kinds.items():
            begin, end = header[key]["data_offsets"]
            file.seek(8 + length + begin)
            found[key] = _wide(file.read(end - begin), kind, key).reshape(header[key]["shape"])
    return found


def _wide(data: bytes, kind: str, name: str) -> NDArray[np.float32]:
    if kind == "BF16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    if kind in ("F8_E4M3", "F8_E5M2"):
        table = _float8(4, 7, kind) if kind == "F8_E4M3" else _float8(5, 15, kind)
        return table[np.frombuffer(data, np.uint8)]
    raise FormatError(f"{name!r} is of type {kind}, which is not read: save it as float16 or wider")


def _float8(exponent_bits: int, bias: int, kind: str) -> NDArray[np.float32]:
    """Return the value of each of the 256 patterns; see Micikevicius et al. 2022, table 1."""
    codes = np.arange(256)
    mantissa_bits = 7 - exponent_bits
    exponent = (codes & 0x7F) >> mantissa_bits
    mantissa = (codes & (2**mantissa_bits - 1)) / 2**mantissa_bits
    values = np.where(
        exponent == 0, mantissa * 2.0 ** (1 - bias), (1 + mantissa) * 2.0 ** (exponent - bias)
    )
    if kind == "F8_E4M3":
        values[(codes & 0x7F) == 0x7F] = np.nan
    else:
        values[exponent == 31] = np.where(mantissa[exponent == 31] == 0, np.inf, np.nan)
    return (np.where(codes & 0x80, -1, 1) * values).astype(np.float32)
