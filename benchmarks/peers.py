"""An epoch of SET on MNIST against the SciPy and Numba code of its authors, one thread.

Their code is not part of this repository. Fetch it, for example
https://github.com/SelimaC/large-scale-sparse-neural-networks ("Truly sparse neural networks at
scale"), and give the folder that holds ``set_mlp_sequential.py``. Both sides train
784-1568x3-10 with 1 % of the links of each hidden layer, a dense last layer, batches of 32, SGD
with momentum, on the same images, one side after the other: processor time includes shuffling, the
evaluation on 10,000 images and the update of the topology.

    python benchmarks/peers.py FOLDER [--data FOLDER] [--epochs 3]

Their initial weights are scaled for few links, and kept in float32, which is to their advantage.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import itertools
import os
import sys
import tempfile
import time
import types
from pathlib import Path
from typing import Any

import _report
import numpy as np

HIDDEN, DENSITY, BATCH, RATE = (1568, 1568, 1568), 0.01, 32, 0.025


def their_network(folder: str, x: np.ndarray) -> tuple[Any, Any]:
    """Return their module and a network of theirs, with our sparsity."""
    sys.path.insert(0, folder)
    # What they load data and watch memory with is not needed here.
    for name, attributes in (
        ("utils.load_data", ("load_fashion_mnist_data",)),
        ("wasap_sgd", ()),
        ("wasap_sgd.train", ()),
        ("wasap_sgd.train.monitor", ("Monitor",)),
    ):
        stub = types.ModuleType(name)
        for attribute in attributes:
            setattr(stub, attribute, None)
        sys.modules[name] = stub
    if not hasattr(np, "in1d"):
        np.in1d = lambda a, b: np.isin(a.ravel(), b.ravel())  # type: ignore[attr-defined]
    theirs = importlib.import_module("set_mlp_sequential")
    nn_functions = importlib.import_module("utils.nn_functions")
    sizes = (x.shape[1], *HIDDEN, 10)
    relu = nn_functions.Relu
    # With float32 weights the SciPy of today gives a view where that of 2020 gave a copy, and their
    # gradient would be written over the weights.
    matrix = theirs.coo_matrix
    copied = lambda *parts, **options: matrix(*parts, **{**options, "copy": True})  # noqa: E731
    vars(theirs)["coo_matrix"] = copied
    network = theirs.SET_MLP(sizes, (relu, relu, relu, nn_functions.Softmax), epsilon=1)
    for i, (a, b) in enumerate(itertools.pairwise(sizes), 1):
        density = DENSITY if i < len(sizes) - 1 else 1.0
        network.w[i] = theirs.create_sparse_weights(
            density * a * b / (a + b), a, b, weight_init="he_uniform"
        ).astype(np.float32)
        # He's limit is for all sources; few links need larger weights, or nothing is learned.
        network.w[i] = network.w[i] * np.float32(density**-0.5)
    return theirs, network


def run_theirs(folder: str, data: Any, epochs: int) -> dict[str, float]:
    """Train with their code; the first epoch, which compiles, is not counted."""
    (x, y), (xt, yt) = data
    one_hot = np.eye(10, dtype=np.float32)
    with contextlib.redirect_stdout(io.StringIO()), tempfile.TemporaryDirectory() as place:
        _, network = their_network(folder, x)
        nn_functions = importlib.import_module("utils.nn_functions")
        common: dict[str, Any] = dict(  # noqa: C408
            loss=nn_functions.CrossEntropy, batch_size=BATCH, learning_rate=RATE, momentum=0.9,
            weight_decay=0.0, zeta=0.3, dropoutrate=0.0, save_filename=f"{place}/set",
        )  # fmt: skip
        few = slice(0, 10 * BATCH)
        network.fit(x[few], one_hot[y[few]], xt, one_hot[yt], epochs=2, testing=False, **common)
        start, wall = time.process_time(), time.perf_counter()
        # testing=True would also score the training images, which ours does not.
        network.fit(x, one_hot[y], xt, one_hot[yt], epochs=epochs, testing=False, **common)
        accuracy, _ = network.predict(xt, one_hot[yt], batch_size=100)
        taken, walls = time.process_time() - start, time.perf_counter() - wall
    return {
        "processor_s_per_epoch": taken / epochs,
        "wall_s_per_epoch": walls / epochs,
        "accuracy": float(accuracy),
    }


def run_ours(source: str, epochs: int) -> dict[str, float]:
    """Train with `train`, which also evaluates and writes snapshots, tables and checkpoints."""
    from netsci_dst.training import train

    options: dict[str, Any] = dict(  # noqa: C408
        data=source, method="set", model="mlp", sparsity=1 - DENSITY, batch_size=BATCH, lr=RATE,
        optimizer="sgd", momentum=0.9, weight_decay=0.0, threads=1, seed=0,
        lr_schedule="constant", model_options={"hidden": list(HIDDEN)},
        # As theirs: weights for few links, as many links moved in each epoch.
        method_options={"weights": "swi", "zeta_schedule": "constant"},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as place:
        train(out=f"{place}/warm", epochs=0.02, **options)
        start, wall = time.process_time(), time.perf_counter()
        run = train(out=f"{place}/run", epochs=epochs, **options)
        taken, walls = time.process_time() - start, time.perf_counter() - wall
        accuracy = float(run.metrics.iloc[-1]["accuracy"])
    return {
        "processor_s_per_epoch": taken / epochs,
        "wall_s_per_epoch": walls / epochs,
        "accuracy": accuracy,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", help="the folder that holds set_mlp_sequential.py")
    parser.add_argument("--data", default="mnist", help="MNIST: a folder, or its name")
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    if options.folder is None:
        print("nothing was measured: give the folder that holds set_mlp_sequential.py")
        return
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    if not (Path(options.folder) / "set_mlp_sequential.py").exists():
        parser.error(f"{options.folder} holds no set_mlp_sequential.py")
    from netsci_dst.training.data import load

    data = load(options.data)
    parts = [
        (data.normalised(part).reshape(len(labels), -1), labels)
        for part, labels in (("train", data.y_train), ("test", data.y_test))
    ]
    results = {
        "SET authors' code (SciPy, Numba)": run_theirs(options.folder, parts, options.epochs),
        "netsci-dst": run_ours(options.data, options.epochs),
    }
    theirs, ours = results.values()
    results["ratio"] = {
        key: theirs[key] / ours[key] for key in ("processor_s_per_epoch", "wall_s_per_epoch")
    }
    for name, row in results.items():
        print(f"{name:34s}", *(f"{key} {value:.4g}" for key, value in row.items()))
    _report.write("peers", results, threads=1, epochs=options.epochs)


if __name__ == "__main__":
    main()
