"""Which weights of a model can be sparse, and how the entries of each lie as a matrix."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import NetsciError
from ..topology import Layer


@dataclass(frozen=True)
class MatrixView:
    """A weight, or one of several packed into a parameter, as a matrix of source × target.

    Positions form a matrix ``(n_source, n_target)``; a neuron is one position, or several
    consecutive ones (the kernel entries of a channel), or several at a distance (the gates of a
    recurrent cell).

    Attributes
    ----------
    name
        Path of the module whose weight it is; with the packed part or the parameter's own name
        appended where a module has several: ``attn.q``, ``lstm.weight_ih_l0``.
    parameter
        Qualified name of the parameter, ``encoder.fc1.weight``.
    rows
        The slice of the parameter's first dimension that it takes.
    target_first
        Whether the first dimension holds the targets (Linear, convolutions, gates) or the sources
        (GPT-2's Conv1D, transposed convolutions, embeddings).
    n_source, n_target
        Positions on either side.
    source_patch, target_patch
        Consecutive positions that belong to one neuron.
    gates
        Targets ``t`` and ``t + n_target / gates`` are the same neuron.
    groups
        Groups of a grouped convolution.
    columns
        The slice it takes of the other dimensions, flattened; all of them when None.
    dense
        Shape of the weight for densities by ERK: ``(n_in, n_out, *kernel)``.

    Examples
    --------
    >>> import torch
    >>> view = MatrixView("fc", "fc.weight", (0, 3), True, n_source=5, n_target=3)
    >>> view.n_possible, view.matrix(torch.zeros(3, 5)).shape
    (15, torch.Size([5, 3]))
    """

    name: str
    parameter: str
    rows: tuple[int, int]
    target_first: bool
    n_source: int
    n_target: int
    source_patch: int = 1
    target_patch: int = 1
    gates: int = 1
    groups: int = 1
    columns: tuple[int, int] | None = None
    dense: tuple[int, ...] = ()

    @property
    def n_possible(self) -> int:
        """Number of positions a link can take."""
        return self.n_source * self.n_target

    @property
    def neurons(self) -> tuple[int, int]:
        """Neurons on the source and on the target side."""
        if self.target_first:
            return (
                self.n_source // self.source_patch * self.groups,
                self.n_target // self.target_patch // self.gates,
            )
        return self.n_source // self.source_patch, self.n_target // self.target_patch * self.groups

    def part(self, tensor: Tensor) -> Tensor:
        """Return what it takes of a tensor of the parameter's shape, to read and to write."""
        start, stop = self.rows
        part = tensor if (start, stop) == (0, tensor.shape[0]) else tensor[start:stop]
        if self.columns is None:
            return part
        kernel = math.prod(tensor.shape[2:])
        return part[:, self.columns[0] // kernel : self.columns[1] // kernel]

    def matrix(self, tensor: Tensor) -> Tensor:
        """Return a tensor of the parameter's shape as a view ``(n_source, n_target)``."""
        part = self.part(tensor)
        flat = part.reshape(part.shape[0], -1)
        return flat.t() if self.target_first else flat

    def put(self, tensor: Tensor, matrix: Tensor) -> None:
        """Write ``(n_source, n_target)`` into a tensor of the parameter's shape, in place."""
        part = self.part(tensor)
        part.copy_((matrix.t() if self.target_first else matrix).reshape(part.shape))

    def endpoints(self, keys: Tensor) -> tuple[Tensor, Tensor]:
        """Return the source and the target neuron of links ``source * n_target + target``."""
        row, column = keys // self.n_target, keys % self.n_target
        source, target = row // self.source_patch, column // self.target_patch
        if self.gates > 1:
            target = target % (self.n_target // self.gates)
        if self.groups > 1:
            if self.target_first:
                group = column // (self.n_target // self.groups)
                source = group * (self.n_source // self.source_patch) + source
            else:
                group = row // (self.n_source // self.groups)
                target = group * (self.n_target // self.target_patch) + target
        return source, target


def views_of(model: nn.Module) -> dict[str, MatrixView]:
    """Return every weight of a model that can be sparse, by name, in the model's order.

    Linear layers, convolutions in one to three dimensions and transposed ones, GPT-2's ``Conv1D``,
    the packed projections of attention, the gates of recurrent cells, embeddings. Subclasses count
    as what they derive from. A weight that several modules share appears once, under the first.
    """
    found: dict[str, MatrixView] = {}
    seen: set[tuple[int, tuple[int, int]]] = set()
    for name, view in every_view(model).items():
        place = (id(model.get_parameter(view.parameter)), view.rows)
        if place not in seen:
            seen.add(place)
            found[name] = view
    return found


def every_view(model: nn.Module) -> dict[str, MatrixView]:
    """Return the views of every module: a weight that several share, once under each."""
    return {
        view.name: view
        for path, module in model.named_modules(remove_duplicate=False)
        for view in _views(path, module)
    }


def block(
    view: MatrixView,
    sources: tuple[int, int] | None = None,
    targets: tuple[int, int] | None = None,
    grid: int = 1,
) -> MatrixView:
    """Return a part of a view as a view of its own.

    Parameters
    ----------
    sources, targets
        Half-open ranges of positions, whole neurons; all of them when None. Of a grouped
        convolution, the ranges must be whole groups, the same on both sides: then the range on the
        side that the groups share (its positions are those of one group) is None.
    grid
        Consecutive source neurons that are one neuron: the pixels of a channel, flattened.

    Raises
    ------
    NetsciError
        If the ranges or the grid do not hold whole neurons.
    """
    if sources is None and targets is None and grid == 1:
        return view
    s, t = sources or (0, view.n_source), targets or (0, view.n_target)
    patch = view.source_patch * grid
    whole_gates = view.gates == 1 or t == (0, view.n_target)
    if s[0] % view.source_patch or (s[1] - s[0]) % patch or not whole_gates:
        raise NetsciError(
            f"{view.name!r}: {s[1] - s[0]} inputs are not whole neurons of {patch} each, "
            "or a part cuts the gates of a recurrent cell"
        )
    first, second = (t, s) if view.target_first else (s, t)
    start, base = view.rows[0], (view.columns or (0, 0))[0]
    groups = view.groups
    if groups > 1:
        whole = view.n_target if view.target_first else view.n_source
        groups = (first[1] - first[0]) * groups // whole
    n_source, n_target = s[1] - s[0], t[1] - t[0]
    kernel = math.prod(view.dense[2:]) or 1
    ends = (max(n_source // kernel, 1), n_target) if view.target_first else (
        n_source, max(n_target // kernel, 1))  # fmt: skip
    return replace(
        view,
        rows=(start + first[0], start + first[1]),
        columns=None
        if second == (0, view.n_source if view.target_first else view.n_target)
        and view.columns is None
        else (base + second[0], base + second[1]),
        n_source=n_source,
        n_target=n_target,
        source_patch=patch,
        groups=groups,
        dense=(*ends, *view.dense[2:]),
    )


def _views(path: str, module: nn.Module) -> Iterator[MatrixView]:
    prefix = f"{path}." if path else ""
    if isinstance(module, nn.MultiheadAttention):
        yield from _attention(prefix, module)
    elif isinstance(module, nn.RNNBase | nn.RNNCellBase):
        yield from _recurrent(prefix, module)
    elif hasattr(module, "matrix_view"):  # a layer that keeps its links alone
        yield module.matrix_view(path or "weight", f"{prefix}weight")  # type: ignore[operator]
    else:
        attribute, weight = _weight(module)
        view = weight is not None and _of_module(
            path or attribute, f"{prefix}{attribute}", module, weight
        )
        if view:
            yield view


# Weights that are computed from a parameter in a way that keeps zeros: the direction of
# weight_norm, what spectral_norm divides by a number.
_COMPUTED = {"_WeightNorm": "original1", "_SpectralNorm": "original"}


def _weight(module: nn.Module) -> tuple[str, nn.Parameter | None]:
    """Return the parameter that holds a module's weight, and its name in the module."""
    parametrized = getattr(module, "parametrizations", None)
    if parametrized is not None and "weight" in parametrized:
        kinds = [type(one).__name__ for one in parametrized["weight"]]
        name = _COMPUTED.get(kinds[0]) if len(kinds) == 1 else None
        if name is None:
            return "weight", None
        return f"parametrizations.weight.{name}", getattr(parametrized["weight"], name)
    own = module._parameters
    if "weight_v" in own and "weight_g" in own:  # the older weight_norm
        return "weight_v", own["weight_v"]
    if "weight_orig" in own:  # the older spectral_norm, and torch.nn.utils.prune
        return "weight_orig", own["weight_orig"]
    return "weight", own.get("weight")


def _of_module(
    name: str, parameter: str, module: nn.Module, weight: nn.Parameter
) -> MatrixView | None:
    shape = tuple(weight.shape)
    if isinstance(module, nn.modules.conv._ConvNd):
        if len(shape) < 3:
            return None
        kernel, groups = math.prod(shape[2:]), module.groups
        rows = (0, shape[0])
        if module.transposed:
            dense = (shape[0], shape[1] * groups, *shape[2:])
            return MatrixView(
                name, parameter, rows, False, shape[0], shape[1] * kernel,
                target_patch=kernel, groups=groups, dense=dense,
            )  # fmt: skip
        dense = (shape[1], shape[0], *reversed(shape[2:]))
        return MatrixView(
            name, parameter, rows, True, shape[1] * kernel, shape[0],
            source_patch=kernel, groups=groups, dense=dense,
        )  # fmt: skip
    if isinstance(module, nn.Linear):
        return _linear(name, parameter, shape)
    if len(shape) != 2:
        return None
    if isinstance(module, nn.Embedding) or _is_conv1d(module):
        return MatrixView(name, parameter, (0, shape[0]), False, *shape, dense=shape)
    return None


def _linear(name: str, parameter: str, shape: tuple[int, ...], start: int = 0) -> MatrixView | None:
    if len(shape) != 2:
        return None
    out, inputs = shape
    rows = (start, start + out)
    return MatrixView(name, parameter, rows, True, inputs, out, dense=(inputs, out))


def _is_conv1d(module: nn.Module) -> bool:
    """Whether it is GPT-2's ``Conv1D``, a linear layer that keeps its weight as (in, out)."""
    return any(
        base.__name__ == "Conv1D" and base.__module__.startswith("transformers")
        for base in type(module).__mro__
    )


def _attention(prefix: str, module: nn.MultiheadAttention) -> Iterator[MatrixView]:
    width = module.embed_dim
    for place, part in enumerate("qkv"):
        name = f"{prefix}{part}"
        if module.in_proj_weight is not None:
            shape = (width, width)
            view = _linear(name, f"{prefix}in_proj_weight", shape, place * width)
        else:
            weight = getattr(module, f"{part}_proj_weight")
            view = _linear(name, f"{prefix}{part}_proj_weight", tuple(weight.shape))
        if view is not None:
            yield view


def _recurrent(prefix: str, module: nn.RNNBase | nn.RNNCellBase) -> Iterator[MatrixView]:
    for name, weight in module.named_parameters(recurse=False):
        if not name.startswith("weight_") or weight.dim() != 2:
            continue
        hidden = module.hidden_size
        gates = 1 if name.startswith("weight_hr") else weight.shape[0] // hidden
        path = f"{prefix}{name}"
        out, inputs = weight.shape
        yield MatrixView(path, path, (0, out), True, inputs, out, gates=gates, dense=(inputs, out))


def weight_in_use(model: nn.Module, view: MatrixView) -> Tensor:
    """Return the weight that a module computes with, which may be made from its parameter."""
    parameter = parameter_of(model, view)
    path, _, attribute = view.parameter.rpartition(".")
    owner = model.get_submodule(path.removesuffix(".parametrizations.weight"))
    made = owner.weight if attribute != "weight" and hasattr(owner, "weight") else None
    if isinstance(made, Tensor) and made.shape == parameter.shape:
        return made.detach()
    return parameter.detach()


def layer_between_neurons(
    view: MatrixView, keys: Tensor, values: Tensor, source: str, target: str
) -> Layer:
    """Return links between positions as links between neurons, for a `Topology`.

    Where several positions lie between two neurons (kernel entries, pixels of a channel, gates),
    they become one link whose multiplicity is their number and whose weight is the sum of their
    absolute weights.

    Parameters
    ----------
    keys, values
        Increasing, int64, and the weight of each.
    """
    shape = view.neurons
    u, v = (end.cpu().numpy() for end in view.endpoints(keys))
    weights = values.detach().to(torch.float32).cpu().numpy()
    if shape == (view.n_source, view.n_target):
        indptr = np.zeros(shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(u, minlength=shape[0]), out=indptr[1:])
        return Layer(view.name, source, target, shape, indptr, v.astype(np.int32), weights)
    pairs, inverse, counts = np.unique(u * shape[1] + v, return_inverse=True, return_counts=True)
    strength = np.bincount(inverse, weights=np.abs(weights), minlength=pairs.size)
    return Layer.from_links(
        view.name, source, target, shape, pairs // shape[1], pairs % shape[1], strength, counts
    )


def parameter_of(model: nn.Module, view: MatrixView) -> nn.Parameter:
    """Return the parameter of a view.

    Raises
    ------
    NetsciError
        If the model has no such parameter (any more).
    """
    try:
        found = model.get_parameter(view.parameter)
    except AttributeError:
        raise NetsciError(f"the model has no parameter {view.parameter!r}") from None
    if isinstance(found, torch.nn.parameter.UninitializedParameter):
        raise NetsciError(
            f"{view.parameter!r} has no size yet: run the model once before making it sparse"
        )
    return found
