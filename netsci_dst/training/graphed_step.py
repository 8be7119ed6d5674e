"""Optimizer steps as graphs of the GPU, launched at once, not kernel by kernel.

A step on batches of one shape is the same list of kernels each time: forward, backward, clipping,
the optimizer, masks. It is recorded once, at addresses that stay, and replayed on each batch that
is copied there. The numbers are those of steps that are not recorded, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .optimizers.device_rates import reads_rate_on_device

if TYPE_CHECKING:
    from .build import Training
    from .tasks.task import Batch, Loss

# Steps made as they are first: they make what the optimizer remembers.
WARM_STEPS = 3
# Shapes of batches that are recorded at most.
MOST_GRAPHS = 128

Losses = list[tuple["Loss", "Batch"]]


class Graph:
    """Kernels recorded on the stream in use.

    Parameters
    ----------
    generators
        What the kernels draw from, besides torch's own generator.
    other
        A graph never replayed at the same time, whose memory it shares.
    """

    def __init__(self, generators: Sequence[torch.Generator], other: Graph | None = None):
        self._graph = torch.cuda.CUDAGraph()
        self._pool = None if other is None else other._graph.pool()
        for generator in generators:
            self._graph.register_generator_state(generator)

    def record(self, function: Callable[[], Losses]) -> None:
        """Record what a function does, without doing it."""
        with torch.cuda.graph(
            self._graph, self._pool, torch.cuda.current_stream(), capture_error_mode="thread_local"
        ):
            self._found = function()

    def replay(self) -> Losses:
        """Do it, and return what the function returned, which lies where it lay."""
        self._graph.replay()
        return self._found


def can_graph(training: Training) -> bool:
    """Return whether steps of a training can be recorded: nothing asks the host on the way."""
    recipe, batches = training.recipe, training.batches
    return (
        recipe.graph
        and training.device.type == "cuda"
        and training.world.size == 1
        and not training.needs_closure
        and all(map(reads_rate_on_device, training.optimizers))
        and training.controller.can_be_recorded
        # The weights of parts are recorded with them, and so would be their seeds.
        and (
            recipe.accumulate == 1
            or (batches.one_shape and not training.task.generators(batches.probe(1)))
        )
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

    The first steps, the first of each shape of batches, steps before a topology update (which reads
    gradients) and those that keep gradients of absent links are made as they are.

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
        self.training = training
        self._step, self._refused = step, refused
        self._recorded: dict[Any, tuple[Graph, tuple[Tensor, ...]]] = {}
        self._seen: set[Any] = set()
        self._places: list[int] = []
        self._settled = -1
        self._made = 0
        self.is_on: bool = True

    def __call__(self, batch: Batch) -> Losses:
        """Make a step and return its losses."""
        controller = self.training.controller
        if not self.is_on or controller.captures or controller.update_follows:
            self._settled = -1
            return self._step(batch)
        shapes = tuple((tensor.shape, tensor.dtype) for tensor in batch.tensors)
        if self._made < WARM_STEPS or shapes not in self._seen:
            self._made += 1
            self._seen.add(shapes)
            self._settled = -1
            return self._step(batch)
        if self._settled != controller.n_updates:
            self._settle()
        if shapes not in self._recorded and not self._record(shapes, batch):
            return self._step(batch)
        return self._replay(batch, *self._recorded[shapes])

    def _settle(self) -> None:
        """After steps of another kind or an update: masks in order, and the same memory."""
        training = self.training
        places = [t.data_ptr() for t in (*training.controller.ready_to_replay(), *self._state())]
        if places != self._places:
            self._recorded.clear()
            self._places = places
        self._forget_gradients()
        self._settled = training.controller.n_updates

    def _forget_gradients(self) -> None:
        # Those of recorded steps lie in memory that graphs share.
        for parameter in self.training.parameters:
            parameter.grad = None

    def _state(self) -> Iterator[Tensor]:
        training = self.training
        yield from training.model.parameters()
        yield from training.model.buffers()
        for one in training.optimizers:
            for state in one.state.values():
                yield from (value for value in state.values() if isinstance(value, Tensor))

    def _record(self, shapes: Any, batch: Batch) -> bool:
        if len(self._recorded) >= MOST_GRAPHS:
            self._settled = -1
            return False
        training = self.training
        # What lies on the host is read when batches are made ready, not by the graph.
        inputs = tuple(_like(t) if self._moves(t) else t for t in batch.tensors)
        other = next(iter(self._recorded.values()), (None,))[0]
        graph = Graph(training.task.generators(batch), other)
        try:
            graph.record(lambda: self._step(batch._replace(tensors=inputs)))
        except RuntimeError as error:
            self._give_up(error)
            return False
        self._forget_gradients()
        self._recorded[shapes] = graph, inputs
        return True

    def _give_up(self, error: RuntimeError) -> None:
        self.is_on = False
        self._recorded.clear()
        self.training.controller.abandon_step()
        self._forget_gradients()
        first = str(error).strip().partition("\n")[0]
        self._refused(f"steps cannot be recorded as a graph of the GPU: {first}")

    def _moves(self, tensor: Tensor) -> bool:
        return tensor.device == self.training.device

    def _replay(self, batch: Batch, graph: Graph, inputs: tuple[Tensor, ...]) -> Losses:
        training = self.training
        for place, tensor in zip(inputs, batch.tensors):
            if self._moves(tensor):
                place.copy_(tensor)
        training.task.reseed(batch)
        found = graph.replay()
        training.controller.replayed()
        if training.recipe.accumulate > 1:
            return found
        return [(loss._replace(weight=training.task.weight(batch)), batch) for loss, _ in found]


def _like(tensor: Tensor) -> Tensor:
    """Return a copy that lies in memory in the same order, which compiled code relies on."""
    made = torch.empty_strided(
        tensor.shape, tensor.stride(), dtype=tensor.dtype, device=tensor.device
    )
    return made.copy_(tensor)
