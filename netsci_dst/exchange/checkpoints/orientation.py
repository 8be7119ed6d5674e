"""Which side of a weight is which: names and biases tell what shapes do not.

`torch.nn.Linear` and convolutions keep targets first; GPT-2's ``Conv1D`` and transposed
convolutions keep sources first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .masks import Entry

_CONV1D = re.compile(r"(^|\.)(c_attn|c_proj|c_fc|q_attn)$")
_TRANSPOSED = re.compile(
    r"deconv|transpose|conv_?t\d*$|t_?conv|up_?conv|conv_?up|(^|[._])up(sample|scale)?\d*([._]|$)",
    re.IGNORECASE,
)


class Orientation:
    """Says of each weight of a state dict whether its first side holds the targets."""

    def __init__(self, state: Mapping[str, Entry]):
        self._state = state
        votes = [self._vote(name) for name in self._names() if _CONV1D.search(name)]
        self._conv1d = votes.count(False) > votes.count(True)

    def target_first(self, name: str) -> bool:
        """Return whether targets come first."""
        shape = self._shape(name)
        if len(shape) == 2 and _CONV1D.search(name):
            return not self._conv1d
        vote = self._vote(name)
        if vote is not None:
            return vote
        return not (len(shape) > 2 and _TRANSPOSED.search(name))

    def is_certain(self, name: str) -> bool:
        """Return whether it is more than a convention: linear layers, or told by a bias."""
        return len(self._shape(name)) == 2 or self._vote(name) is not None

    def _names(self) -> list[str]:
        return [key.removesuffix(".weight") for key in self._state if key.endswith(".weight")]

    def _shape(self, name: str) -> tuple[int, ...]:
        return tuple(self._state[_key(name)].value.shape)

    def _vote(self, name: str) -> bool | None:
        """Return what the size of the bias says, or the sizes of a packed projection."""
        shape, bias = self._shape(name), self._state.get(_key(name, "bias"))
        rows, columns = shape[:2]
        if rows == columns:
            return None
        if bias is not None and bias.value.ndim == 1:
            size = int(bias.value.shape[0])
            if size in (rows, columns):
                return size == rows
            if len(shape) > 2 and size % columns == 0:
                return False  # a transposed convolution in groups
        if len(shape) == 2 and name.endswith("c_attn"):
            return rows == 3 * columns if 3 * min(rows, columns) == max(rows, columns) else None
        return None


def _key(name: str, leaf: str = "weight") -> str:
    return leaf if name == "weight" else f"{name}.{leaf}"
