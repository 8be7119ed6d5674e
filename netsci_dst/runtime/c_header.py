"""Networks as one C99 header: weights as constants and plain loops, for small machines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np

from ..errors import FormatError
from .program import INPUT, Program, Step

_FUNCTIONS = {
    "relu": "v > 0 ? v : (v < 0 ? 0.0f : v)",
    "tanh": "tanhf(v)",
    "sigmoid": "1.0f / (1.0f + expf(-v))",
    "silu": "v / (1.0f + expf(-v))",
}
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


def to_c(program: Program, name: str = "network") -> str:
    """Return a C99 header with ``NAME_run(const float *input, float *output, float *scratch)``.

    One sample at a time; ``scratch`` holds ``NAME_SCRATCH`` numbers. Nothing is allocated, and
    only ``math.h`` is included, where an activation needs it.

    Parameters
    ----------
    program
        The network.
    name
        What its function and sizes begin with.

    Returns
    -------
    str
        The header.

    Raises
    ------
    FormatError
        If the network is more than linear layers, activations, sums and products.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst.runtime import Step
    >>> w = np.array([[1.0, 0.0]], dtype=np.float32)
    >>> step = Step("linear", ("input",), "y", arrays={"weight": "w"})
    >>> header = to_c(Program((2,), (step,), {"w": w}), name="tiny")
    >>> "tiny_run" in header
    True
    """
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise FormatError(f"{name!r} is no name for a C function: letters, digits and _ only")
    return _Writer(program, name).text()


class _Writer:
    def __init__(self, program: Program, name: str):
        self.program, self.name = program, name
        self.arrays: dict[str, str] = {}
        self.lines: list[str] = []
        self.sizes = {INPUT: math.prod(program.shape)}
        self.places: dict[str, str] = {INPUT: "input"}
        self.free: list[tuple[int, int]] = []
        self.needed = 0

    def text(self) -> str:
        """Return the header."""
        steps = self.program.steps
        # A reshaping only gives an array another name.
        roots: dict[str, str] = {}
        last_use: dict[str, int] = {}
        for i, step in enumerate(steps):
            for name in step.inputs:
                last_use[roots.get(name, name)] = i
            if step.operation == "reshape":
                roots[step.output] = roots.get(step.inputs[0], step.inputs[0])
        held: dict[str, tuple[int, int]] = {}
        for i, step in enumerate(steps):
            size = self.sizes[step.output] = self._size(step)
            if i == len(steps) - 1:
                self.places[step.output] = "output"
            elif step.operation == "reshape":
                self.places[step.output] = self.places[step.inputs[0]]
            else:
                held[step.output] = self._take(size)
                self.places[step.output] = f"(scratch + {held[step.output][0]})"
            if self.places[step.output] != self.places.get(step.inputs[0]):
                self._write(step, size)
            for root in {roots.get(name, name) for name in step.inputs} & set(held):
                if last_use[root] == i:
                    self.free.append(held.pop(root))
        return self._page()

    def _take(self, size: int) -> tuple[int, int]:
        for place in sorted(self.free, key=lambda p: p[1]):
            if place[1] >= size:
                self.free.remove(place)
                return place
        self.needed += size
        return self.needed - size, size

    def _size(self, step: Step) -> int:
        if step.operation == "linear":
            weight = self.program.array(step, "weight")
            starts = self.program.array(step, "starts")
            return len(weight) if weight is not None else len(starts) - 1  # type: ignore[arg-type]
        sizes = [self.sizes.get(n) or self.program.constants[n].size for n in step.inputs]
        return max(sizes)

    def _array(self, name: str, array: np.ndarray) -> str:
        short = f"{self.name}_{re.sub(r'[^0-9A-Za-z]', '_', name)}"
        if short in self.arrays and self.arrays[short] != _declared(short, array):
            short = f"{short}_{len(self.arrays)}"
        self.arrays[short] = _declared(short, array)
        return short

    def _place(self, name: str) -> str:
        if name in self.places:
            return self.places[name]
        return self._array(name, self.program.constants[name].reshape(-1))

    def _write(self, step: Step, size: int) -> None:
        x, y = self._place(step.inputs[0]), self.places[step.output]
        if step.operation == "linear":
            self._linear(step, x, y, size)
            return
        if step.operation == "reshape":
            value = f"{x}[i]"
        elif step.operation in _SIGNS:
            value = self._binary(step, x, size)
        elif step.operation == "channel_affine":
            scale, shift = (self._array(step.arrays[n], self.program.constants[step.arrays[n]])
                            for n in ("scale", "shift"))  # fmt: skip
            value = f"{x}[i] * {scale}[i] + {shift}[i]"
        else:
            self._activation(step, x, y, size)
            return
        self.lines.append(f"    for (i = 0; i < {size}; ++i) {y}[i] = {value};")

    def _activation(self, step: Step, x: str, y: str, size: int) -> None:
        options = step.options
        if step.operation in _FUNCTIONS:
            value = _FUNCTIONS[step.operation]
        elif step.operation == "leaky_relu":
            value = f"v > 0 ? v : v * {_number(options['slope'])}"
        elif step.operation == "elu":
            low = f"{_number(options['alpha'])} * expm1f(v * {_number(options['input_scale'])})"
            value = f"{_number(options['scale'])} * (v > 0 ? v : {low})"
        elif step.operation == "gelu" and options.get("approximate", "none") == "none":
            value = "0.5f * v * (1.0f + erff(v * 0.707106781f))"
        else:
            raise FormatError(
                f"a C header holds linear layers, activations and sums, no {step.operation}"
            )
        self.lines.append(
            f"    for (i = 0; i < {size}; ++i) {{ const float v = {x}[i]; {y}[i] = {value}; }}"
        )

    def _binary(self, step: Step, x: str, size: int) -> str:
        sign, factor = _SIGNS[step.operation], step.options.get("factor", 1.0)
        if len(step.inputs) == 1:
            other = _number(step.options["number"])
        else:
            for name in step.inputs:
                if (self.sizes.get(name) or self.program.constants[name].size) != size:
                    raise FormatError("a C header holds sums of arrays of one size only")
            other = f"{self._place(step.inputs[1])}[i]"
        scaled = other if factor == 1 else f"{_number(factor)} * {other}"
        return f"{x}[i] {sign} ({scaled})"

    def _linear(self, step: Step, x: str, y: str, size: int) -> None:
        held = {
            n: self._array(step.arrays[n], self.program.constants[step.arrays[n]])
            for n in step.arrays
        }
        begin = f"{held['bias']}[i]" if "bias" in held else "0"
        kind = f"{self.name.upper()}_SUM"
        self.lines.append(f"    for (i = 0; i < {size}; ++i) {{")
        self.lines.append(f"        {kind} sum = {begin};")
        if "weight" in held:
            width = self.sizes[step.inputs[0]]
            terms = f"sum += ({kind}){held['weight']}[i * {width} + k] * {x}[k];"
            self.lines.append(f"        for (k = 0; k < {width}; ++k) {terms}")
        else:
            starts = held["starts"]
            terms = f"sum += ({kind}){held['values']}[k] * {x}[{held['sources']}[k]];"
            self.lines.append(f"        for (k = {starts}[i]; k < {starts}[i + 1]; ++k) {terms}")
        self.lines.append(f"        {y}[i] = (float)sum;\n    }}")

    def _page(self) -> str:
        upper = self.name.upper()
        last = self.sizes[self.program.steps[-1].output]
        return "\n".join(
            [
                f"/* {self.name}: {self.sizes[INPUT]} inputs, {last} outputs, "
                f"{self.program.bytes} bytes of weights. Written by netsci-dst. */",
                f"#ifndef {upper}_H",
                f"#define {upper}_H",
                "#include <math.h>",
                "#include <stdint.h>",
                f"#define {upper}_INPUTS {self.sizes[INPUT]}",
                f"#define {upper}_OUTPUTS {last}",
                f"#define {upper}_SCRATCH {max(1, self.needed)}",
                "/* In what inputs are summed: define it as float where double is slow. */",
                f"#ifndef {upper}_SUM",
                f"#define {upper}_SUM double",
                "#endif",
                *self.arrays.values(),
                f"static void {self.name}_run("
                "const float *input, float *output, float *scratch) {",
                "    uint32_t i, k;",
                "    (void)k;",
                "    (void)scratch;",
                *self.lines,
                "}",
                "#endif",
                "",
            ]
        )


def _declared(name: str, array: np.ndarray) -> str:
    flat = array.reshape(-1)
    if array.dtype.kind == "f":
        kind, shown = "float", map(_number, flat.tolist())
    else:
        kind = "uint16_t" if int(flat.max(initial=0)) < 2**16 else "uint32_t"
        shown = map(str, flat.tolist())
    return f"static const {kind} {name}[{max(1, flat.size)}] = {{{_wrapped(shown)}}};"


def _number(value: float) -> str:
    number = np.float32(value)
    if not np.isfinite(number):
        raise FormatError(f"the network holds the number {value}, which C has no word for")
    text = f"{number:.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def _wrapped(words: Iterable[str]) -> str:
    rows = list(words) or ["0"]
    return ", ".join(("\n    " if i % 12 == 0 else "") + word for i, word in enumerate(rows))
