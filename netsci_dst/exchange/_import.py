"""A run out of someone else's checkpoint, sequence of checkpoints, or network."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import FormatError, NetsciError
from ..run import Run
from ..snapshots import Snapshot
from ._ours import read_ours
from ._readers import read_weights
from ._wire import wire
from .networks import is_network_file, read_snapshot

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

    Parameters
    ----------
    paths
        Files or folders, in any order: safetensors, PyTorch state dicts (also with masks of
        ``torch.nn.utils.prune``), Hugging Face model folders, ONNX, ``.mat``, ``.npz``,
        ``epoch_*/weight_l*.npz``, or a network of any form that `netsci_dst.read_network` reads.
        A folder that holds ``epoch_*`` folders stands for these.
    out
        Where the run goes; must not hold one.
    steps
        The training step of each path; by default the last number in each name, or 0, 1, 2, …
    threshold
        Weights of at most this magnitude count as absent.
    include, exclude
        Shell patterns of layer names.
    keep_dense
        List the links of fully connected layers, too.
    network
        Options of `netsci_dst.read_network` for files of networks.

    Raises
    ------
    FormatError
        If a file is corrupt, of unknown form, holds no sparse layer, or its populations differ
        from those of the others.
    """
    files = [Path(p) for p in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]
    if len(files) == 1 and files[0].is_dir() and list(files[0].glob("epoch_*")):
        files = list(files[0].glob("epoch_*"))
    if not files:
        raise FormatError("no checkpoint was given")
    if steps is not None and len(steps) != len(files):
        raise FormatError(f"{len(files)} checkpoints need {len(files)} steps, not {len(steps)}")
    options: dict[str, Any] = {
        "threshold": threshold,
        "include": tuple(include),
        "exclude": tuple(exclude),
    }
    guessed = _steps(files)
    snapshots = []
    for i, file in enumerate(files):
        snapshot = _read(file, guessed[i], options, keep_dense, network)
        snapshots.append(snapshot if steps is None else replace(snapshot, step=steps[i]))
        if snapshot.topology.populations != snapshots[0].topology.populations:
            raise FormatError(f"{file} has other populations than {files[0]}")
    if len({snapshot.step for snapshot in snapshots}) < len(files):
        raise FormatError("two checkpoints have the same step: give the step of each")
    run = Run.create(
        out,
        {"imported": {"from": [file.name for file in files], **options, "keep_dense": keep_dense}},
        {
            "status": "imported",
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "sources": {file.name: _fingerprint(file) for file in files},
        },
    )
    with run.writing():
        for snapshot in sorted(snapshots, key=lambda snapshot: snapshot.step):
            run.write_snapshot(snapshot)
    return run


def _read(
    file: Path,
    step: int,
    options: dict[str, Any],
    keep_dense: bool,
    network: Mapping[str, Any] | None = None,
) -> Snapshot:
    if os.fspath(file) in ("-", "/dev/stdin"):
        found = read_snapshot("-", **(network or {}))
        return Snapshot(found.topology, step, float(step), extra=found.extra)
    if not file.exists():
        raise FormatError(f"{file} does not exist")
    if file.is_file():
        ours = read_ours(file)
        if ours is not None:
            return ours
        if is_network_file(file):
            found = read_snapshot(file, **(network or {}))
            extra = {**found.extra, "imported_from": file.name}
            return Snapshot(found.topology, step, float(step), extra=extra)
    try:
        topology = wire(read_weights(file, **options), keep_dense)
    except FormatError as error:
        named = error if str(file) in str(error) else FormatError(f"{file}: {error}")
        raise named from error
    except NetsciError as error:
        raise FormatError(f"{file}: {error}") from error
    return Snapshot(topology, step, float(step), extra={"imported_from": file.name})


def _steps(files: Sequence[Path]) -> list[int]:
    numbers = [re.findall(r"\d+", file.stem if file.is_file() else file.name) for file in files]
    steps = [int(found[-1]) for found in numbers if found]
    if len(files) > 1 and len(set(steps)) == len(files):
        return steps
    return list(range(len(files)))


def _fingerprint(path: Path) -> str:
    digest = hashlib.sha256()
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file():
            digest.update(file.name.encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()
