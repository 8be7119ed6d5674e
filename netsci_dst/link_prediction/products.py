"""Products of any matrix with one of zeros and ones, on tensor cores without loss.

Tensor cores multiply short numbers. Zeros and ones are short already; the other factor is written
as a sum of three numbers of 8 bits each, which together hold all 24 bits of single precision, and
the products are added up in single precision.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def split(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return three bfloat16 tensors whose sum is ``x`` (float32) to 24 bits."""
    first = x.to(torch.bfloat16)
    rest = x - first
    second = rest.to(torch.bfloat16)
    return first, second, (rest - second).to(torch.bfloat16)


def product(left: Tensor, zero_one: Tensor) -> Tensor:
    """Return ``left @ zero_one``, batched or not, in the precision of ``left``.

    On a GPU float32 goes to tensor cores as three products; float64, and anything on a CPU, is
    multiplied as it is.
    """
    if left.dtype != torch.float32 or left.device.type != "cuda":
        return _plain(left, zero_one)
    short = zero_one.to(torch.bfloat16)
    parts = split(left)
    total = _short_product(parts[2], short)
    total += _short_product(parts[1], short)
    total += _short_product(parts[0], short)
    return total


def counts(left: Tensor, right: Tensor) -> Tensor:
    """Return the product of two matrices of zeros and ones (float32 or float64): exact counts."""
    if left.dtype != torch.float32 or left.device.type != "cuda":
        return _plain(left, right)
    return _short_product(left.to(torch.bfloat16), right.to(torch.bfloat16))


def _plain(left: Tensor, right: Tensor) -> Tensor:
    return torch.bmm(left, right) if left.dim() == 3 else torch.mm(left, right)


def _short_product(left: Tensor, right: Tensor) -> Tensor:
    """Return the float32 product of bfloat16 matrices."""
    if _has_out_dtype():
        if left.dim() == 2:
            return torch.mm(left, right, out_dtype=torch.float32)  # type: ignore[call-overload]
        return torch.bmm(left, right, out_dtype=torch.float32)  # type: ignore[call-overload]
    with short_products(True):
        return left.float() @ right.float()


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
