"""What every sparse layer can do: list its links, change them, and carry optimizer state along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from netsci_dst.errors import NetsciError
from netsci_dst.topology import Layer

from ._links import check_keys, merge
from ._optimizers import states_of
from ._stores import Store, store


class SparseLayer(nn.Module):
    """A layer with a list of links, each with a weight.

    Positions form a matrix ``(n_source, n_target)``; the key of a link is the int64
    ``source * n_target + target``, and links are kept in increasing order of key. Everything below
    that is one number per link is in that order.

    Attributes
    ----------
    n_source, n_target
        Positions on either side; for a convolution ``in / groups * kh * kw`` and ``out``.
    weight
        The parameter that the optimizer sees: dense, in torch's own shape, in the masked backend;
        ``(n_links,)`` in the CSR backend.
    backend
        ``"masked"`` or ``"csr"``.
    """

    n_source: int
    n_target: int
    weight: nn.Parameter
    bias: nn.Parameter | None
    backend: str
    # Buffers of the masked backend, then of the CSR backend.
    mask: Tensor
    _keys: Tensor
    indptr: Tensor
    indices: Tensor

    # --- links --------------------------------------------------------------------------------

    @property
    def _store(self) -> Store:
        return store(self.backend)

    @property
    def dense_shape(self) -> tuple[int, ...]:
        """Shape of the weight as torch keeps it when dense, such as ``(out, in)``."""
        return (self.n_target, self.n_source)

    @property
    def n_possible(self) -> int:
        """Number of positions a link can take."""
        return self.n_source * self.n_target

    @property
    def n_links(self) -> int:
        """Number of links."""
        return self._store.n_links(self)

    @property
    def density(self) -> float:
        """Links over possible links."""
        return self.n_links / self.n_possible

    @property
    def keys(self) -> Tensor:
        """Keys of the links, increasing, int64 of shape ``(n_links,)``."""
        return self._store.keys(self)

    @property
    def values(self) -> Tensor:
        """Weights of the links, detached, shape ``(n_links,)``."""
        return self._store.gather(self, self.weight.detach())

    @property
    def gradients(self) -> Tensor:
        """Gradients of the links from the last backward pass, shape ``(n_links,)``.

        Raises
        ------
        NetsciError
            Before the first backward pass, after the gradient was cleared, and after `rewire`.
        """
        if self.weight.grad is None:
            raise NetsciError("the layer has no gradient: run a backward pass first")
        return self._store.gather(self, self.weight.grad.detach())

    def set_links(self, keys: Tensor, values: Tensor) -> None:
        """Replace all links; for initialisation, before an optimizer has state.

        Parameters
        ----------
        keys
            Int64, increasing, shape ``(n_links,)``; any number of them.
        values
            Weights in the same order.
        """
        keys = check_keys(keys, self.n_possible).to(self.weight.device)
        values = torch.as_tensor(values)
        if values.shape != keys.shape:
            raise NetsciError(f"{keys.numel()} links cannot have {tuple(values.shape)} weights")
        self.weight.grad = None
        self._store.place(self, keys, values.to(self.weight))

    @torch.no_grad()
    def set_values(self, values: Tensor) -> None:
        """Give the links other weights, shape ``(n_links,)``; the links stay."""
        if values.shape != (self.n_links,):
            raise NetsciError(f"{self.n_links} links cannot have {tuple(values.shape)} weights")
        self.weight.copy_(self._store.scatter(self, values.to(self.weight)))

    def rewire(
        self,
        keep: Tensor,
        new_keys: Tensor,
        new_values: Tensor,
        optimizer: torch.optim.Optimizer | Iterable[torch.optim.Optimizer] | None = None,
    ) -> None:
        """Drop links, add others; the optimizer's state follows the links that stay.

        Parameters
        ----------
        keep
            Bool, shape ``(n_links,)``: False where a link goes.
        new_keys, new_values
            Links to add, in any order, and their weights. A link that goes may come back.
        optimizer
            Every state tensor of the weight's shape (momentum, Adam's moments, ...) keeps its
            entries for the links that stay and is zero for those that come.

        Raises
        ------
        NetsciError
            If a new link is present already or lies outside the layer.
        """
        keep = keep.to(device=self.weight.device, dtype=torch.bool)
        if keep.shape != (self.n_links,):
            raise NetsciError(f"keep has shape {tuple(keep.shape)} for {self.n_links} links")
        new_keys = torch.as_tensor(new_keys).to(self.weight.device)
        new_values = torch.as_tensor(new_values).to(self.weight)
        if new_keys.shape != new_values.shape:
            raise NetsciError(f"{new_keys.numel()} new links but {new_values.numel()} new weights")
        keys, order = merge(self.keys[keep], new_keys, self.n_possible)
        values = torch.cat([self.values[keep], new_values])[order]
        states = states_of(optimizer, self.weight)
        fresh = new_values.new_zeros(new_values.shape)
        moved = [
            torch.cat([self._store.gather(self, state)[keep], fresh.to(state)])[order]
            for _, _, state in states
        ]
        self.weight.grad = None
        self._store.place(self, keys, values)
        for (holder, name, state), vector in zip(states, moved):
            self._store.put(self, holder, name, state, vector)

    def link_state(
        self, optimizer: torch.optim.Optimizer | Iterable[torch.optim.Optimizer], name: str
    ) -> Tensor | None:
        """Return the optimizer's state ``name`` of each link, ``(n_links,)``, or None."""
        for _, known, state in states_of(optimizer, self.weight):
            if known == name:
                return self._store.gather(self, state)
        return None

    def set_backend(
        self,
        backend: str,
        optimizer: torch.optim.Optimizer | Iterable[torch.optim.Optimizer] | None = None,
    ) -> None:
        """Go over to another backend; links, weights and optimizer state stay the same."""
        if backend == self.backend:
            return
        new = store(backend)
        new.check(self)
        keys, values = self.keys, self.values
        states = states_of(optimizer, self.weight)
        vectors = [self._store.gather(self, state) for _, _, state in states]
        self.weight.grad = None
        self._store.clear(self)
        self.backend = backend
        new.place(self, keys, values)
        for (holder, name, state), vector in zip(states, vectors):
            new.put(self, holder, name, state, vector)

    # --- gradients of absent links ------------------------------------------------------------

    @property
    def capture(self) -> bool:
        """Whether backward passes keep what the gradients of absent links need.

        Backward passes since it was set to True add up, as gradients do; `release` forgets them.
        """
        return self._capture

    @capture.setter
    def capture(self, on: bool) -> None:
        self._capture = bool(on)
        self._captured: Any = None

    def release(self) -> None:
        """Stop capturing and free what was captured."""
        self.capture = False

    def gradient_at(self, keys: Tensor) -> Tensor:
        """Return the captured gradient at any positions, shape of ``keys``."""
        self._need_capture()
        return self._store.gradient_at(self, keys)

    def dense_gradient(self) -> Tensor:
        """Return the captured gradient at all positions, shape ``(n_source, n_target)``."""
        self._need_capture()
        return self._store.dense_gradient(self)

    def _need_capture(self) -> None:
        if self._captured is None:
            raise NetsciError("no gradient was captured: set capture before the backward pass")

    # --- neurons and topology -----------------------------------------------------------------

    def endpoints(self, keys: Tensor | None = None, grid: int = 1) -> tuple[Tensor, Tensor]:
        """Return the source and the target neuron of each link (or of any keys).

        Parameters
        ----------
        grid
            Consecutive source positions that belong to one neuron: the pixels of a channel, when
            this layer reads a flattened image.
        """
        keys = self.keys if keys is None else keys
        return (keys // self.n_target) // grid, keys % self.n_target

    def neurons(self, grid: int = 1) -> tuple[int, int]:
        """Return the number of neurons on the source and on the target side."""
        if self.n_source % grid:
            raise NetsciError(f"{self.n_source} sources are not whole neurons of {grid} each")
        return self.n_source // grid, self.n_target

    def to_layer(self, name: str, source: str, target: str, grid: int = 1) -> Layer:
        """Return the links between neurons, for a `Topology`.

        Where several positions lie between two neurons (kernel entries, pixels of a channel), they
        become one link whose multiplicity is their number and whose weight is the sum of their
        absolute weights.
        """
        shape = self.neurons(grid)
        u, v = (end.cpu().numpy() for end in self.endpoints(grid=grid))
        values = self.values.to(torch.float32).cpu().numpy()
        if shape == (self.n_source, self.n_target):
            indptr = np.zeros(shape[0] + 1, dtype=np.int64)
            np.cumsum(np.bincount(u, minlength=shape[0]), out=indptr[1:])
            return Layer(name, source, target, shape, indptr, v.astype(np.int32), values)
        pairs, inverse, counts = np.unique(
            u * shape[1] + v, return_inverse=True, return_counts=True
        )
        strength = np.bincount(inverse, weights=np.abs(values), minlength=pairs.size)
        return Layer.from_links(
            name, source, target, shape, pairs // shape[1], pairs % shape[1], strength, counts
        )

    # --- state --------------------------------------------------------------------------------

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        destination[prefix + "keys"] = self.keys
        destination[prefix + "values"] = self.values
        if self.bias is not None:
            destination[prefix + "bias"] = self.bias if keep_vars else self.bias.detach()

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        names = ["keys", "values"] + (["bias"] if self.bias is not None else [])
        missing = [name for name in names if prefix + name not in state_dict]
        missing_keys.extend(prefix + name for name in missing)
        if not {"keys", "values"} & set(missing):
            try:
                self.set_links(state_dict[prefix + "keys"], state_dict[prefix + "values"])
            except NetsciError as error:
                error_msgs.append(f"{prefix[:-1]}: {error}")
        if self.bias is not None and "bias" not in missing:
            loaded = state_dict[prefix + "bias"]
            if loaded.shape == self.bias.shape:
                with torch.no_grad():
                    self.bias.copy_(loaded)
            else:
                error_msgs.append(
                    f"{prefix}bias has shape {tuple(loaded.shape)}, not {tuple(self.bias.shape)}"
                )
        if strict:
            known = {prefix + name for name in names}
            unexpected_keys.extend(
                key for key in state_dict if key.startswith(prefix) and key not in known
            )


def sparse_layers(model: nn.Module) -> dict[str, SparseLayer]:
    """Return the sparse layers of a model by module path, in the model's order."""
    return {name: part for name, part in model.named_modules() if isinstance(part, SparseLayer)}
