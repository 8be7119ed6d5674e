"""A run out of someone else's checkpoint, sequence of checkpoints, or network."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import FormatError, NetsciError, RunError
from ..run import RECIPE, Run, load_run
from ..snapshots import Snapshot
from ..store import Store
from .checkpoints.checkpoint_steps import Taken, steps_of
from .checkpoints.natural import natural
from .checkpoints.read import read_weights
from .checkpoints.topology_of import topology_of
from .exports import read_ours
from .networks import STANDARD_INPUT, is_network_file, read_snapshot

IMPORTING, IMPORTED = "importing", "imported"
_Path = str | os.PathLike[str]


def from_checkpoint(
    paths: _Path | Sequence[_Path],
    out: _Path,
    *,
    steps: Sequence[int] | None = None,
    threshold: float = 0.0,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    keep_dense: bool = False,
    network: Mapping[str, Any] | None = None,
) -> Run:
    """Make a run of checkpoints, each of which becomes a snapshot.

    Every snapshot is written as soon as its checkpoint is read. An import that was stopped goes on
    when it is asked for once more.

    Parameters
    ----------
    paths
        Files or folders, in any order: safetensors, PyTorch state dicts (also with masks of
        ``torch.nn.utils.prune`` and ``torch.ao.pruning``), Hugging Face model folders, ONNX,
        ``.mat``, ``.npz``, ``epoch_*/weight_l*.npz``, or a network of any form that
        `netsci_dst.read_network` reads. A folder that holds ``epoch_*`` folders stands for these.
    out
        Where the run goes; holds no run, or one that the same import began.
    steps
        The training step of each path; by default as its name says (``step=500``, ``epoch=3``, the
        last number), or 0, 1, 2, …
    threshold
        Weights of at most this magnitude count as absent.
    include, exclude
        Shell patterns of layer names.
    keep_dense
        List the links of fully connected layers, too.
    network
        Options of `netsci_dst.read_network` for files of networks.

    Returns
    -------
    Run
        With a snapshot per checkpoint.

    Raises
    ------
    FormatError
        If a file is corrupt, of unknown form, holds no sparse layer, or its populations differ
        from those of the others.
    RunError
        If the folder holds another run.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> place = tempfile.mkdtemp()
    >>> np.savez(place + "/weights.npz", fc1=np.eye(4), fc2=np.eye(4)[:, :2])
    >>> run = from_checkpoint(place + "/weights.npz", place + "/run")
    >>> [(layer.name, layer.shape, layer.n_links) for layer in run.snapshots[-1].topology.layers]
    [('fc1', (4, 4), 4), ('fc2', (4, 2), 2)]
    """
    files = _files(paths)
    if steps is not None and len(steps) != len(files):
        raise FormatError(f"{len(files)} checkpoints need {len(files)} steps, not {len(steps)}")
    options: dict[str, Any] = {
        "threshold": float(threshold),
        "include": list(include),
        "exclude": list(exclude),
        "keep_dense": keep_dense,
    }
    taken = steps_of(files) if steps is None else [Taken(int(s), float(s)) for s in steps]
    asked: dict[str, Any] = {"from": [os.fspath(file) for file in files], **options}
    if network:
        asked["network"] = {
            k: list(v) if isinstance(v, tuple) else v for k, v in network.items() if v is not None
        }
    if steps is not None:
        asked["steps"] = [int(step) for step in steps]
    return _go_on(files, taken, asked, out)


def continue_import(run: Run) -> Run:
    """Go on with an import that was stopped.

    Raises
    ------
    RunError
        If the run is no import, or a checkpoint is not at hand any more.
    """
    asked = run.recipe.get("imported")
    if not isinstance(asked, dict):
        raise RunError(f"{run.path} is not an import")
    options = {key: value for key, value in asked.items() if key != "from"}
    return from_checkpoint(asked["from"], run.path, **options)


def _files(paths: _Path | Sequence[_Path]) -> list[Path]:
    files = [Path(p) for p in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    if len(files) == 1 and files[0].is_dir() and list(files[0].glob("epoch_*")):
        files = sorted(files[0].glob("epoch_*"), key=lambda file: natural(file.name))
    if not files:
        raise FormatError("no checkpoint was given")
    if len(set(files)) < len(files):
        raise FormatError("a checkpoint is given twice: two cannot have the same step")
    return files


def _go_on(
    files: Sequence[Path], taken: Sequence[Taken], asked: Mapping[str, Any], out: _Path
) -> Run:
    run = begun(out, asked)
    # The first is read before anything is made, so that a wrong path leaves no folder.
    first = None if run and _known(run) else _read(files[0], taken[0], asked, "steps" in asked)
    if run is None:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        run = Run.create(out, {"imported": asked}, {"status": IMPORTING, "started": started})
    with run.writing():
        try:
            _take_all(run, files, taken, asked, first)
        except BaseException as error:
            status = "failed" if isinstance(error, Exception) else "interrupted"
            run.update_provenance({"status": status})
            raise
        run.update_provenance({"status": IMPORTED})
    return run


def begun(out: _Path, asked: Mapping[str, Any]) -> Run | None:
    """Return the run that the same import began; None when there is none yet."""
    store = Store(out)
    if not store.exists("provenance.json"):
        if store.exists(RECIPE):  # an import that died before its run was one
            import tomllib

            if tomllib.loads(store.read(RECIPE).decode()) != {"imported": asked}:
                raise RunError(f"{store.url} already holds a recipe: choose another folder")
            store.delete(RECIPE)
        return None
    run = load_run(out)
    if run.recipe.get("imported") != asked or run.status == IMPORTED:
        raise RunError(f"{store.url} already holds a run: choose another folder with --out")
    return run


def _known(run: Run) -> dict[str, dict[str, Any]]:
    found = run.provenance.get("sources", {})
    return found if isinstance(found, dict) else {}


def _take_all(
    run: Run,
    files: Sequence[Path],
    taken: Sequence[Taken],
    asked: Mapping[str, Any],
    first: Snapshot | None,
) -> None:
    sources = _known(run)
    there = set(run.snapshots.steps)
    steps = {source["step"]: name for name, source in sources.items()}
    populations = run.snapshots[0].topology.populations if there else None
    for file, when in zip(files, taken, strict=True):
        name, checksum = os.fspath(file), fingerprint(file)
        known = sources.get(name)
        if known and known["sha256"] == checksum and known["step"] in there:
            continue
        snapshot = first if first is not None and file == files[0] else None
        snapshot = snapshot or _read(file, when, asked, "steps" in asked)
        if populations is not None and snapshot.topology.populations != populations:
            raise FormatError(f"{file} has other populations than {files[0]}")
        populations = snapshot.topology.populations
        if steps.get(snapshot.step, name) != name:
            raise FormatError(
                f"{steps[snapshot.step]} and {file} have the same step {snapshot.step}: give the "
                "step of each"
            )
        steps[snapshot.step] = name
        run.write_snapshot(snapshot)
        sources[name] = {"step": snapshot.step, "sha256": checksum}
        run.update_provenance({"sources": sources, "status": IMPORTING})


def _read(file: Path, when: Taken, asked: Mapping[str, Any], dated: bool) -> Snapshot:
    network = asked.get("network", {})
    if os.fspath(file) in STANDARD_INPUT:
        return replace(read_snapshot("-", **network), step=when.step, epoch=when.epoch)
    if not file.exists():
        raise FormatError(f"{file} does not exist")
    if file.is_file():
        ours = None if network else read_ours(file)
        if ours is not None:
            return replace(ours, step=when.step) if dated else ours
        if is_network_file(file):
            found = read_snapshot(file, **network)
            extra = {**found.extra, "imported_from": file.name}
            return replace(found, step=when.step, epoch=when.epoch, extra=extra)
    chosen = {key: asked[key] for key in ("threshold", "include", "exclude")}
    try:
        wired = topology_of(read_weights(file, **chosen), asked["keep_dense"])
    except NetsciError as error:
        if str(file) in str(error):
            raise
        raise FormatError(f"{file}: {error}") from error
    extra = {"imported_from": file.name, "wiring": wired.wiring}
    return Snapshot(wired.topology, when.step, when.epoch, extra=extra)


def fingerprint(path: Path) -> str:
    """Return a checksum of a file, or of all files in a folder with their names."""
    digest = hashlib.sha256()
    if os.fspath(path) in STANDARD_INPUT:
        return ""
    if not path.exists():
        raise FormatError(f"{path} does not exist")
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file():
            digest.update(file.name.encode("utf-8", "surrogateescape"))
            with file.open("rb") as opened:
                while chunk := opened.read(1 << 20):
                    digest.update(chunk)
    return digest.hexdigest()
