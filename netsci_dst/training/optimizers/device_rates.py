"""Learning rates that live on the GPU, so that a step there can be recorded once and made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import optim

# PyTorch's own fused kernels read the rate from the device.
_FUSED = (optim.SGD, optim.Adam, optim.AdamW)


def reads_rate_on_device(optimizer: optim.Optimizer) -> bool:
    """Return whether a step of an optimizer asks the host for nothing."""
    return type(optimizer) in _FUSED and all(g.get("fused") for g in optimizer.param_groups)


def put_rates_on_device(optimizers: Sequence[optim.Optimizer], device: torch.device) -> None:
    """Keep the rates of fused optimizers on a GPU, float32 as their kernels read them."""
    if device.type != "cuda":
        return
    for one in filter(reads_rate_on_device, optimizers):
        for group in one.param_groups:
            group["lr"] = torch.tensor(float(group["lr"]), dtype=torch.float32, device=device)
            if "capturable" in group:
                group["capturable"] = True


def set_rate(group: dict[str, Any], rate: float) -> None:
    """Give a parameter group a rate, wherever it is kept."""
    if isinstance(group["lr"], torch.Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


def plain_group(group: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter group with the rate as a number."""
    rate = group.get("lr")
    return {**group, "lr": float(rate)} if isinstance(rate, torch.Tensor) else dict(group)


def keep_places(optimizer: optim.Optimizer, before: Sequence[dict[str, Any]]) -> None:
    """After a state was loaded, keep rates where they were, and how steps are computed.

    Parameters
    ----------
    before
        Copies of the groups as they were.
    """
    for group, old in zip(optimizer.param_groups, before):
        for name in ("fused", "foreach", "capturable"):
            if name in old:
                group[name] = old[name]
        if isinstance(old.get("lr"), torch.Tensor):
            old["lr"].fill_(float(group["lr"]))
            group["lr"] = old["lr"]
