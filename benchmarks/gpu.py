"""What a GPU is for: updates, steps and link predictors, checked against the CPU and timed.

Writes ``results/gpu.json``. It takes at most five minutes on one card, and needs the package with
torch, numpy, numba, pydantic, safetensors, pyarrow, pandas and transformers. Without a GPU it says
so and ends; ``--toy`` runs the same code on small sizes anywhere and writes nothing.

    python benchmarks/gpu.py [--toy] [--only PART]
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import _report
import torch
from _gpu_models import (
    LLAMA,
    TOY,
    Evolving,
    Size,
    give_memory_back,
    random_mask,
    seconds,
    wait,
)
from _gpu_trained import (
    CountWaits,
    images,
    pairs,
    same_bits,
    same_links,
    step_seconds,
    text,
    train,
)

from netsci_dst.link_prediction.stacks import stacked_scores
from netsci_dst.training.evolution import draws

METHODS = ("set", "rigl", "mest", "chts", "chtss", "cht")
PREDICTORS = ("ch3_l3p", "ch2_l3n", "ch3_l3n", "ch2_l3p", "ra_l3", "cn_l3")
_INITIAL = {"chtss": 0.5}


def check_predictors(device: torch.device, toy: bool) -> dict[str, float]:
    """Return the largest relative error of each predictor against float64 on the CPU."""
    shape, found = ((24, 34) if toy else (512, 700)), {}
    torch.manual_seed(0)
    for name in PREDICTORS:
        worst = 0.0
        for density in (0.05, 0.3):
            links = torch.stack([random_mask(shape, density, device) for _ in range(2)])
            exact = stacked_scores(links.cpu().double(), name)
            scores = stacked_scores(links, name).cpu().double()
            here = exact > 0
            worst = max(worst, float(((scores - exact)[here] / exact[here]).abs().max()))
        found[name] = worst
    return found


def check_updates(device: torch.device) -> dict[str, Any]:
    """Return, for each method, what share of links a GPU and a CPU choose alike, and its waits."""
    size, found = Size(64, 172, 4, 4, rows=4, tokens=16, vocabulary=200), {}
    for name in METHODS:
        options = {"initial_sparsity": _INITIAL[name]} if name in _INITIAL else {}
        sides = [
            Evolving(size, where, name, 1 - _INITIAL.get(name, 0.9), **options)
            for where in (device, torch.device("cpu"))
        ]
        _same_state(*sides)
        rows = [side.update() for side in sides]
        assert [r["links"] for r in rows[0]] == [r["links"] for r in rows[1]], name
        masks = [[_mask(e.parameter) for e in side.engine.layers] for side in sides]
        alike = sum(int((a & b).sum()) for a, b in zip(*masks))
        total = sum(int(a.sum()) for a in masks[0])
        sides[0].train()
        found[name] = {"alike": alike / total, "waits": _waits(sides[0].update, device)}
    return found


def _mask(layer: Any) -> torch.Tensor:
    return layer.mask_matrix.cpu()


def _same_state(gpu: Evolving, cpu: Evolving) -> None:
    """Give both sides the same weights, links, gradients and optimizer state."""
    cpu.model.load_state_dict(gpu.model.state_dict())
    for a, b in zip(gpu.engine.layers, cpu.engine.layers):
        b.parameter.restore_links(a.parameter.keys.cpu())  # type: ignore[attr-defined]
    cpu.engine._groups = []
    for layer in cpu.engine.layers:
        layer.memory = None  # type: ignore[assignment]
    cpu.engine._regroup()
    for side in (gpu, cpu):
        side.steps = 10
        side.engine.begin(10)
    for a, b in zip(gpu.model.parameters(), cpu.model.parameters()):
        b.grad = torch.randn(b.shape)
        a.grad = b.grad.to(a.device)
    for a, b in zip(gpu.engine.layers, cpu.engine.layers):
        if a.parameter.capture:
            b.parameter.store.captured = b.parameter.weight.grad.clone()  # type: ignore[attr-defined]
            a.parameter.store.captured = a.parameter.weight.grad.clone()  # type: ignore[attr-defined]


def _waits(call: Callable[[], object], device: torch.device) -> int | None:
    """Return how often a call waits for the device; None where that cannot be told."""
    if device.type != "cuda":
        return None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            call()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(one.message) for one in said)


def time_predictors(device: torch.device, toy: bool) -> dict[str, float]:
    """Return seconds for one layer of LLaMA-1B, and for the layers of a block together."""
    shape, found = ((12, 17) if toy else (2048, 5461)), {}
    for name, density in (("ch3_l3p", 0.3), ("ch3_l3p", 0.05), ("ch2_l3n", 0.3)):
        links = random_mask(shape, density, device)[None]
        n = [round(density * shape[0] * shape[1])]
        call = lambda links=links, name=name, n=n: stacked_scores(links, name, n)  # noqa: E731
        found[f"{name} {shape[0]}x{shape[1]} {density:.0%}"] = seconds(call, device, 3, 1)
    return found


def time_updates(device: torch.device, toy: bool) -> dict[str, Any]:
    """Return seconds of an update by method and model, and the memory at its peak."""
    plans: list[tuple[str, Size, tuple[str, ...], float]] = [
        ("toy", TOY, METHODS, 0.3),
    ] if toy else [
        ("60M", LLAMA["60M"], METHODS, 0.3),
        ("130M", LLAMA["130M"], ("chts", "chtss"), 0.3),
        ("1B", LLAMA["1B"], ("chts",), 0.05),
    ]  # fmt: skip
    found = {}
    for size_name, size, methods, density in plans:
        for name in methods:
            options = {"initial_sparsity": 0.5} if name in _INITIAL else {}
            side = Evolving(size, device, name, 0.5 if options else density, **options)
            times, steps = [], []
            for i in range(4):
                steps.append(seconds(side.train, device, 1, 0))
                if device.type == "cuda" and i == 1:
                    torch.cuda.reset_peak_memory_stats(device)
                times.append(seconds(side.update, device, 1, 0))
            found[f"{name} {size_name}"] = {
                "update_s": min(times[1:]),
                "step_s": min(steps[1:]),
                "peak_gb": _peak(device),
            }
            del side
            give_memory_back(device)
    return found


# What is asked of a step, by the name in the results.
WAYS: dict[str, dict[str, Any]] = {
    "singly": {"graph": False, "compile": False},
    "graph": {"graph": True, "compile": False},
    "compiled": {"graph": False, "compile": True},
    "compiled, graph": {"graph": True, "compile": True},
}


def _sparsity(sparsity: float | None, method: str = "set") -> tuple[str, dict[str, Any]]:
    if sparsity is None:
        return "dense", {"method": "dense"}
    return f"masked {sparsity:.0%}", {"method": method, "sparsity": sparsity}


def check_graphs(device: torch.device, toy: bool) -> dict[str, bool]:
    """Return whether training by a graph gives the bits of training step by step."""
    several = {"steps": 12, "update_steps": 4, "sparsity": 0.9, "tf32": False}
    digits, words = images(300), text(6000, 50)
    llama = {
        "model": "llama-20m", "task_options": {"sequence_length": 16}, "lr": 1e-3,
        "model_options": {"width": 32, "feed_forward": 48, "layers": 2, "heads": 2},
        "optimizer": "adamw", "clip": 1.0,
    }  # fmt: skip
    hidden = {"model_options": {"hidden": [64, 64]}}
    return {
        "mlp, rigl": same_bits(digits, device, method="rigl", **hidden, **several),
        "mlp, chts": same_bits(digits, device, method="chts", **hidden, **several),
        "rbm, set": same_bits(digits, device, method="set", model="rbm-small", **several),
        "llama, chtss": same_bits(words, device, method="chtss", **llama, **several),
    }


def count_waits(device: torch.device, toy: bool) -> dict[str, int | None]:
    """Return how often the host waits for the device in 100 steps between two updates."""
    found = {}
    for name, ways in (("singly", {"graph": False}), ("graph", {})):
        first, last = (3, 6) if toy else (30, 130)
        watch = CountWaits(device, first, last)
        train(
            images(2000), device, watch, method="set", sparsity=0.9, steps=last + 1,
            update_steps=500, model_options={"hidden": [16 if toy else 1568] * 3}, **ways,
        )  # fmt: skip
        found[name] = watch.waits
    return found


def time_steps(device: torch.device, toy: bool) -> dict[str, Any]:
    """Return what a step of LLaMA-60M takes, dense and masked, in each way."""
    size = TOY if toy else LLAMA["60M"]
    data = text(size.rows * size.tokens * 60, size.vocabulary)
    settings = {
        "model": "llama-60m", "task_options": {"sequence_length": size.tokens},
        "model_options": {
            "width": size.width, "feed_forward": size.feed_forward, "layers": size.blocks,
            "heads": size.heads,
        },
        "batch_size": size.rows, "optimizer": "adamw", "lr": 1e-4, "dtype": "bfloat16",
        "update_steps": 10**6,
    }  # fmt: skip
    plans = [(None, "singly"), (0.7, "singly"), (None, "graph"), (0.7, "graph")]
    if not toy:
        plans += [(s, way) for way in ("compiled", "compiled, graph") for s in (None, 0.7, 0.95)]
    found: dict[str, Any] = {}
    for sparsity, way in plans:
        name, method = _sparsity(sparsity)
        first, last = (5, 7) if toy else (8, 33)
        found[f"{name}, {way}"] = step_seconds(
            data, device, first, last, **settings, **method, **WAYS[way]
        )
    return found


def time_mlps(device: torch.device, toy: bool) -> dict[str, Any]:
    """Return what a step of small networks takes, made singly and as a graph of the device."""
    found, data = {}, images(400 if toy else 20_000)
    for hidden in (16,) if toy else (1568, 3072):
        for sparsity, way in itertools.product((None, 0.99), ("singly", "graph")):
            name, method = _sparsity(sparsity)
            first, last = (5, 9) if toy else (100, 600 if way == "graph" else 200)
            found[f"784-{hidden}x3 {name}, {way}"] = step_seconds(
                data, device, first, last, model_options={"hidden": [hidden] * 3},
                update_steps=10**6, **method, **WAYS[way],
            )  # fmt: skip
    return found


def time_translation(device: torch.device, toy: bool) -> dict[str, Any]:
    """Return what a step of the Transformer of Multi30k takes, with an update every 100 steps."""
    data = pairs(200 if toy else 29_000, 60 if toy else 10_000)
    found: dict[str, Any] = {}
    width = {"width": 16, "feed_forward": 16, "layers": 1, "heads": 2} if toy else {}
    for method, way in (
        ("dense", "singly"),
        ("dense", "graph"),
        ("chts", "graph"),
        ("chtss", "graph"),
    ):
        # By then nearly all shapes of batches have been recorded.
        first, last = (2, 4) if toy else (50, 150) if way == "singly" else (600, 900)
        found[f"{method}, {way}"] = step_seconds(
            data, device, first, last, model="transformer", model_options=width, method=method,
            sparsity=0.9, batch_size=100 if toy else 1024, optimizer="adam", lr=1e-4,
            label_smoothing=0.1, update_steps=2 if toy else 100, **WAYS[way],
        )  # fmt: skip
    return found


def check_links_alone(device: torch.device, toy: bool) -> dict[str, float]:
    """Return what share of links both devices end with alike, where nothing but links is kept."""
    settings = {
        "format": "csr", "model_options": {"hidden": [64, 64]}, "sparsity": 0.9, "steps": 12,
        "update_steps": 4, "tf32": False,
    }  # fmt: skip
    digits = images(300)
    return {m: same_links(digits, device, method=m, **settings) for m in ("set", "rigl", "chts")}


def time_million_neurons(device: torch.device, toy: bool) -> dict[str, Any]:
    """Return what a step of three layers of 300,000 neurons takes, 20 links each, links alone."""
    width, links = (40, 4) if toy else (300_000, 20)
    sizes = [784, width, width, width]
    wanted = links / 2 * sum(a + b for a, b in itertools.pairwise(sizes))
    settings = {
        "format": "csr", "method": "set", "method_options": {"allocation": "er"},
        "sparsity": 1 - wanted / sum(a * b for a, b in itertools.pairwise(sizes)),
        "model_options": {"hidden": [width] * 3}, "lr": 3 / width,
    }  # fmt: skip
    data, found = images(400 if toy else 5000), {}
    for name, every in (("without updates", 10**6), ("an update every 10 steps", 10)):
        first, last = (5, 9) if toy else (10, 40)
        found[name] = step_seconds(data, device, first, last, update_steps=every, **settings)
    return found


def ratios(results: dict[str, Any]) -> dict[str, float]:
    """Return what a step under masks takes over the dense step of the same way."""
    found = {}
    for part in ("mlp_steps", "llama_steps"):
        steps = results.get(part, {})
        for name, one in steps.items():
            network, _, way = name.partition("masked ")
            dense = f"{network}dense, {way.partition(', ')[2]}"
            if way and dense in steps:
                found[f"{part.partition('_')[0]} {name}"] = one["step_s"] / steps[dense]["step_s"]
    return found


def _peak(device: torch.device) -> float | None:
    return torch.cuda.max_memory_allocated(device) / 1e9 if device.type == "cuda" else None


PARTS: dict[str, Callable[[torch.device, bool], Any]] = {
    "predictor_errors": check_predictors,
    "updates_against_cpu": lambda device, toy: check_updates(device),
    "predictor_s": time_predictors,
    "graphs_against_single_steps": check_graphs,
    "waits_in_100_steps": count_waits,
    "updates": time_updates,
    "mlp_steps": time_mlps,
    "llama_steps": time_steps,
    "translation_steps": time_translation,
    "links_alone_against_cpu": check_links_alone,
    "million_neurons": time_million_neurons,
}


def measure(
    device: torch.device,
    toy: bool,
    only: str | None = None,
    keep: Callable[[dict[str, Any]], object] = lambda results: None,
) -> dict[str, Any]:
    """Return the results of all parts, or of one; a part that fails says why.

    Parameters
    ----------
    keep
        Is given all results so far after each part.
    """
    results: dict[str, Any] = {}
    for name, part in PARTS.items():
        if only not in (None, name):
            continue
        begun = time.perf_counter()
        try:
            results[name] = part(device, toy)
            wait(device)
        except Exception as error:
            traceback.print_exc()
            results[name] = {"failed": repr(error)}
        print(f"{name} ({time.perf_counter() - begun:.0f} s): {results[name]}", flush=True)
        results["masked_over_dense"] = ratios(results)
        keep(results)
    return results


def like_a_gpu() -> None:
    """Let a CPU take the way of a GPU, so that small sizes test it."""
    draws.compiled = lambda tensor: False  # type: ignore[assignment]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--toy", action="store_true")
    parser.add_argument("--only", choices=list(PARTS))
    arguments = parser.parse_args()
    if arguments.toy:
        like_a_gpu()
        found = measure(torch.device("cpu"), True, arguments.only)
        sys.exit(any("failed" in part for part in found.values()))
    if not torch.cuda.is_available():
        print("no GPU here: nothing was measured (--toy runs the same code on small sizes)")
        return
    device = torch.device("cuda")
    card = torch.cuda.get_device_name(device)
    keep = lambda results: _report.write("gpu", results, gpu=card)  # noqa: E731
    found = measure(device, False, arguments.only, keep if arguments.only is None else print)
    if failed := [name for name, part in found.items() if "failed" in part]:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
