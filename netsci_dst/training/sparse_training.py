"""Evolve the topology of any torch model in one's own training loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from .. import registry
from ..errors import NetsciError, RecipeError
from ..methods import method as method_by_name
from ..recipe import refuse_without_use
from . import checkpoint
from .controller import Controller
from .distributed import current
from .evolution.clock import Clock
from .formats.sharded import whole
from .initialisation.scores import Look
from .make_sparse import Sparsity
from .optimizer_state import as_list
from .probe import activity_on
from .run_writer import RunWriter
from .wiring import follow_next_forward, unwrap
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
    optimizer: torch.optim.Optimizer | Iterable[torch.optim.Optimizer] | None = None,
    method: str | MethodOptions = "chts",
    sparsity: float = 0.9,
    *,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    state: Mapping[str, Any] | None = None,
    total_steps: int | None = None,
    update_every: int = 100,
    steps_per_epoch: int | None = None,
    include: Sequence[str] | str | None = None,
    exclude: Sequence[str] | str = (),
    wiring: Wiring | None = None,
    example_input: Any = None,
    features: np.ndarray | None = None,
    loss: Callable[[], Tensor] | None = None,
    weights: str = "model",
    format: str = "fit",
    snapshot_every: int = 1,
    probe: Any = None,
    seed: int = 0,
    distributed: bool | None = None,
    label: str | None = None,
    notes: str | None = None,
    **method_options: Any,
) -> SparseTraining:
    """Make weights of a model sparse, in place, and evolve their links while it is trained.

    Nothing of the model is replaced in the masked format, which is the default: modules keep their
    class, hooks and names, parameters their identity, and `state_dict` fits the plain model.

    Parameters
    ----------
    model
        Any module; a model inside DDP, DataParallel or `torch.compile` is unwrapped. With FSDP2,
        call this after ``fully_shard``.
    optimizer
        One or several, built on the model's parameters. Leave it out to build it afterwards, and
        give it to `SparseTraining.attach`.
    method
        Name of a method, or its options.
    sparsity
        One minus density, at the end of training.
    out
        Folder or URL of a run to record; nothing is recorded when left out.
    resume
        Go on with the run in ``out``, from its last checkpoint: model, optimizer and topology are
        loaded, and ``steps`` says how far it was. Where there is none, it begins. With
        ``state`` that decides: what the run recorded after its step is dropped.
    state
        What `SparseTraining.state_dict` gave when the model and the optimizers, as they are now,
        were saved: training goes on from there.
    total_steps
        Optimizer steps of the whole training, which schedules of most methods need.
    update_every
        Steps between topology updates.
    steps_per_epoch
        To express steps as epochs in what is recorded; without it steps are the axis of time.
    include, exclude
        Patterns of layer names (as in `fnmatch`); by default what the model declares, else all
        linear, convolutional, attention and recurrent weights. Embeddings only by their full name.
    wiring
        The populations of the model; by default its ``wiring()``, else followed.
    example_input
        A tensor, tuple or dict for one forward pass, by which the wiring is followed. Where it is
        left out and needed, the first forward pass of training is followed.
    features
        Sample of the inputs, ``(n, n_features)``, for an initialiser that uses it (csti).
    loss
        Returns the loss of a training batch, for methods that score the dense network first (snip,
        grasp).
    weights
        ``model`` keeps the model's weights at the links, as it may be trained already; ``swi`` and
        ``kaiming`` draw new ones.
    format
        ``masked``, ``csr`` (links only), ``auto`` for the faster one, or ``fit``: masked unless a
        dense weight with its gradient and the optimizer's state would not fit into memory.
    snapshot_every
        Topology updates between snapshots, and between checkpoints.
    probe
        A batch (tensor, tuple or dict) on which the neurons' activity is recorded.
    seed
        Of the topology and of all choices.
    distributed
        Whether the processes of the default group train this model together; by default, whether
        there are several.
    label, notes
        A name for the run in reports, and what its report says about it.
    method_options
        Changes to the method's parts.

    Returns
    -------
    SparseTraining
        Call its ``step()`` after every step of the optimizer.

    Raises
    ------
    RecipeError, UnknownName, TopologyError
        For a request that cannot be met. The model is left as it was.

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
    _check(options, snapshot_every, total_steps, resume, out)
    outer, model = model, unwrap(model)
    world = current(distributed)
    clock = Clock(
        _ENDLESS if total_steps is None else total_steps, update_every, steps_per_epoch or 0
    )
    found = wiring or wiring_of(model, example_input)
    _check_features(features, options, found)
    how = Sparsity(
        sparsity, _patterns(found, include, exclude), _listed(include), _format(format, outer)
    )
    controller = Controller(
        model,
        found,
        options,
        how,
        clock,
        seed,
        world=world,
        features=lambda: features,
        weights=weights,
        look=_look(loss, example_input),
    )
    try:
        controller.warn_if_still()
        training = SparseTraining(controller, snapshot_every)
        optimizers = as_list(optimizer)
        if optimizers:
            controller.adopt(optimizers)
            training.attach(*optimizers)
        if state is not None:
            controller.go_on_from(state)
        if wiring is None and example_input is None:
            training.follow_first_pass()
        if out is not None:
            request = {
                "origin": "sparsify",
                "method": options.name,
                "sparsity": sparsity,
                "total_steps": total_steps,
                "update_every": update_every,
                "steps_per_epoch": steps_per_epoch,
                "seed": seed,
                "label": label,
                "notes": notes,
                "method_options": options.to_table(),
            }
            training._record(out, request, probe, resume, restored=state is not None)
    except BaseException:
        controller.undo()
        raise
    controller.forget_original()
    return training


class SparseTraining:
    """A model whose links evolve while someone else trains it; made by `sparsify`.

    Attributes
    ----------
    controller
        What changes the topology.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> import netsci_dst as nd
    >>> model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 10))
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> dst = nd.sparsify(model, optimizer, method="set", sparsity=0.9, include="0", update_every=2)
    >>> for _ in range(2):
    ...     model(torch.randn(8, 20)).square().mean().backward()
    ...     optimizer.step()
    ...     updated = dst.step()
    ...     optimizer.zero_grad()
    >>> updated, dst.controller.topology().n_links
    (True, 60)
    """

    def __init__(self, controller: Controller, snapshot_every: int = 1):
        self.controller = controller
        self._snapshot_every = snapshot_every
        self._writer: RunWriter | None = None
        self._recorded, self._probe = False, None
        self._state: dict[str, Any] | None = None

    # --- what there is ------------------------------------------------------------------------

    @property
    def model(self) -> nn.Module:
        """The model, sparse."""
        return self.controller.model

    @property
    def steps(self) -> int:
        """Optimizer steps so far."""
        return self.controller.steps

    @property
    def epoch(self) -> float:
        """Epochs so far; NaN when the length of an epoch was not given."""
        return self.controller.clock.epoch(self.steps)

    @property
    def updates(self) -> list[dict[str, Any]]:
        """Rows of statistics of the latest topology update."""
        return self.controller.rows

    @property
    def wiring(self) -> Wiring:
        """The populations of the model, and what could not be followed."""
        return self.controller.wiring

    @property
    def run(self) -> Run | None:
        """The run that is recorded, if any."""
        return None if self._writer is None else self._writer.run

    def topology(self) -> Topology:
        """Return the topology now."""
        return self.controller.topology()

    def mask(self, average: nn.Module) -> None:
        """Apply the current links to an average of the model's weights (EMA, SWA).

        Raises
        ------
        NetsciError
            In the csr format, whose weights cannot be averaged over different links.
        """
        self.controller.mask(average)

    # --- the loop -----------------------------------------------------------------------------

    def attach(self, *optimizers: torch.optim.Optimizer) -> None:
        """Watch the optimizers, all of them at once."""
        self.controller.attach(*optimizers)
        if self._state is not None:
            self._load_optimizers(self._state)
            self._state = None

    def step(self) -> bool:
        """Follow one step of the optimizers; return whether the topology was updated.

        Raises
        ------
        NetsciError
            If no optimizer is attached, or one made several steps since the last call.
        """
        updated = self.controller.step()
        if updated and self._recorded:
            if self._writer is not None:
                self._writer.evolution(self.updates)
            if self.controller.n_updates % self._snapshot_every == 0:
                self.snapshot()
                self.checkpoint()
        return updated

    def follow_first_pass(self) -> None:
        """Follow the first forward pass of training, where the wiring is not known yet."""
        if any(one.operation == "input" for one in self.wiring.breaks):
            follow_next_forward(self.model, self._followed)

    def _followed(self, wiring: Wiring) -> None:
        known = set(self.controller.parameters)
        if known <= set(wiring.layers):
            self.controller.rewire_populations(wiring)
            if self._recorded and self.steps == 0:
                self.snapshot()

    # --- recording ----------------------------------------------------------------------------

    def _record(
        self, out: Any, request: Mapping[str, Any], probe: Any, resume: bool, restored: bool
    ) -> None:
        self._recorded, self._probe = True, probe
        if resume and not restored and self.controller.is_sharded:
            raise RecipeError(
                "resume cannot load a model that FSDP2 has sharded: load its state and the "
                "optimizer's by torch.distributed.checkpoint, and give the kept state_dict as state"
            )
        if self.controller.world.is_main:
            self._begin_writing(out, request, resume, restored)
        elif resume and not restored:
            self._resume(_peek(out))
        if self.steps == 0:
            self.snapshot()

    def _begin_writing(
        self, out: Any, request: Mapping[str, Any], resume: bool, restored: bool
    ) -> None:
        device = str(next(self.model.parameters()).device)
        facts = {
            "device": device,
            "seed": request["seed"],
            "world_size": self.controller.world.size,
            "steps_per_epoch": request["steps_per_epoch"],
            "total_steps": request["total_steps"],
            "model": {
                "parameters": sum(p.numel() for p in self.model.parameters()),
                "sparse_layers": self.controller.describe(),
                "not_followed": [str(one) for one in self.wiring.breaks],
            },
        }
        begin = RunWriter.open_or_create if resume else RunWriter.create
        self._writer = begin(out, request, facts)
        self._resume(self._writer.last_checkpoint() if resume and not restored else None)
        self._writer.rewind(self.steps if self.steps else -1)
        self._writer.note({"status": "running"})

    @property
    def _takes_part(self) -> bool:
        """Whether this process writes, or holds a part of what another one writes."""
        self._refuse_unrecorded()
        return self._writer is not None or self.controller.is_sharded

    def snapshot(self, **extra: Any) -> None:
        """Store a snapshot of now; of a sharded model, on all processes together."""
        if self._takes_part:
            found = activity_on(self.model, self.wiring, self._probe)
            topology = self.topology()
            if self._writer is not None:
                self._writer.snapshot(topology, self.steps, self.epoch, found, extra)

    def log(self, **metrics: Any) -> None:
        """Record an evaluation, such as ``log(loss=0.3, accuracy=0.91)``.

        Accuracies are fractions. Any number may be logged; each becomes a curve of the report.

        Raises
        ------
        NetsciError
            If nothing is recorded, or a value is no number.
        """
        self._refuse_unrecorded()
        if self._writer is not None:
            costs = self.controller.compute.row()
            self._writer.log(self.steps, self.epoch, metrics, costs)

    def _refuse_unrecorded(self) -> None:
        if not self._recorded:
            raise NetsciError("nothing is recorded: give sparsify an out folder")

    def checkpoint(self) -> None:
        """Store model, optimizers and topology in the run, to go on with ``resume=True``.

        Of a sharded model, on all processes together.
        """
        if not self._takes_part:
            return
        tensors, facts = self.controller.state()
        states, optimizers = checkpoint.optimizer_states(self.controller.optimizers)
        tensors = {
            **checkpoint.nested("model", self.model.state_dict()),
            **checkpoint.nested("controller", tensors),
            **states,
        }
        tensors = {name: whole(tensor) for name, tensor in tensors.items()}
        if self._writer is not None:
            facts = {"controller": facts, "optimizers": optimizers, "step": self.steps}
            self._writer.checkpoint(tensors, facts)

    def _resume(self, found: tuple[dict[str, Any], dict[str, Any]] | None) -> None:
        if found is None:
            return
        tensors, facts = found
        own = checkpoint.part("controller", tensors)
        self.controller.restore_links(own, facts["controller"])
        checkpoint.load_module(self.model, checkpoint.part("model", tensors))
        state = {"tensors": tensors, "facts": facts}
        if self.controller.optimizers:
            self._load_optimizers(state)
        else:
            self._state = state
        self.controller.load(own, facts["controller"])

    def _load_optimizers(self, state: Mapping[str, Any]) -> None:
        checkpoint.load_optimizers(
            self.controller.optimizers, state["tensors"], state["facts"]["optimizers"]
        )

    def close(self, status: str = "finished") -> None:
        """End the recording with a last snapshot, and leave model and optimizers alone."""
        if self._recorded and status == "finished":
            self.snapshot()
            self.checkpoint()
        if self._writer is not None:
            compute = self.controller.compute.facts() if self.steps else None
            self._writer.close(self.steps, status, **({"compute": compute} if compute else {}))
        self._recorded = False
        self.controller.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if kind is None:
            self.close()
        else:
            self.close("interrupted" if issubclass(kind, KeyboardInterrupt) else "failed")

    # --- state --------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return what the model's and the optimizers' ``state_dict`` do not hold.

        Only tensors and plain values: ``torch.load(..., weights_only=True)`` reads it.
        """
        tensors, facts = self.controller.state()
        return {"tensors": tensors, "facts": facts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue; load the model's and the optimizers' state first."""
        self.controller.load(state["tensors"], state["facts"])
        if self._writer is not None:
            self._writer.rewind(self.steps)


def _peek(out: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
    from ..store import Store

    store = Store(out)
    return checkpoint.load(store, checkpoint.LAST) if store.exists(checkpoint.LAST) else None


def _look(loss: Callable[[], Tensor] | None, inputs: Any) -> Look:
    if loss is None:
        return Look(None, inputs)
    return Look(lambda n: (loss() for _ in range(n)), inputs)


def _options(method: str | MethodOptions, changes: Mapping[str, Any]) -> MethodOptions:
    from ..methods.options import validated

    if isinstance(method, str):
        options = method_by_name(method, **changes)
    else:
        options = validated({**method.model_dump(), **changes}, f"method {method.name!r}")
    refuse_without_use(options)
    return options


def _check(
    options: MethodOptions, snapshot_every: int, total_steps: int | None, resume: bool, out: Any
) -> None:
    if snapshot_every < 1:
        raise RecipeError(f"snapshot_every is {snapshot_every}; it must be at least 1")
    if resume and out is None:
        raise RecipeError("resume goes on with a recorded run: say which by out")
    if total_steps is None and _needs_length(options):
        raise RecipeError(f"method {options.name!r} follows a schedule: give total_steps")


def _format(wanted: str, outer: nn.Module) -> str:
    if wanted not in ("auto", "fit", *registry.names("format")):
        from ..errors import UnknownName

        raise UnknownName("format", wanted, ["auto", "fit", *registry.names("format")])
    wrapped = isinstance(outer, nn.DataParallel | nn.parallel.DistributedDataParallel)
    if wrapped and wanted in ("csr", "auto"):
        raise RecipeError(
            f"format {wanted!r} replaces layers, which a {type(outer).__name__} does not notice: "
            "use format='masked', or make the model sparse before it is wrapped"
        )
    return "masked" if wrapped else wanted


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
        or options.hook_needs_length
    )


def _patterns(
    wiring: Wiring, include: Sequence[str] | str | None, exclude: Sequence[str] | str
) -> list[str]:
    return [*(_listed(include) or wiring.sparse), *(f"!{pattern}" for pattern in _listed(exclude))]


def _listed(patterns: Sequence[str] | str | None) -> list[str]:
    return [patterns] if isinstance(patterns, str) else list(patterns or ())
