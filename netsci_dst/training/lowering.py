"""Models as programs that run without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from netsci_dst.errors import FormatError, NetsciError
from netsci_dst.runtime import Network, Program, Step
from netsci_dst.runtime.program import INPUT

from .formats import CsrLinear
from .tape import Tape

# Below this density links take less memory than a dense matrix, and their product less time.
_SPARSE = 0.3


def lower(model: nn.Module, example: Tensor, facts: Mapping[str, Any] | None = None) -> Program:
    """Return a model as a `netsci_dst.runtime.Program`.

    Parameters
    ----------
    model
        A network of linear layers, convolutions, batch and layer normalisation, pooling,
        activations, sums, products and reshapings, whatever its Python code; on the CPU.
    example
        A batch of two samples or more.
    facts
        What to keep beside the network, such as the names of classes.

    Returns
    -------
    Program
        Operations in their order, with their constants.

    Raises
    ------
    FormatError
        If the model does something that has no counterpart there (attention, say), or does not
        do the same for other inputs.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)).eval()
    >>> program = lower(model, torch.zeros(2, 4))
    >>> program.shape, [step.operation for step in program.steps]
    ((4,), ['linear', 'relu', 'linear'])
    """
    model.eval()
    recorder = _Recorder(model, example)
    program = recorder.program(dict(facts or {}))
    _check(model, program, example)
    return program


class _Recorder(Tape):
    def __init__(self, model: nn.Module, example: Tensor):
        kinds = (nn.Linear, CsrLinear, nn.modules.conv._ConvNd, nn.modules.batchnorm._BatchNorm)
        super().__init__(model, lambda m: isinstance(m, (*kinds, nn.PReLU)))
        if example.dim() < 1 or len(example) < 2 or not example.is_floating_point():
            raise FormatError("the example must be a batch of two or more samples of numbers")
        self.batch, self.example = len(example), example
        self.steps: list[Step] = []
        self.constants: dict[str, np.ndarray] = {}
        self._names: dict[int, tuple[Tensor, str]] = {}
        self._fixed: dict[int, tuple[Tensor, str]] = {}

    def program(self, facts: dict[str, Any]) -> Program:
        self._names[id(self.example)] = self.example, INPUT
        output = self.run(self.example)
        if not isinstance(output, Tensor) or id(output) not in self._names:
            raise FormatError("the model's output must be one tensor that depends on its input")
        last = self._names[id(output)][1]
        if not any(array.dtype.kind == "f" for array in self.constants.values()):
            # A network without weights: this number says of what type it is.
            one = str(self.constant(torch.ones((), dtype=self.example.dtype)))
            self._add("multiply", (last, one), output, {"factor": 1.0})
        elif not self.steps or self.steps[-1].output != last:
            self._add("multiply", (last,), output, {"number": 1.0})
        shape = tuple(self.example.shape[1:])
        return fold_affine(Program(shape, tuple(self.steps), self.constants, facts))

    def name(self, tensor: Any) -> str | None:
        """Return the name of a tensor that depends on the input."""
        known = self._names.get(id(tensor))
        return None if known is None else known[1]

    def constant(self, tensor: Tensor | None, name: str | None = None) -> str | None:
        """Keep a tensor that depends on no input."""
        if tensor is None:
            return None
        known = self._fixed.get(id(tensor))
        if known is None:
            name = name or f"constant{len(self.constants)}"
            self.constants[name] = tensor.detach().numpy().copy()
            known = self._fixed[id(tensor)] = tensor, name
        return known[1]

    def _add(
        self,
        operation: str,
        inputs: tuple[str, ...],
        output: Tensor,
        options: Mapping[str, Any] | None = None,
        arrays: Mapping[str, str | None] | None = None,
    ) -> None:
        name = f"{operation}{len(self.steps)}"
        held = {k: v for k, v in (arrays or {}).items() if v is not None}
        self.steps.append(Step(operation, inputs, name, options or {}, held))
        self._names[id(output)] = output, name

    # --- layers -------------------------------------------------------------------------------

    def module(self, name: str, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        x = self.name(args[0])
        if x is None:
            return
        if isinstance(module, (nn.Linear, CsrLinear)):
            self._linear(name, module, x, output)
        elif isinstance(module, nn.modules.conv._ConvNd):
            self._convolution(name, module, x, output)
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            scale, shift = _affine(module)
            held = {
                "scale": self.constant(scale, f"{name}.scale"),
                "shift": self.constant(shift, f"{name}.shift"),
            }
            self._add("channel_affine", (x,), output, arrays=held)
        else:
            slope = self.constant(module.weight, f"{name}.weight")  # type: ignore[arg-type]
            self._add("prelu", (x,), output, {"dims": output.dim()}, {"slope": slope})

    def _linear(self, name: str, module: Any, x: str, output: Tensor) -> None:
        held = {"bias": self.constant(module.bias, f"{name}.bias")}
        if isinstance(module, CsrLinear):
            keys, n = module.keys, module.n_target
            held |= self._links(name, keys % n, keys // n, module.weight, module.n_source, n)
            self._add("linear", (x,), output, {"n_source": module.n_source}, held)
        elif (links := self._sparse(name, module.weight)) is not None:
            self._add("linear", (x,), output, {"n_source": module.in_features}, {**held, **links})
        else:
            held["weight"] = self.constant(module.weight, f"{name}.weight")
            self._add("linear", (x,), output, arrays=held)

    def _sparse(self, name: str, parameter: Tensor) -> dict[str, str | None] | None:
        """Keep the entries of a weight that are not zero, where they are few."""
        weight = parameter.detach().flatten(1)
        target, source = weight.nonzero().t()
        if target.numel() > _SPARSE * weight.numel():
            return None
        n_target, n_source = weight.shape
        return self._links(name, target, source, weight[target, source], n_source, n_target)

    def _links(
        self, name: str, target: Tensor, source: Tensor, values: Tensor, n_source: int, n: int
    ) -> dict[str, str | None]:
        order = torch.argsort(target * n_source + source)
        starts = torch.zeros(n + 1, dtype=torch.int64)
        torch.cumsum(torch.bincount(target, minlength=n), 0, out=starts[1:])
        small = torch.uint16 if n_source <= 2**16 else torch.int32
        return {
            "starts": self.constant(starts.to(torch.int32), f"{name}.starts"),
            "sources": self.constant(source[order].to(small), f"{name}.sources"),
            "values": self.constant(values[order], f"{name}.values"),
        }

    def _convolution(self, name: str, module: Any, x: str, output: Tensor) -> None:
        if module.transposed:
            raise FormatError(f"{name!r} is a transposed convolution, which is not supported")
        n = len(module.kernel_size)
        pads = module._reversed_padding_repeated_twice
        options = {
            "stride": list(module.stride),
            "padding": [[pads[2 * i], pads[2 * i + 1]] for i in reversed(range(n))],
            "dilation": list(module.dilation),
            "groups": module.groups,
            "mode": module.padding_mode,
        }
        held = {"bias": self.constant(module.bias, f"{name}.bias")}
        links = self._sparse(name, module.weight)
        if links is None:
            held["weight"] = self.constant(module.weight, f"{name}.weight")
        else:
            held |= links
            options["shape"] = list(module.weight.shape)
        self._add("convolution", (x,), output, options, held)

    # --- operations between -------------------------------------------------------------------

    def operation(
        self, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any
    ) -> None:
        name = function._schema.name.removeprefix("aten::")
        given = _given(function, args, kwargs)
        tensors = [t for t in _tensors(given.values()) if self.name(t) is not None]
        if not tensors:
            return
        if function._schema.is_mutable:
            self._refuse_shared(args[0], name)
            name = name.removesuffix("_")
        rule = getattr(self, f"_op_{name.strip('_')}", None)
        if rule is None:
            if name in _SAME:
                self._names[id(output)] = output, self.name(args[0]) or ""
                return
            if name not in _SIMPLE:
                raise FormatError(
                    f"the operation {name!r} cannot be written for the runtime: it takes linear "
                    "layers, convolutions, normalisation, pooling, activations and sums"
                )
            operation, names = _SIMPLE[name]
            options = {ours: given[theirs] for theirs, ours in names.items()}
            self._add(operation, (self._input(args[0]),), output, options)
            return
        rule(given, output)

    def _input(self, tensor: Any) -> str:
        found = self.name(tensor)
        return found if found is not None else str(self.constant(tensor))

    def _refuse_shared(self, tensor: Tensor, name: str) -> None:
        place = tensor.untyped_storage().data_ptr()
        others = [t for t, _ in self._names.values() if t is not tensor]
        if any(t.untyped_storage().data_ptr() == place for t in others):
            raise FormatError(f"the operation {name!r} writes into a part of another tensor")

    def _binary(self, operation: str, given: Mapping[str, Any], output: Tensor) -> None:
        a, b = given["self"], given["other"]
        factor = float(given.get("alpha", 1))
        if not isinstance(b, Tensor) or (b.dim() == 0 and self.name(b) is None):
            self._add(operation, (self._input(a),), output, {"number": float(b), "factor": factor})
            return
        for part in (a, b):
            batched = part.dim() == output.dim() and part.shape[0] > 1
            if self.name(part) is None and batched:
                raise FormatError("a constant has a row for each sample of the example")
        self._add(operation, (self._input(a), self._input(b)), output, {"factor": factor})

    def _op_add(self, given: Mapping[str, Any], output: Tensor) -> None:
        self._binary("add", given, output)

    def _op_sub(self, given: Mapping[str, Any], output: Tensor) -> None:
        self._binary("subtract", given, output)

    def _op_rsub(self, given: Mapping[str, Any], output: Tensor) -> None:
        """Write other - alpha self."""
        if isinstance(given["other"], Tensor):
            self._binary(
                "subtract", {**given, "self": given["other"], "other": given["self"]}, output
            )
            return
        factor = -float(given.get("alpha", 1))
        self._add("multiply", (self._input(given["self"]),), output, {"number": factor})
        self._add("add", (self._input(output),), output, {"number": float(given["other"])})

    def _op_celu(self, given: Mapping[str, Any], output: Tensor) -> None:
        alpha = float(given["alpha"])
        options = {"alpha": alpha, "scale": 1.0, "input_scale": 1 / alpha}
        self._add("elu", (self._input(given["self"]),), output, options)

    def _op_mul(self, given: Mapping[str, Any], output: Tensor) -> None:
        self._binary("multiply", given, output)

    def _op_div(self, given: Mapping[str, Any], output: Tensor) -> None:
        self._binary("divide", given, output)

    def _op_view(self, given: Mapping[str, Any], output: Tensor) -> None:
        if not output.dim() or output.shape[0] != self.batch:
            raise FormatError("a reshaping joins samples of a batch, or cuts them")
        shape = list(output.shape[1:])
        self._add("reshape", (self._input(given["self"]),), output, {"shape": shape})

    _op_unsafe_view = _op_reshape = _op_squeeze = _op_unsqueeze = _op_flatten = _op_view

    def _op_permute(self, given: Mapping[str, Any], output: Tensor) -> None:
        n = output.dim()
        order = [d % n for d in given["dims"]]
        if order[0]:
            raise FormatError("a permutation moves the dimension of the batch")
        self._add("permute", (self._input(given["self"]),), output, {"order": order})

    def _op_transpose(self, given: Mapping[str, Any], output: Tensor) -> None:
        order = list(range(output.dim()))
        a, b = given["dim0"] % len(order), given["dim1"] % len(order)
        order[a], order[b] = order[b], order[a]
        self._op_permute({"self": given["self"], "dims": order}, output)

    def _op_mean(self, given: Mapping[str, Any], output: Tensor) -> None:
        n = given["self"].dim()
        axes = [d % n for d in given.get("dim") or []]
        if not axes or 0 in axes:
            raise FormatError("a mean is taken over samples of a batch")
        options = {"axes": axes, "keep": bool(given.get("keepdim", False))}
        self._add("mean", (self._input(given["self"]),), output, options)

    def _op_adaptive_avg_pool2d(self, given: Mapping[str, Any], output: Tensor) -> None:
        places = given["self"].shape[-2:]
        if any(size % out for size, out in zip(places, output.shape[-2:])):
            raise FormatError("an adaptive pooling has windows of different sizes")
        kernel = [size // out for size, out in zip(places, output.shape[-2:])]
        options = {"kernel": kernel, "stride": kernel, "padding": [[0, 0], [0, 0]]}
        self._add("average_pool", (self._input(given["self"]),), output, options)

    def _op_max_pool2d_with_indices(self, given: Mapping[str, Any], output: Any) -> None:
        options = {
            **_windows(given),
            "dilation": _pair(given["dilation"]),
            "ceil": bool(given["ceil_mode"]),
        }
        result = output[0] if isinstance(output, tuple) else output
        self._add("max_pool", (self._input(given["self"]),), result, options)

    _op_max_pool2d = _op_mkldnn_max_pool2d = _op_max_pool2d_with_indices

    def _op_avg_pool2d(self, given: Mapping[str, Any], output: Tensor) -> None:
        if given["ceil_mode"] or given["divisor_override"]:
            raise FormatError("average pooling with ceil_mode or divisor_override is not supported")
        options = {**_windows(given), "count_padding": bool(given["count_include_pad"])}
        self._add("average_pool", (self._input(given["self"]),), output, options)

    def _op_native_layer_norm(self, given: Mapping[str, Any], output: Any) -> None:
        held = {"scale": self.constant(given["weight"]), "shift": self.constant(given["bias"])}
        options = {"axes": len(given["normalized_shape"]), "epsilon": given["eps"]}
        self._add("layer_norm", (self._input(given["input"]),), output[0], options, held)

    def _op_softmax(self, given: Mapping[str, Any], output: Tensor) -> None:
        axis = given["dim"] % output.dim()
        if axis == 0:
            raise FormatError("a softmax is taken over samples of a batch")
        self._add("softmax", (self._input(given["self"]),), output, {"axis": axis})

    def _op_log_softmax(self, given: Mapping[str, Any], output: Tensor) -> None:
        self._op_softmax(given, output)
        last = self.steps.pop()
        self._add(last.operation, last.inputs, output, {**last.options, "log": True})

    def _op_constant_pad_nd(self, given: Mapping[str, Any], output: Tensor) -> None:
        pads, n = list(given["pad"]), output.dim()
        widths = [[0, 0]] * (n - len(pads) // 2)
        widths += [pads[2 * i : 2 * i + 2] for i in reversed(range(len(pads) // 2))]
        if any(widths[0]) or min(pads) < 0:
            raise FormatError("a padding adds samples to a batch, or cuts")
        options = {"widths": widths, "value": float(given.get("value", 0))}
        self._add("pad", (self._input(given["self"]),), output, options)

    def _op_slice(self, given: Mapping[str, Any], output: Tensor) -> None:
        x = given["self"]
        axis = given["dim"] % x.dim()
        start, stop, step = slice(given["start"], given["end"], given["step"]).indices(
            x.shape[axis]
        )
        if axis == 0:
            if output.shape == x.shape:
                self._names[id(output)] = output, self._input(x)
                return
            raise FormatError("a slice takes some samples of a batch")
        options = {"axis": axis, "start": start, "stop": stop, "step": step}
        self._add("slice", (self._input(x),), output, options)

    def _op_cat(self, given: Mapping[str, Any], output: Tensor) -> None:
        axis = given["dim"] % output.dim()
        if axis == 0 or any(self.name(t) is None for t in given["tensors"]):
            raise FormatError("tensors are joined along the batch, or with constants")
        names = tuple(self._input(t) for t in given["tensors"])
        self._add("concatenate", names, output, {"axis": axis})


_SAME = ("clone", "detach", "alias", "contiguous", "_to_copy", "dropout", "lift_fresh")
_SIMPLE: dict[str, tuple[str, dict[str, str]]] = {
    "relu": ("relu", {}),
    "tanh": ("tanh", {}),
    "sigmoid": ("sigmoid", {}),
    "silu": ("silu", {}),
    "gelu": ("gelu", {"approximate": "approximate"}),
    "leaky_relu": ("leaky_relu", {"negative_slope": "slope"}),
    "elu": ("elu", {"alpha": "alpha", "scale": "scale", "input_scale": "input_scale"}),
    "hardtanh": ("clip", {"min_val": "low", "max_val": "high"}),
    "clamp": ("clip", {"min": "low", "max": "high"}),
}


def _given(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    named = {a.name: a.default_value for a in function._schema.arguments if a.has_default_value()}
    named.update({a.name: value for a, value in zip(function._schema.arguments, args)})
    return {**named, **kwargs}


def _tensors(values: Any) -> list[Tensor]:
    found = []
    for value in values:
        for part in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(part, Tensor):
                found.append(part)
    return found


def _pair(value: Any) -> list[int]:
    value = [value] if isinstance(value, int) else list(value)
    return value * 2 if len(value) == 1 else value


def _windows(given: Mapping[str, Any]) -> dict[str, Any]:
    kernel = _pair(given["kernel_size"])
    stride = _pair(given["stride"]) if given["stride"] else kernel
    return {
        "kernel": kernel,
        "stride": stride,
        "padding": [[p, p] for p in _pair(given["padding"])],
    }


def _affine(module: Any) -> tuple[Tensor, Tensor]:
    if module.running_mean is None:
        raise FormatError("batch normalisation without running statistics mixes samples")
    scale = torch.rsqrt(module.running_var.double() + module.eps)
    scale = scale if module.weight is None else scale * module.weight.detach().double()
    shift = -module.running_mean.double() * scale
    shift = shift if module.bias is None else shift + module.bias.detach().double()
    dtype = module.running_mean.dtype
    return scale.to(dtype), shift.to(dtype)


def fold_affine(program: Program) -> Program:
    """Return a program in which batch normalisation is part of the layer before it."""
    steps: list[Step] = []
    constants = dict(program.constants)
    reads = [name for step in program.steps for name in step.inputs]
    for step in program.steps:
        before = steps[-1] if steps else None
        if (
            step.operation == "channel_affine"
            and before is not None
            and before.operation in ("linear", "convolution")
            and step.inputs == (before.output,)
            and reads.count(before.output) == 1
        ):
            steps[-1] = _folded(before, step, constants)
        else:
            steps.append(step)
    used = {name for step in steps for name in (*step.inputs, *step.arrays.values())}
    kept = {name: array for name, array in constants.items() if name in used}
    return Program(program.shape, tuple(steps), kept, program.facts)


def _folded(layer: Step, affine: Step, constants: dict[str, np.ndarray]) -> Step:
    scale, shift = (constants[affine.arrays[n]].astype(np.float64) for n in ("scale", "shift"))
    arrays = dict(layer.arrays)
    own = "weight" if "weight" in arrays else "values"
    weight = constants[arrays[own]]
    if own == "weight":
        factors = scale.reshape(-1, *[1] * (weight.ndim - 1))
    else:
        factors = np.repeat(scale, np.diff(constants[arrays["starts"]].astype(np.int64)))
    bias = constants[arrays["bias"]].astype(np.float64) if "bias" in arrays else 0.0
    for name, array in ((own, weight * factors), ("bias", bias * scale + shift)):
        arrays[name] = f"{affine.output}.{name}"
        constants[arrays[name]] = array.astype(weight.dtype)
    return Step(layer.operation, layer.inputs, affine.output, layer.options, arrays)


def _check(model: nn.Module, program: Program, example: Tensor) -> None:
    generator = torch.Generator().manual_seed(7)
    other = torch.randn((3, *example.shape[1:]), generator=generator, dtype=torch.float32)
    other = other.to(example.dtype)
    try:
        with torch.no_grad():
            expected = model(other).numpy()
        found = Network(program)(other.numpy())
    except NetsciError:
        raise
    except Exception as error:
        raise FormatError(f"the model does not take other batches: {error}") from error
    largest = float(np.abs(expected).max(initial=0)) or 1.0
    limit = 1e4 * np.finfo(expected.dtype).eps * largest
    if found.shape != expected.shape or not np.allclose(found, expected, rtol=0, atol=limit):
        raise FormatError("the model does something else for other inputs: it cannot be written")
