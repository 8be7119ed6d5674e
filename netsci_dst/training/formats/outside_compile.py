"""Functions that `torch.compile` must leave alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import torch

# torch.compiler.disable would import the compiler, two seconds, into every process.
from torch._compile import _disable_dynamo

T = TypeVar("T")


def outside_compile(function: Callable[..., T]) -> Callable[..., T]:
    """Decorate a function that runs as it is, between compiled parts."""
    skipped = _disable_dynamo(function)

    @functools.wraps(function)
    def call(*args: object, **kwargs: object) -> T:
        if torch.compiler.is_compiling():
            return skipped(*args, **kwargs)
        return function(*args, **kwargs)

    return call
