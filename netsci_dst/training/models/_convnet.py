"""The module behind `convnet`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

from ._images import channels_of
from ._plan import Plan

if TYPE_CHECKING:
    from ..wiring import Wiring


class ConvNet(nn.Module):
    """Unpadded 3x3 convolutions with biases: 94,538 parameters for CIFAR-10."""

    def __init__(self, input_shape: Sequence[int], n_classes: int, channels: Sequence[int]) -> None:
        super().__init__()
        self.sizes = (channels_of("convnet", input_shape, smallest=18), *channels, n_classes)
        one, two, three, four, _ = self.sizes
        self.conv1 = nn.Conv2d(one, two, 3)
        self.conv2 = nn.Conv2d(two, three, 3)
        self.conv3 = nn.Conv2d(three, four, 3)
        self.relu1, self.relu2, self.relu3 = nn.ReLU(), nn.ReLU(), nn.ReLU()
        self.classifier = nn.Linear(four, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(n, c, h, w)`` to logits ``(n, n_classes)``."""
        x = functional.max_pool2d(self.relu1(self.conv1(x)), 2)
        x = functional.max_pool2d(self.relu2(self.conv2(x)), 2)
        return self.classifier(self.relu3(self.conv3(x)).mean((2, 3)))

    def wiring(self) -> Wiring:
        """Declare channels as populations; every layer is sparse."""
        plan = Plan()
        here = plan.population("input", self.sizes[0], "input")
        for i, size in enumerate(self.sizes[1:4], start=1):
            target = plan.population(f"conv{i}", size, output=f"relu{i}")
            here = plan.layer(f"conv{i}", here, target)
        output = plan.population("output", self.sizes[4], "output", "classifier")
        plan.layer("classifier", here, output)
        return plan.wiring(["*"])
