"""Forward passes of sparse networks, one thread: time of a batch, bytes, start-up.

All sides take turns within one run, some passes at a time, and medians of processor time are
compared: on a busy machine a pass is interrupted, and a long one more often.
``compact`` sides run what `nd.compact` leaves; on links drawn at random at 90 to 99 % nearly every
neuron is on a path, so give ``--run`` a trained run to see what percolation adds.

Each case is written when it is finished. A call goes on where the last one on the same machine
stopped: finished cases are skipped unless ``--again``. ONNX Runtime is measured where it is
installed, `torch.compile` where a C++ compiler is.

    python benchmarks/inference.py [--quick] [--list] [--only NAME] [--run FOLDER] [--again]
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import _report
import numpy as np
import torch
from scipy.sparse import csr_array
from torch import nn

from netsci_dst import load_run, runtime
from netsci_dst.errors import FormatError
from netsci_dst.training.compaction import compact
from netsci_dst.training.formats import CsrLinear, convert
from netsci_dst.training.lowering import lower
from netsci_dst.training.matrix_view import views_of
from netsci_dst.training.models.convnet import convnet
from netsci_dst.training.models.mlp import mlp
from netsci_dst.training.trained_model import load_model

BATCHES = (1, 32, 1024)
# Gathering each link's input of each row takes seconds there.
LIMITS = {"ONNX Runtime links": 32}
SPARSITIES = (0.99, 0.95, 0.9)
START, TRAINED = "start, processor ms", "MNIST MLP, trained"
# Processor seconds of a side before the next one's turn, and the fewest turns.
TURN, LEAST = 0.02, 3


class LlamaBlocks(nn.Module):
    """The blocks of a small LLaMA on embedded tokens: width 256, two blocks, 32 tokens a sample."""

    def __init__(self) -> None:
        super().__init__()
        from transformers import LlamaConfig, LlamaModel

        config = LlamaConfig(
            vocab_size=8, hidden_size=256, intermediate_size=688, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=32, use_cache=False,
        )  # fmt: skip
        self.model = LlamaModel(config)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(inputs_embeds=x).last_hidden_state


# name: model, shape of a sample
MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "MNIST MLP 784-1568x3-10": (lambda: mlp((784,), 10, hidden=[1568] * 3), (784,)),
    "CIFAR MLP 3072-3072x3-10": (lambda: mlp((3072,), 10, hidden=[3072] * 3), (3072,)),
    "ConvNet on CIFAR": (lambda: convnet((3, 32, 32), 10), (3, 32, 32)),
    "LLaMA blocks, width 256": (LlamaBlocks, (32, 256)),
}


def thin(model: nn.Module, sparsity: float) -> nn.Module:
    """Leave links drawn at random in all linear layers but a last classifier, and convolutions."""
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv2d)) and module.weight.shape[0] > 10:
            keep = torch.rand(module.weight.shape, generator=generator) >= sparsity
            with torch.no_grad():
                module.weight.mul_(keep)
    return model.eval()


def as_csr(model: nn.Module) -> nn.Module:
    """Return a copy whose sparse linear layers keep their links alone."""
    model = copy.deepcopy(model)
    views, keys = {}, {}
    for name, view in views_of(model).items():
        module = model.get_submodule(view.parameter.rpartition(".")[0])
        if isinstance(module, nn.Linear) and (module.weight != 0).float().mean() < 0.5:
            views[name] = view
            keys[name] = module.weight.detach().t().reshape(-1).nonzero()[:, 0]
    convert(model, views, dict.fromkeys(views, "csr"), keys)
    return model.eval()


def sides(
    model: nn.Module, example: torch.Tensor, compiled: bool
) -> Iterator[tuple[str, Any, int]]:
    """Yield (name, callable on a torch batch, bytes of weights)."""

    def size(part: nn.Module) -> int:
        return sum(p.numel() * p.element_size() for p in part.parameters())

    def links(part: nn.Module) -> int:
        layers = [m for m in part.modules() if isinstance(m, CsrLinear)]
        return size(part) + sum(4 * (m.n_links + m.n_source + 1) for m in layers)

    small = compact(model, example)
    yield "dense torch", model, size(model)
    if compiled:
        yield "torch.compile", torch.compile(model, dynamic=True), size(model)
    csr, compact_csr = as_csr(model), as_csr(small)
    yield "csr", csr, links(csr)
    yield "compact csr", compact_csr, links(compact_csr)
    yield "compact dense", small, size(small)
    if hasattr(model, "hidden") and not isinstance(model, LlamaBlocks):
        yield "torch.sparse", *_torch_sparse(model)
        yield "scipy", *_scipy(model)
    try:
        program = lower(small, example)
        yield "runtime (NumPy)", _numpy(runtime.Network(program)), program.bytes
        yield from _onnx(model, small, example)
    except FormatError:
        pass  # attention has no form without torch


def _numpy(network: Any) -> Callable[[torch.Tensor], Any]:
    return lambda x: network(x.numpy())


def _linears(model: nn.Module) -> list[nn.Linear]:
    return [m for m in model.modules() if isinstance(m, nn.Linear)]


def _torch_sparse(model: nn.Module) -> tuple[Callable[[torch.Tensor], torch.Tensor], int]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layers = [(m.weight.detach().to_sparse_csr(), m.bias.detach()) for m in _linears(model)]

    def run(x: torch.Tensor) -> torch.Tensor:
        y = x.flatten(1).t()
        for i, (weight, bias) in enumerate(layers):
            y = weight @ y + bias[:, None]
            y = torch.relu(y) if i + 1 < len(layers) else y
        return y.t()

    return run, sum(w.values().numel() * 12 + b.numel() * 4 for w, b in layers)


def _scipy(model: nn.Module) -> tuple[Callable[[torch.Tensor], Any], int]:
    layers = [
        (csr_array(m.weight.detach().numpy()), m.bias.detach().numpy()) for m in _linears(model)
    ]

    def run(x: torch.Tensor) -> Any:
        y = x.flatten(1).numpy().T
        for i, (weight, bias) in enumerate(layers):
            y = weight @ y + bias[:, None]
            y = np.maximum(y, 0) if i + 1 < len(layers) else y
        return y.T

    return run, sum(w.nnz * 8 + b.nbytes for w, b in layers)


def _onnx(
    model: nn.Module, small: nn.Module, example: torch.Tensor
) -> Iterator[tuple[str, Any, int]]:
    try:
        import onnxruntime
    except ImportError:
        return
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    forms = (
        ("ONNX Runtime dense", model, False),
        ("ONNX Runtime compact", small, False),
        ("ONNX Runtime links", small, True),
    )
    for name, part, sparse in forms:
        data = runtime.to_onnx(lower(part, example), sparse)
        session = onnxruntime.InferenceSession(data, options)
        yield name, lambda x, s=session: s.run(None, {"input": x.numpy()})[0], len(data)


def measure(
    model: nn.Module, shape: tuple[int, ...], seconds: float, compiled: bool
) -> dict[str, Any]:
    """Return, per side, bytes and the median milliseconds of each batch; outputs are compared."""
    runs = list(sides(model, torch.randn(2, *shape), compiled))
    found: dict[str, Any] = {name: {"bytes": size} for name, _, size in runs}
    for batch in BATCHES:
        x = torch.randn(batch, *shape)
        here = {name: run for name, run, _ in runs if batch <= LIMITS.get(name, batch)}
        with torch.no_grad():
            expected = model(x).numpy()
            for name, run in here.items():
                error = np.abs(np.asarray(run(x)) - expected).max()
                assert error <= 1e-5 * np.abs(expected).max() + 1e-7, name
            times = in_turns(here, x, seconds)
        for name, taken in times.items():
            found[name][f"batch {batch}, ms"] = round(1e3 * float(np.median(taken)), 4)
    return found


def in_turns(
    runs: dict[str, Callable[[torch.Tensor], Any]], x: torch.Tensor, seconds: float
) -> dict[str, list[float]]:
    """Return processor seconds of single passes; a side passes for `TURN` seconds at a time."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    begun = time.process_time()
    for turn in itertools.count():
        if turn >= LEAST and time.process_time() - begun > seconds:
            return times
        for name, run in runs.items():
            spent = 0.0
            while spent < TURN:
                start = time.process_time()
                run(x)
                times[name].append(time.process_time() - start)
                spent += times[name][-1]
    raise AssertionError


def cold_start() -> dict[str, float]:
    """Return the processor milliseconds from nothing to the first output, in new processes."""
    model = thin(mlp((784,), 10, hidden=[1568] * 3), 0.99)
    program = lower(model, torch.randn(2, 784))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        runtime.save(program, place / "net.safetensors")
        (place / "net.onnx").write_bytes(runtime.to_onnx(program, False))
        torch.save(model, place / "net.pt")
        zeros = "np.zeros((1, 784), np.float32)"
        codes = {
            "NumPy alone": "import numpy",
            "runtime (NumPy)": "import numpy as np; from netsci_dst import runtime; "
            f"runtime.load('net.safetensors')({zeros})",
            "torch alone": "import torch",
            "dense torch": "import torch; "
            "torch.load('net.pt', weights_only=False)(torch.zeros(1, 784))",
        }
        if importlib.util.find_spec("onnxruntime"):
            codes["ONNX Runtime dense"] = (
                "import numpy as np, onnxruntime as o; "
                f"o.InferenceSession('net.onnx').run(None, {{'input': {zeros}}})"
            )
        return {name: round(1e3 * _processor_time(code, place)) for name, code in codes.items()}


def _processor_time(code: str, folder: Path) -> float:
    taken = []
    paths = os.pathsep.join([str(_report.RESULTS.parents[1]), os.environ.get("PYTHONPATH", "")])
    for _ in range(5):
        before = os.times()
        environment = {**os.environ, "PYTHONPATH": paths}
        subprocess.run([sys.executable, "-c", code], check=True, cwd=folder, env=environment)
        after = os.times()
        taken.append(
            after.children_user + after.children_system
            - before.children_user - before.children_system
        )  # fmt: skip
    return float(np.median(taken))


def trained(folder: str) -> tuple[nn.Module, tuple[int, ...]]:
    """Return a run's network as a dense model, and the shape of a sample."""
    model = load_model(folder, format="dense")
    return model, tuple(model.input_shape)  # type: ignore[attr-defined]


def facts(folder: str) -> dict[str, Any]:
    """Return what was trained, and how accurate it is."""
    run = load_run(folder)
    recipe = run.recipe
    return {
        "method": f"{recipe['method']}, {float(recipe['sparsity']):.0%}",
        "accuracy": round(float(run.metrics.iloc[-1]["accuracy"]), 4),
    }


def known() -> dict[str, Any]:
    """Return what earlier calls on this machine have measured."""
    file = _report.RESULTS / "inference.json"
    if not file.exists():
        return {}
    found = json.loads(file.read_text())
    same = found["machine"] == {**_report.machine(), "threads": 1}
    return found["results"] if same else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="few passes, nothing is written")
    parser.add_argument("--list", action="store_true", help="name the cases that are not finished")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--again", action="store_true", help="measure finished cases anew")
    parser.add_argument("--run", help="a trained run of an MLP, as a case of its own")
    parser.add_argument("--seconds", type=float, default=3, help="for each batch size of a case")
    options = parser.parse_args()
    torch.set_num_threads(1)
    done = {} if options.again or options.quick else known()
    names = [name for name in cases(options.run) if options.only in name and name not in done]
    if options.list:
        print(*names, sep="\n")
        return
    for name in names:
        torch.manual_seed(0)
        found = cases(options.run)[name](0.2 if options.quick else options.seconds)
        print(name, *(f"  {side:24s} {row}" for side, row in found.items()), sep="\n", flush=True)
        if not options.quick:
            _report.write("inference", {**known(), name: found}, threads=1)


def cases(run: str | None) -> dict[str, Callable[[float], dict[str, Any]]]:
    """Return name -> how to measure it, given the seconds for each batch size."""
    compiled = bool(shutil.which("g++") or shutil.which("clang++"))

    def random_links(build: Callable[[], nn.Module], sparsity: float, shape: tuple[int, ...]):
        return lambda seconds: measure(thin(build(), sparsity), shape, seconds, compiled)

    found: dict[str, Callable[[float], dict[str, Any]]] = {START: lambda _: cold_start()}
    if run:
        found[TRAINED] = lambda seconds: {**facts(run), **measure(*trained(run), seconds, compiled)}
    for sparsity in SPARSITIES:
        for name, (build, shape) in MODELS.items():
            found[f"{name}, {sparsity:.0%}"] = random_links(build, sparsity, shape)
    return found


if __name__ == "__main__":
    main()
