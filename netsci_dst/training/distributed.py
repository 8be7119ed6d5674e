"""Many processes that train one model: who they are, and what they agree on.

Started by ``torchrun``. Gradients are averaged over processes after the backward pass; the
topology is decided on process 0 and broadcast, so that all have the same links always.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from ..errors import RecipeError

if TYPE_CHECKING:
    from .evolution.layer import EvolvingLayer


@dataclass(frozen=True)
class World:
    """This process among those that train together."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this process writes the run."""
        return self.rank == 0

    def average(self, tensor: Tensor) -> Tensor:
        """Return the mean of a tensor over processes."""
        if self.size == 1:
            return tensor
        total = tensor.clone()
        torch.distributed.all_reduce(total)
        return total.div_(self.size)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Average the gradients of all parameters over processes, in one message per type."""
        if self.size == 1:
            return
        gradients: dict[torch.dtype, list[Tensor]] = {}
        for parameter in parameters:
            if parameter.requires_grad:
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
                gradients.setdefault(parameter.grad.dtype, []).append(parameter.grad)
        for group in gradients.values():
            flat = torch.cat([gradient.reshape(-1) for gradient in group])
            torch.distributed.all_reduce(flat)
            flat.div_(self.size)
            for gradient, mean in zip(group, flat.split([g.numel() for g in group])):
                gradient.copy_(mean.view_as(gradient))

    def agree(self, tensors: list[Tensor]) -> list[Tensor]:
        """Return process 0's tensors on every process, in one message per type.

        Their sizes may differ between processes, their number of dimensions may not.
        """
        if self.size == 1 or not tensors:
            return tensors
        device = tensors[0].device
        sizes = [n for tensor in tensors for n in tensor.shape]
        shapes = torch.tensor(sizes, dtype=torch.int64, device=device)
        torch.distributed.broadcast(shapes, 0)
        told = iter(shapes.tolist())
        wanted = [tuple(next(told) for _ in tensor.shape) for tensor in tensors]
        found: list[Tensor | None] = [None] * len(tensors)
        for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
            places = [i for i, tensor in enumerate(tensors) if tensor.dtype == dtype]
            counts = [math.prod(wanted[i]) for i in places]
            if self.is_main:
                flat = torch.cat([tensors[i].reshape(-1) for i in places])
            else:
                flat = torch.empty(sum(counts), dtype=dtype, device=device)
            torch.distributed.broadcast(flat, 0)
            for i, part in zip(places, flat.split(counts)):
                found[i] = part.view(wanted[i])
        return [tensor for tensor in found if tensor is not None]

    def agree_on(self, text: str, device: torch.device) -> str:
        """Return process 0's text on every process."""
        mine = torch.tensor(list(text.encode()), dtype=torch.uint8, device=device)
        return bytes(self.agree([mine])[0].tolist()).decode()

    def broadcast_module(self, model: nn.Module) -> None:
        """Give every process the parameters and buffers of process 0."""
        if self.size > 1:
            for tensor in (*model.parameters(), *model.buffers()):
                torch.distributed.broadcast(tensor.data, 0)

    def sum(self, values: list[float], device: torch.device) -> list[float]:
        """Return sums over processes."""
        if self.size == 1:
            return values
        total = torch.tensor(values, dtype=torch.float64, device=device)
        torch.distributed.all_reduce(total)
        return total.tolist()

    def check_same_links(self, layers: Sequence[EvolvingLayer]) -> None:
        """Refuse processes that begin with different links.

        Raises
        ------
        RecipeError
            If seeds, models or methods differ between them.
        """
        if self.size == 1 or not layers:
            return
        marks = [
            int(layer.parameter.keys.cpu().double().mul(0.5).sin().sum() * 2**30)
            for layer in layers
        ]
        device = layers[0].parameter.weight.device
        mine = torch.tensor([len(marks), *marks], dtype=torch.int64, device=device)
        low, high = mine.clone(), mine.clone()
        torch.distributed.all_reduce(low, torch.distributed.ReduceOp.MIN)
        torch.distributed.all_reduce(high, torch.distributed.ReduceOp.MAX)
        if not torch.equal(low, high):
            raise RecipeError(
                "the processes begin with different links: give all of them the same seed, model "
                "and method"
            )


def _mark(keys: Tensor) -> int:
    """Return a number that differs where keys do."""
    return int(keys.double().mul(0.5).sin().sum() * 2**30)


def current(together: bool | None = None) -> World:
    """Return this process among those of the default group, where one was set up.

    Parameters
    ----------
    together
        Whether the processes train one model; by default, whether there are several.
    """
    ready = torch.distributed.is_available() and torch.distributed.is_initialized()
    if together is False or not ready:
        return World()
    return World(
        torch.distributed.get_rank(),
        torch.distributed.get_world_size(),
        int(os.environ.get("LOCAL_RANK", "0")),
    )


def join() -> World:
    """Join the processes that torchrun started; alone where it did not."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or "RANK" not in os.environ:
        return World()
    if not torch.distributed.is_initialized():
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        torch.distributed.init_process_group(backend)
    return World(
        torch.distributed.get_rank(),
        torch.distributed.get_world_size(),
        int(os.environ.get("LOCAL_RANK", "0")),
    )
