"""Networks as one C99 header: weights as constants and plain loops, for small machines."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np

from ..errors import FormatError
from .c_steps import number, statements
from .network import Network
from .program import INPUT, Program, Step


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
        If the network is more than linear layers, normalisation, activations, sums and products.

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
        self.shapes = Network(program).shapes()
        self.sizes = {name: math.prod(shape[1:]) for name, shape in self.shapes.items()}
        self.sizes |= {name: array.size for name, array in program.constants.items()}
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
            size = self.sizes[step.output]
            if i == len(steps) - 1:
                self.places[step.output] = "output"
            elif step.operation == "reshape":
                self.places[step.output] = self.places[step.inputs[0]]
            else:
                held[step.output] = self._take(size)
                self.places[step.output] = f"(scratch + {held[step.output][0]})"
            if self.places[step.output] != self.places.get(step.inputs[0]):
                self.lines += statements(step, self)
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

    def array(self, name: str, array: np.ndarray) -> str:
        """Declare a constant, and return what C calls it."""
        short = f"{self.name}_{re.sub(r'[^0-9A-Za-z]', '_', name)}"
        if short in self.arrays and self.arrays[short] != _declared(short, array):
            short = f"{short}_{len(self.arrays)}"
        self.arrays[short] = _declared(short, array)
        return short

    def place(self, name: str) -> str:
        """Return what C calls an array of the program."""
        if name in self.places:
            return self.places[name]
        return self.array(name, self.program.constants[name].reshape(-1))

    def held(self, step: Step) -> dict[str, str]:
        """Declare the constants of a step: what it calls them -> what C calls them."""
        return {
            n: self.array(name, self.program.constants[name]) for n, name in step.arrays.items()
        }

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
                "    (void)i;",
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
        kind, shown = "float", map(number, flat.tolist())
    else:
        kind = "uint16_t" if int(flat.max(initial=0)) < 2**16 else "uint32_t"
        shown = map(str, flat.tolist())
    return f"static const {kind} {name}[{max(1, flat.size)}] = {{{_wrapped(shown)}}};"


def _wrapped(words: Iterable[str]) -> str:
    rows = list(words) or ["0"]
    return ", ".join(("\n    " if i % 12 == 0 else "") + word for i, word in enumerate(rows))
