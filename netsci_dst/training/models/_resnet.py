"""The modules behind `resnet50` and `resnet56`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torch.nn import functional

from ...errors import RecipeError
from ._head import Head
from ._images import channels_of, scaled
from ._plan import Plan

if TYPE_CHECKING:
    from ..wiring import Wiring


class Block(nn.Module):
    """A residual block: convolutions ``(kernel, channels)`` in a row, plus a shortcut.

    The stride is that of the first 3x3 convolution. The shortcut is the identity, or a 1x1
    convolution where the shape changes.
    """

    def __init__(self, n_in: int, convolutions: Sequence[tuple[int, int]], stride: int) -> None:
        super().__init__()
        here, self.sizes, left = n_in, [n_in], stride
        for i, (kernel, channels) in enumerate(convolutions, start=1):
            step, left = (left, 1) if kernel > 1 else (1, left)
            conv = nn.Conv2d(here, channels, kernel, step, kernel // 2, bias=False)
            self.add_module(f"conv{i}", conv)
            self.add_module(f"norm{i}", nn.BatchNorm2d(channels))
            self.add_module(f"relu{i}", nn.ReLU())
            self.sizes.append(channels)
            here = channels
        self.projects = stride != 1 or here != n_in
        if self.projects:
            self.shortcut = nn.Conv2d(n_in, here, 1, stride, bias=False)
            self.norm_shortcut = nn.BatchNorm2d(here)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(n, c, h, w)`` to ``(n, c', h', w')``."""
        kept = self.norm_shortcut(self.shortcut(x)) if self.projects else x
        last = len(self.sizes) - 1
        for i in range(1, last + 1):
            x = getattr(self, f"norm{i}")(getattr(self, f"conv{i}")(x))
            x = getattr(self, f"relu{i}")(x + kept if i == last else x)
        return x

    def declare(self, plan: Plan, source: str, prefix: str) -> str:
        """Add the block to a plan and return the population of its output."""
        here, last = source, len(self.sizes) - 1
        for i in range(1, last):
            inner = plan.population(f"{prefix}.conv{i}", self.sizes[i], output=f"{prefix}.relu{i}")
            here = plan.layer(f"{prefix}.conv{i}", here, inner)
        output = plan.population(prefix, self.sizes[last], "residual", f"{prefix}.relu{last}")
        plan.layer(f"{prefix}.conv{last}", here, output)
        if self.projects:
            plan.layer(f"{prefix}.shortcut", source, output)
        else:
            plan.skip(source, output)
        return output


class ResNet(nn.Module):
    """A stem, stages of residual blocks, global average pooling, and a fully connected head."""

    def __init__(
        self,
        n_channels: int,
        stem: str,
        stem_size: int,
        stages: Sequence[Sequence[tuple[Sequence[tuple[int, int]], int]]],
        head_hidden: Sequence[int] | None,
        n_classes: int,
        sparse: Sequence[str],
    ) -> None:
        super().__init__()
        self.stem, self.n_channels, self.sparse = stem, n_channels, tuple(sparse)
        kernel, stride = (7, 2) if stem == "imagenet" else (3, 1)
        self.conv = nn.Conv2d(n_channels, stem_size, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(stem_size)
        self.relu = nn.ReLU()
        self.stages = nn.ModuleDict()
        here = stem_size
        for s, stage in enumerate(stages, start=1):
            for b, (convolutions, step) in enumerate(stage, start=1):
                self.stages[f"stage{s}_block{b}"] = Block(here, convolutions, step)
                here = convolutions[-1][1]
        hidden = (here,) * 3 if head_hidden is None else head_hidden
        self.head = Head(here, hidden, n_classes)
        self.apply(_he_normal)

    def forward(self, x: Tensor) -> Tensor:
        """Map images ``(n, c, h, w)`` to logits ``(n, n_classes)``."""
        x = self.relu(self.norm(self.conv(x)))
        if self.stem == "imagenet":
            x = functional.max_pool2d(x, 3, 2, 1)
        for block in self.stages.values():
            x = block(x)
        return self.head(x.mean((2, 3)))

    def wiring(self) -> Wiring:
        """Declare channels as populations; the outputs of blocks are residual streams."""
        plan = Plan()
        blocks: dict[str, Any] = dict(self.stages.items())
        image = plan.population("input", self.n_channels, "input")
        first = next(iter(blocks.values()))
        role = "hidden" if first.projects else "residual"
        here = plan.population("stem", self.conv.out_channels, role, "relu")
        plan.layer("conv", image, here)
        for name, block in blocks.items():
            here = block.declare(plan, here, f"stages.{name}")
        self.head.declare(plan, here, "head")
        return plan.wiring(self.sparse)


def resnet50(
    input_shape: Sequence[int],
    n_classes: int,
    width: float,
    stem: str,
    hidden: Sequence[int] | None,
    sparse: Sequence[str],
) -> ResNet:
    """Build ResNet-50: 3, 4, 6 and 3 bottleneck blocks, the stride in their 3x3 convolution."""
    n_channels = channels_of("resnet50", input_shape)
    if stem not in ("auto", "imagenet", "cifar"):
        raise RecipeError(f"the stem of resnet50 is auto, imagenet or cifar, not {stem!r}")
    if stem == "auto":
        stem = "imagenet" if min(input_shape[-2:]) >= 64 else "cifar"
    size = lambda channels: scaled("resnet50", channels, width)  # noqa: E731
    stages = []
    for s, (base, repeats) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        convolutions = ((1, size(base)), (3, size(base)), (1, size(4 * base)))
        stages.append([(convolutions, 2 if s and not b else 1) for b in range(repeats)])
    return ResNet(n_channels, stem, size(64), stages, hidden, n_classes, sparse)


def resnet56(input_shape: Sequence[int], n_classes: int, width: float, depth: int) -> ResNet:
    """Build the CIFAR ResNet of a depth: three stages of pairs of 3x3 convolutions."""
    if depth < 8 or (depth - 2) % 6:
        raise RecipeError(f"the depth of resnet56 must be 6 n + 2 (20, 32, 44, 56), not {depth}")
    size = lambda channels: scaled("resnet56", channels, width)  # noqa: E731
    stages = []
    for s, base in enumerate((16, 32, 64)):
        convolutions = ((3, size(base)), (3, size(base)))
        repeats = (depth - 2) // 6
        stages.append([(convolutions, 2 if s and not b else 1) for b in range(repeats)])
    n_channels = channels_of("resnet56", input_shape)
    return ResNet(n_channels, "cifar", size(16), stages, (), n_classes, ["*"])


def _he_normal(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
