"""Optimizer steps of one shape as a graph of the GPU, launched at once, not kernel by kernel.

A step is the same list of kernels each time: forward, backward, clipping, the optimizer, masks. It
is recorded once, at addresses that stay, and replayed on each batch that is copied there. The
numbers are those of steps that are not recorded, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .optimizers.device_rates import reads_rate_on_device

if TYPE_CHECKING:
    from .build import Training
    from .tasks.task import Batch, Loss

# Steps made as they are first: they make what the optimizer remembers and choose algorithms.
WARM_STEPS = 3

Losses = list[tuple["Loss", "Batch"]]


class Graph:
    """Kernels recorded on the stream in use."""

    def __init__(self, generators: Sequence[torch.Generator]):
        self._graph = torch.cuda.CUDAGraph()
        for generator in generators:
            self._graph.register_generator_state(generator)

    def record(self, function: Callable[[], Losses]) -> None:
        """Record what a function does, without doing it."""
        stream = torch.cuda.current_stream()
        with torch.cuda.graph(self._graph, stream=stream, capture_error_mode="thread_local"):
            self._found = function()

    def replay(self) -> Losses:
        """Do it, and return what the function returned, which lies where it lay."""
        self._graph.replay()
        return self._found


def can_graph(training: Training) -> bool:
    """Return whether steps of a training can be recorded: nothing asks the host on the way."""
    recipe = training.recipe
    return (
        recipe.graph
        and training.device.type == "cuda"
        and training.world.size == 1
        and training.batches.one_shape
        and not training.needs_closure
        and all(map(reads_rate_on_device, training.optimizers))
        and training.controller.can_be_recorded
        and (recipe.accumulate == 1 or not training.task.generators(training.batches.probe(1)))
    )


@contextmanager
def own_stream(device: torch.device) -> Iterator[None]:
    """Work on a stream on which steps can be recorded; the usual one waits for it at the end."""
    usual = torch.cuda.current_stream(device)
    stream = torch.cuda.Stream(device)
    stream.wait_stream(usual)
    with torch.cuda.stream(stream):
        yield
    usual.wait_stream(stream)


class GraphedStep:
    """Steps of a training, replayed where they can be.

    Steps that keep gradients of absent links, and batches of another shape, are made as they are.

    Parameters
    ----------
    training
        What is trained.
    step
        Makes a step on a batch and returns its losses.
    refused
        Is told why steps cannot be recorded, where recording fails.
    """

    def __init__(
        self,
        training: Training,
        step: Callable[[Batch], Losses],
        refused: Callable[[str], None],
    ):
        self.training, self._step, self._refused = training, step, refused
        self._shapes: Any = None
        self._others: Any = None
        self._made = 0
        self._forget()
        self.is_on = True

    def _forget(self) -> None:
        self._graph: Graph | None = None
        self._inputs: tuple[Tensor, ...] = ()
        self._gradients: list[tuple[nn.Parameter, Tensor | None]] = []
        self._places: list[int] = []
        self._settled = -1

    def __call__(self, batch: Batch) -> Losses:
        """Make a step and return its losses."""
        if not self.is_on or self.training.controller.captures or not self._fits(batch):
            self._settled = -1
            return self._step(batch)
        if self._made < WARM_STEPS:
            self._made += 1
            return self._step(batch)
        if self._settled != self.training.controller.n_updates:
            self._settle()
        if self._graph is None and not self._record(batch):
            return self._step(batch)
        return self._replay(batch)

    def _fits(self, batch: Batch) -> bool:
        """Return whether a batch has the shape of those recorded; take one that comes twice."""
        shapes = [(tensor.shape, tensor.dtype) for tensor in batch.tensors], batch.share
        before, self._others = self._others, shapes
        if shapes == self._shapes:
            return True
        if self._shapes is None or shapes == before:
            self._shapes, self._made = shapes, 0
            self._forget()
            return True
        return False

    def _settle(self) -> None:
        """After steps of another kind or an update: the same memory, masks and gradients again."""
        training = self.training
        places = [t.data_ptr() for t in (*training.controller.ready_to_replay(), *self._state())]
        if places != self._places:
            self._forget()
            self._places = places
        for parameter, gradient in self._gradients:
            parameter.grad = gradient
        self._settled = training.controller.n_updates

    def _state(self) -> Iterator[Tensor]:
        training = self.training
        yield from training.model.parameters()
        yield from training.model.buffers()
        for one in training.optimizers:
            for state in one.state.values():
                yield from (value for value in state.values() if isinstance(value, Tensor))

    def _record(self, batch: Batch) -> bool:
        training = self.training
        parameters = training.parameters
        for parameter in parameters:
            parameter.grad = None
        # What lies on the host is read when batches are made ready, not by the graph.
        self._inputs = tuple(t.clone() if self._moves(t) else t for t in batch.tensors)
        graph = Graph(training.task.generators(batch))
        try:
            graph.record(lambda: self._step(batch._replace(tensors=self._inputs)))
        except RuntimeError as error:
            self._give_up(error)
            return False
        self._graph = graph
        self._gradients = [(parameter, parameter.grad) for parameter in parameters]
        return True

    def _give_up(self, error: RuntimeError) -> None:
        self.is_on = False
        self._forget()
        self.training.controller.abandon_step()
        for parameter in self.training.parameters:
            parameter.grad = None
        first = str(error).strip().partition("\n")[0]
        self._refused(f"steps cannot be recorded as a graph of the GPU: {first}")

    def _moves(self, tensor: Tensor) -> bool:
        return tensor.device == self.training.device

    def _replay(self, batch: Batch) -> Losses:
        assert self._graph is not None
        for place, tensor in zip(self._inputs, batch.tensors):
            if self._moves(tensor):
                place.copy_(tensor)
        self.training.task.reseed(batch)
        found = self._graph.replay()
        self.training.controller.replayed()
        return found
