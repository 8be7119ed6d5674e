"""Operations as loops in C99."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..errors import FormatError
from .program import Step

if TYPE_CHECKING:
    from .program import Program

_FUNCTIONS = {
    "relu": "v > 0 ? v : (v < 0 ? 0.0f : v)",
    "tanh": "tanhf(v)",
    "sigmoid": "1.0f / (1.0f + expf(-v))",
    "silu": "v / (1.0f + expf(-v))",
}
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


class Names(Protocol):
    """What C calls the arrays of a program, and how large they are."""

    name: str
    program: Program
    shapes: dict[str, tuple[int, ...]]
    sizes: dict[str, int]
    places: dict[str, str]

    def place(self, name: str) -> str:
        """Return what C calls an array."""
        ...

    def held(self, step: Step) -> dict[str, str]:
        """Return what C calls the constants of a step."""
        ...


def statements(step: Step, names: Names) -> list[str]:
    """Return the lines of C of a step, for one sample.

    Raises
    ------
    FormatError
        If there is no C for the operation.
    """
    rule = _RULES.get(step.operation)
    if rule is not None:
        return rule(step, names)
    if step.operation in _SIGNS:
        return [_each(step, names, _binary(step, names))]
    y, x = names.places[step.output], names.place(step.inputs[0])
    value = _activation(step, names)
    size = names.sizes[step.output]
    return [f"    for (i = 0; i < {size}; ++i) {{ const float v = {x}[i]; {y}[i] = {value}; }}"]


def number(value: float) -> str:
    """Return a number as C writes it.

    Raises
    ------
    FormatError
        If it is NaN or infinite.
    """
    rounded = np.float32(value)
    if not np.isfinite(rounded):
        raise FormatError(f"the network holds the number {value}, which C has no word for")
    text = f"{rounded:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def _each(step: Step, names: Names, value: str) -> str:
    y, size = names.places[step.output], names.sizes[step.output]
    return f"    for (i = 0; i < {size}; ++i) {y}[i] = {value};"


def _copied(step: Step, names: Names) -> list[str]:
    return [_each(step, names, f"{names.place(step.inputs[0])}[i]")]


def _activation(step: Step, names: Names) -> str:
    options = step.options
    if step.operation in _FUNCTIONS:
        return _FUNCTIONS[step.operation]
    if step.operation == "leaky_relu":
        return f"v > 0 ? v : v * {number(options['slope'])}"
    if step.operation == "prelu":
        return f"v > 0 ? v : v * {_of_channel(names.held(step)['slope'], step, names)}"
    if step.operation == "elu":
        low = f"{number(options['alpha'])} * expm1f(v * {number(options['input_scale'])})"
        return f"{number(options['scale'])} * (v > 0 ? v : {low})"
    if step.operation == "gelu":
        if options.get("approximate", "none") == "none":
            return "0.5f * v * (1.0f + erff(v * 0.707106781f))"
        return "0.5f * v * (1.0f + tanhf(0.797884561f * (v + 0.044715f * v * v * v)))"
    if step.operation == "clip":
        value = "v"
        for bound, sign in (("high", ">"), ("low", "<")):
            if options.get(bound) is not None:
                limit = number(options[bound])
                value = f"(v {sign} {limit} ? {limit} : {value})"
        return value
    raise FormatError(
        f"a C header holds linear layers, normalisation, activations and sums, no {step.operation}"
    )


def _of_channel(array: str, step: Step, names: Names) -> str:
    """Return the entry of a constant, one number or one for each channel, that belongs to i."""
    constant = next(iter(step.arrays.values()))
    shape = names.shapes[step.output]
    if names.program.constants[constant].size == 1:
        return f"{array}[0]"
    inner = math.prod(shape[2:])
    return f"{array}[i / {inner}]" if inner > 1 else f"{array}[i]"


def _channel_affine(step: Step, names: Names) -> list[str]:
    held, x = names.held(step), names.place(step.inputs[0])
    scale, shift = (_of_channel(held[n], step, names) for n in ("scale", "shift"))
    return [_each(step, names, f"{x}[i] * {scale} + {shift}")]


def _binary(step: Step, names: Names) -> str:
    first = _entry(step.inputs[0], step, names)
    sign, factor = _SIGNS[step.operation], step.options.get("factor", 1.0)
    if len(step.inputs) == 1:
        other = number(step.options["number"])
    else:
        other = _entry(step.inputs[1], step, names)
    scaled = other if factor == 1 else f"{number(factor)} * {other}"
    return f"{first} {sign} ({scaled})"


def _entry(name: str, step: Step, names: Names) -> str:
    """Return the entry of an array, spread as NumPy does, that belongs to entry i of the result."""
    out, own = names.shapes[step.output], names.shapes[name]
    own = (1,) * (len(out) - len(own)) + own
    if own == out:
        return f"{names.place(name)}[i]"
    terms, inner, stride = [], 1, 1
    for size, there in zip(reversed(out), reversed(own)):
        if there > 1:
            place = f"i / {inner}" if inner > 1 else "i"
            terms.append(f"({place}) % {size}" + (f" * {stride}" if stride > 1 else ""))
            stride *= there
        inner *= size
    return f"{names.place(name)}[{' + '.join(terms) or '0'}]"


def _linear(step: Step, names: Names) -> list[str]:
    """Multiply the last axis, for each place of the axes before it."""
    held, kind = names.held(step), f"{names.name.upper()}_SUM"
    x, y = names.place(step.inputs[0]), names.places[step.output]
    n, width = names.shapes[step.output][-1], names.shapes[step.inputs[0]][-1]
    rows = names.sizes[step.output] // n
    lines, read, write = [], "", ""
    if rows > 1:
        lines.append(f"    for (uint32_t r = 0; r < {rows}; ++r)")
        read, write = f"r * {width} + ", f"r * {n} + "
    lines.append(f"    for (i = 0; i < {n}; ++i) {{")
    lines.append(f"        {kind} sum = {held['bias'] + '[i]' if 'bias' in held else '0'};")
    if "weight" in held:
        term = f"({kind}){held['weight']}[i * {width} + k] * {x}[{read}k]"
        lines.append(f"        for (k = 0; k < {width}; ++k) sum += {term};")
    else:
        starts = held["starts"]
        term = f"({kind}){held['values']}[k] * {x}[{read}{held['sources']}[k]]"
        lines.append(f"        for (k = {starts}[i]; k < {starts}[i + 1]; ++k) sum += {term};")
    return [*lines, f"        {y}[{write}i] = (float)sum;", "    }"]


def _rows(step: Step, names: Names, axes: int, body: Sequence[str]) -> list[str]:
    """Return a loop over rows of the last axes, in which x and y are the row and n its length."""
    shape = names.shapes[step.output]
    n = math.prod(shape[len(shape) - axes :])
    x, y = names.place(step.inputs[0]), names.places[step.output]
    return [
        f"    for (i = 0; i < {names.sizes[step.output]}; i += {n}) {{",
        f"        const float *a = {x} + i;",
        f"        float *b = {y} + i;",
        *(f"        {line.replace('@n', str(n))}" for line in body),
        "    }",
    ]


def _layer_norm(step: Step, names: Names) -> list[str]:
    held, kind = names.held(step), f"{names.name.upper()}_SUM"
    scale = f" * {held['scale']}[k]" if "scale" in held else ""
    shift = f" + {held['shift']}[k]" if "shift" in held else ""
    epsilon = number(step.options["epsilon"])
    body = [
        f"{kind} mean = 0, square = 0, factor;",
        "for (k = 0; k < @n; ++k) mean += a[k];",
        "mean /= @n;",
        "for (k = 0; k < @n; ++k) square += (a[k] - mean) * (a[k] - mean);",
        f"factor = 1 / sqrt(square / @n + {epsilon});",
        f"for (k = 0; k < @n; ++k) b[k] = (float)((a[k] - mean) * factor){scale}{shift};",
    ]
    return _rows(step, names, step.options["axes"], body)


def _softmax(step: Step, names: Names) -> list[str]:
    shape = names.shapes[step.output]
    if step.options["axis"] % len(shape) != len(shape) - 1:
        raise FormatError("a C header holds a softmax over the last axis only")
    kind = f"{names.name.upper()}_SUM"
    body = [
        f"{kind} sum = 0;",
        "float most = a[0];",
        "for (k = 1; k < @n; ++k) if (a[k] > most) most = a[k];",
        "for (k = 0; k < @n; ++k) sum += exp(a[k] - most);",
    ]
    if step.options.get("log"):
        body.append("for (k = 0; k < @n; ++k) b[k] = (float)(a[k] - most - log(sum));")
    else:
        body.append("for (k = 0; k < @n; ++k) b[k] = (float)(exp(a[k] - most) / sum);")
    return _rows(step, names, 1, body)


def _concatenate(step: Step, names: Names) -> list[str]:
    shape, axis = names.shapes[step.output], step.options["axis"]
    inner = math.prod(shape[axis + 1 :])
    whole, lines, begin = shape[axis] * inner, [], 0
    for name in step.inputs:
        part = names.shapes[name][axis] * inner
        place = f"(i / {part}) * {whole} + i % {part} + {begin}"
        y = names.places[step.output]
        lines.append(
            f"    for (i = 0; i < {names.sizes[name]}; ++i) {y}[{place}] = {names.place(name)}[i];"
        )
        begin += part
    return lines


_RULES: dict[str, Any] = {
    "linear": _linear,
    "reshape": _copied,
    "channel_affine": _channel_affine,
    "layer_norm": _layer_norm,
    "softmax": _softmax,
    "concatenate": _concatenate,
}
