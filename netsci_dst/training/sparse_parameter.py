"""A weight of which only some entries exist: its links, and what an optimizer knows about them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ..errors import NetsciError
from ..topology import Layer
from .link_keys import check_keys, merge
from .matrix_view import MatrixView, layer_between_neurons
from .optimizer_state import Optimizers, states_of


class SparseParameter(ABC):
    """A parameter, or a part of one, with a list of links, each with a weight.

    The key of a link is the int64 ``source * n_target + target`` of its positions; links are kept
    in increasing order of key, and whatever is one number per link is in that order. A format says
    how the weights are stored; it is a subclass, registered as a ``format``.

    Attributes
    ----------
    view
        How the weight lies as a matrix of sources and targets.
    format
        Name of the format.

    Examples
    --------
    >>> from torch import nn
    >>> import netsci_dst as nd
    >>> model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 10))
    >>> dst = nd.sparsify(model, method="static", sparsity=0.9, include="0")
    >>> parameter = dst.controller.parameters["0"]
    >>> parameter.n_source, parameter.n_target, parameter.n_links, parameter.format
    (20, 30, 60, 'masked')
    """

    format: ClassVar[str]

    def __init__(self, view: MatrixView):
        self.view = view
        self._capture = False

    # --- what a format says -------------------------------------------------------------------

    @property
    @abstractmethod
    def weight(self) -> nn.Parameter:
        """The parameter that the optimizer sees."""

    @property
    @abstractmethod
    def keys(self) -> Tensor:
        """Keys of the links, increasing, int64 of shape ``(n_links,)``."""

    @property
    @abstractmethod
    def n_links(self) -> int:
        """Number of links."""

    @abstractmethod
    def gather(self, tensor: Tensor) -> Tensor:
        """Return a new ``(n_links,)`` vector from a tensor of the parameter's shape."""

    @abstractmethod
    def set_values(self, values: Tensor) -> None:
        """Give the links other weights, shape ``(n_links,)``; the links stay."""

    @abstractmethod
    def add_gradient(self, values: Tensor) -> None:
        """Add one number per link to the gradient, where there is one."""

    @abstractmethod
    def _exchange(
        self,
        keep: Tensor,
        new_keys: Tensor,
        new_values: Tensor,
        states: list[tuple[Any, str, Tensor]],
    ) -> None:
        """Drop links, add others (checked already), and let states follow."""

    @abstractmethod
    def _set_links(self, keys: Tensor, values: Tensor) -> None:
        """Replace all links and weights (checked already)."""

    @abstractmethod
    def gradient_at(self, keys: Tensor) -> Tensor:
        """Return the captured gradient at any positions, shape of ``keys``."""

    @abstractmethod
    def dense_gradient(self) -> Tensor:
        """Return the captured gradient at all positions, shape ``(n_source, n_target)``."""

    @property
    @abstractmethod
    def captured(self) -> bool:
        """Whether a backward pass has reached the parameter since `capture` was set."""

    @abstractmethod
    def capture_nothing(self) -> None:
        """Take the captured gradient as zero: the loss does not depend on the parameter."""

    @abstractmethod
    def release(self) -> None:
        """Stop capturing and free what was captured."""

    @abstractmethod
    def scale_captured(self, factor: float) -> None:
        """Multiply what was captured: the gradient of a scaled loss is scaled back."""

    def after_optimizer(self, keeps_zeros: bool) -> None:
        """Bring absent entries back to zero after a step of the optimizer."""
        return

    def before_optimizer(self) -> None:
        """Mask the gradient again where something has changed it since the backward pass."""
        return

    # --- sizes --------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.view.name

    @property
    def n_source(self) -> int:
        """Source positions."""
        return self.view.n_source

    @property
    def n_target(self) -> int:
        """Target positions."""
        return self.view.n_target

    @property
    def n_possible(self) -> int:
        """Number of positions a link can take."""
        return self.view.n_possible

    @property
    def groups(self) -> int:
        """Groups of a grouped convolution."""
        return self.view.groups

    @property
    def density(self) -> float:
        """Links over possible links."""
        return self.n_links / self.n_possible

    def neurons(self, grid: int = 1) -> tuple[int, int]:
        """Return the number of neurons on the source and on the target side."""
        return self.view.neurons

    def endpoints(self, keys: Tensor | None = None, grid: int = 1) -> tuple[Tensor, Tensor]:
        """Return the source and the target neuron of each link (or of any keys)."""
        return self.view.endpoints(self.keys if keys is None else keys)

    # --- links --------------------------------------------------------------------------------

    @property
    def frozen(self) -> bool:
        """Whether the parameter is not trained: its links stay."""
        return not self.weight.requires_grad

    @property
    def values(self) -> Tensor:
        """Weights of the links, detached, shape ``(n_links,)``."""
        return self.gather(self.weight.detach())

    @property
    def gradients(self) -> Tensor:
        """Gradients of the links from the last backward pass, shape ``(n_links,)``.

        Raises
        ------
        NetsciError
            Before the first backward pass, and after the gradient was cleared.
        """
        if self.weight.grad is None:
            raise NetsciError(
                f"layer {self.name!r} has no gradient: run a backward pass first, and clear "
                "gradients after the topology update"
            )
        return self.gather(self.weight.grad.detach())

    @torch.no_grad()
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
        self._set_links(keys, values.to(self.weight))

    @torch.no_grad()
    def rewire(
        self,
        keep: Tensor,
        new_keys: Tensor,
        new_values: Tensor,
        optimizer: Optimizers = None,
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
        merge(self.keys[keep], new_keys, self.n_possible)
        self._exchange(keep, new_keys, new_values, states_of(optimizer, self.weight))

    def link_state(
        self, optimizer: torch.optim.Optimizer | Iterable[torch.optim.Optimizer], name: str
    ) -> Tensor | None:
        """Return the optimizer's state ``name`` of each link, ``(n_links,)``, or None."""
        for _, known, state in states_of(optimizer, self.weight):
            if known == name:
                return self.gather(state)
        return None

    # --- gradients of absent links ------------------------------------------------------------

    @property
    def capture(self) -> bool:
        """Whether backward passes keep what the gradients of absent links need.

        Backward passes since it was set to True add up, as gradients do; `release` forgets them.
        """
        return self._capture

    @capture.setter
    def capture(self, on: bool) -> None:
        self.release()
        self._capture = bool(on)

    def _need(self, captured: Any) -> None:
        if captured is None:
            raise NetsciError(
                f"no gradient of layer {self.name!r} was captured: set capture before the "
                "backward pass"
            )

    # --- topology -----------------------------------------------------------------------------

    def to_layer(self, name: str, source: str, target: str, visible: Tensor | None = None) -> Layer:
        """Return the links between neurons, for a `Topology`.

        Parameters
        ----------
        visible
            Bool, shape ``(n_links,)``: which links to take; all when left out.
        """
        keys, values = self.keys, self.values
        if visible is not None:
            keys, values = keys[visible], values[visible]
        return layer_between_neurons(replace(self.view, name=name), keys, values, source, target)

    def describe(self) -> dict[str, Any]:
        """Return facts for the provenance."""
        return {
            "n_source": self.n_source,
            "n_target": self.n_target,
            "links": self.n_links,
            "format": self.format,
        }
