"""Recognise a model's weights among the tensors of a forward pass, however they were turned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from ..matrix_view import MatrixView, every_view

# Operations that keep absent links at zero: copies, and products with other parameters.
_EXACT = {"clone", "_to_copy", "contiguous", "copy", "mul", "div", "detach", "alias", "lift_fresh"}


@dataclass(frozen=True)
class Ghost:
    """A tensor without data that lies in a parameter as a weight does.

    Attributes
    ----------
    place
        On the meta device, a view of a parameter-sized tensor.
    altered
        An operation after which an absent link may weigh something.
    """

    parameter: str
    place: Tensor
    altered: str | None = None


@dataclass(frozen=True)
class Piece:
    """What of a view a weight in use covers: always all of it, at these positions of the use."""

    view: MatrixView
    source: int
    target: int


def same_storage(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are views of the same memory."""
    return one.untyped_storage()._cdata == other.untyped_storage()._cdata


class Weights:
    """The parameters of a model and the tensors that come from them alone."""

    def __init__(self, model: nn.Module):
        self._ghosts = WeakTensorKeyDictionary()
        self._shapes: dict[str, tuple[int, int]] = {}
        self._views: dict[tuple[str, bool], list[MatrixView]] = {}
        names: dict[int, str] = {}
        for name, parameter in model.named_parameters():
            names[id(parameter)] = name
            ghost = torch.empty(tuple(parameter.shape), device="meta")
            self._ghosts[parameter] = Ghost(name, ghost)
            rows = parameter.shape[0] if parameter.dim() else 1
            self._shapes[name] = (rows, max(parameter.numel() // max(rows, 1), 1))
        for view in every_view(model).values():
            name = names[id(model.get_parameter(view.parameter))]
            known = self._views.setdefault((name, view.target_first), [])
            if all(view.rows != other.rows for other in known):
                known.append(view)

    def get(self, tensor: Tensor) -> Ghost | None:
        """Return what is known of a tensor, None unless it comes from a parameter."""
        return self._ghosts.get(tensor)

    def put(self, tensor: Tensor, ghost: Ghost) -> None:
        """Remember that a tensor comes from a parameter."""
        self._ghosts[tensor] = ghost

    def follow(
        self,
        operation: str,
        ghost: Ghost,
        args: tuple[Any, ...],
        out: Tensor,
        call: Callable[[Tensor], Any],
    ) -> None:
        """Follow a view or copy of a weight; other operations mark it as altered or lose it."""
        if operation in _EXACT and out.shape == ghost.place.shape:
            self.put(out, ghost)
            return
        try:
            place = call(ghost.place)
        except Exception:
            place = None
        if isinstance(place, Tensor) and same_storage(place, ghost.place):
            self.put(out, Ghost(ghost.parameter, place, ghost.altered))
        elif out.shape == ghost.place.shape and out.is_floating_point():
            self.put(out, Ghost(ghost.parameter, ghost.place, ghost.altered or operation))

    def is_listed(self, ghost: Ghost) -> bool:
        """Whether the parameter has views."""
        return any((ghost.parameter, first) in self._views for first in (True, False))

    def pieces(
        self, ghost: Ghost, source: tuple[int, int], target: tuple[int, int]
    ) -> list[Piece] | None:
        """Return the views that a weight in use consists of, in the order of its targets.

        Parameters
        ----------
        source, target
            Length and stride of the axis that is summed over and of the one that is given.
        """
        _, columns = self._shapes[ghost.parameter]
        (n, source_stride), (m, target_stride) = source, target
        row, column = divmod(int(ghost.place.storage_offset()), columns)
        if (source_stride == 1 or n == 1) and (target_stride == columns or m == 1):
            first, rows = True, (row, row + m)
            spans = column == 0 and n == columns
        elif (source_stride == columns or n == 1) and (target_stride == 1 or m == 1):
            first, rows = False, (row, row + n)
            spans = column == 0 and m == columns
        else:
            return None
        if not spans:
            return None
        return self._covering(ghost.parameter, first, rows)

    def rows(self, ghost: Ghost, target_first: bool) -> list[Piece] | None:
        """Return the views that whole rows of a kernel consist of."""
        _, columns = self._shapes[ghost.parameter]
        place = ghost.place
        start, rest = divmod(int(place.storage_offset()), columns)
        whole = place.is_contiguous() and not rest and place[0].numel() == columns
        if not whole:
            return None
        return self._covering(ghost.parameter, target_first, (start, start + place.shape[0]))

    def _covering(self, name: str, first: bool, rows: tuple[int, int]) -> list[Piece] | None:
        views = [
            view
            for view in self._views.get((name, first), [])
            if rows[0] <= view.rows[0] and view.rows[1] <= rows[1]
        ]
        views.sort(key=lambda view: view.rows)
        at, pieces = rows[0], []
        for view in views:
            if view.rows[0] != at:
                return None
            offset = view.rows[0] - rows[0]
            pieces.append(Piece(view, 0 if first else offset, offset if first else 0))
            at = view.rows[1]
        return pieces if pieces and at == rows[1] else None
