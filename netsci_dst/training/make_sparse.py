"""Make a model sparse: which layers, how many links, where, and with which weights."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from .. import registry
from ..errors import RecipeError
from .evolution.layer import EvolvingLayer
from .formats.choose import choose_format, fits
from .formats.convert import convert, plain_linear
from .formats.convert import replace as put_in_place
from .formats.csr.linear import CsrLinear
from .formats.sharded import is_sharded
from .initialisation import allocate, draw_topology, initial_weights
from .initialisation.received import received
from .initialisation.scores import Look, largest
from .matrix_view import MatrixView, parameter_of
from .start import Start

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
    named
        Names that the user has written in full: a frozen layer or an embedding among them is meant.
    format
        ``masked`` or ``csr``; ``auto`` for the faster one; ``fit`` for masked wherever the dense
        weight fits into memory.
    batch, threads
        What the choice of format depends on.
    """

    sparsity: float
    patterns: Sequence[str] | None = None
    named: Sequence[str] = ()
    format: str = "auto"
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
    look: Look | None = None,
) -> list[EvolvingLayer]:
    """Give weights of a model links and initial weights, in place.

    Parameters
    ----------
    features
        Returns a calibration sample of the model's inputs, or None; asked only when needed.
    start
        A run whose final topology and initial weights to take.
    weights
        Rule for the initial weights.
    look
        What an initialiser that scores the dense network may look at.

    Raises
    ------
    RecipeError, TopologyError
        If no layer is left to be sparse, or the request does not fit the model. The model is as it
        was then.
    """
    begin = None if start is None else Start(start, method)
    rng = np.random.default_rng([seed, 1])
    if not method.sparse:
        _draw_dense(model, wiring, how, weights, rng)
        return []
    views = sparse_views(model, wiring, how.patterns, how.named)
    _check_heads(method, list(views))
    shapes = [view.dense for view in views.values()]
    sizes = [view.n_possible for view in views.values()]
    final = allocate(method.allocation, shapes, how.sparsity)
    if round((1 - how.sparsity) * sum(sizes)) < len(sizes):
        most = math.floor(1e6 * (1 - len(sizes) / sum(sizes))) / 1e6
        raise RecipeError(
            f"sparsity {how.sparsity} leaves less than a link per layer; here it may be {most:g}"
        )
    first = _initial_links(method, how.sparsity, shapes, final, sizes)
    links: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    scored = begin is None and _scores_network(method)
    if scored:
        _fill(model, views, weights, rng)
        links = _best_links(model, views, method, look or Look(), sum(first))
        first = final = [keys.size for keys, _ in links.values()]
    whole: dict[str, np.ndarray] = {}
    if method.draws_weights:
        whole = _all_weights(model, views, weights, rng)
        links = {
            name: _largest_weights(values, n) for (name, values), n in zip(whole.items(), first)
        }
    place = None if links else _Placer(method, wiring, views, features, model, look or Look())
    for view, n_links in zip(views.values(), first):
        if place is None:
            break
        known = None
        if begin is None:
            keys = place(view, n_links, rng)
        else:
            keys, known = begin.layer(view.name, view.n_source, view.n_target)
        drawn = initial_weights(weights, view.n_source, view.n_target, keys.size, rng=rng)
        if drawn is not None:
            known = drawn if known is None else np.where(np.isnan(known), drawn, known)
        links[view.name] = (keys, known)
    if begin is not None:
        wanted, first = sum(final), [keys.size for keys, _ in links.values()]
        begin.check(sum(first), wanted, sum(sizes))
        final = first
    parameters = convert(
        model,
        views,
        {view.name: _format(model, view, n, how) for view, n in zip(views.values(), first)},
        {name: torch.from_numpy(keys) for name, (keys, _) in links.items()},
    )
    made = []
    for name, n_first, n_final in zip(views, first, final):
        parameter, (_, known) = parameters[name], links[name]
        if known is not None:
            unknown = np.isnan(known)
            if unknown.any():
                known[unknown] = parameter.values.double().cpu().numpy()[unknown]
            parameter.set_values(torch.from_numpy(known).to(parameter.weight))
        heads = method.heads if _has_heads(method, name) else 1
        made.append(EvolvingLayer(name, parameter, n_first, n_final, 1, heads))
        if name in whole:
            made[-1].all_weights = torch.from_numpy(whole[name]).to(parameter.weight)
    return made


def _draw_dense(
    model: nn.Module, wiring: Wiring, how: Sparsity, rule: str, rng: np.random.Generator
) -> None:
    """Give the layers that a sparse method would take their initial weights, fully connected."""
    _fill(model, sparse_views(model, wiring, how.patterns, how.named), rule, rng)


def _all_weights(
    model: nn.Module, views: dict[str, MatrixView], rule: str, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return the weights at every position, by the rule or as the model has them."""
    _fill(model, views, rule, rng)
    found = {}
    for name, view in views.items():
        weight = parameter_of(model, view).detach()
        if is_sharded(weight):
            weight = weight.full_tensor()  # type: ignore[attr-defined]
        found[name] = view.matrix(weight).double().cpu().numpy().reshape(-1).copy()
    return found


def _largest_weights(values: np.ndarray, n_links: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the keys of the weights of largest magnitude, and those weights."""
    keys = np.sort(np.argsort(-np.abs(values), kind="stable")[:n_links])
    return keys, values[keys]


def _scores_network(method: MethodOptions) -> bool:
    return bool(registry.about("initialiser", method.initialiser).metadata.get("whole_network"))


def _best_links(
    model: nn.Module,
    views: dict[str, MatrixView],
    method: MethodOptions,
    look: Look,
    n_links: int,
) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    """Return the links of largest score by an initialiser of the whole network."""
    target = registry.get("initialiser", method.initialiser).target
    held = {view.parameter: parameter_of(model, view) for view in views.values()}
    scores = target(model, held, look, n_links, **method.initialiser_options)
    matrices = {
        name: view.matrix(scores[view.parameter]).contiguous() for name, view in views.items()
    }
    chosen = largest(matrices, n_links)
    keys = {name: mask.reshape(-1).nonzero().flatten().cpu() for name, mask in chosen.items()}
    return {name: (found.numpy(), None) for name, found in keys.items()}


def _fill(
    model: nn.Module, views: dict[str, MatrixView], rule: str, rng: np.random.Generator
) -> None:
    """Draw initial weights at every position."""
    for view in views.values():
        drawn = initial_weights(rule, view.n_source, view.n_target, view.n_possible, rng=rng)
        if drawn is not None:
            matrix = torch.from_numpy(drawn.reshape(view.n_target, view.n_source)).t()
            with torch.no_grad():
                view.put(parameter_of(model, view).detach(), matrix)


class Original:
    """The weights and modules of a model before it is made sparse, to put them back."""

    def __init__(self, model: nn.Module, views: dict[str, MatrixView]):
        self.model = model
        self.modules: dict[Any, Any] = {}
        self.weights: dict[Any, Any] = {}
        for view in views.values():
            path = view.parameter.rpartition(".")[0]
            self.modules[path] = model.get_submodule(path)
            weight = parameter_of(model, view)
            self.weights[view.parameter] = (weight, _local(weight.detach()).clone())

    @torch.no_grad()
    def put_back(self) -> None:
        """Make the model what it was."""
        for path, module in self.modules.items():
            if self.model.get_submodule(path) is not module:
                put_in_place(self.model, path, module)
        for weight, values in self.weights.values():
            _local(weight.detach()).copy_(values)


def _local(tensor: torch.Tensor) -> torch.Tensor:
    return tensor._local_tensor if is_sharded(tensor) else tensor  # type: ignore[attr-defined]


def sparse_views(
    model: nn.Module,
    wiring: Wiring,
    patterns: Sequence[str] | None = None,
    named: Sequence[str] = (),
) -> dict[str, MatrixView]:
    """Return the weights that are to be sparse, by name.

    Frozen parameters are left alone, and embeddings unless they are named.

    Raises
    ------
    RecipeError
        If none is left, or one that is named is frozen.
    """
    known = wiring.views(model)
    chosen: dict[str, MatrixView] = {}
    taken: set[Any] = set()
    for name in wiring.sparse_names(patterns):
        view = replace(known[name], name=name)
        parameter = parameter_of(model, view)
        owner = model.get_submodule(view.parameter.rpartition(".")[0])
        if isinstance(owner, nn.Embedding) and name not in named:
            continue
        if not parameter.requires_grad:
            if name in named:
                raise RecipeError(f"layer {name!r} is frozen (requires_grad=False): exclude it")
            continue
        place = (id(parameter), view.rows, view.columns)
        if place not in taken:  # a weight that several modules share is sparse once
            taken.add(place)
            chosen[name] = view
    if not chosen:
        raise RecipeError(
            "no layer is left to be sparse; the layers are "
            + (", ".join(wiring.layers) or "none")
            + ". A fully connected network is the method 'dense'"
        )
    return chosen


def _format(model: nn.Module, view: MatrixView, n_links: int, how: Sparsity) -> str:
    owner = model.get_submodule(view.parameter.rpartition(".")[0])
    if isinstance(owner, CsrLinear) or how.format not in ("auto", "fit"):
        return "csr" if isinstance(owner, CsrLinear) else how.format
    weight = parameter_of(model, view)
    if not plain_linear(owner) or weight.dtype not in (torch.float32, torch.float64):
        return "masked"
    if how.format == "fit":
        return "masked" if fits(4 * weight.nbytes, weight.device) else "csr"
    return choose_format(
        view.n_source,
        view.n_target,
        n_links / view.n_possible,
        how.batch,
        weight.device,
        how.threads,
        weight.element_size(),
    )


def _check_heads(method: MethodOptions, names: Sequence[str]) -> None:
    if method.heads > 1 and not any(_has_heads(method, name) for name in names):
        raise RecipeError(
            f"{method.heads} heads, but no sparse layer matches head_layers: "
            + ", ".join(method.head_layers)
        )


def _has_heads(method: MethodOptions, name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in method.head_layers)


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
    """Draws the initial links of each layer, by the method's initialiser or its substitute."""

    def __init__(
        self,
        method: MethodOptions,
        wiring: Wiring,
        views: dict[str, MatrixView],
        features: Callable[[], np.ndarray | None],
        model: nn.Module,
        look: Look,
    ):
        self.method = method
        entry = registry.get("initialiser", method.initialiser)
        self.features = None
        self.name, self.options = method.initialiser, method.initialiser_options
        self.fed = {p.name for p in wiring.populations if p.role == "input"}
        self.wiring, self.takes_first = wiring, bool(entry.metadata.get("takes_first"))
        if entry.metadata.get("needs_features"):
            self.features = self._features(views, features, model, look)
            if self.features is None:
                self._substitute()

    def _features(
        self,
        views: dict[str, MatrixView],
        features: Callable[[], np.ndarray | None],
        model: nn.Module,
        look: Look,
    ) -> np.ndarray | None:
        """Return features of the first layer's inputs: the data's, or those a head receives."""
        ends = [self.wiring.layers[name] for name in views]
        if not _is_chain(ends) or any(len(view.dense) != 2 for view in views.values()):
            return None
        if ends[0][0] in self.fed:
            found, first = features(), next(iter(views.values()))
            return found if found is not None and found.shape[1] == first.n_source else None
        if look.samples is None:
            return None
        first = next(iter(views.values()))
        return received(model, first.parameter.rpartition(".")[0], look.samples())

    def _substitute(self) -> None:
        if self.method.initialiser_elsewhere is None:
            raise RecipeError(
                f"initialiser {self.name!r} needs a model whose layers are all fully connected "
                "and whose inputs are the data's features; choose another one"
            )
        self.features = None
        self.name, self.options = self.method.initialiser_elsewhere, {}

    def __call__(self, view: MatrixView, n_links: int, rng: np.random.Generator) -> np.ndarray:
        options: dict[str, Any] = dict(self.options)
        if self.takes_first:
            options["first"] = self.wiring.layers[view.name][0] in self.fed
        return draw_topology(
            self.name,
            view.n_source,
            view.n_target,
            n_links,
            rng=rng,
            features=self.features,
            **options,
        )


def _is_chain(ends: Iterable[tuple[str, str]]) -> bool:
    """Whether layers follow one after another."""
    return all(a[1] == b[0] for a, b in itertools.pairwise(ends))
