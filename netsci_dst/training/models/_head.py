"""The fully connected layers at the end of a convolutional network."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from ._plan import Plan


class Head(nn.Module):
    """Hidden layers ``fc1``, ``fc2``, ... with ReLU, then the ``classifier``.

    Parameters
    ----------
    n_features
        Size of the input.
    hidden
        Sizes of the hidden layers; none for a classifier alone.
    n_classes
        Size of the output.
    batch_norm
        Normalise after each ReLU, in place of dropout (the VGG of Liu et al. 2022).
    """

    def __init__(
        self, n_features: int, hidden: Sequence[int], n_classes: int, batch_norm: bool = False
    ) -> None:
        super().__init__()
        sizes = [n_features, *hidden]
        self.names = [f"fc{i}" for i in range(1, len(sizes))]
        for name, (before, after) in zip(self.names, pairwise(sizes)):
            self.add_module(name, nn.Linear(before, after))
            self.add_module(f"relu_{name}", nn.ReLU())
            self.add_module(f"norm_{name}", nn.BatchNorm1d(after) if batch_norm else nn.Identity())
        self.classifier = nn.Linear(sizes[-1], n_classes)
        self.sizes = (*sizes, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, shape ``(n, n_classes)``."""
        for name in self.names:
            x = getattr(self, f"relu_{name}")(getattr(self, name)(x))
            x = getattr(self, f"norm_{name}")(x)
        return self.classifier(x)

    def declare(self, plan: Plan, source: str, prefix: str) -> None:
        """Add the head to a plan, after the population ``source``."""
        for name, size in zip(self.names, self.sizes[1:]):
            target = plan.population(name, size, output=f"{prefix}.relu_{name}")
            source = plan.layer(f"{prefix}.{name}", source, target)
        output = plan.population("output", self.sizes[-1], "output", f"{prefix}.classifier")
        plan.layer(f"{prefix}.classifier", source, output)
