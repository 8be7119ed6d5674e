"""A network as a list of steps, each of which makes one array out of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import FormatError

INPUT = "input"


@dataclass(frozen=True)
class Step:
    """One operation.

    Attributes
    ----------
    operation
        A name in `operations.OPERATIONS`.
    inputs
        Names of arrays: the program's input, results of earlier steps, or constants.
    output
        Name of the result.
    options
        Numbers and texts that the operation needs.
    arrays
        What the operation calls an array -> name of the constant.

    Examples
    --------
    >>> Step("relu", ("y",), "z").operation
    'relu'
    """

    operation: str
    inputs: tuple[str, ...]
    output: str
    options: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Program:
    """A network.

    Attributes
    ----------
    shape
        Shape of one sample.
    steps
        In order; the result of the last is the program's.
    constants
        Weights and other arrays by name.
    facts
        Anything worth keeping beside the network, as text, number, list or mapping.

    Examples
    --------
    >>> w = np.ones((1, 2), dtype=np.float32)
    >>> step = Step("linear", ("input",), "y", arrays={"weight": "w"})
    >>> program = Program((2,), (step, Step("relu", ("y",), "z")), {"w": w})
    >>> [step.output for step in program.steps]
    ['y', 'z']
    """

    shape: tuple[int, ...]
    steps: tuple[Step, ...]
    constants: Mapping[str, np.ndarray]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from .operations import OPERATIONS

        known = {INPUT, *self.constants}
        for step in self.steps:
            if step.operation not in OPERATIONS:
                raise FormatError(f"the network has an unknown operation {step.operation!r}")
            for name in (*step.inputs, *step.arrays.values()):
                if name not in known:
                    raise FormatError(f"step {step.output!r} reads {name!r}, which nothing makes")
            known.add(step.output)
        if not self.steps:
            raise FormatError("the network has no steps")

    def array(self, step: Step, name: str) -> np.ndarray | None:
        """Return a step's constant, or None when it has no such constant."""
        found = step.arrays.get(name)
        return None if found is None else self.constants[found]

    @property
    def bytes(self) -> int:
        """Size of all constants."""
        return sum(array.nbytes for array in self.constants.values())
