"""The optimizers of torch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import optim

from ...errors import RecipeError
from ...registry import register
from .small_sgd import SGD


@register("optimizer", "sgd", source="Robbins & Monro 1951; Nesterov 1983")
def sgd(
    params: Any,
    *,
    lr: float,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    nesterov: bool = False,
    dampening: float = 0.0,
) -> optim.Optimizer:
    """Stochastic gradient descent with momentum."""
    params = list(params)
    kind = SGD if all(p.device.type == "cpu" for p in _parameters(params)) else optim.SGD
    return kind(
        params,
        lr=lr,
        weight_decay=weight_decay,
        momentum=momentum,
        nesterov=nesterov,
        dampening=dampening,
        fused=True,
    )


@register("optimizer", "adam", source="Kingma & Ba 2015")
def adam(
    params: Any,
    *,
    lr: float,
    weight_decay: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    amsgrad: bool = False,
) -> optim.Optimizer:
    """Adam; weight decay is part of the gradient."""
    return optim.Adam(
        params,
        lr=lr,
        weight_decay=weight_decay,
        betas=betas,
        eps=eps,
        amsgrad=amsgrad,
        fused=True,
    )


@register("optimizer", "adamw", source="Loshchilov & Hutter 2019")
def adamw(
    params: Any,
    *,
    lr: float,
    weight_decay: float = 0.0,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    amsgrad: bool = False,
) -> optim.Optimizer:
    """Adam with decoupled weight decay."""
    return optim.AdamW(
        params,
        lr=lr,
        weight_decay=weight_decay,
        betas=betas,
        eps=eps,
        amsgrad=amsgrad,
        fused=True,
    )


@register("optimizer", "adafactor", source="Shazeer & Stern 2018")
def adafactor(
    params: Any,
    *,
    lr: float,
    weight_decay: float = 0.0,
    beta2_decay: float = -0.8,
    d: float = 1.0,
) -> optim.Optimizer:
    """Adafactor: second moments factored into rows and columns."""
    return optim.Adafactor(params, lr=lr, weight_decay=weight_decay, beta2_decay=beta2_decay, d=d)


@register("optimizer", "muon", source="Jordan et al. 2024")
def muon(
    params: Any,
    *,
    lr: float,
    weight_decay: float = 0.0,
    momentum: float = 0.95,
    nesterov: bool = False,
    ns_steps: int = 5,
    adam_lr: float = 3e-4,
    betas: tuple[float, float] = (0.9, 0.95),
) -> list[optim.Optimizer]:
    """Muon on matrices; biases, norms and convolutions by AdamW with ``adam_lr``.

    Give embeddings and classifiers to ``adamw`` by ``parameter_groups``.
    """
    if not hasattr(optim, "Muon"):
        raise RecipeError(f"optimizer 'muon' needs torch 2.9 or later; here is {torch.__version__}")
    matrices, others = _by_dimensions(params)
    made: list[optim.Optimizer] = []
    if matrices:
        made.append(
            optim.Muon(
                matrices,
                lr=lr,
                weight_decay=weight_decay,
                momentum=momentum,
                nesterov=nesterov,
                ns_steps=ns_steps,
            )
        )
    if others:
        for group in others:
            group["lr_scale"] = group.get("lr_scale", 1.0) * adam_lr / lr
            group["lr"] = lr * group["lr_scale"]
        made.append(adamw(others, lr=adam_lr, weight_decay=weight_decay, betas=betas))
    return made


def _parameters(listed: list[Any]) -> Iterator[Any]:
    for one in listed:
        yield from one["params"] if isinstance(one, dict) else [one]


def _by_dimensions(params: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Split groups into those of matrices and those of everything else."""
    listed = list(params)
    groups = listed if listed and isinstance(listed[0], dict) else [{"params": listed}]
    sides: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
    for group in groups:
        for side, is_matrix in zip(sides, (True, False)):
            chosen = [p for p in group["params"] if (p.dim() == 2) == is_matrix]
            if chosen:
                side.append({**group, "params": chosen})
    return sides
