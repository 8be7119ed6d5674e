"""Watching one forward pass: modules that are taken whole, and every operation between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode


class Tape(TorchDispatchMode):
    """What happens in a model's forward pass, told to `module` and `operation`.

    Parameters
    ----------
    model
        Any module; whatever its Python code does, what is told is what happened.
    whole
        Whether a module is told as one thing; what it does inside is then not told.
    """

    def __init__(self, model: nn.Module, whole: Callable[[nn.Module], bool]):
        super().__init__()
        self.model = model
        self.names: dict[Any, Any] = {m: name for name, m in model.named_modules() if whole(m)}
        self._inside = 0

    def module(self, name: str, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """Be told of a module that is taken whole."""
        raise NotImplementedError

    def operation(
        self, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any
    ) -> None:
        """Be told of an operation of ATen."""
        raise NotImplementedError

    def run(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the model gives in evaluation, and tell all that happens."""
        hooks = []
        fast = torch.backends.mha.get_fastpath_enabled()
        for module in self.names:
            hooks.append(module.register_forward_pre_hook(self._enter))
            hooks.append(module.register_forward_hook(self._leave))
        try:
            # Fused layers would hide the modules inside them.
            torch.backends.mha.set_fastpath_enabled(False)
            with torch.no_grad(), self:
                return self.model(*args, **kwargs)
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            for hook in hooks:
                hook.remove()

    def _enter(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        self._inside += 1

    def _leave(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        if self._inside == 1:
            self.module(self.names[module], module, args, output)
        self._inside -= 1

    def __torch_dispatch__(
        self,
        function: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        output = function(*args, **(kwargs or {}))
        if not self._inside:
            self.operation(function, args, kwargs or {}, output)
        return output
