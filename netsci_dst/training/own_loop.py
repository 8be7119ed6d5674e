"""Evolve the topology of any torch model in one's own training loop."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from .. import registry
from ..errors import NetsciError, RecipeError
from ..methods import method as method_by_name
from ..recipe import refuse_without_use
from ._recording import Recorded, Recording
from ._setup import Sparsity, describe, make_sparse
from .evolution._clock import Clock
from .evolution._engine import Engine
from .wiring import of as wiring_of

if TYPE_CHECKING:
    from ..methods import MethodOptions
    from ..run import Run
    from ..topology import Topology
    from .wiring import Wiring

# Stands for a training of unknown length where nothing depends on it.
_ENDLESS = 2**62


def sparsify(
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    method: str | MethodOptions = "chts",
    sparsity: float = 0.9,
    *,
    out: str | os.PathLike[str] | None = None,
    total_steps: int | None = None,
    update_every: int = 100,
    steps_per_epoch: int | None = None,
    include: Sequence[str] | str | None = None,
    exclude: Sequence[str] | str = (),
    wiring: Wiring | None = None,
    example_input: Any = None,
    features: np.ndarray | None = None,
    backend: str = "auto",
    snapshot_every: int = 1,
    probe: Any = None,
    seed: int = 0,
    **method_options: Any,
) -> SparseTraining:
    """Make layers of a model sparse, in place, and evolve their links while it is trained.

    Parameters
    ----------
    model
        Any module; its ``Linear`` and ``Conv2d`` layers can become sparse.
    optimizer
        Built on ``model.parameters()``; its parameters and state are exchanged for the sparse
        ones. Leave it out to build it afterwards, and give it to `SparseTraining.attach`.
    method
        Name of a method, or its options.
    sparsity
        One minus density, at the end of training.
    out
        Folder or URL of a run to record; nothing is recorded when left out.
    total_steps
        Optimizer steps of the whole training, which schedules of most methods need.
    update_every
        Steps between topology updates.
    steps_per_epoch
        To express steps as epochs in what is recorded.
    include, exclude
        Patterns of layer names (as in `fnmatch`); by default what the model declares, else all.
    wiring
        The populations of the model; by default its ``wiring()``, else traced.
    example_input
        A batch, where tracing needs one.
    features
        Sample of the inputs, ``(n, n_features)``, for an initialiser that uses it (csti).
    backend
        ``auto``, ``masked`` or ``csr``.
    snapshot_every
        Topology updates between snapshots.
    probe
        A batch on which the neurons' activity is recorded.
    seed
        Of the topology and of all choices.
    method_options
        Changes to the method's parts.

    Returns
    -------
    SparseTraining
        Call its ``step()`` after every ``optimizer.step()``.

    Raises
    ------
    RecipeError, UnknownName, TopologyError
        For a request that cannot be met, or a model whose populations cannot be found.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Sequential(
    ...     torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2)
    ... )
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> dst = sparsify(model, optimizer, "set", 0.5, include=["0"], update_every=2)
    >>> for _ in range(5):
    ...     model(torch.randn(4, 8)).square().mean().backward()
    ...     optimizer.step()
    ...     updated = dst.step()
    ...     optimizer.zero_grad()
    >>> dst.topology().layers[0].n_links
    128
    """
    options = _options(method, method_options)
    if snapshot_every < 1:
        raise RecipeError(f"snapshot_every is {snapshot_every}; it must be at least 1")
    if total_steps is None and _needs_length(options):
        raise RecipeError(f"method {options.name!r} follows a schedule: give total_steps")
    length = _ENDLESS if total_steps is None else total_steps
    clock = Clock(length, update_every, steps_per_epoch or 0)
    wiring = wiring or wiring_of(model, example_input)
    wiring.check(model)
    _check_features(features, options, wiring)
    before: dict[str, Any] = {name: module.weight for name, module in _weighted(model)}
    how = Sparsity(sparsity, _patterns(wiring, include, exclude), backend)
    layers = make_sparse(
        model, wiring, options, how, seed, lambda: features, weights=options.weights_elsewhere
    )
    words = np.random.SeedSequence([seed, 2]).generate_state(1, np.uint64)
    engine = Engine(layers, wiring, options, clock, None, int(words[0] >> 1))
    if reason := engine.stays_still:
        warnings.warn(reason, stacklevel=2)
    training = SparseTraining(model, engine, snapshot_every)
    if optimizer is not None:
        _exchange(optimizer, before, engine)
        training.attach(optimizer)
    if out is not None:
        request = {
            "origin": "sparsify",
            "method": options.name,
            "sparsity": sparsity,
            "total_steps": total_steps,
            "update_every": update_every,
            "seed": seed,
            "method_options": options.to_table(),
        }
        facts = {"seed": seed, "model": {"sparse_layers": describe(layers)}}
        training.record(Recording(out, request, facts, model, wiring, training.topology, probe))
    return training


class SparseTraining(Recorded):
    """A model whose links evolve while someone else trains it; made by `sparsify`.

    Attributes
    ----------
    steps
        Optimizer steps so far.
    updates
        Rows of statistics of the latest topology update.
    """

    def __init__(self, model: nn.Module, engine: Engine, snapshot_every: int = 1):
        self.model, self.engine = model, engine
        self.steps = 0
        self.updates: list[dict[str, Any]] = []
        self._snapshot_every = snapshot_every
        self._n_updates = 0
        self._pending = 0
        self._hooks: list[Any] = []
        self._recording: Recording | None = None
        engine.begin(1)

    @property
    def run(self) -> Run | None:
        """The run that is recorded, if any."""
        return None if self._recording is None else self._recording.run

    def attach(self, optimizer: torch.optim.Optimizer) -> None:
        """Watch an optimizer that was built on the sparse model's parameters."""
        for hook in self._hooks:
            hook.remove()
        known = {id(p) for group in optimizer.param_groups for p in group["params"]}
        for each in self.engine.layers:
            if each.layer.weight.requires_grad and id(each.layer.weight) not in known:
                raise NetsciError(
                    f"the optimizer does not know the weights of {each.name!r}: build it on "
                    "model.parameters() after the model was made sparse"
                )
        self.engine.optimizer = optimizer
        self._hooks = [
            optimizer.register_step_pre_hook(lambda *_: self.engine.before_step()),
            optimizer.register_step_post_hook(lambda *_: self._stepped()),
        ]

    def _stepped(self) -> None:
        self._pending += 1
        self.engine.after_step(self.steps + self._pending)

    def step(self) -> bool:
        """Follow one step of the optimizer; return whether the topology was updated.

        Raises
        ------
        NetsciError
            If no optimizer is attached, or it made several steps since the last call.
        """
        if self.engine.optimizer is None:
            raise NetsciError("no optimizer is attached: call attach(optimizer) first")
        if self._pending > 1:
            raise NetsciError("call step() after every optimizer.step()")
        if not self._pending:
            return False  # the optimizer was told to skip, as a gradient scaler does
        self._pending = 0
        self.steps += 1
        due = self.engine.due(self.steps)
        if due:
            self.updates = self.engine.update(self.steps)
            self._n_updates += 1
            if self._recording is not None:
                self._recording.updated(self.updates)
                if self._n_updates % self._snapshot_every == 0:
                    self.snapshot()
        self.engine.begin(self.steps + 1)
        return due

    def topology(self) -> Topology:
        """Return the topology now."""
        return self.engine.topology(self.model)

    @property
    def epoch(self) -> float:
        """Epochs so far; 0 when the length of an epoch was not given."""
        return self.engine.clock.epoch(self.steps)

    # --- recording ----------------------------------------------------------------------------

    def record(self, recording: Recording) -> None:
        """Write what happens into a run, beginning with a snapshot of now."""
        self._recording = recording
        self.snapshot()

    def snapshot(self, **extra: Any) -> None:
        """Store a snapshot of now."""
        if self._recording is None:
            raise NetsciError("nothing is recorded: give sparsify an out folder")
        self._recording.snapshot(self.steps, self.epoch, extra)

    def log(self, **metrics: float) -> None:
        """Record an evaluation, such as ``log(loss=0.3, accuracy=0.91)``."""
        if self._recording is None:
            raise NetsciError("nothing is recorded: give sparsify an out folder")
        self._recording.log(self.steps, self.epoch, metrics)

    def close(self, status: str = "finished") -> None:
        """End the recording with a last snapshot, and stop watching the optimizer."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []
        if self._recording is not None:
            self._end(self._recording, status)

    # --- state --------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return what the model's and the optimizer's ``state_dict`` do not hold.

        Only tensors and plain values: ``torch.load(..., weights_only=True)`` reads it.
        """
        tensors, facts = self.engine.state()
        return {
            "steps": self.steps,
            "updates": self._n_updates,
            "tensors": tensors,
            "facts": facts,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue; load the model's and the optimizer's state first."""
        self.engine.load(state["tensors"], state["facts"])
        self.steps, self._n_updates = int(state["steps"]), int(state["updates"])
        self.engine.begin(self.steps + 1)


def _options(method: str | MethodOptions, changes: Mapping[str, Any]) -> MethodOptions:
    from ..methods.options import validated

    if isinstance(method, str):
        options = method_by_name(method, **changes)
    else:
        options = validated({**method.model_dump(), **changes}, f"method {method.name!r}")
    refuse_without_use(options)
    return options


def _check_features(features: np.ndarray | None, options: MethodOptions, wiring: Wiring) -> None:
    if features is None:
        return
    if not registry.about("initialiser", options.initialiser).metadata.get("needs_features"):
        raise RecipeError(f"features are given, but initialiser {options.initialiser!r} reads none")
    inputs = [p.size for p in wiring.populations if p.role == "input"]
    if np.ndim(features) != 2 or [features.shape[1]] != inputs:
        wanted = f"(n, {inputs[0]})" if len(inputs) == 1 else "of one input, and the model has more"
        raise RecipeError(f"features have shape {np.shape(features)}; expected {wanted}")


def _needs_length(options: MethodOptions) -> bool:
    return bool(options.sparse and options.evolves) and (
        options.update_end < 1
        or options.density != "constant"
        or options.removal_softness is not None
        or options.zeta_schedule != "constant"
        or bool(options.phases)
    )


def _patterns(
    wiring: Wiring, include: Sequence[str] | str | None, exclude: Sequence[str] | str
) -> list[str]:
    include = [include] if isinstance(include, str) else include
    exclude = [exclude] if isinstance(exclude, str) else exclude
    return [*(include or wiring.sparse), *(f"!{pattern}" for pattern in exclude)]


def _weighted(model: nn.Module) -> list[tuple[str, nn.Module]]:
    return [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear | nn.Conv2d)
    ]


def _exchange(
    optimizer: torch.optim.Optimizer, before: Mapping[str, nn.Parameter], engine: Engine
) -> None:
    """Put the sparse weights in the place of the dense ones, with what is remembered of them."""
    new = {id(before[e.name]): e.layer for e in engine.layers if e.name in before}
    for group in optimizer.param_groups:
        for i, parameter in enumerate(group["params"]):
            layer = new.get(id(parameter))
            if layer is None or layer.weight is parameter:
                continue
            group["params"][i] = layer.weight
            state = optimizer.state.pop(parameter, None)
            if state:
                optimizer.state[layer.weight] = {
                    key: _links_of(layer, value, parameter) for key, value in state.items()
                }


def _links_of(layer: Any, value: Any, dense: nn.Parameter) -> Any:
    if not torch.is_tensor(value) or value.shape != dense.shape:
        return value
    flat = value.reshape(value.shape[0], -1).t().reshape(-1)
    return layer._store.scatter(layer, flat[layer.keys])
