"""Products of a matrix with one of zeros and ones, on tensor cores without loss.

Tensor cores multiply short numbers, of which zeros and ones are some, and cut off what does not fit
when they add up. So the other factor is written as three whole numbers of at most eight bits, each
times a power of two that is the same for a row: sums of such numbers are exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

# Tensor cores want rows that begin at multiples of 16 bytes.
_ALIGNED = 64
SLICES = 3


def on_tensor_cores(x: Tensor) -> bool:
    """Return whether products of this tensor go to tensor cores: float32 on a GPU."""
    return x.dtype == torch.float32 and x.device.type == "cuda"


def sliced(x: Tensor) -> Tensor:
    """Return numbers that are not negative as sums of three bfloat16, ``(..., 3, n)``, least first.

    Their sum differs from ``x`` (float32, ``(..., n)``) by at most 2**-27 of the row's largest. The
    first to be added up are the smallest.
    """
    largest = x.amax(-1, keepdim=True).clamp_(min=2.0**-100)
    unit = torch.exp2(largest.log2().ceil() - 8)
    parts = []
    for _ in range(SLICES):
        part = (x / unit).round_().mul_(unit)
        parts.append(part.to(torch.bfloat16))
        x, unit = x - part, unit / 512
    return torch.stack(parts[::-1], -2)


def counts(left: Tensor, right: Tensor) -> Tensor:
    """Return the product of two matrices of zeros and ones (float32 or float64): exact counts."""
    if not on_tensor_cores(left):
        return plain(left, right)
    return short(left.to(torch.bfloat16), right.to(torch.bfloat16))


def plain(left: Tensor, right: Tensor) -> Tensor:
    """Return the product of two matrices, or of two stacks of them, as they are."""
    return torch.bmm(left, right) if left.dim() == 3 else torch.mm(left, right)


def short(left: Tensor, right: Tensor) -> Tensor:
    """Return the float32 product of bfloat16 matrices, or of stacks of them."""
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
