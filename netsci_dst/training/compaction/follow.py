"""A forward pass in which every tensor has a shadow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_leaves

from ..tape import Tape
from . import operations
from .shadow import Shadow, differing_dims
from .sites import Site, site_type
from .units import Units


class Follower(Tape):
    """Finds the units of a model and, of each layer, what it reads and gives.

    Attributes
    ----------
    units
        Which neurons can only be kept or removed together.
    sites
        Module -> what was found about it.
    vectors
        (parameter or buffer id, dimension) -> labels of the entries that go with the neurons.
    split, merged
        Labels of neurons whose dimension was cut into several, or made one with others.
    """

    def __init__(self, model: nn.Module):
        super().__init__(model, lambda module: site_type(module) is not None)
        self.units: Units = Units()
        self.sites: dict[nn.Module, Site] = {}
        self.vectors: dict[tuple[int, int], np.ndarray] = {}
        self.split: list[np.ndarray] = []
        self.merged: list[np.ndarray] = []
        self._shadows: dict[int, tuple[Tensor, Shadow]] = {}
        self._own = {id(t) for t in [*model.parameters(), *model.buffers()]}

    # --- shadows ------------------------------------------------------------------------------

    def shadow(self, tensor: Any) -> Shadow | None:
        """Return a tensor's shadow; None for what is no tensor or comes from no input."""
        found = self._shadows.get(id(tensor))
        return None if found is None else found[1]

    def set(self, tensor: Tensor, shadow: Shadow) -> None:
        """Give a tensor a shadow of its shape."""
        # The tensor is kept, so that its id stays its own.
        self._shadows[id(tensor)] = (tensor, shadow)

    def is_own(self, tensor: Any) -> bool:
        """Whether a tensor is a parameter or buffer of the model."""
        return id(tensor) in self._own

    def pin(self, tensors: Iterable[Any]) -> None:
        """Pin all units of these tensors."""
        for tensor in tensors:
            shadow = self.shadow(tensor)
            if shadow is not None:
                self.units.pin(np.unique(shadow.labels.numpy()))

    def follow(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Run the model; its inputs and outputs are pinned."""
        for tensor in tree_leaves((args, dict(kwargs))):
            if isinstance(tensor, Tensor):
                self.set(tensor, Shadow.pinned(tensor))
        output = self.run(*args, **kwargs)
        self.pin(_tensors(output))
        return output

    # --- what is told -------------------------------------------------------------------------

    def operation(
        self, function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], output: Any
    ) -> None:
        """Give the results of an operation their shadows."""
        inputs = [t for t in tree_flatten((args, dict(kwargs)))[0] if isinstance(t, Tensor)]
        if not any(self.shadow(t) is not None for t in inputs):
            return
        if operations.apply(self, function, args, kwargs, output):
            self._written(function, args)
            return
        self.pin(inputs)
        varies = any(s is not None and bool(s.varies.any()) for s in map(self.shadow, inputs))
        for tensor in _tensors(output):
            self.set(tensor, Shadow.pinned(tensor, varies))
        self._written(function, args)

    def module(self, name: str, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """Give the output of a layer its shadow."""
        kind = site_type(module)
        assert kind is not None
        site = kind(name, module)
        out = site.follow(self, args[0], output)
        known = self.sites.get(module)
        self.sites[module] = site if known is None else known.again(self.units, site)
        self.set(output, out)

    def _written(self, function: Any, args: tuple[Any, ...]) -> None:
        """Pin what shares memory with a tensor that was written in place."""
        if not function._schema.is_mutable or not args or not isinstance(args[0], Tensor):
            return
        base = args[0]._base
        if base is not None and self.shadow(base) is None and self.shadow(args[0]) is not None:
            self.set(base, Shadow.pinned(base))
        place = args[0].untyped_storage().data_ptr()
        shadow = self.shadow(args[0])
        for tensor, other in list(self._shadows.values()):
            if tensor is not args[0] and tensor.untyped_storage().data_ptr() == place:
                self.pin([tensor, args[0]])
                self.set(tensor, Shadow(other.labels, torch.ones_like(other.varies)))
                if shadow is not None:
                    self.set(args[0], Shadow(shadow.labels, torch.ones_like(shadow.varies)))

    # --- parameters between layers ------------------------------------------------------------

    def vector(self, tensor: Tensor, labels: Tensor) -> None:
        """Note that a parameter met a tensor with these labels, entry by entry."""
        offset = labels.dim() - tensor.dim()
        dims = differing_dims(labels)
        own = [d for d in dims if d >= offset and tensor.shape[d - offset] > 1]
        if not own:
            return
        if len(dims) > 1:
            self.units.pin(np.unique(labels.numpy()))
            return
        (dim,) = own
        row = labels.movedim(dim, -1).reshape(-1, labels.shape[dim])[0].numpy()
        key = (id(tensor), dim - offset)
        if any(k[0] == key[0] and k[1] != key[1] for k in self.vectors):
            self.units.pin(row)
            return
        if key in self.vectors:
            self.units.join(self.vectors[key], row)
        else:
            self.vectors[key] = row


def _tensors(output: Any) -> list[Tensor]:
    if hasattr(output, "to_tuple"):
        output = output.to_tuple()
    return [t for t in tree_leaves(output) if isinstance(t, Tensor)]
