"""Bad inputs by name: each puts files into a folder and returns the command that meets them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst.topology import Topology

CASES: dict[str, Callable[[Path], list[str]]] = {}
# What holds while the command of a case runs.
AROUND: dict[str, Callable[[Path], contextlib.AbstractContextManager[None]]] = {}
TRAIN = ["train", "--method", "set", "--sparsity", "0.5", "--hidden", "8,8", "--epochs", "1"]
TRAIN += ["--device", "cpu", "--out", "run"]


def case(what: str) -> Callable[[Any], Any]:
    def keep(function: Callable[[Path], list[str]]) -> Callable[[Path], list[str]]:
        CASES[what] = function
        return function

    return keep


def train_with(what: str, *more: str) -> None:
    CASES[what] = lambda folder: [*TRAIN, *more]


def arrays(folder: Path, **changes: Any) -> list[str]:
    rng = np.random.default_rng(0)
    found = {
        "x_train": rng.random((40, 6)).astype(np.float32),
        "y_train": np.arange(40) % 3,
        "x_test": rng.random((12, 6)).astype(np.float32),
        "y_test": np.arange(12) % 3,
        **changes,
    }
    np.savez(folder / "own.npz", **{k: v for k, v in found.items() if v is not None})
    return [*TRAIN, "--data", "own.npz"]


def write(folder: Path, name: str, data: str | bytes) -> None:
    (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)


def snapshots(folder: Path, seed: int = 0) -> nd.Run:
    rng = np.random.default_rng(seed)
    run = nd.Run.create(folder / "run", {"method": "set", "data": "digits"}, {"seed": 0})
    run.write_snapshot(nd.Snapshot(Topology.chain([rng.random((6, 5)) < 0.4]), 1))
    run.append("metrics", [{"step": 1, "epoch": 0.1, "loss": 0.5}])
    return run


def changed(folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    snapshots(folder)
    file = folder / "run" / name
    file.write_bytes(change(file.read_bytes()))


# --- data -------------------------------------------------------------------------------------

train_with("a data set whose name is misspelt", "--data", "digit")
train_with("a data file that is not there", "--data", "missing.npz")


@case("a data file that is no data file")
def _(folder):
    write(folder, "own.npz", "not an archive")
    return [*TRAIN, "--data", "own.npz"]


@case("a data file without labels")
def _(folder):
    return arrays(folder, y_train=None)


@case("fewer labels than samples")
def _(folder):
    return arrays(folder, y_train=np.zeros(39, dtype=int))


@case("negative labels")
def _(folder):
    return arrays(folder, y_train=np.arange(40) % 3 - 1)


@case("labels that are not whole numbers")
def _(folder):
    return arrays(folder, y_train=np.linspace(0, 2, 40))


@case("NaN in the data")
def _(folder):
    x = np.ones((40, 6), dtype=np.float32)
    x[3, 2] = np.nan
    return arrays(folder, x_train=x)


@case("labels in columns")
def _(folder):
    return arrays(folder, y_train=(np.arange(40) % 3)[:, None])


@case("a label far from the others")
def _(folder):
    return arrays(folder, y_train=np.where(np.arange(40) == 3, 10**6, np.arange(40) % 3))


@case("a test label that training does not know")
def _(folder):
    return arrays(folder, y_test=np.where(np.arange(12) == 3, 3, np.arange(12) % 3))


@case("samples that are one number")
def _(folder):
    return arrays(folder, x_train=np.float32(3))


@case("a truncated parquet file of data")
def _(folder):
    (folder / "data").mkdir()
    write(folder, "data/train.parquet", b"PAR1" + bytes(50))
    return [*TRAIN, "--data", "data"]


@case("infinity in the test data")
def _(folder):
    x = np.ones((12, 6), dtype=np.float32)
    x[3, 2] = np.inf
    return arrays(folder, x_test=x)


@case("no training samples")
def _(folder):
    return arrays(folder, x_train=np.zeros((0, 6), np.float32), y_train=np.zeros(0, dtype=int))


@case("pickled objects in a data file")
def _(folder):
    return arrays(folder, y_train=np.array([{}] * 40, dtype=object))


# --- what is asked ----------------------------------------------------------------------------

train_with("a learning rate that makes the loss infinite", "--lr", "1e18")
train_with("a sparsity of 1", "--sparsity", "1")
train_with("a negative sparsity", "--sparsity", "-0.1")
train_with("a hidden layer of size 0", "--hidden", "0")
train_with("a layer too large for any memory", "--hidden", "1000000000000")
train_with("a training step too large for any memory")
train_with("an unknown method", "--method", "chtz")
train_with("an unknown model", "--model", "mpl")
train_with("an option of a method that has no effect", "--set", "method_options.regrowth_delta=0.5")
train_with(
    "an option of a part that is out of range",
    "--set",
    "method_options.removal=blend",
    "--set",
    "method_options.removal_options.alpha=2",
)
train_with("a selection of no layer", "--set", "sparse_layers=['*', '!*']")
train_with("an unknown option of a model", "--set", "model_options.hiden=[3]")
train_with("an unknown device", "--device", "gpu")
train_with("a batch size of 0", "--batch-size", "0")
train_with("a seed of 40 digits", "--seed", "1" + "0" * 39)
train_with("a number of 5,000 digits", "--set", "seed=" + "1" * 5_000)
train_with("brackets nested 100,000 deep", "--set", "model_options.hidden=" + "[" * 100_000)


@contextlib.contextmanager
def greedy(folder: Path) -> Iterator[None]:
    import torch

    from netsci_dst.training.fit import Fit

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Fit, "_one_step", lambda loop, model, batch: torch.empty(10**12))
        yield


AROUND["a training step too large for any memory"] = greedy


@case("a recipe with an unknown key")
def _(folder):
    write(folder, "recipe.toml", "epoch = 3\n")
    return ["train", "recipe.toml", "--out", "run"]


@case("a recipe that is not TOML")
def _(folder):
    write(folder, "recipe.toml", "epochs 3\n")
    return ["train", "recipe.toml", "--out", "run"]


@case("a recipe nested too deeply")
def _(folder):
    write(folder, "recipe.toml", "x = " + "[" * 100_000)
    return ["train", "recipe.toml", "--out", "run"]


@case("a recipe with a value of the wrong type")
def _(folder):
    write(folder, "recipe.toml", 'epochs = "many"\n')
    return ["train", "recipe.toml", "--out", "run"]


# --- folders ----------------------------------------------------------------------------------


@case("a run folder that already holds a run")
def _(folder):
    snapshots(folder)
    return TRAIN


@case("a place that cannot be written")
def _(folder):
    write(folder, "run", "a file, not a folder")
    return TRAIN


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nothing be written below a folder, as on a mount that is read-only."""
    mount = ["mount", "--bind", str(folder), str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root can mount a folder read-only")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@case("a read-only place for a run")
def _(folder):
    return TRAIN


@case("a read-only run that is resumed")
def _(folder):
    snapshots(folder)
    return ["resume", "run"]


AROUND["a read-only place for a run"] = read_only
AROUND["a read-only run that is resumed"] = read_only


@case("a run folder that vanishes during training")
def _(folder):
    return TRAIN


@contextlib.contextmanager
def vanishing(folder: Path) -> Iterator[None]:
    from netsci_dst.training.callbacks.evaluate import Evaluate

    def vanish(callback: Any, fit: Any) -> None:
        shutil.rmtree(folder / "run")
        evaluate(callback, fit)

    evaluate = Evaluate._evaluate
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Evaluate, "_evaluate", vanish)
        yield


AROUND["a run folder that vanishes during training"] = vanishing


@case("a run that does not exist")
def _(folder):
    return ["resume", "run"]


@case("a folder that is no run")
def _(folder):
    (folder / "run").mkdir()
    return ["info", "run"]


# --- snapshots and checkpoints ----------------------------------------------------------------

STEP = "snapshots/step-00000001.safetensors"


@case("a corrupt snapshot")
def _(folder):
    changed(folder, STEP, lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    return ["export", "run", "--out", "links.csv"]


@case("a truncated snapshot")
def _(folder):
    changed(folder, STEP, lambda data: data[: len(data) // 2])
    return ["analyze", "run", "--measures", "degrees"]


@case("a foreign snapshot")
def _(folder):
    changed(folder, STEP, lambda data: b"GIF89a")
    (folder / "run/snapshots/index.json").unlink()
    return ["export", "run", "--out", "links.csv"]


@case("a run written by a newer version")
def _(folder):
    snapshots(folder).update_provenance({"format": 99})
    return ["info", "run"]


@case("a recipe that was changed after its run had begun")
def _(folder):
    snapshots(folder)
    write(folder / "run", "recipe.toml", 'method = "cht"\n')
    return ["info", "run"]


@case("a provenance that was changed")
def _(folder):
    changed(folder, "provenance.json", lambda data: data.replace(b'"seed": 0', b'"seed": 1'))
    return ["info", "run"]


@case("a link in a run folder")
def _(folder):
    snapshots(folder)
    (folder / "run/metrics.parquet").unlink()
    (folder / "run/metrics.parquet").symlink_to("/dev/zero")
    return ["info", "run"]


@case("a pipe in a run folder")
def _(folder):
    snapshots(folder)
    (folder / "run/metrics.parquet").unlink()
    os.mkfifo(folder / "run/metrics.parquet")
    return ["report", "run"]


@case("a table with columns of wrong types")
def _(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    snapshots(folder)
    pq.write_table(pa.table({"step": [{"a": 1}]}), folder / "run/metrics.parquet")
    return ["report", "run"]


@case("a snapshot that asks for gigabytes")
def _(folder):
    snapshots(folder)
    path = folder / "run/snapshots/step-00000002.safetensors"
    sys.path.insert(0, str(Path(__file__).parents[1] / "core"))
    from test_reading import snapshot_of_full_layers

    path.write_bytes(snapshot_of_full_layers(50_000, 2))
    return ["export", "run", "--out", "links.csv"]


@case("a place without credentials")
def _(folder):
    return ["info", "s3://a-bucket-of-somebody-else/run"]


@contextlib.contextmanager
def no_credentials(folder: Path) -> Iterator[None]:
    import fsspec

    class Refusing:
        def exists(self, path: str) -> bool:
            raise RuntimeError("Unable to locate credentials")

    with pytest.MonkeyPatch.context() as patch:
        refused = Refusing(), "a-bucket-of-somebody-else/run"
        patch.setattr(fsspec.core, "url_to_fs", lambda url: refused)
        yield


AROUND["a place without credentials"] = no_credentials


@case("a step that has no snapshot")
def _(folder):
    snapshots(folder)
    return ["export", "run", "--out", "links.csv", "--step", "7"]


@case("a pickle that would run code")
def _(folder):
    write(folder, "model.pt", b"cos\nsystem\n(S'touch hacked'\ntR.")
    return ["import", "model.pt", "--out", "run"]


@case("weights that are NaN")
def _(folder):
    from safetensors.numpy import save_file

    weight = np.full((4, 3), np.nan, np.float32)
    save_file({"a.weight": weight}, folder / "model.safetensors")
    return ["import", "model.safetensors", "--out", "run"]


@case("a truncated checkpoint of another tool")
def _(folder):
    write(folder, "model.safetensors", b"\x10\0\0\0\0\0\0\0{")
    return ["import", "model.safetensors", "--out", "run"]


@case("a LoRA adapter")
def _(folder):
    from safetensors.numpy import save_file

    found = {f"a.lora_{side}.weight": np.ones((4, 3), np.float32) for side in "AB"}
    save_file(found, folder / "adapter.safetensors")
    return ["import", "adapter.safetensors", "--out", "run"]


@case("a sparse tensor that asks for terabytes")
def _(folder):
    import torch

    huge = torch.sparse_coo_tensor([[0], [0], [0]], [1.0], (10**4,) * 3, check_invariants=True)
    torch.save({"a.weight": huge}, folder / "model.pt")
    return ["import", "model.pt", "--out", "run"]


@case("an archive of numbers that unpacks to gigabytes")
def _(folder):
    header = {"descr": "<f4", "fortran_order": False, "shape": (20_000, 20_001)}
    with (
        zipfile.ZipFile(folder / "model.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("a.npy", "w", force_zip64=True) as file,
    ):
        np.lib.format.write_array_header_1_0(file, header)
        for _ in range(1_601):
            file.write(bytes(10**6))
    return ["import", "model.npz", "--out", "run"]


# --- networks ---------------------------------------------------------------------------------


@case("an empty edge list")
def _(folder):
    write(folder, "net.csv", "")
    return ["analyze", "net.csv", "--measures", "degrees"]


@case("GraphML that is not XML")
def _(folder):
    write(folder, "net.graphml", "<graphml><node")
    return ["analyze", "net.graphml", "--measures", "degrees"]


@case("GraphML with an entity that reads a file")
def _(folder):
    text = '<?xml version="1.0"?><!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    write(folder, "net.graphml", f"{text}<graphml>&x;</graphml>")
    return ["analyze", "net.graphml", "--measures", "degrees"]


@case("an edge list whose columns can be read in two ways")
def _(folder):
    write(folder, "net.txt", "0 10 11\n1 11 12\n2 10 12\n3 12 13\n")
    return ["analyze", "net.txt", "--measures", "degrees"]


@case("links with two weights and no word about directions")
def _(folder):
    write(folder, "net.csv", "source,target,weight\na,b,2\nb,a,3\nb,c,1\n")
    return ["analyze", "net.csv", "--measures", "degrees"]


@case("a table of nodes in place of links")
def _(folder):
    write(folder, "nodes.csv", "id,label\n1,Ada\n2,Bob\n")
    return ["analyze", "nodes.csv", "--measures", "degrees"]


@case("an unknown measure")
def _(folder):
    snapshots(folder)
    return ["analyze", "run", "--measures", "kshell"]
