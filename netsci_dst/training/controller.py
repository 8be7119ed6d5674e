"""The topology of a model in training: the one way in which it changes, whoever writes the loop.

Order of a step: backward pass, gradients masked, averaged over processes and clipped by whoever
does that, `before-step` rules, the optimizer, absent entries zeroed, `after-step` rules; then the
topology update when it is due, and its statistics. Hooks of the optimizer drive the first half,
`Controller.step` the second.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import FormatError, NetsciError, RecipeError
from .compute import Compute
from .distributed import World
from .evolution.engine import Engine
from .formats.choose import choose_format
from .formats.convert import change_format, plain_linear
from .formats.masked import MaskedParameter
from .formats.sharded import is_sharded
from .loss_scale import loss_scale
from .make_sparse import Original, Sparsity, make_sparse, sparse_views
from .optimizer_state import exchange, forget_history, keeps_zeros
from .wiring import unwrap

if TYPE_CHECKING:
    from ..methods import MethodOptions
    from ..run import Run
    from ..topology import Layer, Topology
    from .evolution.clock import Clock
    from .evolution.layer import EvolvingLayer
    from .initialisation.scores import Look
    from .sparse_parameter import SparseParameter
    from .wiring import Wiring


class Controller:
    """Sparse parameters of a model, their engine, the optimizers and the processes.

    Parameters
    ----------
    model
        Made sparse in place; when that fails it is as it was.
    wiring
        Populations of the model.
    method
        Parts and options.
    how
        How sparse, which layers, which format.
    clock
        When updates happen.
    seed
        Of the topology and of all choices.
    world
        The processes that train together.
    features, start, weights, look
        As for `make_sparse`.

    Attributes
    ----------
    steps
        Optimizer steps so far.
    n_updates
        Topology updates so far.
    rows
        Statistics of the latest update, a row per layer and one for all.

    Examples
    --------
    >>> from torch import nn
    >>> import netsci_dst as nd
    >>> model = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 10))
    >>> controller = nd.sparsify(model, method="set", sparsity=0.9, include="0").controller
    >>> controller.topology().n_links, controller.method.name
    (60, 'set')
    """

    def __init__(
        self,
        model: nn.Module,
        wiring: Wiring,
        method: MethodOptions,
        how: Sparsity,
        clock: Clock,
        seed: int,
        *,
        world: World | None = None,
        features: Callable[[], np.ndarray | None] = lambda: None,
        start: Run | None = None,
        weights: str = "model",
        look: Look | None = None,
    ):
        self.model = model
        self.how = how
        self.world: World = world or World()
        views = sparse_views(model, wiring, how.patterns, how.named) if method.sparse else {}
        self._original: Original | None = Original(model, views)
        words = np.random.SeedSequence([seed, 2]).generate_state(1, np.uint64)
        several = self.world.size > 1
        layers: list[EvolvingLayer] = []
        try:
            layers = make_sparse(model, wiring, method, how, seed, features, start, weights, look)
            self.engine: Engine = Engine(
                layers,
                wiring,
                method,
                clock,
                None,
                int(words[0] >> 1),
                self.world.agree if several else None,
                self.world.average if several else None,
            )
            self.world.check_same_links(layers)
        except BaseException:
            for layer in layers:
                _let_go(layer.parameter)
            self._original.put_back()
            raise
        self.steps = self.n_updates = 0
        self.rows: list[dict[str, Any]] = []
        self._optimizers: list[torch.optim.Optimizer] = []
        self._handles: list[Any] = []
        self._forget_step()
        self._handles_of_model = [
            model.register_load_state_dict_post_hook(lambda *_: self._loaded()),
            model.register_forward_pre_hook(lambda *_: self._before_forward()),
        ]
        self._unchecked = False
        self.compute: Compute = Compute(self)
        self.engine.begin(1)

    # --- the model as it was ------------------------------------------------------------------

    def adopt(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        """Give optimizers that were built on the plain model the parameters of csr layers."""
        assert self._original is not None
        for layer in self.layers:
            parameter, view = layer.parameter, layer.parameter.view
            known = self._original.weights.get(view.parameter)
            if isinstance(parameter, MaskedParameter) or known is None:
                continue
            keys = parameter.keys
            u, v = keys // view.n_target, keys % view.n_target
            exchange(
                [_innermost(one) for one in optimizers],
                known[0],
                parameter.weight,
                lambda state, view=view, u=u, v=v: view.matrix(state)[u, v],
            )

    def undo(self) -> None:
        """Leave the model and put back the weights it had before it was made sparse."""
        self.close()
        if self._original is not None:
            self._original.put_back()

    def go_on_from(self, state: Mapping[str, Any]) -> None:
        """Take links and engine from a former `state`; the model has the weights of then already.

        Raises
        ------
        FormatError
            If the state is not of this model.
        """
        assert self._original is not None
        self._original.put_back()
        self.load(state["tensors"], state["facts"])

    def forget_original(self) -> None:
        """Free the weights that `undo` would put back."""
        self._original = None

    def rewire_populations(self, wiring: Wiring) -> None:
        """Take another wiring of the same layers: the first one was a guess.

        How many pixels of a channel a flattened layer reads is known only now.
        """
        for layer in self.layers:
            parameter = layer.parameter
            before, now = (one.grids.get(layer.name, 1) for one in (self.wiring, wiring))
            patch = parameter.view.source_patch // before * now
            parameter.view = replace(parameter.view, source_patch=patch)
        self.engine.set_wiring(wiring)

    # --- what there is ------------------------------------------------------------------------

    @property
    def layers(self) -> list[EvolvingLayer]:
        """The sparse layers as the update sees them."""
        return self.engine.layers

    @property
    def parameters(self) -> dict[str, SparseParameter]:
        """The sparse parameters by name."""
        return {layer.name: layer.parameter for layer in self.layers}

    @property
    def wiring(self) -> Wiring:
        """Populations of the model."""
        return self.engine.wiring

    @property
    def clock(self) -> Clock:
        """When updates happen."""
        return self.engine.clock

    @property
    def method(self) -> MethodOptions:
        """Parts and options."""
        return self.engine.method

    def topology(self) -> Topology:
        """Return the topology now, without links that take no part in the forward pass."""
        self._zero_absent()
        seen = {
            layer.name: _Seen(layer.parameter, self.engine.hidden(layer)) for layer in self.layers
        }
        return self.wiring.topology(self.model, seen)

    def active_neurons(self) -> int:
        """Return the neurons with links out; of populations that none leaves, with links in."""
        sizes = {population.name: population.size for population in self.wiring.populations}
        out: dict[str, Tensor] = {}
        into: dict[str, Tensor] = {}
        for layer in self.layers:
            hidden, parameter = self.engine.hidden(layer), layer.parameter
            keys = parameter.keys if hidden is None else parameter.keys[~hidden]
            for found, name, neurons in zip(
                (out, into), self.wiring.layers[layer.name], parameter.view.endpoints(keys)
            ):
                known = found.setdefault(name, torch.zeros(sizes[name], dtype=torch.bool))
                known[neurons.cpu()] = True
        return sum(int(known.sum()) for known in {**into, **out}.values())

    @property
    def is_sharded(self) -> bool:
        """Whether the parameters are spread over processes: topology and state are asked of all."""
        return any(is_sharded(layer.parameter.weight) for layer in self.layers)

    def describe(self) -> dict[str, Any]:
        """Return facts about the sparse layers for the provenance."""
        return {name: parameter.describe() for name, parameter in self.parameters.items()}

    # --- optimizers ---------------------------------------------------------------------------

    def attach(self, *optimizers: torch.optim.Optimizer) -> None:
        """Watch the optimizers of the model; those given before are let go.

        Raises
        ------
        NetsciError
            If a sparse parameter belongs to none of them.
        """
        self.detach()
        found = [_innermost(one) for one in optimizers]
        known = {id(p) for one in found for group in one.param_groups for p in group["params"]}
        for layer in self.layers:
            if not layer.parameter.frozen and id(layer.parameter.weight) not in known:
                raise NetsciError(
                    f"no optimizer has the weights of {layer.name!r}: build it on "
                    "model.parameters() of the sparse model, and give all optimizers at once"
                )
        self._optimizers = found
        self.engine.optimizer = found[0] if len(found) == 1 else found
        ours = {id(layer.parameter.weight) for layer in self.layers}
        self._owners = [
            one
            for one in found
            if any(id(p) in ours for group in one.param_groups for p in group["params"])
        ] or found[:1]
        for outer, one in zip(optimizers, found):
            for watched in dict.fromkeys((_plain(outer), one)):
                self._handles += [
                    watched.register_step_pre_hook(self._before_optimizer),
                    watched.register_step_post_hook(self._after_optimizer),
                ]

    def detach(self) -> None:
        """Stop watching the optimizers."""
        for handle in self._handles:
            handle.remove()
        self._handles, self._optimizers = [], []

    def close(self) -> None:
        """Leave the model and the optimizers alone from now on; the weights stay as they are."""
        self._zero_absent()
        self.detach()
        self.compute.undo()
        for handle in self._handles_of_model:
            handle.remove()
        self._handles_of_model = []
        for layer in self.layers:
            layer.parameter.release()
            _let_go(layer.parameter)

    @property
    def optimizers(self) -> list[torch.optim.Optimizer]:
        """The optimizers that are watched."""
        return list(self._optimizers)

    # --- one step -----------------------------------------------------------------------------

    def _forget_step(self) -> None:
        self._stepped: list[int] = []
        self._prepared = self._finished = False
        self._depth = 0

    def _before_optimizer(self, optimizer: Any, args: Any, kwargs: Any) -> Any:
        self._depth += 1
        if self._depth > 1:
            return None
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)  # after the optimizer
        if closure is None:
            self._prepare(optimizer)
            return None
        # The backward pass is still to come: what happens after it goes behind the closure.
        followed = self._behind(closure, optimizer)
        if "closure" in kwargs:
            return args, {**kwargs, "closure": followed}
        return (args[0], followed, *args[2:]), kwargs

    def _behind(self, closure: Callable[[], Any], optimizer: Any) -> Callable[[], Any]:
        calls = 0

        def followed() -> Any:
            nonlocal calls
            calls += 1
            if calls > 1 and self.engine.rule is not None:
                raise RecipeError(
                    f"the per-step hook {self.method.step_hook!r} acts once between the backward "
                    f"pass and the step, and {type(optimizer).__name__} makes several passes a "
                    "step: use another optimizer"
                )
            found = closure()
            self._prepare(optimizer)
            return found

        return followed

    def _prepare(self, optimizer: Any) -> None:
        """Act between the backward pass and the optimizer, once a step where it counts."""
        for layer in self.layers:
            layer.parameter.before_optimizer()
        inner = _innermost(optimizer)
        if self._prepared or not any(inner is one for one in self._owners):
            return
        self._prepared = True
        if self.captures:
            scale = loss_scale()
            if scale != 1.0:
                for layer in self.layers:
                    layer.parameter.scale_captured(1 / scale)
        self.engine.before_step()

    def _after_optimizer(self, optimizer: Any, args: Any, kwargs: Any) -> None:
        self._depth -= 1
        if self._depth:
            return
        inner = _innermost(optimizer)
        safe = keeps_zeros(inner) and inner is optimizer
        for layer in self.layers:
            layer.parameter.after_optimizer(safe)
        self._stepped.append(id(inner))
        if not self._finished and all(id(one) in self._stepped for one in self._owners):
            self._finish()

    def _finish(self) -> None:
        self._finished = True
        self.engine.after_step(self.steps + 1)

    def advance(self) -> bool:
        """Count the step that the optimizers have made; return whether there was one.

        Raises
        ------
        NetsciError
            If no optimizer is attached, or one made several steps since the last call.
        """
        if not self._optimizers:
            raise NetsciError("no optimizer is attached: call attach(optimizer) first")
        if len(set(self._stepped)) < len(self._stepped):
            raise NetsciError("call step() after every optimizer.step()")
        made = any(id(one) in self._stepped for one in self._owners)
        if made and not self._finished:
            self._finish()
        self._forget_step()
        if made:
            self.steps += 1
            self.compute.stepped(self.captures)
        else:  # told to skip, as a gradient scaler does
            self.engine.begin(self.steps + 1)
        return made

    # --- steps that are recorded once and made again ------------------------------------------

    @property
    def forward_hooks(self) -> frozenset[int]:
        """Ids of its hooks on the model's forward pass, which do nothing where none is masked."""
        own = (handle.id for handle in self._handles_of_model)
        return frozenset((*own, self.compute.hook_of_passes))

    @property
    def can_be_recorded(self) -> bool:
        """Whether steps do the same each time: no per-step hook, all weights under masks."""
        return self.engine.rule is None and all(
            isinstance(layer.parameter, MaskedParameter) and not is_sharded(layer.parameter.weight)
            for layer in self.layers
        )

    @property
    def captures(self) -> bool:
        """Whether this step keeps the gradients of absent links."""
        return any(layer.parameter.capture for layer in self.layers)

    @property
    def update_follows(self) -> bool:
        """Whether the topology is updated after the step that comes."""
        return self.engine.due(self.steps + 1)

    def ready_to_replay(self) -> list[Tensor]:
        """Bring weights and masks in order; return the masks that a recorded step reads."""
        stores = {
            id(layer.parameter.store): layer.parameter.store
            for layer in self.layers
            if isinstance(layer.parameter, MaskedParameter)
        }
        if self._unchecked or not all(store.is_settled for store in stores.values()):
            self._zero_absent()
        return [tensor for store in stores.values() for tensor in store.ready()]

    def replayed(self) -> None:
        """Take note that a recorded step was made: hooks saw it when it was recorded."""
        self._stepped, self._finished = [id(one) for one in self._owners], True

    def abandon_step(self) -> None:
        """Forget what hooks saw of a step that could not be recorded."""
        self._forget_step()

    def jump(self, step: int) -> None:
        """Go on as if ``step`` steps had been made; their updates are left out."""
        self.steps = step
        self.engine.begin(step + 1)

    def update_if_due(self) -> bool:
        """Update the topology if it is time, and prepare for the next step."""
        due = self.engine.due(self.steps)
        if due:
            self.rows = self.engine.update(self.steps)
            self.n_updates += 1
            phase = self.engine.timetable.phase(self.steps)
            self.compute.updated(None if phase is None else phase.regrowth)
            forget_history(self._optimizers)
            self._rebalance()
        self.engine.begin(self.steps + 1)
        return due

    def step(self) -> bool:
        """Follow one step of the optimizers; return whether the topology was updated."""
        return self.advance() and self.update_if_due()

    def _loaded(self) -> None:
        """Take note that weights were loaded; their links may still be loaded after them."""
        self._unchecked = True

    def _before_forward(self) -> None:
        if self._unchecked:
            self._zero_absent()

    def _zero_absent(self) -> None:
        self._unchecked = False
        for layer in self.layers:
            if isinstance(layer.parameter, MaskedParameter):
                layer.parameter.store.zero()

    def _rebalance(self) -> None:
        """Store each layer in the format that is the faster one at its density now."""
        if self.how.format != "auto" or self.method.density == "constant":
            return
        for layer in self.layers:
            parameter, view = layer.parameter, layer.parameter.view
            owner = self.model.get_submodule(view.parameter.rpartition(".")[0])
            if parameter.format == "masked" and not plain_linear(owner, watched=True):
                continue
            wanted = choose_format(
                view.n_source,
                view.n_target,
                parameter.density,
                self.how.batch,
                parameter.weight.device,
                self.how.threads,
                parameter.weight.element_size(),
            )
            layer.parameter = change_format(self.model, parameter, wanted, self._optimizers)

    # --- averages of weights ------------------------------------------------------------------

    @torch.no_grad()
    def mask(self, average: nn.Module) -> None:
        """Apply the current links to an average of the model's weights (EMA, SWA).

        An average keeps weights of links that are gone; call this after topology updates, and
        before the average is used.

        Parameters
        ----------
        average
            `torch.optim.swa_utils.AveragedModel`, or any copy of the model.

        Raises
        ------
        NetsciError
            If a layer is in the csr format, whose weights cannot be averaged over different links,
            or the average has not the model's parameters.
        """
        target = unwrap(getattr(average, "module", average))
        for name, parameter in self.parameters.items():
            if not isinstance(parameter, MaskedParameter):
                raise NetsciError(
                    f"layer {name!r} is in the csr format, whose weights belong to one set of "
                    "links: use format='masked' where weights are averaged"
                )
            try:
                weight = target.get_parameter(parameter.view.parameter)
            except AttributeError:
                raise NetsciError(
                    f"the average has no parameter {parameter.view.parameter!r}"
                ) from None
            matrix = parameter.read(weight).clone()
            matrix.masked_fill_(~parameter.mask_matrix.to(matrix.device), 0.0)
            parameter.write(weight, matrix)

    # --- state --------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what the model's and the optimizers' state do not hold, to continue bit for bit.

        Tensors by name, and JSON-compatible facts.
        """
        tensors, facts = self.engine.state()
        links, formats = self.links()
        return {**links, **{f"engine/{k}": v for k, v in tensors.items()}}, {
            "engine": facts,
            "steps": self.steps,
            "updates": self.n_updates,
            "compute": self.compute.state(),
            **formats,
        }

    def links(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the links of every layer, and its format: what `restore_links` takes."""
        parameters = self.parameters
        return {f"links/{name}": parameter.keys for name, parameter in parameters.items()}, {
            "formats": {name: parameter.format for name, parameter in parameters.items()}
        }

    def restore_links(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Give layers the links and formats they had; load the model's state afterwards.

        Raises
        ------
        FormatError
            If they are not of this model.
        """
        try:
            for layer in self.layers:
                wanted = facts["formats"][layer.name]
                layer.parameter = change_format(
                    self.model, layer.parameter, wanted, self._optimizers
                )
                keys = tensors[f"links/{layer.name}"].to(layer.parameter.weight.device)
                if isinstance(layer.parameter, MaskedParameter):
                    layer.parameter.restore_links(keys)
        except (KeyError, TypeError, IndexError) as error:
            raise FormatError(f"the state does not fit this model: {error}") from error

    def load(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Continue from what `state` returned; load the model's and the optimizers' state first.

        Raises
        ------
        FormatError
            If the state is not of this model.
        """
        try:
            for layer in self.layers:
                keys = tensors[f"links/{layer.name}"].to(layer.parameter.weight.device)
                if isinstance(layer.parameter, MaskedParameter):
                    layer.parameter.restore_links(keys)
                elif not torch.equal(layer.parameter.keys, keys):
                    raise FormatError(
                        f"layer {layer.name!r} has other links than the state: load the model's "
                        "state_dict first"
                    )
            self._zero_absent()
            own = {k[7:]: v for k, v in tensors.items() if k.startswith("engine/")}
            device = self.engine.generator.device
            own = {k: v if k == "generator" else v.to(device) for k, v in own.items()}
            self.engine.load(own, facts["engine"])
            self.steps: int = int(facts["steps"])
            self.n_updates: int = int(facts["updates"])
            self.compute.load(facts["compute"])
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"the state does not fit this model: {error}") from error
        self._forget_step()
        self.engine.begin(self.steps + 1)

    def warn_if_still(self) -> None:
        """Warn where no topology update will occur although the method has them."""
        if reason := self.engine.stays_still:
            warnings.warn(reason, stacklevel=3)


class _Seen:
    """A sparse parameter without the links that take no part in the forward pass."""

    def __init__(self, parameter: SparseParameter, hidden: Tensor | None):
        self.parameter, self.visible = parameter, None if hidden is None else ~hidden

    def to_layer(self, name: str, source: str, target: str) -> Layer:
        return self.parameter.to_layer(name, source, target, self.visible)


def _let_go(parameter: SparseParameter) -> None:
    """Stop masking a parameter's gradient."""
    if isinstance(parameter, MaskedParameter):
        parameter.store.detach()


def _plain(optimizer: Any) -> Any:
    """Return the torch optimizer inside what Lightning and Accelerate put around it."""
    while not isinstance(optimizer, torch.optim.Optimizer) or (
        type(optimizer).__module__.startswith(("accelerate", "lightning"))
    ):
        inner = getattr(optimizer, "optimizer", None)
        if inner is None:
            raise NetsciError(
                f"a {type(optimizer).__name__} is no optimizer of PyTorch: it has no hooks to "
                "follow its steps by"
            )
        optimizer = inner
    return optimizer


def _innermost(optimizer: Any) -> torch.optim.Optimizer:
    """Return the optimizer that changes the weights: the base of a two-step one such as SAM."""
    optimizer = _plain(optimizer)
    base = getattr(optimizer, "base_optimizer", None)
    return base if isinstance(base, torch.optim.Optimizer) else optimizer
