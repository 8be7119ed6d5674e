"""A trained run as a plain PyTorch model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..run import Run

if TYPE_CHECKING:
    import torch


def to_dense(run: Run, which: Any = "last", dataset: Any = None) -> torch.nn.Module:
    """Return a run's model with plain layers of PyTorch, zeros where there is no link.

    Parameters
    ----------
    which
        ``last`` or ``best`` checkpoint.
    dataset
        The data set, for a run that was trained on one given directly.

    Returns
    -------
    torch.nn.Module
        On the CPU, in evaluation mode.

    Raises
    ------
    RunError
        If the run has no checkpoint.
    """
    from ..training.layers.base import sparse_layers
    from ..training.restore import restore

    model = restore(run, which, dataset=dataset).model
    for name, layer in sparse_layers(model).items():
        parent, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent), leaf, _plain(layer))
    return model


def _plain(layer: Any) -> torch.nn.Module:
    import torch
    from torch import nn

    layer.set_backend("masked")
    has_bias = layer.bias is not None
    if layer.weight.dim() == 2:
        plain: nn.Module = nn.utils.skip_init(nn.Linear, layer.n_source, layer.n_target, has_bias)
    else:
        out, per_group, *kernel = layer.weight.shape
        plain = nn.utils.skip_init(
            nn.Conv2d,
            per_group * layer.groups,
            out,
            tuple(kernel),
            layer.stride,
            layer.padding,
            layer.dilation,
            layer.groups,
            has_bias,
            layer.padding_mode,
        )
    plain = plain.to(layer.weight.dtype)
    with torch.no_grad():
        plain.weight.copy_(layer.weight)  # type: ignore[operator]
        if has_bias:
            plain.bias.copy_(layer.bias)  # type: ignore[operator]
    plain.train(layer.training)
    return plain
