"""What an update reads from masked layers and writes to them, as it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...errors import NetsciError
from ..formats.masked import MaskedParameter, MaskedWeight
from ..formats.sharded import is_sharded, whole
from .form import Form

if TYPE_CHECKING:
    from .layer import EvolvingLayer


def is_masked(layer: EvolvingLayer) -> bool:
    """Return whether a layer is kept as a dense weight under a mask."""
    return isinstance(layer.parameter, MaskedParameter)


def masks(layers: Sequence[EvolvingLayer]) -> Tensor:
    """Return the masks of layers of one form, ``(L, rows, columns)``."""
    return torch.stack([_stored(layer, _mask(layer)) for layer in layers])


def weights(layers: Sequence[EvolvingLayer]) -> Tensor:
    """Return the weights of layers of one form; 0 where there is no link."""
    with torch.no_grad():
        return torch.stack([_stored(layer, whole(layer.parameter.weight)) for layer in layers])


def gradients(layers: Sequence[EvolvingLayer]) -> Tensor:
    """Return the gradients of layers of one form.

    Raises
    ------
    NetsciError
        If a layer has none.
    """
    found = []
    for layer in layers:
        gradient = layer.parameter.weight.grad
        if gradient is None and layer.unreached:
            gradient = torch.zeros_like(layer.parameter.weight)
        if gradient is None:
            raise NetsciError(
                f"layer {layer.name!r} has no gradient: run a backward pass first, and clear "
                "gradients after the topology update"
            )
        found.append(_stored(layer, whole(gradient)))
    return torch.stack(found)


def captured(layers: Sequence[EvolvingLayer]) -> Tensor:
    """Return the captured gradients at all positions of layers of one form.

    Raises
    ------
    NetsciError
        If nothing was captured.
    """
    found = []
    for layer in layers:
        store = _store(layer)
        if store.captured is None:
            raise NetsciError(
                f"no gradient of layer {layer.name!r} was captured: set capture before the "
                "backward pass"
            )
        found.append(_stored(layer, whole(store.captured, like=store.weight)))
    return torch.stack(found)


def write(
    layers: Sequence[EvolvingLayer],
    form: Form,
    mask: Tensor,
    weight: Tensor,
    keep: Tensor,
    states: Sequence[Sequence[Tensor]],
    counts: Sequence[int],
) -> None:
    """Give layers these links and weights; gradient and optimizer state stay where ``keep``.

    Parameters
    ----------
    states
        State tensors of the parameter's shape, of each layer.
    counts
        Links of each layer.
    """
    rows = list(zip(layers, mask.unbind(0), weight.unbind(0), keep.unbind(0), states))
    places: list[tuple[Tensor, Tensor]] = []
    factors: list[tuple[Tensor, Tensor]] = []
    for layer, m, w, k, own in rows:
        places.append((_part(layer, _mask(layer)), m))
        weights = layer.parameter.weight
        kept = [*own, *([] if weights.grad is None else [weights.grad])]
        if is_sharded(weights):
            layer.parameter.write(weights, form.logical(w))  # type: ignore[attr-defined]
            for tensor in kept:
                part = form.logical(_stored(layer, whole(tensor)) * k)
                layer.parameter.write(tensor, part)  # type: ignore[attr-defined]
            continue
        places.append((_part(layer, weights), w))
        factors += [(_part(layer, tensor), k) for tensor in kept]
    _by_type(torch._foreach_copy_, places)  # type: ignore[attr-defined]
    _by_type(torch._foreach_mul_, factors)  # type: ignore[attr-defined]
    for layer in layers:
        store = _store(layer)
        layer.parameter.links_changed()  # type: ignore[attr-defined]
        store.note_written()
    for layer, count in zip(layers, counts):
        layer.parameter.note_count(count)  # type: ignore[attr-defined]


def _by_type(function: object, pairs: list[tuple[Tensor, Tensor]]) -> None:
    """Apply a function to lists of tensors of one type each."""
    kinds: dict[tuple[torch.dtype, torch.device], tuple[list[Tensor], list[Tensor]]] = {}
    for place, row in pairs:
        own = kinds.setdefault((place.dtype, place.device), ([], []))
        own[0].append(place)
        own[1].append(row if row.shape == place.shape else row.view(place.shape))
    for places, rows in kinds.values():
        function(places, rows)  # type: ignore[operator]


def _store(layer: EvolvingLayer) -> MaskedWeight:
    assert isinstance(layer.parameter, MaskedParameter)
    return layer.parameter.store


def _mask(layer: EvolvingLayer) -> Tensor:
    store = _store(layer)
    store.current_mask()  # follows the parameter to another device
    return store.mask


def _part(layer: EvolvingLayer, tensor: Tensor) -> Tensor:
    """Return the layer's part of a tensor of the parameter's shape, to write to."""
    return layer.parameter.view.part(tensor)


def _stored(layer: EvolvingLayer, tensor: Tensor) -> Tensor:
    """Return the layer's part of a tensor of the parameter's shape as a matrix, as it lies."""
    part = _part(layer, tensor)
    return part if part.dim() == 2 else part.reshape(part.shape[0], -1)
