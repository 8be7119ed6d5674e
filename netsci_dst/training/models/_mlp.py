"""The multilayer perceptron as a module."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from netsci_dst.errors import RecipeError, UnknownName
from netsci_dst.topology import Population

from ..formats.csr.chain import csr_chain
from ..formats.csr.linear import CsrLinear
from ..formats.dense_linear import Linear
from ..wiring import Wiring

_ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "elu": nn.ELU,
}
_LARGEST_DENSE = 2**26


class Hidden(nn.Module):
    """A linear layer, its activation and dropout: one hidden population."""

    def __init__(self, linear: nn.Linear | CsrLinear, activation: nn.Module, dropout: float):
        super().__init__()
        self.linear = linear
        self.activation = activation
        self.dropout = nn.Dropout(dropout) if dropout else None

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, n_source)`` to the population's activity, ``(batch, n_target)``."""
        x = self.activation(self.linear(x))
        return x if self.dropout is None else self.dropout(x)

    def is_plain(self) -> bool:
        """Whether this is a CSR layer and ReLU alone, and nobody watches the modules."""
        linear, activation = self.linear, self.activation
        return (
            type(linear) is CsrLinear
            and type(activation) is nn.ReLU
            and self.dropout is None
            and not (
                self._forward_hooks
                or self._forward_pre_hooks
                or linear._forward_hooks
                or linear._forward_pre_hooks
                or activation._forward_hooks
                or activation._forward_pre_hooks
            )
        )


class MLP(nn.Module):
    """Hidden layers one after another, then a linear output layer.

    Attributes
    ----------
    hidden
        One `Hidden` per hidden population.
    output
        The last linear layer, with ``n_classes`` outputs.
    """

    def __init__(self, input_shape: tuple[int, ...], hidden: Sequence[Hidden], output: nn.Linear):
        super().__init__()
        self.input_shape = tuple(input_shape)
        self.hidden: Iterable[Hidden] = nn.ModuleList(hidden)  # type: ignore[assignment]
        self.output = output

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(batch, *input_shape)`` to logits, ``(batch, n_classes)``."""
        if x.dim() != 2:
            x = x.flatten(1)
        chain: list[CsrLinear] = []
        for layer in self.hidden:
            if layer.is_plain():
                chain.append(cast(CsrLinear, layer.linear))
                continue
            if chain:
                x, chain = csr_chain(chain, x, relu=True), []
            x = layer(x)
        if chain:
            x = csr_chain(chain, x, relu=True)
        return self.output(x)

    def wiring(self) -> Wiring:
        """Return the chain of populations; all layers but the last are sparse by default."""
        sizes = [layer.linear.out_features for layer in self.hidden]
        names = ["input", *(f"hidden{i}" for i in range(1, len(sizes) + 1)), "output"]
        # A leading 1 is a grey image's only channel.
        grid = self.input_shape[1:] if self.input_shape[0] == 1 else self.input_shape
        populations = (
            Population(
                "input",
                math.prod(self.input_shape),
                "input",
                shape=grid if len(grid) > 1 else None,
            ),
            *(Population(name, size) for name, size in zip(names[1:-1], sizes)),
            Population("output", self.output.out_features, "output"),
        )
        paths = [*(f"hidden.{i}.linear" for i in range(len(sizes))), "output"]
        return Wiring(
            populations,
            dict(zip(paths, itertools.pairwise(names))),
            sparse=("hidden.*.linear",) if sizes else ("output",),
            outputs={
                **{name: f"hidden.{i}" for i, name in enumerate(names[1:-1])},
                "output": "output",
            },
        )


def build(
    input_shape: tuple[int, ...],
    n_classes: int,
    hidden: Sequence[int] | None,
    activation: str,
    dropout: float,
    bias: bool,
    layers: str,
    generator: torch.Generator | None,
) -> MLP:
    """Build the module; see `netsci_dst.training.models.mlp.mlp`."""
    n_input = math.prod(input_shape)
    sizes = [2 * n_input] * 3 if hidden is None else [_size(size) for size in hidden]
    if activation not in _ACTIVATIONS:
        raise UnknownName("activation", activation, _ACTIVATIONS)
    if not 0 <= dropout < 1:
        raise RecipeError(f"dropout is {dropout}; it must be at least 0 and less than 1")
    if layers not in ("auto", "dense", "csr"):
        raise UnknownName("kind of layers", layers, ("auto", "dense", "csr"))
    blocks = [
        Hidden(_linear(a, b, bias, layers, generator), _ACTIVATIONS[activation](), dropout)
        for a, b in zip([n_input, *sizes], sizes)
    ]
    last = _linear(sizes[-1] if sizes else n_input, n_classes, bias, "dense", generator)
    return MLP(input_shape, blocks, cast(Linear, last))


def _size(size: int) -> int:
    if isinstance(size, bool) or int(size) != size or size < 1:
        raise RecipeError(f"a hidden layer has size {size!r}; it must be a whole number, 1 or more")
    return int(size)


def _linear(
    n_source: int, n_target: int, bias: bool, layers: str, generator: torch.Generator | None
) -> nn.Linear | CsrLinear:
    if layers == "auto":
        layers = "csr" if n_source * n_target > _LARGEST_DENSE else "dense"
    bound = 1 / math.sqrt(n_source)
    if layers == "dense":
        linear = cast(Linear, nn.utils.skip_init(Linear, n_source, n_target, bias))
        nn.init.uniform_(linear.weight, -bound, bound, generator=generator)
    else:
        linear = CsrLinear(n_source, n_target, bias)
    if linear.bias is not None:
        nn.init.uniform_(linear.bias, -bound, bound, generator=generator)
    return linear
