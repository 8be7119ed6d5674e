"""Stochastic gradient descent on a CPU, of few numbers, in one call.

Of the step of a sparse network PyTorch's own SGD is a good part: not for its arithmetic, but for
what it does around it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, optim
from torch.optim.optimizer import _global_optimizer_post_hooks, _global_optimizer_pre_hooks

# Of more numbers arithmetic is what takes the time, and PyTorch uses all threads.
LARGEST = 2**20
_TYPES: dict[torch.dtype, Any] = {torch.float32: np.float32, torch.float64: np.float64}
_NAME = "Optimizer.step#SGD.step"
_NOTHING = nullcontext()
_is_profiled: Callable[[], bool] = torch._C._autograd._profiler_enabled  # type: ignore[attr-defined]


class SGD(optim.SGD):
    """`torch.optim.SGD`, the same to rounding; its first step, and large ones, are PyTorch's."""

    keeps_zeros = True

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._tables: list[tuple[list[int], Tensor]] = []

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._tables = []

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make a step with its hooks; return what the closure returns."""
        with torch.autograd.profiler.record_function(_NAME) if _is_profiled() else _NOTHING:
            args, kwargs = (self, closure), {}
            for hook in [
                *_global_optimizer_pre_hooks.values(),
                *self._optimizer_step_pre_hooks.values(),
            ]:
                changed = hook(self, args, kwargs)
                if changed is not None:
                    args, kwargs = changed
            found = self._step(*args[1:], **kwargs)
            for hook in [
                *self._optimizer_step_post_hooks.values(),
                *_global_optimizer_post_hooks.values(),
            ]:
                hook(self, args, kwargs)
            return found

    # PyTorch puts hooks, and a record for profiles that costs more than the step, around what is
    # not marked so.
    step.hooked = True  # type: ignore[attr-defined]

    @torch.no_grad()
    def _step(self, closure: Callable[[], Any] | None = None) -> Any:
        groups = [self._arrays(group) for group in self.param_groups]
        if closure is not None or any(arrays is None for arrays in groups):
            return _of_pytorch()(self, closure)
        for i, (group, arrays) in enumerate(zip(self.param_groups, groups)):
            if arrays:
                self._one_call(i, group, arrays)
        return None

    def _arrays(self, group: dict[str, Any]) -> list[Tensor] | None:
        """Return weight, gradient and momentum of each parameter in turn; None for PyTorch's."""
        if group["maximize"] or isinstance(group["lr"], Tensor):
            return None
        found, numbers, momentum = [], 0, group["momentum"]
        for p in group["params"]:
            gradient = p.grad
            if gradient is None:
                continue
            kept = self.state[p].get("momentum_buffer") if momentum else gradient
            if kept is None:
                return None
            found += p, gradient, kept
            numbers += p.numel()
        if not found or (numbers <= LARGEST and _alike(found)):
            return found
        return None

    def _one_call(self, i: int, group: dict[str, Any], arrays: list[Tensor]) -> None:
        addresses = [t.data_ptr() for t in arrays]
        if len(self._tables) <= i or self._tables[i][0] != addresses:
            sizes = [t.numel() for t in arrays[::3]]
            rows = [[*addresses[3 * k : 3 * k + 3], n] for k, n in enumerate(sizes)]
            self._tables[i:] = [(addresses, torch.tensor(rows))]
        from .sgd_loop import loop  # numba

        table = self._tables[i][1]
        loop(_TYPES[arrays[0].dtype])(
            table.data_ptr(),
            len(table),
            float(group["lr"]),
            float(group["weight_decay"]),
            float(group["momentum"]),
            1 - float(group["dampening"]),
            bool(group["nesterov"]),
        )


def _of_pytorch() -> Callable[..., Any]:
    """Return PyTorch's step without the hooks that it may have been given around it."""
    step: Any = optim.SGD.step
    return step.__wrapped__ if getattr(step, "hooked", False) else step


def _alike(arrays: list[Tensor]) -> bool:
    first = arrays[0].dtype
    return first in _TYPES and all(
        t.dtype is first and t.device.type == "cpu" and t.is_contiguous() for t in arrays
    )
