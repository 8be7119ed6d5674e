"""ONNX models: the constants that its linear layers, convolutions and cells multiply by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FormatError, MissingDependency
from ...limits import Budget
from ...reading import one_line, reading
from .layers import from_convolution, from_gates, from_linear
from .named_weight import NamedWeight, Options, selected

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def read_onnx(path: Path, options: Options) -> list[NamedWeight]:
    """Return the layers of a model in the order of its nodes.

    Raises
    ------
    FormatError
        If the file is damaged, quantised, or keeps its weights elsewhere.
    """
    try:
        import onnx
    except ImportError:
        raise MissingDependency("onnx", "exchange", "reading an ONNX model") from None
    with reading(path, "a readable ONNX model"):
        model = onnx.load(str(path), load_external_data=False)
        constants = _Constants(model.graph, path)
        # One constant may be named by any number of nodes.
        found, used = dict[str, NamedWeight](), dict[str, int]()
        budget = Budget(path.stat().st_size, path)
        for i, node in enumerate(model.graph.node):
            for weight in _layers(node, i, constants, options.threshold):
                budget.take(weight.n_bytes)
                n = used[weight.name] = used.get(weight.name, 0) + 1
                name = weight.name + ("'" * (n - 1) if n < 4 else f"'{n}")
                found[name] = replace(weight, name=name)
    return selected(found.values(), options)


class _Constants:
    """Constants of a graph by the name of a value, also behind nodes that only pass them on."""

    def __init__(self, graph: Any, path: Path):
        self._path = path
        self._items = {item.name: item for item in graph.initializer}
        self._nodes = {name: node for node in graph.node for name in node.output}

    def root(self, name: str) -> str:
        """Return the name of the constant that a value passes on."""
        for _ in range(20):
            node = self._nodes.get(name)
            if node is None or not node.input:
                break
            name = node.input[0]
        return name

    def array(self, name: str, depth: int = 0) -> Any:
        """Return the numbers of a value, or None when it is no constant."""
        if name in self._items:
            return self._numbers(self._items[name])
        node = self._nodes.get(name)
        if node is None or depth > 20:
            return None
        if node.op_type == "Constant":
            tensors = [a.t for a in node.attribute if a.name == "value"]
            return self._numbers(tensors[0]) if tensors else None
        if node.op_type == "DequantizeLinear" and self.array(node.input[0], depth + 1) is not None:
            raise FormatError(f"{self._path} holds quantised weights: export the model in floats")
        if node.op_type not in ("Identity", "Cast", "Transpose", "Reshape"):
            return None
        values = self.array(node.input[0], depth + 1)
        if values is None:
            return None
        if node.op_type == "Transpose":
            order = next((list(a.ints) for a in node.attribute if a.name == "perm"), None)
            return np.transpose(values, order)
        if node.op_type == "Reshape":
            shape = self.array(node.input[1], depth + 1)
            return None if shape is None else values.reshape([int(n) for n in np.ravel(shape)])
        return values

    def _numbers(self, item: Any) -> Any:
        import onnx
        from onnx import numpy_helper

        if item.data_location == onnx.TensorProto.EXTERNAL:
            raise FormatError(f"{self._path} keeps weights in other files, which are not read")
        with reading(f"{self._path}: weight {one_line(item.name)!r}"):
            return numpy_helper.to_array(item)


def _layers(
    node: Any, place: int, constants: _Constants, threshold: float
) -> Iterator[NamedWeight]:
    flags = {a.name: a.f if a.type == 1 else a.i for a in node.attribute}
    if node.op_type in ("Gemm", "MatMul") and len(node.input) > 1:
        yield from _product(node, place, constants, threshold, flags)
    elif node.op_type in ("Conv", "ConvTranspose") and len(node.input) > 1:
        kernel = constants.array(node.input[1])
        if kernel is not None and kernel.ndim > 2:
            name = _name(node, constants.root(node.input[1]), place)
            yield from_convolution(name, kernel, threshold, node.op_type == "Conv")
    elif node.op_type in _GATES and len(node.input) > 2:
        gates = _GATES[node.op_type]
        for side, label in ((1, "ih"), (2, "hh")):
            values = constants.array(node.input[side])
            if values is None or values.ndim != 3:
                continue
            name = (node.name or f"layer{place}").strip("/").replace("/", ".")
            for direction, matrix in enumerate(values):
                end = "_reverse" if direction else ""
                yield from_gates(f"{name}.weight_{label}{end}", matrix, threshold, gates)


def _product(
    node: Any, place: int, constants: _Constants, threshold: float, flags: dict[str, Any]
) -> Iterator[NamedWeight]:
    for side, transposed in ((1, "transB"), (0, "transA")):
        values = constants.array(node.input[side])
        if values is None or values.ndim != 2:
            continue
        matrix = values.T if flags.get(transposed) else values
        if node.op_type == "Gemm" and flags.get("alpha", 1.0) != 1.0:
            matrix = matrix * flags["alpha"]
        name = _name(node, constants.root(node.input[side]), place)
        # On the right the rows of the constant are the sources, on the left the targets.
        yield from_linear(name, matrix, threshold, target_first=side == 0)
        return


def _name(node: Any, constant: str, place: int) -> str:
    """Return the module path of a layer, as far as the exporter kept it."""
    if constant and not constant.startswith(("onnx::", "/")) and not constant.isdigit():
        return constant.removesuffix(".weight").removesuffix("_weight") or constant
    scope = node.name.strip("/").split("/")
    return ".".join(scope[:-1]) or node.name or f"layer{place}"
