"""Operations by name; each is made once, with its constants, and then run on arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .convolution import average_pool, convolution, max_pool
from .linear import linear

Run = Callable[..., np.ndarray]


def _relu() -> Run:
    return lambda x: np.maximum(x, x.dtype.type(0))


def _leaky_relu(slope: float) -> Run:
    return lambda x: np.where(x > 0, x, x * x.dtype.type(slope))


def _prelu(slope: np.ndarray, dims: int) -> Run:
    factors = slope.reshape(-1, *[1] * (dims - 2)) if len(slope) > 1 else slope
    return lambda x: np.where(x > 0, x, x * factors)


def _elu(alpha: float, scale: float = 1.0, input_scale: float = 1.0) -> Run:
    def run(x: np.ndarray) -> np.ndarray:
        low = alpha * np.expm1(np.minimum(x, 0) * input_scale)
        return (scale * np.where(x > 0, x, low)).astype(x.dtype)

    return run


def _sigmoid() -> Run:
    def run(x: np.ndarray) -> np.ndarray:
        small = np.exp(-np.abs(x))
        return np.where(x >= 0, 1 / (1 + small), small / (1 + small)).astype(x.dtype)

    return run


def _silu() -> Run:
    sigmoid = _sigmoid()
    return lambda x: x * sigmoid(x)


def _gelu(approximate: str = "none") -> Run:
    if approximate == "tanh":
        c = math.sqrt(2 / math.pi)
        return lambda x: (0.5 * x * (1 + np.tanh(c * (x + 0.044715 * x**3)))).astype(x.dtype)
    return lambda x: (0.5 * x * (1 + erf(x / math.sqrt(2)))).astype(x.dtype)


def erf(x: np.ndarray) -> np.ndarray:
    """Return the error function, to 1e-15, by Horner's scheme of W. J. Cody (1969)."""
    z = np.abs(np.asarray(x, np.float64))
    near, middle = z < 0.46875, (z >= 0.46875) & (z <= 4)
    result = np.ones_like(z)
    result[near] = z[near] * _ratio(z[near] ** 2, _NEAR)
    result[middle] = 1 - np.exp(-(z[middle] ** 2)) * _ratio(z[middle], _MIDDLE)
    far = z > 4
    w = 1 / np.maximum(z[far], 1) ** 2
    tail = (1 / math.sqrt(math.pi) - w * _ratio(w, _FAR)) / z[far]
    result[far] = 1 - np.exp(-np.minimum(z[far] ** 2, 700)) * tail
    return np.copysign(np.where(np.isnan(z), z, result), x)


def _ratio(z: np.ndarray, of: tuple[Sequence[float], Sequence[float]]) -> np.ndarray:
    return np.polyval(of[0], z) / np.polyval(of[1], z)


_NEAR = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2,
     3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
_MIDDLE = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3,
     1.23033935480374942e3),
)  # fmt: skip
_FAR = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346047, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip


def _clip(low: float | None = None, high: float | None = None) -> Run:
    return lambda x: np.clip(x, low, high)


def _softmax(axis: int, log: bool = False) -> Run:
    def run(x: np.ndarray) -> np.ndarray:
        shifted = x - x.max(axis, keepdims=True)
        total = np.exp(shifted).sum(axis, keepdims=True)
        return shifted - np.log(total) if log else np.exp(shifted) / total

    return run


def _channel_affine(scale: np.ndarray, shift: np.ndarray) -> Run:
    def run(x: np.ndarray) -> np.ndarray:
        form = (-1, *[1] * (x.ndim - 2))
        return x * scale.reshape(form) + shift.reshape(form)

    return run


def _layer_norm(
    axes: int, epsilon: float, scale: np.ndarray | None = None, shift: np.ndarray | None = None
) -> Run:
    def run(x: np.ndarray) -> np.ndarray:
        over = tuple(range(-axes, 0))
        y = x - x.mean(over, keepdims=True)
        y = y / np.sqrt((y * y).mean(over, keepdims=True) + x.dtype.type(epsilon))
        y = y if scale is None else y * scale
        return y if shift is None else y + shift

    return run


def _binary(function: Any) -> Callable[..., Run]:
    def make(factor: float = 1.0, number: float | None = None) -> Run:
        def run(x: np.ndarray, other: np.ndarray | None = None) -> np.ndarray:
            second = x.dtype.type(number) if other is None else other
            return function(x, second if factor == 1 else second * x.dtype.type(factor))

        return run

    return make


def _mean(axes: Sequence[int], keep: bool) -> Run:
    return lambda x: x.mean(tuple(axes), keepdims=keep)


def _reshape(shape: Sequence[int]) -> Run:
    return lambda x: x.reshape(len(x), *shape)


def _permute(order: Sequence[int]) -> Run:
    return lambda x: x.transpose(order)


def _pad(widths: Sequence[Sequence[int]], value: float) -> Run:
    return lambda x: np.pad(x, [tuple(w) for w in widths], constant_values=value)


def _slice(axis: int, start: int, stop: int, step: int) -> Run:
    return lambda x: x[(*[slice(None)] * axis, slice(start, stop, step))]


def _concatenate(axis: int) -> Run:
    return lambda *parts: np.concatenate(parts, axis)


OPERATIONS: dict[str, Callable[..., Run]] = {
    "linear": linear,
    "convolution": convolution,
    "channel_affine": _channel_affine,
    "layer_norm": _layer_norm,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "prelu": _prelu,
    "elu": _elu,
    "gelu": _gelu,
    "silu": _silu,
    "sigmoid": _sigmoid,
    "tanh": lambda: np.tanh,
    "clip": _clip,
    "softmax": _softmax,
    "max_pool": max_pool,
    "average_pool": average_pool,
    "mean": _mean,
    "reshape": _reshape,
    "permute": _permute,
    "pad": _pad,
    "slice": _slice,
    "concatenate": _concatenate,
    "add": _binary(np.add),
    "subtract": _binary(np.subtract),
    "multiply": _binary(np.multiply),
    "divide": _binary(np.divide),
}
