"""Random numbers that depend on nothing but what they are for.

Each is a hash of the seed, the step, the layer, the purpose and the position. So one seed draws the
same links in every storage format, on every device and in every process, whatever the order in
which layers are visited, and nothing has to be kept between updates.

The hash maps 32-bit numbers one to one, by two keys, multiplications and shifts: positions of a
layer never share a number, so choices by it are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .hash_factors import FACTORS

WORD = 0xFFFFFFFF
_LONG = (1 << 64) - 1

# What the numbers of an update are for.
DENSITY, REMOVAL, REGROWTH, WEIGHTS, SCORES, HOOK = range(6)


def _mixed(x: int) -> int:
    """Return splitmix64 of a whole number."""
    x = (x + 0x9E3779B97F4A7C15) & _LONG
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _LONG
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _LONG
    return x ^ (x >> 31)


@dataclass(frozen=True)
class Draws:
    """The random numbers of one update.

    Attributes
    ----------
    seed, step
        Seed of the run, and optimizer step of the update.
    """

    seed: int
    step: int

    def pair(self, layer: int, head: int, purpose: int) -> tuple[int, int]:
        """Return the two 32-bit keys of a stream."""
        x = _mixed(self.seed & _LONG)
        for part in (self.step, layer, head, purpose):
            x = _mixed(x ^ part)
        return x & WORD, x >> 32

    def number(self, layer: int, head: int, purpose: int) -> int:
        """Return a seed below 2**63 for a generator of another library."""
        first, second = self.pair(layer, head, purpose)
        return (second << 32 | first) >> 1


def hashed(keys: Tensor, first: int | Tensor, second: int | Tensor) -> Tensor:
    """Return a number in ``[0, 2**32)`` for each key (int64, not negative), in a new tensor."""
    x = torch.add(_tensor(first, keys), keys, alpha=FACTORS[0]).bitwise_and_(WORD)
    x ^= x >> 16
    x = torch.add(_tensor(second, keys), x, alpha=FACTORS[1]).bitwise_and_(WORD)
    x ^= x >> 15
    return x.mul_(FACTORS[2]).bitwise_and_(WORD)


def _tensor(key: int | Tensor, like: Tensor) -> Tensor:
    return key if isinstance(key, Tensor) else sent(key, like.device)


def sent(values: Any, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Return a list of numbers as a tensor on a device, without waiting for the device."""
    made = torch.tensor(values, dtype=dtype)
    if device.type != "cuda":
        return made.to(device) if device.type != "cpu" else made
    return made.pin_memory().to(device, non_blocking=True)


def compiled(tensor: Tensor) -> bool:
    """Return whether loops on a CPU do what a GPU does by operations on whole tensors."""
    return tensor.device.type == "cpu"


def hashed_grid(positions: Tensor, pairs: Sequence[tuple[int, int]]) -> Tensor:
    """Return the numbers of the same positions in several streams, ``(streams, positions)``."""
    if compiled(positions):
        from .loops import numbers

        out = torch.empty(len(pairs), positions.numel(), dtype=torch.int64)
        for row, (first, second) in zip(out.numpy(), pairs):
            numbers(positions.numpy(), np.uint32(first), np.uint32(second), row)
        return out
    columns = [[[key] for key in keys] for keys in zip(*pairs)]
    return hashed(positions, *sent(columns, positions.device).unbind(0))


def folded(keys: Tensor, n_possible: int) -> Tensor:
    """Return keys below 2**32; those of larger layers share numbers."""
    if n_possible <= WORD:
        return keys
    return hashed(keys >> 32, 0, 0) ^ (keys & WORD)


def uniform(chance: Tensor, dtype: torch.dtype) -> Tensor:
    """Return numbers strictly between 0 and 1 from hashed ones."""
    return _minus_uniform(chance, dtype).neg_()


def _minus_uniform(chance: Tensor, dtype: torch.dtype) -> Tensor:
    # In single precision the largest would round to 1, but for the factor.
    scale = 2.0**-32 if dtype == torch.float64 else (1 - 2.0**-24) * 2.0**-32
    return chance.to(dtype).mul_(-scale).sub_(2.0**-33)


def log_waiting(chance: Tensor, dtype: torch.dtype) -> Tensor:
    """Return log E for independent exponential waiting times E."""
    return _minus_uniform(chance, dtype).log1p_().neg_().log_()


def normal(chance: Tensor) -> Tensor:
    """Return standard normal numbers, float64."""
    u = uniform(chance, torch.float64)
    return u.mul_(2).sub_(1).erfinv_().mul_(2**0.5)
