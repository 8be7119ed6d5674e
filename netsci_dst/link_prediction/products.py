"""Products of a matrix with one of zeros and ones, on tensor cores without loss.

Tensor cores multiply short numbers, of which zeros and ones are some, and cut off what does not fit
when they add up. So the other factor is written as two numbers of at most eleven bits, multiples of
powers of two that are the same for a row and so large that sums of such numbers are exact.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

# Tensor cores want rows that begin at multiples of 16 bytes, and whole tiles.
_ALIGNED = 128
# Bits of float16, and of the sums.
_SHORT, _LONG = 11, 24


def on_tensor_cores(x: Tensor) -> bool:
    """Return whether products of this tensor go to tensor cores: float32 on a GPU."""
    return x.dtype == torch.float32 and x.device.type == "cuda"


def halves(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return numbers that are not negative as sums of two float16, times a unit for each row.

    Parameters
    ----------
    x
        float32, shape ``(..., n)``.

    Returns
    -------
    tuple
        ``high`` and ``low``, float16 like ``x``, and ``unit``, float32 ``(..., 1)``:
        ``unit * (high + low)`` differs from ``x`` by at most 2**-25 of the row's largest number
        where a row has up to 2048 numbers, by 2**-23 up to 8192, or by 2**-23 of ``x`` itself where
        that is more. Sums of any of the ``high``, or of the ``low``, are exact in float32.
    """
    room = max(1, x.shape[-1] - 1).bit_length()
    largest = x.amax(-1, keepdim=True).clamp_(min=2.0**-100)
    unit = torch.exp2(largest.log2().ceil() - _SHORT)
    numbers = x / unit
    high = _shortened(numbers, _SHORT + room - _LONG)
    return high, _shortened(numbers - high, room - 1 - _LONG), unit


def _shortened(x: Tensor, least: int) -> Tensor:
    """Return the nearest float16 that are multiples of 2**least."""
    step = torch.ldexp(torch.ones_like(x), torch.frexp(x).exponent - _SHORT).clamp_(min=2.0**least)
    return (x / step).round_().mul_(step).half()


def counts(left: Tensor, right: Tensor) -> Tensor:
    """Return the product of two matrices of zeros and ones (float32 or float64): exact counts."""
    if not on_tensor_cores(left):
        return plain(left, right)
    return short(left.half(), right.half())


def plain(left: Tensor, right: Tensor) -> Tensor:
    """Return the product of two matrices, or of two stacks of them, as they are."""
    return torch.bmm(left, right) if left.dim() == 3 else torch.mm(left, right)


def short(left: Tensor, right: Tensor) -> Tensor:
    """Return the float32 product of float16 matrices, or of stacks of them."""
    if left.device.type == "cuda" and _has_out_dtype():
        if left.dim() == 2:
            return torch.mm(left, right, out_dtype=torch.float32)  # type: ignore[call-overload]
        return torch.bmm(left, right, out_dtype=torch.float32)  # type: ignore[call-overload]
    with short_products(True):
        return plain(left.float(), right.float())


def padded(a: Tensor) -> Tensor:
    """Return matrices with rows and columns of zeros up to the sizes that tensor cores want."""
    rows, columns = (-size % _ALIGNED for size in a.shape[-2:])
    return torch.nn.functional.pad(a, (0, columns, 0, rows)) if rows or columns else a


def has_program() -> bool:
    """Return whether programs of Triton can be made here."""
    return importlib.util.find_spec("triton") is not None


def _has_out_dtype() -> bool:
    version = tuple(int(part) for part in torch.__version__.split(".")[:2])
    return version >= (2, 9)


@contextmanager
def short_products(allowed: bool) -> Iterator[None]:
    """Allow or forbid that float32 factors are shortened to 11 bits (TF32) meanwhile."""
    before = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = allowed
    try:
        yield
    finally:
        torch.backends.cuda.matmul.allow_tf32 = before
