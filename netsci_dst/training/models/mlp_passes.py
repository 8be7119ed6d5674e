"""Forward and backward pass of a multilayer perceptron of CSR layers at once.

Of a step at 99 % sparsity, autograd and the calls from layer to layer take as long as the links.
Here one call makes the passes and sets the gradients; the results are those of the model, to
rounding.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from netsci_dst.errors import NetsciError

from ..formats.csr import whole
from ..formats.csr.by_target import LARGEST, by_target
from ..formats.csr.dtypes import DTYPES
from ..formats.csr.linear import CsrLinear
from ..formats.csr.threads import shares, together
from ..formats.dense_linear import Linear
from ._mlp import MLP, Hidden


class Sums(NamedTuple):
    """Of a batch: mean loss, mean loss without label smoothing, right predictions."""

    loss: float
    plain: float
    right: int


class _Part:
    """What a thread writes to: a table of layers with its gradients, scratch, sums."""

    def __init__(self, layers: list[Any], gradients: list[Tensor | None]):
        dtype, column = layers[0].weight.dtype, whole.Column
        sizes = [*(layer.in_features for layer in layers), layers[-1].out_features]
        self.gradients = gradients
        self.table = torch.zeros((len(layers), len(column)), dtype=torch.int64)
        self.scratch = torch.empty(whole.scratch_size(DTYPES[dtype], sizes), dtype=dtype)
        self.found = torch.zeros(4, dtype=torch.float64)
        self.kept: list[Any] = []  # addresses are good as long as their tensors live
        for i, layer in enumerate(layers):
            tensors = (layer.weight, layer.bias, *gradients[2 * i : 2 * i + 2])
            if isinstance(layer, CsrLinear):
                ordered = by_target(layer)
                assert ordered is not None
                tensors = (*tensors, *ordered, layer.indptr, layer.indices)
            row = [sizes[i], sizes[i + 1], *(0 if t is None else t.data_ptr() for t in tensors)]
            self.table[i, : len(row)] = torch.tensor(row)
            self.kept.append(tensors)
        self.places = (
            self.table.data_ptr(),
            len(layers),
            self.scratch.data_ptr(),
            self.scratch.numel(),
        )


class MlpPasses:
    """Passes of one model; memory and addresses are kept until links or parameters change.

    Parameters
    ----------
    model
        An `MLP` of CSR layers, ReLU and a dense output layer: `is_possible` says yes.
    """

    def __init__(self, model: nn.Module):
        assert isinstance(model, MLP)
        hidden: list[Hidden] = list(model.hidden)
        self.layers: list[Any] = [*(layer.linear for layer in hidden), model.output]
        self._parameters = [p for layer in self.layers for p in (layer.weight, layer.bias)]
        self._linked = [layer for layer in self.layers if isinstance(layer, CsrLinear)]
        modules = [model, *hidden, *self.layers, *(layer.activation for layer in hidden)]
        self._hooks = [
            *(module._forward_hooks for module in modules),
            *(module._forward_pre_hooks for module in modules[1:]),
            *(module._backward_hooks for module in modules),
            *(module._backward_pre_hooks for module in modules),
        ]
        self._before = model._forward_pre_hooks
        self._structure = [
            (module._modules, name, child)
            for module in (model, *hidden)
            for name, child in module._modules.items()
        ]
        self._known: list[Any] = []
        self._parts: list[_Part] = []

    def fits(self, known_hooks: frozenset[int] = frozenset()) -> bool:
        """Return whether the passes now do what the model and autograd would do.

        Nobody may watch modules or gradients, and no gradients of absent links may be wanted.

        Parameters
        ----------
        known_hooks
            Ids of hooks before the model's forward pass that may be left out.
        """
        return (
            not any(self._hooks)
            and known_hooks.issuperset(self._before)
            and all(found[name] is child for found, name, child in self._structure)
            and all(_is_plain(p) for p in self._parameters if p is not None)
            and not any(layer._capture or layer.n_links > LARGEST for layer in self._linked)
        )

    def __call__(
        self, x: Tensor, labels: Tensor, label_smoothing: float = 0.0, scale: float = 1.0
    ) -> Sums:
        """Set the gradients of ``scale`` times the mean cross-entropy, in place of former ones.

        Parameters
        ----------
        x
            Inputs, ``(batch, *input_shape)``.
        labels
            Classes, int64 of shape ``(batch,)``.
        label_smoothing
            As for `torch.nn.functional.cross_entropy`.
        scale
            What the loss is multiplied by before its gradient is taken.

        Raises
        ------
        NetsciError
            For inputs or labels of another size or type, or labels that are no classes.
        """
        x, labels, batch = x.flatten(1).contiguous(), labels.contiguous(), len(x)
        self._refuse(x, labels)
        dtype = DTYPES[x.dtype]
        work = batch * sum(layer.n_links for layer in self._linked)
        parts = shares(batch, whole.tile(dtype), work)
        self._make_ready(len(parts))
        run, zero = whole.passes(dtype), dtype(0)
        places = x.data_ptr(), labels.data_ptr(), batch
        factors = float(label_smoothing), scale / batch

        def share(i: int, first: int, last: int) -> None:
            one = self._parts[i]
            run(*one.places, *places, first, last, *factors, one.found.data_ptr(), zero)

        together(share, parts)
        return self._sums(len(parts), batch)

    def _sums(self, n: int, batch: int) -> Sums:
        found = self._parts[0].found.tolist()
        for other in self._parts[1:n]:
            found = [a + b for a, b in zip(found, other.found.tolist())]
            first = self._parts[0].places
            dtype = DTYPES[self._parts[0].scratch.dtype]
            whole.merge(dtype)(first[0], other.places[0], first[1], dtype(0))
        if found[3]:
            n_classes = self.layers[-1].out_features
            raise NetsciError(f"a label is not between 0 and {n_classes - 1}")
        return Sums(found[0] / batch, found[1] / batch, int(found[2]))

    def _refuse(self, x: Tensor, labels: Tensor) -> None:
        n, dtype = self.layers[0].n_source, self.layers[0].weight.dtype
        if x.shape[1] != n or x.dtype is not dtype or not len(x):
            raise NetsciError(f"inputs are {tuple(x.shape)} of {x.dtype}, not (batch, {n}) {dtype}")
        if labels.shape != x.shape[:1] or labels.dtype is not torch.int64:
            raise NetsciError(
                f"labels are {tuple(labels.shape)} of {labels.dtype}, not ({len(x)},)"
            )

    def _make_ready(self, n: int) -> None:
        now = self._addresses()
        if now == self._known and len(self._parts) >= n:
            return
        for p in self._parameters:
            if p is not None and (p.grad is None or not p.grad.is_contiguous()):
                p.grad = torch.empty_like(p)
        self._parts = [
            _Part(self.layers, [_gradient(p, i) for p in self._parameters]) for i in range(n)
        ]
        self._known = self._addresses()

    def _addresses(self) -> list[int]:
        """Return what tells that nothing was replaced since the tables were made."""
        found = [id(layer.indices) for layer in self._linked]
        for p in self._parameters:
            if p is not None:
                gradient = p.grad
                found += p.data_ptr(), 0 if gradient is None else gradient.data_ptr()
        return found


def _gradient(parameter: Tensor | None, part: int) -> Tensor | None:
    """Return what a thread writes a parameter's gradient to: the first to the gradient itself."""
    if parameter is None:
        return None
    return torch.empty_like(parameter) if part else parameter.grad


def is_possible(model: nn.Module) -> bool:
    """Return whether a model is one that `MlpPasses` knows, as it is now."""
    if type(model) is not MLP or type(model.output) is not Linear:
        return False
    hidden = list(model.hidden)
    return (
        bool(hidden)
        and all(layer.is_plain() for layer in hidden)
        and len({p.dtype for p in model.parameters()}) == 1
    )


def _is_plain(parameter: nn.Parameter) -> bool:
    return (
        parameter.requires_grad
        and parameter.device.type == "cpu"
        and parameter.dtype in DTYPES
        and parameter.is_contiguous()
        and not parameter._backward_hooks
        and not getattr(parameter, "_post_accumulate_grad_hooks", None)
    )
