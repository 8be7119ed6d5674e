"""Make the architectures of others sparse: what is found, what trains, what is lost.

Every model has random weights and a small input. Its wiring is followed; then it is made 90 %
sparse by each method, trained for three steps with one update of the topology, and a snapshot is
taken. `chts` runs where populations were followed whole. timm and torchvision are installed into a
temporary folder, without what they depend on.

    python benchmarks/zoo.py [--only NAME] [--library LIBRARY] [--wiring-only] [--write]
"""

from __future__ import annotations

import argparse
import copy
import json
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import _report
import torch
from _zoo_models import install, models
from torch import nn

import netsci_dst as nd
from netsci_dst.training import wiring

SPARSITY = 0.9
METHODS = ("set", "rigl", "chts")
RESULTS = Path(__file__).parent / "results" / "zoo.json"
_LIMIT_S = 300


def call(model: nn.Module, example: Any) -> Any:
    if isinstance(example, dict):
        return model(**example)
    return model(*example) if isinstance(example, tuple) else model(example)


def loss_of(result: Any) -> torch.Tensor:
    """Return a number that every output with a gradient has a part in."""
    found = [t for t in _tensors(result) if t.is_floating_point() and t.requires_grad]
    return torch.stack([t.float().square().mean() for t in found]).sum()


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, tuple | list):
        for part in value:
            yield from _tensors(part)


def look(model: nn.Module, example: Any) -> dict[str, Any]:
    """Follow a model and count."""
    begin = time.perf_counter()
    found = wiring.of(model, example)
    seconds = time.perf_counter() - begin
    views = found.views(model)
    sparse = sum(views[name].n_possible for name in found.sparse_names())
    total = sum(parameter.numel() for parameter in model.parameters())
    return {
        "layers": len(found.layers),
        "populations": len(found.populations),
        "sparse_share": round(sparse / total, 4),
        "whole": found.is_whole,
        "breaks": [str(place) for place in found.breaks],
        "seconds_wiring": round(seconds, 2),
    }


def train(model: nn.Module, example: Any, method: str) -> dict[str, Any]:
    """Train a copy of a model for three steps with one update."""
    model = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        with nd.sparsify(
            model, optimizer, method=method, sparsity=SPARSITY, update_every=2, total_steps=4,
            example_input=example, out=out,
        ) as dst:  # fmt: skip
            for _ in range(3):
                loss_of(call(model, example)).backward()
                optimizer.step()
                dst.step()
                optimizer.zero_grad()
        run = nd.load_run(out)
        rows = run.evolution[run.evolution.layer == "all"]
        steps = [snapshot.step for snapshot in run.snapshots]
    if steps[-1] != 3 or len(rows) != 1:
        raise RuntimeError(f"snapshots at {steps} and {len(rows)} updates, not one")
    return {
        "seconds": round(time.perf_counter() - begin, 2),
        "links": int(rows.links.iloc[0]),
        "density": round(float(rows.density.iloc[0]), 4),
        "regrown": int(rows.regrown.iloc[0]),
    }


def row(name: str, library: str, make: Any, wiring_only: bool) -> dict[str, Any]:
    """Return everything about one model; an error is one line."""
    found: dict[str, Any] = {"name": name, "library": library}
    torch.manual_seed(0)
    try:
        with limited(_LIMIT_S):
            model, example = make()
            found["parameters"] = sum(p.numel() for p in model.parameters())
            found.update(look(model, example))
    except Exception as error:
        return {**found, "error": _line(error)}
    if wiring_only:
        return found
    for method in METHODS:
        if method == "chts" and not found["whole"]:
            continue
        try:
            with limited(_LIMIT_S):
                found[method] = train(model, example, method)
        except Exception as error:
            found[method] = {"error": _line(error)}
    return found


@contextmanager
def limited(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError(f"took more than {seconds} s")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def _line(error: Exception) -> str:
    if DEBUG:
        traceback.print_exception(error)
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0][:200]}"


def ran(found: dict[str, Any]) -> bool:
    """Whether a model was made sparse and trained by every method that was tried."""
    methods = [found[m] for m in METHODS if m in found]
    return "error" not in found and all("error" not in method for method in methods)


DEBUG = False


def main() -> None:
    global DEBUG
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", help="names, with commas")
    parser.add_argument("--library", choices=("torch", "transformers", "timm", "torchvision"))
    parser.add_argument("--wiring-only", action="store_true")
    parser.add_argument("--write", action="store_true", help="write results/zoo.json")
    parser.add_argument("--debug", action="store_true")
    options = parser.parse_args()
    DEBUG = options.debug
    warnings.simplefilter("ignore")
    if options.library in (None, "timm", "torchvision"):
        install()
    only = options.only.split(",") if options.only else None
    rows = []
    for name, library, make in models():
        if (only and name not in only) or options.library not in (None, library):
            continue
        found = row(name, library, make, options.wiring_only)
        rows.append(found)
        print(json.dumps(found), flush=True)
    good = sum(map(ran, rows))
    whole = sum(bool(model.get("whole")) for model in rows)
    print(f"{good} of {len(rows)} run, {whole} followed whole")
    if options.write:
        about = {
            "benchmark": "zoo",
            "machine": _report.machine(),
            "note": "The table is on the page [what works on your model](what_works.md).",
            "sparsity": SPARSITY,
            "models": rows,
        }
        RESULTS.write_text(json.dumps(about, indent=1) + "\n")


if __name__ == "__main__":
    main()
