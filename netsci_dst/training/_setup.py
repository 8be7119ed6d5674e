"""Making a model sparse: which layers, how many links, where, and with which weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from .. import registry
from ..errors import RecipeError
from ._start import Start
from .evolution._layer import EvolvingLayer
from .initialisation import allocate, draw_topology, initial_weights
from .layers import SparseLayer, sparsify_module

if TYPE_CHECKING:
    from ..methods import MethodOptions
    from ..run import Run
    from .wiring import Wiring


@dataclass(frozen=True)
class Sparsity:
    """How sparse a model becomes.

    Attributes
    ----------
    sparsity
        At the end of training.
    patterns
        Which layers; None for the wiring's own choice.
    backend
        ``auto``, ``masked`` or ``csr``.
    batch, threads
        What the choice of backend depends on.
    """

    sparsity: float
    patterns: Sequence[str] | None = None
    backend: str = "auto"
    batch: int = 32
    threads: int | None = None


def make_sparse(
    model: nn.Module,
    wiring: Wiring,
    method: MethodOptions,
    how: Sparsity,
    seed: int,
    features: Callable[[], np.ndarray | None] = lambda: None,
    start: Run | None = None,
    weights: str = "model",
) -> list[EvolvingLayer]:
    """Replace layers of a model by sparse ones, in place, and give them links and weights.

    Parameters
    ----------
    features
        Returns a calibration sample of the model's inputs, or None; asked only when needed.
    start
        A run whose final topology and initial weights to take.
    weights
        Rule for the initial weights.
    """
    begin = None if start is None else Start(start, method)
    names = wiring.sparse_names(how.patterns)
    rng = np.random.default_rng([seed, 1])
    if not method.sparse:
        _draw_dense(model, names, weights, rng)
        return []
    if not names:
        raise RecipeError(
            "no layer is left to be sparse; the layers are "
            + (", ".join(wiring.layers) or "none")
            + ". A fully connected network is the method 'dense'"
        )
    if method.heads > 1 and not any(_has_heads(method, name) for name in names):
        raise RecipeError(
            f"{method.heads} heads, but no sparse layer matches head_layers: "
            + ", ".join(method.head_layers)
        )
    shapes = [_shape(model.get_submodule(name)) for name in names]
    final = allocate(method.allocation, shapes, how.sparsity)
    sizes = [int(np.prod(shape)) for shape in shapes]
    if round((1 - how.sparsity) * sum(sizes)) < len(sizes):
        most = math.floor(1e6 * (1 - len(sizes) / sum(sizes))) / 1e6
        raise RecipeError(
            f"sparsity {how.sparsity} leaves less than a link per layer; here it may be {most:g}"
        )
    first = _initial_links(method, how.sparsity, shapes, final, sizes)
    place = _Placer(method, wiring, model, features)
    links: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    for name, n_links in zip(names, first):
        n_source, n_target = _positions(model.get_submodule(name))
        known = None
        if begin is None:
            keys = place(name, n_source, n_target, n_links, rng)
        else:
            keys, known = begin.layer(name, n_source, n_target)
        drawn = initial_weights(weights, n_source, n_target, keys.size, rng=rng)
        if drawn is not None:
            known = drawn if known is None else np.where(np.isnan(known), drawn, known)
        links[name] = (keys, known)
    if begin is not None:
        wanted, first = sum(final), [keys.size for keys, _ in links.values()]
        begin.check(sum(first), wanted, sum(sizes))
        final = first
    layers = sparsify_module(
        model,
        names,
        backend=how.backend,
        keys={name: torch.from_numpy(keys) for name, (keys, _) in links.items()},
        batch=how.batch,
        threads=how.threads,
    )
    made = []
    for name, n_first, n_final in zip(names, first, final):
        layer, (keys, known) = layers[name], links[name]
        if layer.n_links != keys.size:
            layer.set_links(torch.from_numpy(keys), torch.zeros(keys.size))
        if known is not None:
            unknown = np.isnan(known)
            if unknown.any():
                known[unknown] = layer.values.double().cpu().numpy()[unknown]
            layer.set_values(torch.from_numpy(known))
        heads = method.heads if _has_heads(method, name) else 1
        grid = wiring.grids.get(name, 1)
        made.append(EvolvingLayer(name, layer, n_first, n_final, grid, heads))
    return made


def _draw_dense(
    model: nn.Module, names: Sequence[str], rule: str, rng: np.random.Generator
) -> None:
    """Give the layers that a sparse method would take their initial weights, fully connected."""
    for name in names:
        weight = model.get_submodule(name).weight
        n_source, n_target = _positions(model.get_submodule(name))
        drawn = initial_weights(rule, n_source, n_target, n_source * n_target, rng=rng)
        if drawn is not None:
            with torch.no_grad():
                weight.copy_(torch.from_numpy(drawn.reshape(weight.shape)))


def _has_heads(method: MethodOptions, name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in method.head_layers)


def existing_layers(model: nn.Module, wiring: Wiring) -> list[EvolvingLayer]:
    """Return the sparse layers a model already has, as they are."""
    found = []
    for name in wiring.layers:
        layer = model.get_submodule(name)
        if isinstance(layer, SparseLayer):
            n = layer.n_links
            found.append(EvolvingLayer(name, layer, n, n, wiring.grids.get(name, 1)))
    return found


def _initial_links(
    method: MethodOptions,
    sparsity: float,
    shapes: list[tuple[int, ...]],
    final: list[int],
    sizes: list[int],
) -> list[int]:
    """Return each layer's links before the first step, by the density schedule."""
    schedule = registry.get("density schedule", method.density)
    first = list(final)
    if method.initial_sparsity is not None:
        if method.initial_sparsity > sparsity:
            raise RecipeError(
                f"method {method.name!r} begins at sparsity {method.initial_sparsity}, above the "
                f"final {sparsity}: set method_options.initial_sparsity lower"
            )
        first = allocate(method.allocation, shapes, method.initial_sparsity)
    plan = schedule.target(0.0, **method.density_options)
    if plan.surplus:
        first = [min(size, n + round(plan.surplus * size)) for n, size in zip(first, sizes)]
    return first


class _Placer:
    """Draws the first links of each layer, by the method's initialiser or its substitute."""

    def __init__(
        self,
        method: MethodOptions,
        wiring: Wiring,
        model: nn.Module,
        features: Callable[[], np.ndarray | None],
    ):
        self.method = method
        entry = registry.get("initialiser", method.initialiser)
        self.features = None
        self.name, self.options = method.initialiser, method.initialiser_options
        self.fed = {p.name for p in wiring.populations if p.role == "input"}
        self.wiring, self.takes_first = wiring, bool(entry.metadata.get("takes_first"))
        if entry.metadata.get("needs_features"):
            self.features = features() if _is_mlp(wiring, model) else None
            inputs = [p.size for p in wiring.populations if p.role == "input"]
            if self.features is None or [self.features.shape[1]] != inputs:
                self._substitute()

    def _substitute(self) -> None:
        if self.method.initialiser_elsewhere is None:
            raise RecipeError(
                f"initialiser {self.name!r} needs a model whose layers are all fully connected "
                "and whose inputs are the data's features; choose another one"
            )
        self.features = None
        self.name, self.options = self.method.initialiser_elsewhere, {}

    def __call__(
        self, name: str, n_source: int, n_target: int, n_links: int, rng: np.random.Generator
    ) -> np.ndarray:
        options = dict(self.options)
        if self.takes_first:
            options["first"] = self.wiring.layers[name][0] in self.fed
        return draw_topology(
            self.name,
            n_source,
            n_target,
            n_links,
            rng=rng,
            features=self.features,
            **options,
        )


def _is_mlp(wiring: Wiring, model: nn.Module) -> bool:
    """Whether the layers form one chain of fully connected ones."""
    ends = list(wiring.layers.values())
    chain = all(a[1] == b[0] for a, b in itertools.pairwise(ends))
    return chain and all(len(_shape(model.get_submodule(n))) == 2 for n in wiring.layers)


def _shape(module: nn.Module) -> tuple[int, ...]:
    """Return ``(n_in, n_out)``, or ``(n_in, n_out, w, h)`` of a convolution."""
    if isinstance(module, SparseLayer):
        out, *rest = module.dense_shape
        return (rest[0], out, *rest[1:])
    if isinstance(module, nn.Conv2d):
        out, n_in, h, w = module.weight.shape
        return (n_in, out, w, h)
    if not isinstance(module, nn.Linear):
        raise RecipeError(f"a {type(module).__name__} cannot be made sparse; leave it out")
    return (module.in_features, module.out_features)


def _positions(module: nn.Module) -> tuple[int, int]:
    n_in, n_out, *kernel = _shape(module)
    return n_in * int(np.prod(kernel)), n_out


def describe(layers: Sequence[EvolvingLayer]) -> Mapping[str, Any]:
    """Return facts about the sparse layers for the provenance."""
    return {
        each.name: {
            "n_source": each.layer.n_source,
            "n_target": each.layer.n_target,
            "links": each.layer.n_links,
            "backend": each.layer.backend,
        }
        for each in layers
    }
