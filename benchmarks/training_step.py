"""One training step of sparse networks against the dense network and masked dense, one thread.

A step is forward, cross-entropy, backward and SGD with momentum and weight decay. All sides take
turns within one run, a few steps at a time, and the medians of wall time are compared. On a busy
machine long steps are interrupted more often than short ones, which flatters the short ones: the
ratios of processor time beside them tell whether that happened.

`csr` is a loop of one's own, through autograd and PyTorch's optimizer; `train` is the step of
`netsci-dst train`, whose passes and optimizer are a call each. From 128 rows on it is also made by
two threads, whose wall time against one thread's says something on an idle machine alone.

    python benchmarks/training_step.py [--quick] [--only NAME] [--rounds N]
"""

from __future__ import annotations

import argparse
import itertools
import time
from typing import Any

import _report
import numpy as np
import torch
from torch import nn

from netsci_dst.training.formats import convert
from netsci_dst.training.matrix_view import views_of
from netsci_dst.training.models.mlp import mlp
from netsci_dst.training.models.mlp_passes import MlpPasses
from netsci_dst.training.optimizers.small_sgd import SGD
from netsci_dst.training.wiring import of as wiring_of

# name: input, hidden, batch, sparsity, the ratio asked for and the one aimed at
CASES = {
    "784-1568x3-10, batch 32, 99 %": (784, 1568, 32, 0.99, 12, 25),
    "784-784x3-10, batch 32, 99 %": (784, 784, 32, 0.99, 7, 15),
    "3072-3072x3-10, batch 32, 99 %": (3072, 3072, 32, 0.99, 40, 70),
    "784-1568x3-10, batch 128, 95 %": (784, 1568, 128, 0.95, 4.5, 8),
    "784-1568x3-10, batch 256, 99 %": (784, 1568, 256, 0.99, 10, 20),
}
SIDES = ("dense", "masked", "csr", "train")


class Side:
    """A network, its optimizer and the times of its steps."""

    def __init__(self, kind: str, n_input: int, hidden: int, sparsity: float):
        self.model = (
            _dense(n_input, hidden)
            if kind == "dense"
            else _sparse("csr" if kind == "train" else kind, n_input, hidden, sparsity)
        )
        # What `train` makes of the optimizer "sgd" on a CPU.
        optimizer = SGD if kind == "train" else torch.optim.SGD
        self.passes = MlpPasses(self.model) if kind == "train" else None
        self.optimizer = optimizer(
            self.model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4, fused=True
        )
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []

    def step(self, x: torch.Tensor, y: torch.Tensor) -> None:
        start, cpu_start = time.perf_counter(), time.process_time()
        if self.passes is not None and self.passes.fits():
            self.passes(x, y)
        else:
            self.optimizer.zero_grad()
            nn.functional.cross_entropy(self.model(x), y).backward()
        self.optimizer.step()
        self.cpu_seconds.append(time.process_time() - cpu_start)
        self.seconds.append(time.perf_counter() - start)


def _dense(n_input: int, hidden: int) -> nn.Module:
    sizes = [n_input, hidden, hidden, hidden]
    parts = [(nn.Linear(a, b), nn.ReLU()) for a, b in itertools.pairwise(sizes)]
    return nn.Sequential(*itertools.chain(*parts), nn.Linear(hidden, 10))


def _sparse(backend: str, n_input: int, hidden: int, sparsity: float) -> nn.Module:
    generator = torch.Generator().manual_seed(0)
    model = mlp((n_input,), 10, hidden=[hidden] * 3, generator=generator)
    keys = {}
    for name in wiring_of(model).sparse_names():
        linear: Any = model.get_submodule(name)
        n = linear.in_features * linear.out_features
        chosen = torch.randperm(n, generator=generator)[: round((1 - sparsity) * n)]
        keys[name] = chosen.sort().values
    views = {name: view for name, view in views_of(model).items() if name in keys}
    convert(model, views, dict.fromkeys(views, backend), keys)
    return model


def measure(case: tuple, rounds: int) -> dict[str, Any]:
    """Return the median step of each side in milliseconds, and their ratios."""
    n_input, hidden, batch, sparsity, asked, aim = case
    sides = {kind: Side(kind, n_input, hidden, sparsity) for kind in SIDES}
    batches = [(torch.randn(batch, n_input), torch.randint(0, 10, (batch,))) for _ in range(8)]
    repeats = {"dense": 3, "masked": 3, "csr": 12, "train": 12}
    for turn in range(rounds + 1):
        if turn == 1:
            for side in sides.values():
                side.seconds.clear()  # the first round warms up and compiles
                side.cpu_seconds.clear()
        for kind, side in sides.items():
            for i in range(repeats[kind]):
                side.step(*batches[i % 8])
    ms = {kind: 1000 * float(np.median(side.seconds)) for kind, side in sides.items()}
    cpu = {kind: float(np.median(side.cpu_seconds)) for kind, side in sides.items()}
    two = {}
    if batch >= 128:
        two["train_over_two_threads"] = _gain_of_two_threads(sides["train"], batches, rounds)
    return {
        **two,
        **{f"{kind}_ms": round(value, 4) for kind, value in ms.items()},
        **{f"{kind}_cpu_ms": round(1000 * value, 4) for kind, value in cpu.items()},
        "dense_over_csr": round(ms["dense"] / ms["csr"], 2),
        "masked_over_csr": round(ms["masked"] / ms["csr"], 2),
        "dense_over_csr_cpu_time": round(cpu["dense"] / cpu["csr"], 2),
        "masked_over_csr_cpu_time": round(cpu["masked"] / cpu["csr"], 2),
        "dense_over_train": round(ms["dense"] / ms["train"], 2),
        "dense_over_train_cpu_time": round(cpu["dense"] / cpu["train"], 2),
        "asked": asked,
        "aim": aim,
        "steps": {kind: len(side.seconds) for kind, side in sides.items()},
    }


def _gain_of_two_threads(side: Side, batches: list[Any], rounds: int) -> float:
    """Return the median step's wall time by one thread over that by two, in turns."""
    found: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for threads, seconds in found.items():
            torch.set_num_threads(threads)
            side.seconds.clear()
            for i in range(15):
                side.step(*batches[i % 8])
            seconds += side.seconds[3:]  # the first ones after a change of threads wake them
    torch.set_num_threads(1)
    return round(float(np.median(found[1]) / np.median(found[2])), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few steps, nothing is written")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--rounds", type=int, default=20, help="turns of each side")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    results: dict[str, dict] = {}
    optimizer = "SGD(fused=True)"  # the quicker one of PyTorch's, for all sides
    results[optimizer] = {}
    for name, case in CASES.items():
        if options.only not in name:
            continue
        found = measure(case, 4 if options.quick else options.rounds)
        results[optimizer][name] = found
        print(
            f"{optimizer:16s} {name:32s} dense {found['dense_ms']:8.2f} ms  "
            f"masked {found['masked_ms']:8.2f} ms  csr {found['csr_ms']:7.3f} ms  "
            f"dense/csr {found['dense_over_csr']:5.1f} (asked {found['asked']}, "
            f"aim {found['aim']})  masked/csr {found['masked_over_csr']:5.1f} "
            f"(asked {1.4 * found['asked']:.1f})  in processor time "
            f"{found['dense_over_csr_cpu_time']:.1f} and "
            f"{found['masked_over_csr_cpu_time']:.1f}; step of train "
            f"{found['train_cpu_ms']:.3f} ms, dense/train {found['dense_over_train_cpu_time']}; "
            f"one thread over two {found.get('train_over_two_threads', '-')}",
            flush=True,
        )
    if not options.quick and not options.only:
        _report.write("training_step", results, threads=1)


if __name__ == "__main__":
    main()
