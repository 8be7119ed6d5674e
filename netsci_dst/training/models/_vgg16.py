"""The module behind `vgg16` and `vgg16_cht`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.nn import functional

from ._head import Head
from ._images import channels_of, scaled
from ._plan import Plan

if TYPE_CHECKING:
    from ..wiring import Wiring

# Channels of the convolutions in each block, configuration D of Simonyan & Zisserman.
_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))


class VGG16(nn.Module):
    """Thirteen 3x3 convolutions in five blocks, then a fully connected head.

    The last pooling covers whatever is left of the image (2x2 for 32x32 pixels), so the head sees
    one value per channel for images of any size.
    """

    def __init__(
        self,
        input_shape: Sequence[int],
        n_classes: int,
        width: float,
        hidden: Sequence[int] | None,
        *,
        batch_norm_head: bool,
        sparse: Sequence[str],
    ) -> None:
        super().__init__()
        here = self.n_channels = channels_of("vgg16", input_shape, smallest=16)
        self.features = nn.ModuleDict()
        self.blocks: list[list[str]] = []
        for b, block in enumerate(_BLOCKS, start=1):
            names = [f"conv{b}_{i}" for i in range(1, len(block) + 1)]
            for name, size in zip(names, block):
                after = scaled("vgg16", size, width)
                self.features[name] = nn.Conv2d(here, after, 3, padding=1, bias=False)
                self.features[f"norm_{name}"] = nn.BatchNorm2d(after)
                self.features[f"relu_{name}"] = nn.ReLU()
                here = after
            self.blocks.append(names)
        if hidden is None:
            hidden = (here,) * (2 if batch_norm_head else 3)
        self.head = Head(here, hidden, n_classes, batch_norm_head)
        self.sparse = tuple(sparse)

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(n, c, h, w)`` to logits ``(n, n_classes)``."""
        for names in self.blocks:
            for name in names:
                x = self.features[f"norm_{name}"](self.features[name](x))
                x = self.features[f"relu_{name}"](x)
            x = functional.max_pool2d(x, 2 if names is not self.blocks[-1] else x.shape[2:])
        return self.head(x.flatten(1))

    def wiring(self) -> Wiring:
        """Declare channels and hidden neurons as populations."""
        plan = Plan()
        here = plan.population("input", self.n_channels, "input")
        for name in (name for names in self.blocks for name in names):
            size: Any = self.features[f"norm_{name}"].num_features
            target = plan.population(name, size, output=f"features.relu_{name}")
            here = plan.layer(f"features.{name}", here, target)
        self.head.declare(plan, here, "head")
        return plan.wiring(self.sparse)
