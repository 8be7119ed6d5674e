"""Networks as ONNX, in standard operators alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import FormatError, MissingDependency
from .linear import dense_weight
from .network import Network
from .program import INPUT, Program, Step

OPSET = 18
_SAME = {
    "relu": "Relu",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "add": "Add",
    "subtract": "Sub",
    "multiply": "Mul",
    "divide": "Div",
}


def to_onnx(program: Program, sparse: bool = False) -> bytes:
    """Return an ONNX model with a free batch size.

    Parameters
    ----------
    program
        The network.
    sparse
        Write sparse linear layers as their links alone: for targets of a similar number of links,
        gather, multiply and sum. The file is small, and any runtime takes it; dense products are
        often quicker.

    Returns
    -------
    bytes
        The content of an ``.onnx`` file.

    Raises
    ------
    MissingDependency
        Without the package ``onnx``.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst.runtime import Program, Step
    >>> w = np.array([[1.0, 0.0]], dtype=np.float32)
    >>> step = Step("linear", ("input",), "y", arrays={"weight": "w"})
    >>> model = to_onnx(Program((2,), (step,), {"w": w}))
    >>> len(model) > 100
    True
    """
    try:
        import onnx
    except ImportError:
        raise MissingDependency("onnx", "exchange", "writing an ONNX model") from None
    model = _Graph(program, sparse).model()
    onnx.checker.check_model(model)
    return model.SerializeToString()


class _Graph:
    def __init__(self, program: Program, sparse: bool):
        self.program, self.sparse = program, sparse
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def model(self) -> Any:
        from onnx import TensorProto, helper

        kinds = [a.dtype for a in self.program.constants.values() if a.dtype.kind == "f"]
        self.dtype = np.result_type(*kinds) if kinds else np.dtype(np.float32)
        self.shapes = Network(self.program).shapes()
        kind = TensorProto.DOUBLE if self.dtype == np.float64 else TensorProto.FLOAT
        for step in self.program.steps:
            for name in step.inputs:
                if name in self.program.constants:
                    self.constant(name, self.program.constants[name])
            rule = getattr(self, f"_{step.operation}", None)
            if rule is not None:
                rule(step)
            elif step.operation in _SAME:
                self._pointwise(step)
            else:
                raise FormatError(f"the operation {step.operation!r} is not written as ONNX")
        last = self.program.steps[-1].output
        shape = self.shapes[last][1:]
        graph = helper.make_graph(
            self.nodes,
            "netsci-dst",
            [helper.make_tensor_value_info(INPUT, kind, ["batch", *self.program.shape])],
            [helper.make_tensor_value_info(last, kind, ["batch", *shape])],
            list(self.constants.values()),
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8)

    def constant(self, name: str, array: Any) -> str:
        """Add an array and return its name."""
        from onnx import numpy_helper

        if name not in self.constants:
            data = np.ascontiguousarray(array)
            self.constants[name] = numpy_helper.from_array(data, name)
        return name

    def node(self, kind: str, inputs: list[str], output: str, **options: Any) -> str:
        """Add an operation and return the name of its result."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], **options))
        return output

    def ints(self, name: str, values: Any) -> str:
        """Add whole numbers."""
        return self.constant(name, np.asarray(values, np.int64))

    def numbers(self, name: str, values: Any) -> str:
        """Add numbers of the network's type."""
        return self.constant(name, np.asarray(values, self.dtype))

    def _array(self, step: Step, name: str) -> str:
        found = self.program.array(step, name)
        assert found is not None
        return self.constant(step.arrays[name], found)

    # --- layers -------------------------------------------------------------------------------

    def _weight(self, step: Step, n_source: int) -> np.ndarray:
        weight = self.program.array(step, "weight")
        if weight is not None:
            return weight
        starts, sources, values = (
            self.program.constants[step.arrays[n]] for n in ("starts", "sources", "values")
        )
        return dense_weight(starts, sources, values, n_source)

    def _linear(self, step: Step) -> None:
        out = step.output
        product = f"{out}.product" if "bias" in step.arrays else out
        if self.sparse and "values" in step.arrays:
            self._links(step, product)
        else:
            weight = self._weight(step, step.options.get("n_source", 0)).T
            held = self.constant(f"{out}.weight", weight)
            self.node("MatMul", [step.inputs[0], held], product)
        if "bias" in step.arrays:
            self.node("Add", [product, self._array(step, "bias")], out)

    def _links(self, step: Step, output: str) -> None:
        """Sum the links of each target, targets of at most 1, 2, 4, ... links at a time."""
        starts, sources, values = (
            self.program.constants[step.arrays[n]] for n in ("starts", "sources", "values")
        )
        degrees = np.diff(starts.astype(np.int64))
        width = np.where(degrees > 0, 2 ** np.ceil(np.log2(np.maximum(degrees, 1))), 1).astype(int)
        parts, order = [], []
        for size in np.unique(width):
            targets = np.flatnonzero(width == size)
            place = starts[targets, None].astype(np.int64) + np.arange(size)
            real = np.arange(size) < degrees[targets, None]
            place = np.where(real, place, 0)
            picked = sources.astype(np.int64)[place] if len(sources) else np.zeros_like(place)
            factors = np.where(real, values[place] if len(values) else 0, 0)
            at = f"{output}.{size}"
            gathered = self.node(
                "Gather", [step.inputs[0], self.ints(f"{at}.sources", picked)], f"{at}.x", axis=-1
            )
            scaled = self.node(
                "Mul", [gathered, self.numbers(f"{at}.values", factors)], f"{at}.scaled"
            )
            axes = self.ints("axis.last", [-1])
            parts.append(self.node("ReduceSum", [scaled, axes], f"{at}.sum", keepdims=0))
            order.append(targets)
        joined = self.node("Concat", parts, f"{output}.joined", axis=-1)
        places = np.argsort(np.concatenate(order))
        self.node("Gather", [joined, self.ints(f"{output}.order", places)], output, axis=-1)

    def _convolution(self, step: Step) -> None:
        self._single("convolution")
        options = step.options
        weight = self._weight(step, math.prod(options.get("shape", [1])[1:]))
        weight = weight.reshape(options.get("shape", weight.shape))
        x = step.inputs[0]
        pads = list(options["padding"])
        if options["mode"] != "zeros" and any(n for pad in pads for n in pad):
            kinds = {"reflect": "reflect", "replicate": "edge"}
            if options["mode"] == "circular":
                x = self._wrapped(x, pads, step.output)
            else:
                widths = [0, 0, *(a for a, _ in pads), 0, 0, *(b for _, b in pads)]
                held = self.ints(f"{step.output}.pads", widths)
                kind = kinds[options["mode"]]
                x = self.node("Pad", [x, held], f"{step.output}.padded", mode=kind)
            pads = [[0, 0]] * len(pads)
        inputs = [x, self.constant(f"{step.output}.weight", weight)]
        if "bias" in step.arrays:
            inputs.append(self._array(step, "bias"))
        self.node(
            "Conv",
            inputs,
            step.output,
            strides=list(options["stride"]),
            dilations=list(options["dilation"]),
            group=options["groups"],
            pads=[*(a for a, _ in pads), *(b for _, b in pads)],
        )

    def _wrapped(self, x: str, pads: list[list[int]], output: str) -> str:
        """Continue each axis of the places with its other end."""
        far = np.iinfo(np.int64).max
        for axis, (before, after) in enumerate(pads, 2):
            parts = [(-before, far)] * (before > 0) + [None] + [(0, after)] * (after > 0)
            names = []
            for i, part in enumerate(parts):
                at = f"{output}.wrap{axis}.{i}"
                if part is not None:
                    ends = [self.ints(f"{at}.{n}", [v]) for n, v in zip("be", part)]
                    names.append(self.node("Slice", [x, *ends, self.ints(f"{at}.a", [axis])], at))
                else:
                    names.append(x)
            x = self.node("Concat", names, f"{output}.wrap{axis}", axis=axis)
        return x

    def _single(self, what: str) -> None:
        """Refuse what ONNX Runtime has for float32 only."""
        if self.dtype == np.float64:
            raise FormatError(f"ONNX Runtime has no {what} of float64: give the model as float32")

    def _channel_affine(self, step: Step) -> None:
        scale, shift = (self.program.constants[step.arrays[n]] for n in ("scale", "shift"))
        ones = {"scale": scale, "bias": shift, "mean": np.zeros_like(scale)}
        names = [self.constant(f"{step.output}.{n}", a) for n, a in ones.items()]
        variance = self.constant(f"{step.output}.variance", np.ones_like(scale))
        self.node(
            "BatchNormalization", [step.inputs[0], *names, variance], step.output, epsilon=0.0
        )

    def _layer_norm(self, step: Step) -> None:
        if "scale" in step.arrays:
            scale = self._array(step, "scale")
        else:
            shape = self.shapes[step.output][-step.options["axes"] :]
            scale = self.numbers(f"{step.output}.scale", np.ones(shape))
        if self.dtype == np.float64:
            self._layer_norm_in_parts(step, scale)
            return
        inputs = [step.inputs[0], scale]
        if "shift" in step.arrays:
            inputs.append(self._array(step, "shift"))
        options = {"axis": -step.options["axes"], "epsilon": step.options["epsilon"]}
        self.node("LayerNormalization", inputs, step.output, **options)

    def _layer_norm_in_parts(self, step: Step, scale: str) -> None:
        """Normalise without LayerNormalization, which keeps mean and deviation in float32."""
        x, out = step.inputs[0], step.output
        axes = self.ints(f"{out}.axes", list(range(-step.options["axes"], 0)))
        mean = self.node("ReduceMean", [x, axes], f"{out}.mean")
        centred = self.node("Sub", [x, mean], f"{out}.centred")
        square = self.node("Mul", [centred, centred], f"{out}.square")
        variance = self.node("ReduceMean", [square, axes], f"{out}.variance")
        epsilon = self.numbers(f"{out}.epsilon", step.options["epsilon"])
        safe = self.node("Add", [variance, epsilon], f"{out}.safe")
        deviation = self.node("Sqrt", [safe], f"{out}.deviation")
        normed = self.node("Div", [centred, deviation], f"{out}.normed")
        shifted = "shift" in step.arrays
        scaled = self.node("Mul", [normed, scale], f"{out}.product" if shifted else out)
        if shifted:
            self.node("Add", [scaled, self._array(step, "shift")], out)

    # --- between ------------------------------------------------------------------------------

    def _pointwise(self, step: Step) -> None:
        inputs = list(step.inputs)
        options: Mapping[str, Any] = step.options
        if "number" in options:
            factor = options.get("factor", 1.0)
            inputs.append(self.numbers(f"{step.output}.number", options["number"] * factor))
        elif options.get("factor", 1.0) != 1:
            held = self.numbers(f"{step.output}.factor", options["factor"])
            inputs[1] = self.node("Mul", [inputs[1], held], f"{step.output}.scaled")
        self.node(_SAME[step.operation], inputs, step.output)

    def _leaky_relu(self, step: Step) -> None:
        # Not LeakyRelu, whose slope is of float32 whatever the network is.
        slope = self.numbers(f"{step.output}.slope", step.options["slope"])
        self.node("PRelu", [step.inputs[0], slope], step.output)

    def _prelu(self, step: Step) -> None:
        slope = self.program.constants[step.arrays["slope"]]
        if len(slope) > 1:
            slope = slope.reshape(-1, *[1] * (step.options["dims"] - 2))
        held = self.constant(f"{step.output}.slope", slope)
        self.node("PRelu", [step.inputs[0], held], step.output)

    def _elu(self, step: Step) -> None:
        """Write max(x, 0) + alpha expm1(min(x, 0) input_scale), times scale."""
        x, out, options = step.inputs[0], step.output, step.options
        high = self.node("Relu", [x], f"{out}.high")
        low = self.node("Sub", [x, high], f"{out}.low")
        low = self._times(low, options.get("input_scale", 1), f"{out}.scaled")
        low = self.node("Elu", [low], f"{out}.elu", alpha=1.0)
        low = self._times(low, options["alpha"], f"{out}.alpha")
        scale = options.get("scale", 1)
        both = self.node("Add", [high, low], out if scale == 1 else f"{out}.both")
        self._times(both, scale, out)

    def _times(self, x: str, factor: float, output: str) -> str:
        if factor == 1:
            return x
        return self.node("Mul", [x, self.numbers(f"{output}.factor", factor)], output)

    def _silu(self, step: Step) -> None:
        gate = self.node("Sigmoid", [step.inputs[0]], f"{step.output}.gate")
        self.node("Mul", [step.inputs[0], gate], step.output)

    def _gelu(self, step: Step) -> None:
        x, out = step.inputs[0], step.output
        if step.options.get("approximate", "none") != "none":
            square = self.node("Mul", [x, x], f"{out}.square")
            square = self._times(square, 0.044715, f"{out}.bent")
            bent = self.node("Add", [square, self.numbers("one", 1.0)], f"{out}.slope")
            bent = self.node("Mul", [x, bent], f"{out}.argument")
            bent = self._times(bent, math.sqrt(2 / math.pi), f"{out}.scaled")
            error = self.node("Tanh", [bent], f"{out}.tanh")
        else:
            self._single("error function (of GELU)")
            scaled = self._times(x, math.sqrt(0.5), f"{out}.scaled")
            error = self.node("Erf", [scaled], f"{out}.erf")
        one, half = self.numbers("one", 1.0), self.numbers("half", 0.5)
        gate = self.node("Add", [error, one], f"{out}.gate")
        gated = self.node("Mul", [x, gate], f"{out}.gated")
        self.node("Mul", [gated, half], out)

    def _clip(self, step: Step) -> None:
        bounds = [step.options.get("low"), step.options.get("high")]
        names = [
            "" if b is None else self.numbers(f"{step.output}.{i}", b) for i, b in enumerate(bounds)
        ]
        self.node("Clip", [step.inputs[0], *names], step.output)

    def _softmax(self, step: Step) -> None:
        kind = "LogSoftmax" if step.options.get("log") else "Softmax"
        self.node(kind, [step.inputs[0]], step.output, axis=step.options["axis"])

    def _max_pool(self, step: Step) -> None:
        self._pool("MaxPool", step, ceil_mode=int(step.options.get("ceil", False)))

    def _average_pool(self, step: Step) -> None:
        counted = int(step.options.get("count_padding", True))
        self._pool("AveragePool", step, count_include_pad=counted)

    def _pool(self, kind: str, step: Step, **more: Any) -> None:
        pads = step.options.get("padding") or [[0, 0]] * len(step.options["kernel"])
        if kind == "MaxPool" and step.options.get("dilation"):
            more["dilations"] = list(step.options["dilation"])
        self.node(
            kind,
            [step.inputs[0]],
            step.output,
            kernel_shape=list(step.options["kernel"]),
            strides=list(step.options["stride"]),
            pads=[*(a for a, _ in pads), *(b for _, b in pads)],
            **more,
        )

    def _mean(self, step: Step) -> None:
        axes = self.ints(f"{step.output}.axes", list(step.options["axes"]))
        keep = int(step.options["keep"])
        self.node("ReduceMean", [step.inputs[0], axes], step.output, keepdims=keep)

    def _reshape(self, step: Step) -> None:
        shape = self.ints(f"{step.output}.shape", [-1, *step.options["shape"]])
        self.node("Reshape", [step.inputs[0], shape], step.output)

    def _permute(self, step: Step) -> None:
        order = list(step.options["order"])
        self.node("Transpose", [step.inputs[0]], step.output, perm=order)

    def _pad(self, step: Step) -> None:
        widths = step.options["widths"]
        held = self.ints(f"{step.output}.pads", [*(a for a, _ in widths), *(b for _, b in widths)])
        value = self.numbers(f"{step.output}.value", step.options["value"])
        self.node("Pad", [step.inputs[0], held, value], step.output)

    def _slice(self, step: Step) -> None:
        parts = ("start", "stop", "axis", "step")
        names = [self.ints(f"{step.output}.{n}", [step.options[n]]) for n in parts]
        self.node("Slice", [step.inputs[0], *names], step.output)

    def _concatenate(self, step: Step) -> None:
        self.node("Concat", list(step.inputs), step.output, axis=step.options["axis"])
