"""Trace a model by torch.fx, carrying along which neuron each entry of each tensor belongs to.

Beside every tensor goes one of the same shape that holds the number of the neuron behind each
entry (or nothing). Operations that only move entries are simply applied to both.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.node import map_arg

from . import _wiring_operations as operations
from ._wiring_graph import NOTHING, Graph, undeclared
from .layers import SparseConv2d, SparseLayer
from .wiring import Wiring


def trace_module(model: nn.Module, example_input: Any) -> Wiring:
    """Return the wiring of any module; see `netsci_dst.training.wiring.trace`."""
    inputs = _inputs(model, example_input)
    try:
        graph = _Tracer().trace(model)
    except Exception as error:
        raise undeclared(f"torch.fx cannot follow it ({_line(error)})") from error
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            return _Walk(model, graph).run(inputs)
    finally:
        for module, training in modes:
            module.training = training


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, path: str) -> bool:
        if isinstance(module, SparseLayer | nn.Linear | nn.Conv2d):
            return True
        return super().is_leaf_module(module, path)


class _Walk:
    """One pass over the graph, computing values and the neurons behind them."""

    def __init__(self, model: nn.Module, graph: fx.Graph):
        self.model, self.nodes = model, list(graph.nodes)
        self.values: dict[fx.Node, Any] = {}
        self.neurons: dict[fx.Node, Any] = {}
        self.found = Graph()

    def run(self, inputs: list[Any]) -> Wiring:
        waiting = list(inputs)
        outputs: set[int] = set()
        for node in self.nodes:
            if node.op == "placeholder":
                self._placeholder(node, waiting)
            elif node.op == "get_attr":
                self.values[node] = operator_path(self.model, node.target)
                self.neurons[node] = None
            elif node.op == "output":
                outputs = self._owners(map_arg(node.args, self.neurons.get))
                for last in node.all_input_nodes:
                    for number in self._owners(self.neurons[last]):
                        self._note_activity(last, number)
            else:
                self._operation(node)
        if not self.found.layers:
            raise undeclared("it has no linear or convolutional layer")
        return self.found.wiring(outputs)

    def _placeholder(self, node: fx.Node, waiting: list[Any]) -> None:
        value = waiting.pop(0) if waiting else (node.args[0] if node.args else None)
        self.values[node], self.neurons[node] = value, None
        if isinstance(value, Tensor) and value.is_floating_point() and value.dim() > 1:
            sample = tuple(value.shape[1:])
            name = "input" if not self.found.populations else node.name
            number = self.found.new(name, value[0].numel(), "input")
            found = self.found.populations[number]
            found.decided = False
            grid = sample[1:] if sample[0] == 1 else sample
            found.shape = grid if len(grid) > 1 else None
            self.neurons[node] = self.found.ids(number).view(1, *sample).expand(value.shape)

    def _operation(self, node: fx.Node) -> None:
        args = map_arg(node.args, self.values.get)
        kwargs = map_arg(node.kwargs, self.values.get)
        try:
            if node.op == "call_module":
                target: Any = self.model.get_submodule(str(node.target))
                value = target(*args, **kwargs)
            elif node.op == "call_method":
                target = str(node.target)
                value = getattr(args[0], target)(*args[1:], **kwargs)
            else:
                target = node.target
                value = target(*args, **kwargs)
        except Exception as error:
            raise undeclared(f"{node.name!r} fails on the example ({_line(error)})") from error
        self.values[node] = value
        self.neurons[node] = self._follow(node, target, args, kwargs, value)

    def _follow(
        self, node: fx.Node, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any
    ) -> Any:
        if isinstance(target, nn.Linear | nn.Conv2d | SparseLayer):
            return self._layer(node, target, value)
        if isinstance(target, nn.Embedding):
            number = self.found.new(str(node.target), value.shape[-1], "input")
            return self.found.ids(number).expand(value.shape)
        known = [self.neurons[n] for n in node.all_input_nodes]
        if all(neurons is None for neurons in known) or not _has_tensor(value):
            return None
        kind = operations.kind(target)
        if kind == "move":
            return self._moved(node, target, value)
        if kind == "keep":
            return self._first(node)
        first = self._first(node)
        assert first is not None
        if kind == "spatial":
            return operations.spatial(first, value, node.name)
        if kind == "reduce":
            return operations.reduced(first, args, kwargs, value)
        if kind in ("sum", "product"):
            return self._combined(node, kind, value)
        if kind == "matmul":
            return self._matmul(node, value)
        if kind == "attention":
            return self._attention(node, value)
        name = type(target).__name__ if isinstance(target, nn.Module) else node.name
        raise undeclared(f"what {name!r} does to neurons is not known")

    def _layer(self, node: fx.Node, module: Any, value: Tensor) -> Tensor:
        path = str(node.target)
        read = self._first(node)
        if path in self.found.layers:
            raise undeclared(f"layer {path!r} is used more than once")
        if read is None:
            raise undeclared(f"layer {path!r} reads values that come from no population")
        convolution = isinstance(module, nn.Conv2d | SparseConv2d)
        rows = read.movedim(-3, -1) if convolution else read
        rows = rows.reshape(-1, rows.shape[-1])
        source, grid = self.found.read(rows, path, grid_allowed=not convolution)
        self._note_activity(node.all_input_nodes[0], source)
        axis = -3 if convolution else -1
        target = self.found.new(path, value.shape[axis])
        self.found.layers[path] = (source, target)
        if grid > 1:
            self.found.grids[path] = grid
        neurons = self.found.ids(target)
        return (neurons[:, None, None] if convolution else neurons).expand(value.shape)

    def _note_activity(self, node: fx.Node, population: int) -> None:
        """Remember the module whose output, neuron by neuron, is a population's activity."""
        while _kind(self.model, node) in ("spatial", "move"):
            node = next(n for n in node.all_input_nodes if self._known(n))
        if node.op == "call_module":
            module = self.model.get_submodule(str(node.target))
            layer = isinstance(module, nn.Linear | nn.Conv2d | SparseLayer)
            if layer or operations.kind(module) == "keep":
                self.found.activities.setdefault(population, str(node.target))

    def _first(self, node: fx.Node) -> Tensor | None:
        return next((self.neurons[n] for n in node.all_input_nodes if self._known(n)), None)

    def _known(self, node: fx.Node) -> bool:
        return self.neurons[node] is not None

    def _moved(self, node: fx.Node, target: Any, value: Any) -> Any:
        def part(argument: fx.Node) -> Any:
            if self._known(argument):
                return self.neurons[argument]
            known = self.values[argument]
            if isinstance(known, Tensor) and (known.is_floating_point() or argument is first):
                return torch.full(known.shape, NOTHING)
            return known

        first = node.args[0] if node.args and isinstance(node.args[0], fx.Node) else None
        args, kwargs = map_arg(node.args, part), map_arg(node.kwargs, part)
        if node.op == "call_method":
            return getattr(args[0], target)(*args[1:], **kwargs)
        return target(*args, **kwargs)

    def _combined(self, node: fx.Node, kind: str, value: Tensor) -> Tensor:
        """Follow ``a + b`` or ``a * b``."""
        nodes = [n for n in node.all_input_nodes if self._known(n)]
        wide = [self.neurons[n].expand(value.shape) for n in nodes]
        if len(nodes) == 1 or torch.equal(wide[0], wide[1]):
            return wide[0]
        owners = [self._owners(ids) for ids in wide]
        if any(len(own) != 1 for own in owners):
            raise undeclared(f"{node.name!r} combines several populations at once")
        a, b = (own.pop() for own in owners)
        if self.found.root(a) == self.found.root(b):
            return wide[0]
        shift = self.found.populations[a].first - self.found.populations[b].first
        if bool((wide[0] != wide[1] + shift).any()):
            raise undeclared(f"{node.name!r} combines neurons of two populations in other order")
        new = self.found.new(node.name, self.found.populations[a].units)
        if kind == "sum":
            self.found.populations[new].role = "residual"
        for operand, number in zip(nodes, (a, b)):
            if self._comes_from_layer_alone(operand):
                # The merged population keeps the number, and so the place, of the newest.
                self.found.join(number, new)
            else:
                self.found.skips.append((number, new))
        return wide[0] - self.found.populations[a].first + self.found.populations[new].first

    def _comes_from_layer_alone(self, node: fx.Node) -> bool:
        """Whether nothing but this operation uses what a layer gives."""
        while True:
            users = [user for user in node.users if _has_tensor(self.values.get(user, self))]
            if len(node.users) > 1 and len(users) != 1:
                return False
            module = node.op == "call_module" and self.model.get_submodule(str(node.target))
            if isinstance(module, nn.Linear | nn.Conv2d | SparseLayer):
                return True
            before = [n for n in node.all_input_nodes if self._known(n)]
            if len(before) != 1:
                return False
            node = before[0]

    def _matmul(self, node: fx.Node, value: Tensor) -> Tensor | None:
        a, b = (self.neurons[n] if isinstance(n, fx.Node) else None for n in node.args[:2])
        row = a is not None and operations.varies(a, -1)
        column = b is not None and operations.varies(b, -2)
        if a is not None and b is not None and row and column:
            self._met(node, a[..., :1, :], b.movedim(-2, -1)[..., :1, :])
            return None
        if row or column:
            raise undeclared(f"{node.name!r} multiplies neurons by values that are no layer")
        if b is not None and operations.varies(b, -1):
            return b[..., :1, :].expand(value.shape)
        if a is not None and operations.varies(a, -2):
            return a[..., :1].expand(value.shape)
        return None

    def _attention(self, node: fx.Node, value: Tensor) -> Tensor | None:
        named = ("query", "key", "value")
        given: list[Any] = [*node.args[:3], *(node.kwargs[n] for n in named[len(node.args) :])]
        query, key, values = (self.neurons[n] for n in given)
        if query is not None and key is not None:
            self._met(node, query[..., :1, :], key[..., :1, :])
        return None if values is None else values[..., :1, :].expand(value.shape)

    def _met(self, node: fx.Node, a: Tensor, b: Tensor) -> None:
        """Merge the populations of a product that sums over neurons, such as q·k."""
        a, b = torch.broadcast_tensors(a, b)
        one, other = self._owners(a), self._owners(b)
        if len(one) != 1 or len(other) != 1:
            raise undeclared(f"{node.name!r} multiplies several populations at once")
        one, other = one.pop(), other.pop()
        populations = self.found.populations
        shift = populations[one].first - populations[other].first
        if bool((a != b + shift).any()):
            raise undeclared(f"{node.name!r} pairs neurons of two populations in other order")
        self.found.merge(one, other)

    def _owners(self, neurons: Any) -> set[int]:
        if isinstance(neurons, Tensor):
            known = torch.unique(neurons)
            return {self.found.owner(int(unit)) for unit in known[known != NOTHING]}
        if isinstance(neurons, dict):
            neurons = tuple(neurons.values())
        if isinstance(neurons, tuple | list):
            return set().union(*(self._owners(part) for part in neurons))
        return set()


def _kind(model: nn.Module, node: fx.Node) -> str | None:
    if node.op == "call_module":
        return operations.kind(model.get_submodule(str(node.target)))
    return operations.kind(node.target) if node.op.startswith("call") else None


def operator_path(model: nn.Module, path: str) -> Any:
    """Return the attribute of a module at a dotted path."""
    for part in path.split("."):
        model = getattr(model, part)
    return model


def _inputs(model: nn.Module, example: Any) -> list[Any]:
    if example is not None:
        return list(example) if isinstance(example, tuple | list) else [example]
    first = next((m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)), None)
    if not isinstance(first, nn.Linear):
        raise undeclared("an example input is needed to know the sizes")
    return [torch.zeros(2, first.in_features, dtype=first.weight.dtype)]


def _has_tensor(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(_has_tensor(part) for part in value)
    return isinstance(value, Tensor)


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
