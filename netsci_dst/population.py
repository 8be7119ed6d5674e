"""Populations: groups of neurons, or the nodes of a network, with their names and attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .errors import TopologyError

Role = Literal["input", "hidden", "output", "residual"]


@dataclass(frozen=True, eq=False)
class Population:
    """A group of neurons, or the nodes of a network.

    Attributes
    ----------
    name
        Unique within a topology.
    size
        Number of neurons, at least 1.
    role
        ``input`` and ``output`` neurons lack one side of links by nature; a ``residual`` stream is
        a sum and never percolates.
    combine
        Whether a neuron needs links in ``all`` of the layers that feed its population, or ``any``.
    shape
        The grid on which the neurons lie, such as ``(28, 28)`` or ``(3, 32, 32)``, in C order.
    names
        What each member is called, all different; None when the index is the name.
    attributes
        Facts about each member, by name: arrays of shape ``(size,)`` of float64 (NaN where there
        is none), int64, bool, or strings as objects (None where there is none).

    Examples
    --------
    >>> Population("input", 784, role="input", shape=(28, 28)).size
    784
    """

    name: str
    size: int
    role: Role = "hidden"
    combine: Literal["all", "any"] = "all"
    shape: tuple[int, ...] | None = None
    names: Sequence[str] | None = field(default=None, repr=False)
    attributes: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        put = lambda key, value: object.__setattr__(self, key, value)  # noqa: E731
        if not isinstance(self.name, str) or not self.name:
            raise TopologyError("a population needs a name")
        if isinstance(self.size, bool) or int(self.size) != self.size or self.size < 1:
            raise TopologyError(f"population {self.name!r} needs at least one neuron")
        if self.role not in ("input", "hidden", "output", "residual"):
            raise self._error(
                f"has role {self.role!r}; it must be input, hidden, output or residual"
            )
        if self.combine not in ("all", "any"):
            raise TopologyError(f"population {self.name!r}: combine must be 'all' or 'any'")
        if self.shape is not None:
            put("shape", tuple(int(length) for length in self.shape))
            self._check_grid(self.shape)
        if self.names is not None:
            put("names", self._checked_names(self.names))
        columns = {
            self._attribute_name(key): self._column(key, values)
            for key, values in self.attributes.items()
        }
        put("attributes", columns)

    def _error(self, what: str) -> TopologyError:
        return TopologyError(f"population {self.name!r} {what}")

    def _check_grid(self, shape: tuple[int, ...]) -> None:
        if int(np.prod(shape)) != self.size or min(shape) < 1:
            raise self._error(f"has {self.size} neurons, which do not fill a grid of shape {shape}")

    def _checked_names(self, names: Sequence[str]) -> tuple[str, ...]:
        found = tuple(names)
        if len(found) != self.size:
            raise self._error(f"has {self.size} members but {len(found)} names")
        if not all(isinstance(name, str) for name in found):
            raise self._error("has names that are not text")
        self._check_unicode(found)
        if len(set(found)) < len(found):
            seen: set[str] = set()
            twice = next(name for name in found if name in seen or seen.add(name))
            raise self._error(f"has two members called {twice!r}")
        return found

    def _check_unicode(self, texts: Sequence[str]) -> None:
        try:
            "".join(texts).encode()
        except UnicodeEncodeError:
            raise self._error("has text that is not valid Unicode (a lone surrogate)") from None

    def _attribute_name(self, key: Any) -> str:
        if not isinstance(key, str) or not key:
            raise self._error(f"has an attribute called {key!r}; it needs a name")
        self._check_unicode((key,))
        return key

    def _column(self, key: str, values: Any) -> NDArray[Any]:
        column = values if isinstance(values, np.ndarray) else _array(values)
        if column.shape != (self.size,):
            raise self._error(f"has {self.size} members but attribute {key!r} of {column.shape}")
        if column.dtype.kind in "fiub":
            kinds = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}
            if column.dtype.kind == "u" and column.max(initial=0) > np.iinfo(np.int64).max:
                return np.ascontiguousarray(column, dtype=np.float64)
            return np.ascontiguousarray(column, dtype=kinds[column.dtype.kind])
        texts = column.astype(object)
        if not all(text is None or isinstance(text, str) for text in texts):
            raise self._error(f"has attribute {key!r}, whose values are neither numbers nor text")
        self._check_unicode([text for text in texts if text is not None])
        return texts

    @property
    def labels(self) -> tuple[str, ...]:
        """The name of each member; its index where it has none."""
        return tuple(self.names) if self.names is not None else tuple(map(str, range(self.size)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Population):
            return NotImplemented
        return (
            self._facts() == other._facts()
            and self.names == other.names
            and self.attributes.keys() == other.attributes.keys()
            and all(_same(self.attributes[key], other.attributes[key]) for key in self.attributes)
        )

    def __hash__(self) -> int:
        return hash(self._facts())

    def _facts(self) -> tuple[Any, ...]:
        return self.name, self.size, self.role, self.combine, self.shape


def _array(values: Any) -> NDArray[Any]:
    # Text stays as Python's own strings: a fixed width would cost the longest for each.
    found = list(values)
    plain = all(isinstance(value, (bool, int, float, np.number, np.bool_)) for value in found)
    return np.asarray(found) if plain else np.fromiter(found, dtype=object, count=len(found))


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    if a.dtype != b.dtype:
        return False
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
