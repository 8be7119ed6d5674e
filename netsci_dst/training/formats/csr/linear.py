"""A linear layer that keeps and computes its links alone."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from netsci_dst.errors import NetsciError

from ...link_keys import check_keys
from ...matrix_view import MatrixView
from .chain import csr_chain


class CsrLinear(nn.Module):
    """``y = x A + b`` with a sparse ``A`` of shape ``(n_source, n_target)``, nothing of its size.

    Parameters
    ----------
    n_source, n_target
        Number of input and output features.
    bias
        Whether there is a (dense) bias.
    keys, values
        The links, ``source * n_target + target``, increasing, and their weights; none to begin
        with when left out.

    Attributes
    ----------
    weight
        One number per link, in the order of the keys.
    indptr, indices
        Row starts over the sources, and the target of each link.

    Examples
    --------
    >>> import torch
    >>> layer = CsrLinear(3, 2, keys=torch.tensor([0, 5]), values=torch.tensor([1.0, 2.0]))
    >>> layer(torch.ones(1, 3)).tolist()
    [[1.0, 2.0]]
    """

    indptr: Tensor
    indices: Tensor
    bias: nn.Parameter | None

    def __init__(
        self,
        n_source: int,
        n_target: int,
        bias: bool = True,
        keys: Tensor | None = None,
        values: Tensor | None = None,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        if min(n_source, n_target) < 1:
            raise NetsciError(f"a layer of {n_source} x {n_target} needs a neuron on both sides")
        self.n_source: int = int(n_source)
        self.n_target: int = int(n_target)
        self._capture = False
        self._captured: Any = None
        self._averaged_links: Tensor | None = None
        self.weight: nn.Parameter = nn.Parameter(torch.empty(0, device=device, dtype=dtype))
        self.bias = (
            nn.Parameter(torch.zeros(n_target, device=device, dtype=dtype)) if bias else None
        )
        links = torch.empty(0, dtype=torch.int64) if keys is None else torch.as_tensor(keys)
        self.set_links(links, torch.zeros(links.shape) if values is None else values)

    @property
    def in_features(self) -> int:
        """Number of input features, as in `torch.nn.Linear`."""
        return self.n_source

    @property
    def out_features(self) -> int:
        """Number of output features, as in `torch.nn.Linear`."""
        return self.n_target

    @property
    def n_links(self) -> int:
        """Number of links."""
        return self.indices.numel()

    @property
    def keys(self) -> Tensor:
        """Keys of the links, increasing, int64 of shape ``(n_links,)``."""
        first = torch.arange(self.n_source, device=self.indices.device) * self.n_target
        rows = torch.repeat_interleave(first, self.indptr.diff())
        return rows.add_(self.indices)

    def matrix_view(self, name: str, parameter: str) -> MatrixView:
        """Return how its links lie between source and target positions."""
        shape = (self.n_source, self.n_target)
        return MatrixView(name, parameter, (0, self.n_target), True, *shape, dense=shape)

    @torch.no_grad()
    def set_links(self, keys: Tensor, values: Tensor) -> None:
        """Replace all links and their weights.

        Raises
        ------
        NetsciError
            For keys that are repeated, out of order or out of range, or weights of another number.
        """
        keys = check_keys(keys, self.n_source * self.n_target).to(self.weight.device)
        values = torch.as_tensor(values)
        if values.shape != keys.shape:
            raise NetsciError(f"{keys.numel()} links cannot have {tuple(values.shape)} weights")
        self.weight.grad = None
        starts = torch.arange(self.n_source + 1, device=keys.device) * self.n_target
        self.register_buffer("indptr", torch.searchsorted(keys, starts), persistent=False)
        targets = (keys % self.n_target).to(torch.int32)
        self.register_buffer("indices", targets, persistent=False)
        _set(self.weight, values.to(self.weight))
        if self._averaged_links is not None:  # a copy that goes its own way
            self._averaged_links = self.indices.clone()

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., n_source)`` to ``(..., n_target)``."""
        if self._averaged_links is not None:
            self._refuse_mixture()
        return csr_chain((self,), x, relu=False)

    def relu(self, x: Tensor) -> Tensor:
        """Return ``relu(layer(x))`` in one pass."""
        return csr_chain((self,), x, relu=True)

    def extra_repr(self) -> str:
        """Say the size and the links."""
        return (
            f"{self.n_source}, {self.n_target}, links={self.n_links}, bias={self.bias is not None}"
        )

    # --- copies that are averaged -------------------------------------------------------------

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        new = self.__class__.__new__(self.__class__)
        memo[id(self)] = new
        for name, value in self.__dict__.items():
            new.__dict__[name] = copy.deepcopy(value, memo)
        new.__dict__["_captured"] = None
        new.__dict__["_averaged_links"] = new.indices.clone()
        return new

    def _refuse_mixture(self) -> None:
        """Refuse to compute by weights that were averaged over different links.

        An average of weights (EMA, SWA) is a copy whose weights are blended and whose links are
        overwritten by those of the model.
        """
        if not torch.equal(self._averaged_links, self.indices):  # type: ignore[arg-type]
            raise NetsciError(
                "weights of different links were averaged: use format='masked' where weights are "
                "averaged (EMA, SWA), and dst.mask(average) after each topology update"
            )

    # --- state --------------------------------------------------------------------------------

    def _save_to_state_dict(
        self, destination: dict[str, Any], prefix: str, keep_vars: bool
    ) -> None:
        destination[prefix + "keys"] = self.keys
        destination[prefix + "values"] = self.weight.detach()
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
        known = ["bias"] if self.bias is not None else []
        if prefix + "weight" in state_dict:  # the state of the plain layer: its non-zero entries
            self._load_dense(state_dict[prefix + "weight"], prefix, error_msgs)
            known.append("weight")
        else:
            known += ["keys", "values"]
            missing = [name for name in ("keys", "values") if prefix + name not in state_dict]
            missing_keys.extend(prefix + name for name in missing)
            if not missing:
                self._load_links(state_dict, prefix, error_msgs)
        self._load_bias(state_dict, prefix, missing_keys, error_msgs)
        if strict:
            names = {prefix + name for name in known}
            unexpected_keys.extend(
                key for key in state_dict if key.startswith(prefix) and key not in names
            )

    def _load_links(
        self, state_dict: Mapping[str, Any], prefix: str, error_msgs: list[str]
    ) -> None:
        try:
            self.set_links(state_dict[prefix + "keys"], state_dict[prefix + "values"])
        except NetsciError as error:
            error_msgs.append(f"{prefix[:-1]}: {error}")

    def _load_dense(self, weight: Tensor, prefix: str, error_msgs: list[str]) -> None:
        if weight.shape != (self.n_target, self.n_source):
            error_msgs.append(
                f"{prefix}weight has shape {tuple(weight.shape)}, not "
                f"{(self.n_target, self.n_source)}"
            )
            return
        matrix = weight.detach().t()
        u, v = matrix.nonzero(as_tuple=True)
        self.set_links(u * self.n_target + v, matrix[u, v])

    def _load_bias(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        missing_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        if self.bias is None:
            return
        if prefix + "bias" not in state_dict:
            missing_keys.append(prefix + "bias")
            return
        loaded = state_dict[prefix + "bias"]
        if loaded.shape != self.bias.shape:
            error_msgs.append(
                f"{prefix}bias has shape {tuple(loaded.shape)}, not {tuple(self.bias.shape)}"
            )
            return
        with torch.no_grad():
            self.bias.copy_(loaded)


def _set(parameter: nn.Parameter, data: Tensor) -> None:
    if parameter.shape == data.shape:
        parameter.copy_(data)
        return
    # A graph that is still alive holds on to the node that accumulates this parameter's gradient,
    # and that node remembers the old shape. A change of type makes torch forget it.
    other = torch.float64 if data.dtype != torch.float64 else torch.float32
    parameter.data = parameter.data.new_empty(0, dtype=other)
    parameter.data = data
