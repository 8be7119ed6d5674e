"""Checkpoints: tensors and facts in one safetensors file, so that a part is never written alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..checksums import arrays_checksum
from ..errors import FormatError
from ..reading import reading

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from ..store import Store

FORMAT_VERSION = 1
LAST, BEST = "checkpoint/last.safetensors", "checkpoint/best.safetensors"
_HEADER, _CHECKSUM = "netsci_dst", "crc32"


def save(store: Store, name: str, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically."""
    from safetensors.torch import save as encode

    # Tensors that share memory, as transposed views do, cannot be written as they are.
    owned = {key: tensor.detach().cpu().contiguous().clone() for key, tensor in tensors.items()}
    header = json.dumps({"format": FORMAT_VERSION, "kind": "checkpoint", **facts}, allow_nan=False)
    metadata = {_HEADER: header, _CHECKSUM: _checksum(header, owned)}
    store.write(name, encode(owned, metadata=metadata))


def load(store: Store, name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint.

    Raises
    ------
    RunError
        If there is none.
    FormatError
        If the file is corrupt, foreign or of a newer format version.
    """
    from safetensors.torch import load as decode

    data, origin = store.read(name), store.path(name)
    with reading(origin, "a readable checkpoint"):
        tensors = decode(data)
        length = int.from_bytes(data[:8], "little")
        metadata = json.loads(data[8 : 8 + length])["__metadata__"]
        text = metadata[_HEADER]
        header = json.loads(text)
        version, kind = header["format"], header.get("kind")
    if kind != "checkpoint" or not isinstance(version, int) or version < 1:
        raise FormatError(f"{origin} is not a netsci-dst checkpoint")
    if version > FORMAT_VERSION:
        raise FormatError(
            f"{origin} has format version {version}; this netsci-dst reads up to "
            f"{FORMAT_VERSION}: install a newer one"
        )
    if metadata.get(_CHECKSUM) != _checksum(text, tensors):
        raise FormatError(f"{origin} does not match its checksum: it was changed or damaged")
    return tensors, header


def _checksum(header: str, tensors: Mapping[str, Tensor]) -> str:
    """Return a CRC of everything in a checkpoint; faster than the disk it is written to."""
    import torch

    return arrays_checksum(
        header,
        (
            (
                name,
                str(tensors[name].dtype),
                tuple(tensors[name].shape),
                tensors[name].reshape(-1).view(torch.uint8).numpy()
                if tensors[name].numel()
                else b"",
            )
            for name in sorted(tensors)
        ),
    )


def optimizer_state(
    optimizer: torch.optim.Optimizer,
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return an optimizer's state as tensors by name and JSON-compatible facts."""
    import torch

    from .optimizers.device_rates import plain_group

    tensors: dict[str, Tensor] = {}
    numbers: dict[str, dict[str, Any]] = {}
    state = optimizer.state_dict()
    for index, entries in state["state"].items():
        for name, value in entries.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{index}/{name}"] = value
            else:
                numbers.setdefault(str(index), {})[name] = value
    return tensors, {"numbers": numbers, "groups": list(map(plain_group, state["param_groups"]))}


def load_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]
) -> None:
    """Give an optimizer the state that `optimizer_state` returned."""
    from .optimizers.device_rates import keep_places

    state: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        index, name = key.split("/", 1)
        state.setdefault(int(index), {})[name] = tensor
    for index, entries in facts["numbers"].items():
        state.setdefault(int(index), {}).update(entries)
    groups = [
        {k: tuple(v) if isinstance(v, list) and k == "betas" else v for k, v in group.items()}
        for group in facts["groups"]
    ]
    before = [dict(group) for group in optimizer.param_groups]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    keep_places(optimizer, before)


def optimizer_states(
    optimizers: Sequence[torch.optim.Optimizer],
) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Return the states of several optimizers as tensors by name, and facts about each."""
    tensors: dict[str, Tensor] = {}
    facts = []
    for i, one in enumerate(optimizers):
        own, about = optimizer_state(one)
        tensors |= nested(f"optimizer{i}", own)
        facts.append(about)
    return tensors, facts


def load_optimizers(
    optimizers: Sequence[torch.optim.Optimizer],
    tensors: Mapping[str, Tensor],
    facts: Sequence[Mapping[str, Any]],
) -> None:
    """Give optimizers the states that `optimizer_states` returned.

    Raises
    ------
    FormatError
        If they are not as many.
    """
    if len(optimizers) != len(facts):
        raise FormatError(
            f"the checkpoint has {len(facts)} optimizers, and {len(optimizers)} are given: give "
            "the same ones"
        )
    for i, (one, about) in enumerate(zip(optimizers, facts)):
        load_optimizer(one, part(f"optimizer{i}", tensors), about)


def load_module(model: torch.nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load a model's state.

    Raises
    ------
    FormatError
        If it does not fit the model.
    """
    try:
        model.load_state_dict(dict(tensors))
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        first = str(error).splitlines()
        raise FormatError(
            "the checkpoint does not fit this model: " + " ".join(line.strip() for line in first)
        ) from error


def nested(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors with a prefix put before each name."""
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def part(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a prefix, without it."""
    start = len(prefix) + 1
    return {k[start:]: v for k, v in tensors.items() if k.startswith(prefix + "/")}
