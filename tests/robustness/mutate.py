"""Damage to files, from a seed."""

from __future__ import annotations

import numpy as np


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Flip, drop, repeat, cut or overwrite a few bytes, or blow up a number."""
    raw = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        if not raw:
            return b""
        place = int(rng.integers(len(raw)))
        length = int(rng.integers(1, 1 + min(64, len(raw))))
        kind = rng.integers(8)
        if kind == 0:
            raw[place] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            raw[place] = int(rng.integers(256))
        elif kind == 2:
            del raw[place : place + length]
        elif kind == 3:
            raw[place:place] = raw[place : place + length]
        elif kind == 4:
            del raw[place:]
        elif kind == 5:
            raw[place : place + length] = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
        elif kind == 6:
            other = int(rng.integers(len(raw)))
            raw[place : place + length] = raw[other : other + length]
        else:
            digits = [i for i, byte in enumerate(raw) if 48 <= byte <= 57]
            if digits:
                at = digits[int(rng.integers(len(digits)))]
                raw[at : at + 1] = [b"99999999999", b"-1", b"1e400", b"nan", b"0"][
                    int(rng.integers(5))
                ]
    return bytes(raw)
