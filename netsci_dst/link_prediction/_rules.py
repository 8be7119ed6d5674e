"""What a common neighbour contributes, as a function of its degree and its internal links."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rule:
    """A predictor in terms of each common neighbour's degree d and internal links c.

    A neighbour contributes ``numerator(c) / denominator(x)``, x being its external links plus one,
    which is ``d - c``, or its degree, or nothing. A *path* rule multiplies the contributions of
    the two neighbours on a path and adds over paths; a *node* rule adds over neighbours.

    Attributes
    ----------
    on
        ``path`` or ``node``.
    internal
        Whether the numerator grows with 1 + internal links.
    denominator
        ``external``, ``degree`` or ``none``.
    """

    on: str
    internal: bool
    denominator: str

    @property
    def share(self) -> int:
        """How much of the internal links the denominator's argument loses: 1 or 0."""
        return int(self.denominator == "external")

    def tables(self, largest_degree: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the numerator by c and the inverse denominator by its argument.

        Argument 0 means that every link of the neighbour is shared; such a neighbour reaches no
        absent link, and contributes nothing to one.
        """
        numbers = np.arange(largest_degree + 2, dtype=np.float64)
        numerator = numbers + 1 if self.internal else np.ones_like(numbers)
        inverse = np.ones_like(numbers)
        if self.denominator != "none":
            inverse[1:] = 1 / numbers[1:]
        if self.on == "path":
            numerator, inverse = np.sqrt(numerator), np.sqrt(inverse)
        inverse[0] = 0.0
        return numerator, inverse

    def contribution(self, degree: Any, internal: Any) -> Any:
        """Return the contributions of neighbours, numpy arrays or torch tensors."""
        argument = degree - self.share * internal
        positive = argument > 0
        inverse = (
            positive / (argument + ~positive) if self.denominator != "none" else positive * 1.0
        )
        value = (internal + 1) * inverse if self.internal else inverse
        return value**0.5 if self.on == "path" else value


CH3_L3P = Rule("path", False, "external")
CH2_L3P = Rule("path", True, "external")
RA_L3 = Rule("path", False, "degree")
CN_L3 = Rule("path", False, "none")
CH3_L3N = Rule("node", False, "external")
CH2_L3N = Rule("node", True, "external")
