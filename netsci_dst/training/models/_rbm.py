"""The module behind `rbm_small` and `rbm_big`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import RecipeError
from ...topology import Population

if TYPE_CHECKING:
    from ..wiring import Wiring


class RBM(nn.Module):
    """Binary visible and hidden units, joined by one layer that is read in both directions.

    The energy is ``E(v, h) = - v·b - h·c - v W h`` (Hinton 2002); ``weights`` holds W and c.

    Attributes
    ----------
    weights
        Linear layer from the visible to the hidden units.
    visible_bias
        b, shape ``(n_visible,)``.
    """

    def __init__(self, input_shape: tuple[int, ...], hidden: int) -> None:
        super().__init__()
        if hidden < 1:
            raise RecipeError(f"a Boltzmann machine needs hidden units, not {hidden}")
        self.input_shape = input_shape
        n_visible = math.prod(input_shape)
        self.weights = nn.Linear(n_visible, hidden)
        nn.init.normal_(self.weights.weight, std=0.01)
        nn.init.zeros_(self.weights.bias)
        self.units = nn.Sigmoid()
        self.visible_bias = nn.Parameter(torch.zeros(n_visible))

    def free_energy(self, visible: Tensor) -> Tensor:
        """Return ``F(v) = - v·b - sum softplus(c + v W)``, shape ``(n,)``."""
        inputs = self.weights(visible)
        return -visible @ self.visible_bias - functional.softplus(inputs).sum(1)

    def hidden_probability(self, visible: Tensor) -> Tensor:
        """Return ``P(h = 1 | v)``, shape ``(n, n_hidden)``."""
        return self.units(self.weights(visible))

    def visible_logits(self, hidden: Tensor) -> Tensor:
        """Return the log odds of ``v = 1`` given h, shape ``(n, n_visible)``."""
        return self._backward(hidden) + self.visible_bias

    def forward(self, x: Tensor) -> Tensor:
        """Return the log odds of the mean-field reconstruction, shape ``(n, n_visible)``."""
        return self.visible_logits(self.hidden_probability(x.flatten(1)))

    def gibbs(self, visible: Tensor, steps: int, generator: torch.Generator) -> Tensor:
        """Return visible units after ``steps`` of alternating Gibbs sampling.

        Hidden units are sampled; the visible ones are sampled but in the last step, where their
        probabilities are returned (Hinton 2012, section 3).
        """
        with torch.no_grad():
            for step in range(steps):
                hidden = _sample(self.hidden_probability(visible), generator)
                visible = torch.sigmoid(self.visible_logits(hidden))
                if step < steps - 1:
                    visible = _sample(visible, generator)
        return visible

    def _backward(self, hidden: Tensor) -> Tensor:
        if isinstance(self.weights, nn.Linear):
            return functional.linear(hidden, self.weights.weight.t())
        layer = self.weights  # in the csr format
        n_links = layer.indptr.long().diff()
        source = torch.repeat_interleave(torch.arange(n_links.numel()).to(n_links), n_links)
        ends = torch.stack([source, layer.indices.long()])
        shape = (n_links.numel(), layer.out_features)
        matrix = torch.sparse_coo_tensor(
            ends, layer.weight, shape, is_coalesced=True, check_invariants=False
        )
        return (matrix @ hidden.t()).t()

    def wiring(self) -> Wiring:
        """Declare the visible and the hidden units."""
        from ..wiring import Wiring

        grid = self.input_shape[1:] if self.input_shape[0] == 1 else self.input_shape
        n_visible = self.visible_bias.numel()
        visible = Population("visible", n_visible, "input", shape=grid if len(grid) > 1 else None)
        hidden = Population("hidden", self.weights.out_features, "output")
        return Wiring(
            (visible, hidden),
            {"weights": ("visible", "hidden")},
            sparse=("*",),
            outputs={"hidden": "units"},
        )


def _sample(probability: Tensor, generator: torch.Generator) -> Tensor:
    return torch.bernoulli(probability, generator=generator)
