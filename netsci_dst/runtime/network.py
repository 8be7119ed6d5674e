"""A program that is ready to run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import NetsciError
from .operations import OPERATIONS
from .program import INPUT, Program


class Network:
    """Runs a program on arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from netsci_dst.runtime import Network, Program, Step
    >>> double = Step("linear", ("input",), "y", {}, {"weight": "w"})
    >>> Network(Program((2,), (double,), {"w": 2 * np.eye(2)}))(np.ones((1, 2)))
    array([[2., 2.]])
    """

    def __init__(self, program: Program):
        self.program = program
        self._steps: list[tuple[Callable[..., np.ndarray], tuple[str, ...], str]] = []
        for step in program.steps:
            arrays = {name: program.constants[held] for name, held in step.arrays.items()}
            try:
                run = OPERATIONS[step.operation](**step.options, **arrays)
            except TypeError as error:
                raise NetsciError(f"step {step.output!r} does not fit: {error}") from None
            self._steps.append((run, step.inputs, step.output))
        self._last_use = {name: i for i, (_, names, _) in enumerate(self._steps) for name in names}

    @property
    def facts(self) -> Mapping[str, Any]:
        """What was kept beside the network."""
        return self.program.facts

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Map a batch ``(n, *shape)`` to the network's output, ``(n, ...)``.

        Raises
        ------
        NetsciError
            If the samples have another shape.
        """
        x = np.asarray(x)
        if x.shape[1:] != self.program.shape:
            raise NetsciError(
                f"the network takes arrays (n, {', '.join(map(str, self.program.shape))}), "
                f"not {x.shape}"
            )
        held = {**self.program.constants, INPUT: x.astype(self._dtype, copy=False)}
        for i, (run, names, output) in enumerate(self._steps):
            held[output] = run(*(held[name] for name in names))
            for name in names:
                if self._last_use[name] == i and name not in self.program.constants:
                    held.pop(name, None)
        return held[self._steps[-1][2]]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array of the program for a batch of one, constants too."""
        held = dict(self.program.constants)
        held[INPUT] = np.zeros((1, *self.program.shape), self._dtype)
        with np.errstate(all="ignore"):
            for run, names, output in self._steps:
                held[output] = run(*(held[name] for name in names))
        return {name: array.shape for name, array in held.items()}

    def prepared(self, pixels: np.ndarray) -> np.ndarray:
        """Return images as the network was trained on them.

        Parameters
        ----------
        pixels
            ``(n, channels, ...)``; of whole numbers, 255 is 1. The mean of each channel is
            subtracted and the result divided by its deviation, as the file says.
        """
        x = np.asarray(pixels)
        x = x.astype(self._dtype) / 255 if x.dtype.kind in "ui" else x.astype(self._dtype)
        form = (-1, *[1] * (x.ndim - 2))
        for name, by in (("mean", np.subtract), ("std", np.divide)):
            values = np.asarray(self.facts.get(name) or (), self._dtype)
            if values.size:
                safe = values if name == "mean" else np.where(values > 0, values, 1)
                x = by(x, safe.reshape(form))
        return x

    @property
    def _dtype(self) -> np.dtype:
        kinds = [a.dtype for a in self.program.constants.values() if a.dtype.kind == "f"]
        return np.result_type(*kinds) if kinds else np.dtype(np.float32)
