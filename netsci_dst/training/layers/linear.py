"""A fully connected layer of which only some links exist."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from netsci_dst.errors import NetsciError

from ._csr import csr_chain
from ._masked import masked_weight
from ._stores import store
from .base import SparseLayer


class SparseLinear(SparseLayer):
    """``y = x A + b`` with a sparse ``A`` of shape ``(n_source, n_target)``.

    Parameters
    ----------
    n_source, n_target
        Number of input and output features.
    bias
        Whether there is a (dense) bias.
    keys, values
        The links, as for `set_links`; none to begin with when left out.
    backend
        ``"masked"``: a dense weight, on any device; ``"csr"``: links only, nothing of size
        ``n_source * n_target`` is ever allocated.

    Examples
    --------
    >>> import torch
    >>> layer = SparseLinear(3, 2, keys=torch.tensor([0, 5]), values=torch.tensor([1.0, 2.0]))
    >>> layer(torch.ones(1, 3)).tolist()
    [[1.0, 2.0]]
    """

    def __init__(
        self,
        n_source: int,
        n_target: int,
        bias: bool = True,
        keys: Tensor | None = None,
        values: Tensor | None = None,
        backend: str = "masked",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ):
        super().__init__()
        if min(n_source, n_target) < 1:
            raise NetsciError(f"a layer of {n_source} x {n_target} needs a neuron on both sides")
        self.n_source, self.n_target, self.backend = int(n_source), int(n_target), backend
        self.capture = False
        self.weight = nn.Parameter(torch.empty(0, device=device, dtype=dtype))
        self.bias = (
            nn.Parameter(torch.zeros(n_target, device=device, dtype=dtype)) if bias else None
        )
        store(backend).check(self)
        keys = torch.empty(0, dtype=torch.int64) if keys is None else torch.as_tensor(keys)
        self.set_links(keys, torch.zeros(keys.shape) if values is None else values)

    @property
    def in_features(self) -> int:
        """Number of input features, as in `torch.nn.Linear`."""
        return self.n_source

    @property
    def out_features(self) -> int:
        """Number of output features, as in `torch.nn.Linear`."""
        return self.n_target

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(..., n_source)`` to ``(..., n_target)``."""
        if self.backend == "masked":
            return nn.functional.linear(x, masked_weight(self), self.bias)
        return csr_chain((self,), x, relu=False)

    def relu(self, x: Tensor) -> Tensor:
        """Return ``relu(layer(x))``, in one pass where the backend has one."""
        if self.backend == "masked":
            return torch.relu(self.forward(x))
        return csr_chain((self,), x, relu=True)

    def extra_repr(self) -> str:
        """Say the size, the links and the backend."""
        return (
            f"{self.n_source}, {self.n_target}, links={self.n_links}, "
            f"bias={self.bias is not None}, backend={self.backend!r}"
        )
