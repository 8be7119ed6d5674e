"""What every layer that is followed can do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from ..shadow import Shadow
from ..units import Units

if TYPE_CHECKING:
    from ..follow import Follower


@dataclass
class Inputs:
    """What is known of a layer's input features, one entry each.

    Attributes
    ----------
    labels
        The units.
    constant
        Whether the feature is the same for any input, in every row and at every place.
    values
        The features of one row, as float64; only those of constants mean something.
    """

    labels: np.ndarray
    constant: np.ndarray
    values: np.ndarray


@dataclass
class Cut:
    """Which features stay, and which of those that stay are read no more."""

    keep_in: np.ndarray
    keep_out: np.ndarray
    silent_in: np.ndarray
    silent_out: np.ndarray


@dataclass
class Site:
    """A layer that was met."""

    name: str
    module: Any
    inputs: Inputs | None = None
    outputs: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    def follow(self, follower: Follower, x: Tensor, y: Tensor) -> Shadow:
        """Note the inputs and outputs, and return the output's shadow."""
        raise NotImplementedError

    def reads(self, wanted: np.ndarray) -> np.ndarray:
        """Return which input features matter when only the wanted outputs do."""
        raise NotImplementedError

    def cut(self, cut: Cut) -> None:
        """Make the module smaller; constants that go are added to its bias."""
        raise NotImplementedError

    def again(self, units: Units, other: Site) -> Site:
        """Return what is known after a second call of the same module."""
        units.join(self.outputs, other.outputs)
        if self.inputs is not None and other.inputs is not None:
            a, b = self.inputs, other.inputs
            units.join(a.labels, b.labels)
            a.constant = a.constant & b.constant & (a.values == b.values)
        return self
