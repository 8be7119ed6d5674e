"""A trained run as a file that runs without torch."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Literal

from torch import nn

from netsci_dst import runtime
from netsci_dst.errors import NetsciError, RunError

from ..run import Run
from .compaction import compact
from .formats import CsrLinear
from .lowering import lower
from .trained_model import restore


def deploy(
    run: Run,
    out: str | os.PathLike[str],
    *,
    which: Literal["last", "best"] = "last",
    whole: bool = False,
    sparse: bool = False,
    dataset: Any = None,
) -> str:
    """Write a run's network, compacted, and return in words what was written.

    Parameters
    ----------
    run
        A run of a classifier.
    out
        ``NAME.safetensors`` for `netsci_dst.runtime`, ``NAME.onnx``, or ``NAME.h``, a C99 header
        with a function ``NAME_run``.
    which
        The last checkpoint, or the one of the best evaluation.
    whole
        Keep unused neurons.
    sparse
        In ONNX, write links alone.
    dataset
        The data set, for a run that was trained on one given directly.

    Returns
    -------
    str
        What was written, in words.

    Raises
    ------
    RunError
        If the run is no classifier, or has no checkpoint.
    FormatError
        If the network cannot be written so.

    Examples
    --------
    >>> import tempfile
    >>> from netsci_dst import runtime
    >>> from netsci_dst.training import train
    >>> from netsci_dst.training.data import load
    >>> place = tempfile.mkdtemp()
    >>> recipe = dict(data="digits", model_options={"hidden": [8]}, sparsity=0.5, epochs=1)
    >>> run = train(**recipe, train_samples=100, out=place + "/run")
    >>> _ = deploy(run, place + "/digits.safetensors")
    >>> network = runtime.load(place + "/digits.safetensors")
    >>> network(network.prepared(load("digits").x_test[:3])).shape
    (3, 10)
    """
    path = Path(out)
    if path.suffix not in (".safetensors", ".onnx", ".h"):
        raise NetsciError(f"{out}: a network is written as .safetensors, .onnx or .h")
    program, dense_size = _lowered(run, which, whole, dataset)
    if path.suffix == ".safetensors":
        runtime.save(program, path)
    elif path.suffix == ".onnx":
        path.write_bytes(runtime.to_onnx(program, sparse))
    else:
        name = re.sub(r"\W", "_", path.stem)
        path.write_text(runtime.to_c(program, name if name[:1].isalpha() else f"net_{name}"))
    return f"{path.stat().st_size:,} bytes; the dense network takes {dense_size:,}"


def onnx_of(run: Run) -> bytes:
    """Return the whole network of a run's last checkpoint as ONNX, dense with zeros.

    Raises
    ------
    RunError
        If the run is no classifier, or has no checkpoint.
    FormatError
        If the network has an operation that is not written so.
    """
    return runtime.to_onnx(_lowered(run, "last", True, None)[0])


def _lowered(
    run: Run, which: Literal["last", "best"], whole: bool, dataset: Any
) -> tuple[Any, int]:
    """Return the program of a run's network, and the bytes of the dense one."""
    session = restore(run, which, dataset=dataset)
    if session.task.name != "classification":
        raise RunError(f"{run.path} is no classifier: its task is {session.task.name}")
    example = session.batches.probe(2).tensors[0]
    model = session.model if whole else compact(session.model, example)
    data = session.dataset
    facts = {
        "classes": list(data.classes),
        "mean": [float(value) for value in data.mean],
        "std": [float(value) for value in data.std],
    }
    return lower(model, example, facts), _dense_size(session.model)


def _dense_size(model: nn.Module) -> int:
    total = sum(p.numel() * p.element_size() for p in model.parameters())
    for layer in model.modules():
        if isinstance(layer, CsrLinear):
            absent = layer.n_source * layer.n_target - layer.n_links
            total += absent * layer.weight.element_size()
    return total
