"""A training step of a small LLaMA: dense, and in csr at 95 and 99 % sparsity, one thread.

Width 256, feed-forward 688, 4 layers, 4 heads, 8 sequences of 128 tokens, AdamW. Beside the whole
step stand its sparse linear layers alone, forward and backward: embeddings, attention, norms,
activations, the output layer, loss and optimizer are dense on all sides, and bound what sparse
layers can give. All sides take turns; figures are medians of processor time.

    python benchmarks/llama_step.py [--rounds 12]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import _report
import numpy as np
import torch
from torch import Tensor, nn

from netsci_dst.training.formats import convert
from netsci_dst.training.matrix_view import views_of
from netsci_dst.training.models.llama import LlamaBuilder
from netsci_dst.training.wiring import of as wiring_of

SIDES = {"dense": 0.0, "csr at 95 %": 0.95, "csr at 99 %": 0.99}
VOCABULARY, SEQUENCES, LENGTH = 1000, 8, 128


class Side:
    """A model, its optimizer, its linear layers and the times of both."""

    def __init__(self, sparsity: float):
        torch.manual_seed(0)
        self.model = LlamaBuilder("llama-20m")(VOCABULARY)
        names = wiring_of(self.model).sparse_names()
        if sparsity:
            _make_sparse(self.model, names, sparsity)
        layers: list[Any] = [self.model.get_submodule(name) for name in names]
        self.layers = [(layer, *_traffic(layer)) for layer in layers]
        self.optimizer = torch.optim.AdamW(self.model.parameters(), fused=True)
        self.times: dict[str, list[float]] = {"whole step": [], "linear layers": []}

    def step(self, tokens: Tensor) -> None:
        """Make a training step."""
        self.optimizer.zero_grad()
        scores = self.model(tokens).logits
        nn.functional.cross_entropy(scores.flatten(0, 1), tokens.flatten()).backward()
        self.optimizer.step()

    def linear(self) -> None:
        """Make both passes of the linear layers, on inputs and gradients of their size."""
        for layer, x, gradient in self.layers:
            layer(x).backward(gradient)
            x.grad = layer.weight.grad = None

    def timed(self, name: str, run: Callable[..., None], *args: Any) -> None:
        """Note the processor time of a call."""
        start = time.process_time()
        run(*args)
        self.times[name].append(time.process_time() - start)


def _make_sparse(model: nn.Module, names: list[str], sparsity: float) -> None:
    keys = {}
    for name in names:
        layer: Any = model.get_submodule(name)
        n = layer.in_features * layer.out_features
        keys[name] = torch.randperm(n)[: round((1 - sparsity) * n)].sort().values
    views = {name: view for name, view in views_of(model).items() if name in keys}
    convert(model, views, dict.fromkeys(views, "csr"), keys)


def _traffic(layer: Any) -> tuple[Tensor, Tensor]:
    rows = SEQUENCES * LENGTH
    return torch.randn(rows, layer.in_features, requires_grad=True), torch.randn(
        rows, layer.out_features
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=12, help="steps of each side")
    options = parser.parse_args()
    torch.set_num_threads(1)
    sides = {name: Side(sparsity) for name, sparsity in SIDES.items()}
    tokens = torch.randint(0, VOCABULARY, (SEQUENCES, LENGTH))
    for turn in range(options.rounds + 2):
        for side in sides.values():
            side.timed("whole step", side.step, tokens)
            side.timed("linear layers", side.linear)
            if turn < 2:  # warms up and compiles
                side.times = {name: [] for name in side.times}
    results: dict[str, dict[str, float]] = {}
    for name, side in sides.items():
        found = {part: 1000 * float(np.median(times)) for part, times in side.times.items()}
        results[name] = {f"{part}, ms": round(ms, 2) for part, ms in found.items()}
        dense = results["dense"]
        for part in found:
            ratio = dense[f"{part}, ms"] / results[name][f"{part}, ms"]
            results[name][f"{part}, dense over this"] = round(ratio, 2)
        print(f"{name:12s}", results[name])
    _report.write("llama_step", results, threads=1, rounds=options.rounds)


if __name__ == "__main__":
    main()
