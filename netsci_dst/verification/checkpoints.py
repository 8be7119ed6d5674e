"""Checkpoints: compared with their checksums without torch, so that any machine can."""

from __future__ import annotations

import json

from ..checksums import arrays_checksum
from ..errors import FormatError
from ..finding import OK, Finding, counted, noting
from ..reading import reading
from ..store import Store

FOLDER = "checkpoint"
_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U64": "uint64",
    "U32": "uint32",
    "U16": "uint16",
    "U8": "uint8",
    "BOOL": "bool",
}


def check_checkpoints(store: Store) -> list[Finding]:
    """Return what is found of the checkpoints of a run."""
    found: list[Finding] = []
    whole = 0
    with noting(found):
        for name in store.list(FOLDER):
            if name.endswith(".safetensors"):
                with noting(found):
                    check_checkpoint(store.read(f"{FOLDER}/{name}"), store.path(f"{FOLDER}/{name}"))
                    whole += 1
    if whole:
        match = "matches its checksum" if whole == 1 else "match their checksums"
        found.append(Finding(OK, f"{counted(whole, 'checkpoint')} {match}"))
    return found


def check_checkpoint(data: bytes, origin: str) -> None:
    """Compare a checkpoint with its checksum.

    Raises
    ------
    FormatError
        If it is damaged.
    """
    from safetensors import deserialize

    with reading(origin, "a readable checkpoint"):
        deserialize(data)  # checks that the places of the tensors fill the file
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + length])
        metadata = header.pop("__metadata__")
        parts = [
            (
                name,
                f"torch.{_TYPES[header[name]['dtype']]}",
                tuple(header[name]["shape"]),
                memoryview(data)[slice(*(8 + length + n for n in header[name]["data_offsets"]))],
            )
            for name in sorted(header)
        ]
        if metadata["crc32"] != arrays_checksum(metadata["netsci_dst"], parts):
            raise FormatError(f"{origin} does not match its checksum: it was changed or damaged")
