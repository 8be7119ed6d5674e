"""The public call: a smaller model with the same outputs."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.utils._pytree import tree_leaves, tree_map

from netsci_dst.errors import NetsciError

from ..formats import CsrLinear
from .attention import idle, put_back, write_out
from .fate import Fate
from .follow import Follower


@dataclass(frozen=True)
class Compaction:
    """What compaction removed.

    Attributes
    ----------
    layers
        Layer -> (inputs, outputs) before and after.
    neurons, parameters, links
        Before and after: outputs of layers, entries of parameters (links of a csr layer), and
        non-zero weights of layers.
    kept
        Why neurons that contribute nothing had to stay, if there are any.

    Examples
    --------
    >>> Compaction({"": ((4, 2), (3, 2))}, neurons=(2, 2), parameters=(10, 8), links=(6, 6)).neurons
    (2, 2)
    """

    layers: Mapping[str, tuple[tuple[int, int], tuple[int, int]]]
    neurons: tuple[int, int]
    parameters: tuple[int, int]
    links: tuple[int, int]
    kept: str = ""

    def __str__(self) -> str:
        lines = [
            f"{name or 'model'}: {a[0]} x {a[1]} -> {b[0]} x {b[1]}"
            for name, (a, b) in self.layers.items()
            if a != b
        ]
        for what in ("neurons", "parameters", "links"):
            before, after = getattr(self, what)
            lines.append(f"{what}: {before:,} -> {after:,}")
        return "\n".join([*lines, self.kept] if self.kept else lines)

    @property
    def smaller(self) -> bool:
        """Whether anything was removed."""
        return self.parameters[1] < self.parameters[0]


def compact(model: nn.Module, example: Any = None) -> nn.Module:
    """Return a smaller model that gives the same outputs in evaluation.

    Neurons that do not depend on the input are removed and what they contributed is added to the
    biases of the layers that read them; neurons that nothing reads are removed. Residual streams,
    channels of convolutions and whole attention heads are followed; where neurons meet in an
    operation that mixes them (a layer normalisation, say), they stay. A channel that is constant
    but not 0 stays before a convolution padded with zeros.

    Parameters
    ----------
    model
        Any module, on the CPU; it stays as it is.
    example
        A batch, a tuple of arguments or a mapping of keyword arguments; left out, a batch is made
        up from the model's ``input_shape`` or its first linear layer.

    Returns
    -------
    torch.nn.Module
        A copy in evaluation mode, with smaller layers; its attribute ``compaction`` says what
        was removed (`Compaction`).

    Raises
    ------
    NetsciError
        If the model does not run on the example, or an example is needed.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    >>> with torch.no_grad():
    ...     _ = model[0].weight[1:].zero_()  # three of four neurons have no incoming links
    >>> small = compact(model)
    >>> small[0], bool(torch.allclose(small(torch.ones(1, 3)), model(torch.ones(1, 3))))
    (Linear(in_features=3, out_features=1, bias=True), True)
    """
    args, kwargs = _arguments(model, example)
    whole = _copy(model)
    other = (tree_map(_another, args), tree_map(_another, kwargs))
    with torch.no_grad():
        expected = [_run(whole, *given) for given in ((args, kwargs), other)]
    for heads, careful in ((True, 0), (True, 1), (True, 2), (False, 0), (False, 1), (False, 2)):
        try:
            small, stay = _smaller(whole, args, kwargs, careful, heads)
        except Exception:
            if not heads:
                raise
            continue  # attention weights are used, which a part of the heads does not have
        if _agree(small, ((args, kwargs), other), expected):
            reasons = [*stay, *([_WRITTEN] if careful else []), *([] if heads else [_HEADS])]
            small.compaction = _compaction(  # type: ignore[assignment]
                whole, small, "\n".join(reasons)
            )
            return small
    raise NetsciError(
        "the compacted model does not agree with the model: its outputs for one input differ "
        "between calls, or an operation has an effect outside its result"
    )


_WRITTEN = "neurons stay whose number is written out in the model's code"
_HEADS = "heads of multi-head attention stay: the model uses attention weights or parts of it"


def _smaller(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], careful: int, heads: bool
) -> tuple[nn.Module, list[str]]:
    """Return a smaller copy, and why heads of attention stay."""
    small = _copy(model)
    written, stay = write_out(small) if heads else ({}, [])
    for attention in written:
        attention.followed = True
    follower = Follower(small)
    follower.follow(args, kwargs)
    for labels in [*(follower.split if careful else ()), *(follower.merged if careful > 1 else ())]:
        follower.units.pin(labels)
    tied = _tied(follower)
    fate = Fate(follower)
    names = {id(t): (m, n) for m in small.modules() for n, t in [*_own_tensors(m)]}
    for (place, dim), labels in follower.vectors.items():
        owner, name = names[place]
        _cut_tensor(owner, name, dim, fate.of(labels))
    for site in follower.sites.values():
        site.cut(fate.cut(site))
    for first, second in tied:
        second.weight = first.weight
    for attention in written:
        attention.followed = False
        if attention.q_proj in follower.sites:
            stays = fate.of(follower.sites[attention.q_proj].outputs)
            attention.heads = np.flatnonzero(stays[:: attention.head_dim]).tolist()
        if n := idle(attention) if len(attention.heads) > 1 else 0:
            stay.append(f"{n} heads with nothing to give stay: masks or appended keys meet them")
    put_back(small, written)
    return small, stay


def _tied(follower: Follower) -> list[tuple[nn.Module, nn.Module]]:
    """Join the units of layers that share a weight; return the pairs."""
    from .sites import EmbeddingSite, LinearSite

    pairs, known = [], {}
    for module, site in follower.sites.items():
        weight = getattr(module, "weight", None)
        if weight is None or not isinstance(site, (LinearSite, EmbeddingSite)):
            continue
        columns = site.outputs if site.inputs is None else site.inputs.labels
        rows = np.zeros(len(weight), np.int64) if site.inputs is None else site.outputs
        if id(weight) in known:
            first, others, other_rows = known[id(weight)]
            follower.units.join(columns, others)
            follower.units.join(rows, other_rows)
            pairs.append((first, module))
            if site.inputs is not None:
                # One weight cannot be silenced for one of its layers alone.
                site.inputs.constant[:] = False
        else:
            known[id(weight)] = module, columns, rows
    for module, _ in pairs:
        inputs = follower.sites[module].inputs
        if inputs is not None:
            inputs.constant[:] = False
    return pairs


def _own_tensors(module: nn.Module) -> list[tuple[str, Tensor]]:
    return [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]


def _cut_tensor(module: nn.Module, name: str, dim: int, keep: np.ndarray) -> None:
    old = getattr(module, name)
    new = old.detach().index_select(dim, torch.from_numpy(np.flatnonzero(keep)))
    if isinstance(old, nn.Parameter):
        setattr(module, name, nn.Parameter(new, requires_grad=old.requires_grad))
    else:
        setattr(module, name, new)


def _copy(model: nn.Module) -> nn.Module:
    with _leaves(model):
        made = copy.deepcopy(model)
    for module in made.modules():
        for hook in list(module._forward_pre_hooks.values()):
            if isinstance(hook, prune.BasePruningMethod):
                prune.remove(module, hook._tensor_name)
    if any(t.device.type != "cpu" for t in [*made.parameters(), *made.buffers()]):
        raise NetsciError("a model is compacted on the CPU: give model.cpu()")
    for parameter in made.parameters():
        parameter.grad = None
    return made.eval()


@contextmanager
def _leaves(model: nn.Module) -> Iterator[None]:
    """Put detached tensors in place of computed ones, as pruning keeps, which cannot be copied."""
    held = [
        (module, name, value)
        for module in model.modules()
        for name, value in module.__dict__.items()
        if isinstance(value, Tensor) and not value.is_leaf
    ]
    for module, name, value in held:
        module.__dict__[name] = value.detach()
    try:
        yield
    finally:
        for module, name, value in held:
            module.__dict__[name] = value


def _arguments(model: nn.Module, example: Any) -> tuple[tuple, dict[str, Any]]:
    if isinstance(example, Mapping):
        return (), dict(example)
    if example is not None:
        return (tuple(example) if isinstance(example, (tuple, list)) else (example,)), {}
    parameter = next((p for p in model.parameters() if p.is_floating_point()), None)
    shape = getattr(model, "input_shape", None)
    if shape is None:
        first = next((m for m in model.modules() if _is_layer(m)), None)
        if first is None or not isinstance(first, (nn.Linear, CsrLinear)):
            raise NetsciError("give an example: a batch that the model takes")
        shape = (first.in_features,)
    generator = torch.Generator().manual_seed(0)
    dtype = torch.float32 if parameter is None else parameter.dtype
    return (torch.randn(2, *shape, generator=generator, dtype=dtype),), {}


def _is_layer(module: nn.Module) -> bool:
    own = list(module.parameters(recurse=False))
    return bool(own) and not isinstance(module, nn.modules.batchnorm._NormBase)


def _another(value: Any) -> Any:
    """Return an input of the same shape and type with other values."""
    if not isinstance(value, Tensor) or not value.numel():
        return value
    if value.is_floating_point():
        generator = torch.Generator().manual_seed(1)
        return torch.randn(value.shape, generator=generator).to(value.dtype)
    return value.flatten().flip(0).reshape(value.shape)


def _run(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[Tensor]:
    try:
        output = model(*args, **kwargs)
    except NetsciError:
        raise
    except Exception as error:
        raise NetsciError(f"the model does not run on the example: {error}") from error
    output = output.to_tuple() if hasattr(output, "to_tuple") else output
    return [t for t in tree_leaves(output) if isinstance(t, Tensor)]


def _agree(small: nn.Module, given: tuple[Any, ...], expected: list[list[Tensor]]) -> bool:
    with torch.no_grad():
        for (args, kwargs), whole in zip(given, expected):
            try:
                found = _run(small, args, kwargs)
            except NetsciError:
                return False
            if len(found) != len(whole) or not all(map(_close, found, whole)):
                return False
    return True


def _close(a: Tensor, b: Tensor) -> bool:
    if a.shape != b.shape:
        return False
    if not b.is_floating_point() or not b.numel():
        return bool((a == b).all())
    largest = float(b.abs().nan_to_num().max()) + 1e-30
    tolerance = 1e4 * torch.finfo(b.dtype).eps * largest
    return bool(torch.isclose(a, b, rtol=0, atol=tolerance, equal_nan=True).all())


def _compaction(before: nn.Module, after: nn.Module, kept: str) -> Compaction:
    sizes = [{name: _size(m) for name, m in model.named_modules()} for model in (before, after)]
    layers = {name: (a, sizes[1][name]) for name, a in sizes[0].items() if a is not None}
    count = lambda total: tuple(int(total(m)) for m in (before, after))  # noqa: E731
    return Compaction(
        {name: (a, b) for name, (a, b) in layers.items() if a and b},
        (sum(a[1] for a, _ in layers.values()), sum(b[1] for _, b in layers.values() if b)),
        count(lambda m: sum(p.numel() for p in m.parameters())),  # type: ignore[arg-type]
        count(_links),  # type: ignore[arg-type]
        kept,
    )


def _size(module: nn.Module) -> tuple[int, int] | None:
    if isinstance(module, (nn.Linear, CsrLinear)):
        return module.in_features, module.out_features
    if isinstance(module, nn.modules.conv._ConvNd):
        return module.in_channels, module.out_channels
    return None


_PROJECTIONS = ("in_proj", "q_proj", "k_proj", "v_proj")


def _links(model: nn.Module) -> int:
    found: list[Any] = [m.weight for m in model.modules() if _size(m) is not None]
    for module in model.modules():
        if isinstance(module, nn.MultiheadAttention):
            parts = (getattr(module, f"{name}_weight") for name in _PROJECTIONS)
            found += [weight for weight in parts if weight is not None]
    return sum(int((weight != 0).sum()) for weight in found)
