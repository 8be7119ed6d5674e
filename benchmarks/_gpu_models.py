"""Masked models of a size, with an update to time: for `gpu.py`."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from netsci_dst.methods import method as named_method
from netsci_dst.training.evolution.clock import Clock
from netsci_dst.training.evolution.engine import Engine
from netsci_dst.training.evolution.layer import EvolvingLayer
from netsci_dst.training.formats.masked import MaskedParameter, MaskedWeight
from netsci_dst.training.matrix_view import views_of
from netsci_dst.training.models._llama import build


@dataclass(frozen=True)
class Size:
    """A LLaMA: width, feed-forward width, blocks, heads, and the batch it is trained with."""

    width: int
    feed_forward: int
    blocks: int
    heads: int
    rows: int = 64
    tokens: int = 256
    vocabulary: int = 32_000


LLAMA = {
    "60M": Size(512, 1376, 8, 8),
    "130M": Size(768, 2048, 12, 12),
    "1B": Size(2048, 5461, 24, 32, rows=16),
}
TOY = Size(16, 40, 2, 2, rows=2, tokens=8, vocabulary=50)


def wait(device: torch.device) -> None:
    """Wait until the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def give_memory_back(device: torch.device) -> None:
    """Let go of what earlier networks held, now, not while something is measured."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def seconds(call: Callable[[], object], device: torch.device, repeats: int, warm: int = 2) -> float:
    """Return the median time of a call, with the device's work."""
    times = []
    for i in range(warm + repeats):
        wait(device)
        begun = time.perf_counter()
        call()
        wait(device)
        if i >= warm:
            times.append(time.perf_counter() - begun)
    return sorted(times)[len(times) // 2]


def llama(size: Size, device: torch.device) -> nn.Module:
    """Return a LLaMA of a size, made on its device."""
    torch.manual_seed(0)
    with torch.device(device):
        return build(
            "llama", size.vocabulary, size.width, size.feed_forward, size.blocks, size.heads,
            max(size.tokens, 16),
        )  # fmt: skip


def random_mask(shape: tuple[int, int], density: float, device: torch.device) -> Tensor:
    """Return a mask with exactly that share of ones."""
    n = shape[0] * shape[1]
    scores = torch.rand(n, device=device)
    mask = torch.zeros(n, dtype=torch.bool, device=device)
    mask[scores.topk(round(density * n), sorted=False).indices] = True
    return mask.view(shape)


class Evolving:
    """The masked layers of a LLaMA and an engine that updates them; without the host's draws."""

    def __init__(self, size: Size, device: torch.device, name: str, density: float, **options: Any):
        self.device, self.model = device, llama(size, device)
        method = named_method(name, **options)
        wiring = self.model.wiring()  # type: ignore[operator]
        views = views_of(self.model)
        layers = []
        for path in wiring.sparse_names():
            store = MaskedWeight(self.model.get_submodule(path), "weight")
            store.mask = random_mask(
                (store.weight.shape[0], store.weight.shape[1]), density, device
            )
            store.zero()
            parameter = MaskedParameter(views[path], store)
            n = parameter.n_links
            layers.append(EvolvingLayer(path, parameter, n, n))
            parameter.forget_keys()
        fused = device.type == "cuda"
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-4, fused=fused)
        self.engine = Engine(layers, wiring, method, Clock(10**6, 10), self.optimizer, 0)
        self.tokens = torch.randint(size.vocabulary, (size.rows, size.tokens), device=device)
        self.steps = 0

    def train(self) -> None:
        """Make one step of training, up to where an update is due."""
        self.steps += 10
        self.engine.begin(self.steps)
        with torch.autocast(self.device.type, torch.bfloat16):
            loss = self.model(input_ids=self.tokens, labels=self.tokens).loss
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.engine.before_step()
        self.optimizer.step()
        self.engine.after_step(self.steps)

    def update(self) -> list[dict[str, Any]]:
        """Update the topology."""
        return self.engine.update(self.steps)
