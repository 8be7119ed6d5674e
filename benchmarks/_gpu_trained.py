"""Trainings by recipes on made-up data, through the loop of `netsci-dst train`: for `gpu.py`."""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from _gpu_models import give_memory_back, wait
from torch import Tensor

from netsci_dst.recipe import load_recipe
from netsci_dst.training.build import Training, surroundings
from netsci_dst.training.data._translation_data import Pairs, Ragged
from netsci_dst.training.distributed import World
from netsci_dst.training.fit import Fit
from netsci_dst.training.progress import Progress


def images(n: int, shape: tuple[int, ...] = (1, 28, 28)) -> Any:
    """Return random images of ten classes."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (n + 64, *shape), dtype=np.uint8)
    y = rng.integers(0, 10, n + 64)
    return SimpleNamespace(
        kind="image", shape=shape, n_classes=10, mean=(), std=(),
        x_train=x[:n], y_train=y[:n], x_test=x[n:], y_test=y[n:],
    )  # fmt: skip


def text(n: int, vocabulary: int) -> Any:
    """Return a text of random tokens."""
    tokens = np.random.default_rng(0).integers(0, vocabulary, n + 2000).astype(np.uint16)
    return SimpleNamespace(
        kind="text", vocabulary=vocabulary, x_train=tokens[:n], x_test=tokens[n:]
    )


def pairs(n: int, vocabulary: int) -> Any:
    """Return sentence pairs about as long as those of Multi30k."""
    rng = np.random.default_rng(0)

    def side(n: int) -> Ragged:
        lengths = np.clip(rng.gamma(9.0, 1.6, n).round().astype(int), 4, 40)
        return Ragged([rng.integers(4, vocabulary, length).astype(np.int32) for length in lengths])

    held = Pairs(side(64), side(64))
    return SimpleNamespace(
        kind="pairs", vocabulary=vocabulary, decode=str, references={"test": [""] * 64},
        x_train=Pairs(side(n), side(n)), x_test=held,
    )  # fmt: skip


class Watch(Progress):
    """Tells the time at two steps, and how often the host waited in between."""

    def __init__(self, device: torch.device, first: int, last: int):
        self.device, self.first, self.last = device, first, last
        self.begun = self.seconds = 0.0
        self.said: list[str] = []
        self.waits: int | None = None

    def noted(self, message: str) -> None:
        self.said.append(message)

    def stepped(self, step: int) -> None:
        if step == self.first:
            wait(self.device)
            self.begun = time.perf_counter()
        if step == self.last:
            wait(self.device)
            self.seconds = (time.perf_counter() - self.begun) / (self.last - self.first)


class CountWaits(Watch):
    """Counts, between the two steps, what makes the host wait for the device."""

    def stepped(self, step: int) -> None:
        if self.device.type != "cuda":
            return
        if step == self.first:
            self._caught = warnings.catch_warnings(record=True)
            self._warned = self._caught.__enter__()
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
        if step == self.last:
            torch.cuda.set_sync_debug_mode("default")
            self._caught.__exit__(None, None, None)
            waits = [one for one in self._warned if "synchroniz" in str(one.message)]
            self.waits = len(waits)
            for one in waits:
                print(f"waited at {one.filename}:{one.lineno}")


def train(data: Any, device: torch.device, watch: Progress, **settings: Any) -> Training:
    """Train by a recipe without writing anything, and return what was trained."""
    if settings.get("method") == "dense":
        settings.pop("sparsity", None)
    elif device.type != "cuda":
        settings.setdefault("format", "masked")
    recipe = load_recipe(
        device=device.type, probe_size=0, snapshot_rule="none", checkpoint_minutes=None,
        evaluate_steps=10**9, **settings,
    )  # fmt: skip
    where = torch.device(device.type, 0) if device.type == "cuda" else device
    with surroundings(recipe, where):
        training = Training(recipe, World(), data)
        Fit(training, None, watch).run()
    return training


def step_seconds(
    data: Any, device: torch.device, first: int, last: int, **settings: Any
) -> dict[str, Any]:
    """Return the mean seconds of a step between two of them, and the memory at its peak."""
    give_memory_back(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    watch = Watch(device, first, last)
    begun = time.perf_counter()
    train(data, device, watch, steps=last, **settings)
    found: dict[str, Any] = {"step_s": watch.seconds, "whole_s": time.perf_counter() - begun}
    if device.type == "cuda":
        found["peak_gb"] = torch.cuda.max_memory_allocated(device) / 1e9
    if watch.said:
        found["said"] = watch.said
    return found


def same_bits(data: Any, device: torch.device, **settings: Any) -> bool:
    """Return whether steps replayed as a graph give the numbers of steps made singly."""
    ends = [train(data, device, Progress(), graph=graph, **settings) for graph in (False, True)]
    states = [list(_tensors(training)) for training in ends]
    pairs_of = itertools.zip_longest(*states)
    return all(torch.equal(one, other) for one, other in pairs_of)


def same_links(data: Any, device: torch.device, **settings: Any) -> float:
    """Return what share of links a device and a CPU end with alike."""
    sides = [train(data, torch.device(name), Progress(), **settings) for name in (device, "cpu")]
    layers = [side.controller.parameters for side in sides]
    keys = [{name: one.keys.cpu() for name, one in side.items()} for side in layers]
    alike = sum(int(torch.isin(one, keys[1][name]).sum()) for name, one in keys[0].items())
    return alike / sum(one.numel() for one in keys[1].values())


def _tensors(training: Training) -> Iterator[Tensor]:
    yield from (p.detach() for p in training.model.parameters())
    for one in training.optimizers:
        for state in one.state.values():
            yield from (value for value in state.values() if isinstance(value, Tensor))
    for parameter in training.controller.parameters.values():
        yield parameter.keys
