"""Names and attributes of the members of populations as tensors, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import TopologyError
from .population import Population

_NONE = 0xFF  # a byte that occurs in no UTF-8 text


def encode(i: int, population: Population) -> dict[str, NDArray[Any]]:
    """Return the tensors of the i-th population, for `decode`."""
    found: dict[str, NDArray[Any]] = {}
    if population.names is not None:
        found |= _encode_texts(f"names/{i}", population.names)
    for j, values in enumerate(population.attributes.values()):
        key = f"attributes/{i}/{j}"
        found |= _encode_texts(key, values) if values.dtype == object else {key: values}
    return found


def decode(
    i: int, size: int, keys: list[str], tensors: Mapping[str, NDArray[Any]]
) -> dict[str, Any]:
    """Return the ``names`` and ``attributes`` of the i-th population.

    Raises
    ------
    TopologyError
        If a tensor is missing or contradicts itself.
    """
    names = _decode_texts(f"names/{i}", size, tensors) if f"names/{i}/bytes" in tensors else None
    columns = {}
    for j, key in enumerate(keys):
        place = f"attributes/{i}/{j}"
        if place in tensors:
            columns[key] = tensors[place]
        else:
            texts = _decode_texts(place, size, tensors)
            columns[key] = np.fromiter(texts, dtype=object, count=size)
    return {"names": names, "attributes": columns}


def _encode_texts(key: str, texts: Any) -> dict[str, NDArray[Any]]:
    parts = [bytes([_NONE]) if text is None else text.encode() for text in texts]
    sizes = np.array([len(part) for part in parts], dtype=np.uint32)
    # An empty tensor is stored, too: a file says how many names there are.
    return {f"{key}/bytes": np.frombuffer(b"".join(parts), np.uint8), f"{key}/sizes": sizes}


def _decode_texts(key: str, size: int, tensors: Mapping[str, NDArray[Any]]) -> list[str | None]:
    try:
        data, sizes = tensors[f"{key}/bytes"], tensors[f"{key}/sizes"].astype(np.int64)
    except KeyError as error:
        raise TopologyError(f"the tensor {error} is missing") from None
    if sizes.shape != (size,) or data.ndim != 1 or int(sizes.sum()) != data.size:
        raise TopologyError(f"the texts of {key} do not fill its tensors")
    whole = data.tobytes()
    ends = np.cumsum(sizes).tolist()
    parts = [whole[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    try:
        return [None if part == bytes([_NONE]) else part.decode() for part in parts]
    except UnicodeDecodeError as error:
        raise TopologyError(f"the texts of {key} are no UTF-8: {error}") from None
