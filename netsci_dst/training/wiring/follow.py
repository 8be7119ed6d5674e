"""Find the wiring of a model: its own, or by following one forward pass."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from ...errors import TopologyError
from ..matrix_view import every_view, views_of
from .description import Break, Wiring
from .example import arguments_of, guessed, named_tensors
from .record import Record, Segment, Use
from .solve import solve
from .tracer import Pass

_WRAPPERS = {"DistributedDataParallel": "module", "DataParallel": "module",
             "OptimizedModule": "_orig_mod", "FullyShardedDataParallel": "module"}  # fmt: skip

# Positions of weights that are written out to follow layers of links alone.
_ROOM = 2**26


def unwrap(model: nn.Module) -> nn.Module:
    """Return the model inside DDP, DataParallel or `torch.compile`."""
    while (inner := _WRAPPERS.get(type(model).__name__)) and hasattr(model, inner):
        model = getattr(model, inner)
    return model


def of(model: nn.Module, example: Any = None) -> Wiring:
    """Return the model's own wiring, or follow one forward pass when it declares none.

    Parameters
    ----------
    model
        A module.
    example
        A batch: a tensor, a tuple of arguments or a dictionary of named ones.

    Returns
    -------
    Wiring
        Populations, and which of them each weight joins.

    Raises
    ------
    TopologyError
        If a wiring that the model declares does not fit it, or nothing in it can be sparse.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> print(of(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2)), torch.zeros(1, 4)))
    input (4, input)
      0 -> 0
    0 (3)
      2 -> output
    output (2, output)
    """
    model = unwrap(model)
    declare = getattr(model, "wiring", None)
    if isinstance(declare, Wiring):
        found = declare
    elif callable(declare):
        found = cast(Wiring, declare())
    else:
        return follow(model, example)
    found.check(model)
    return found


def follow(model: nn.Module, example: Any = None) -> Wiring:
    """Find the populations of any module by following one forward pass.

    Every tensor is accompanied by the neurons behind its entries. Operations entry by entry,
    normalisation, pooling and moves keep neurons; a product of two layers' outputs (q·k, gate·up)
    makes their targets one population that needs both; a sum makes a ``residual`` population,
    with skips. Where an operation has no meaning for neurons, layers behind it begin with
    populations of their own; `Wiring.breaks` says so. The model is left as it was: its mode,
    buffers and the state of random generators.

    Parameters
    ----------
    example
        A batch: a tensor, a tuple of arguments or a dictionary of named ones. Without it a random
        input is made where the first layer tells its size.

    Raises
    ------
    TopologyError
        If nothing in the model can be sparse, or it fails on the example.
    """
    model = unwrap(model)
    if not views_of(model):
        raise TopologyError(
            f"nothing in this {type(model).__name__} can be sparse: it has no linear layer, "
            "convolution, attention, recurrent cell or embedding"
        )
    if example is not None:
        return _followed(model, example)
    for guess in guessed(model):
        try:
            return _followed(model, guess)
        except TopologyError:
            continue
    return apart(model, Break("input", "", "no example input was given: every layer joins "
                              "populations of its own, and percolation does nothing"))  # fmt: skip


def follow_next_forward(
    model: nn.Module, callback: Callable[[Wiring], None]
) -> torch.utils.hooks.RemovableHandle:
    """Follow the model on the inputs of its next forward pass, before it runs.

    Parameters
    ----------
    callback
        Called once with the wiring.

    Returns
    -------
    torch.utils.hooks.RemovableHandle
        Its ``remove()`` calls the whole thing off.
    """

    def watch(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        handle.remove()
        callback(_followed(_with_weights(unwrap(model)), _Given(args, kwargs)))

    handle = model.register_forward_pre_hook(watch, with_kwargs=True)
    return handle


def _with_weights(model: nn.Module) -> nn.Module:
    """Return a model whose layers of links alone are plain ones, where that takes no great room."""
    links = [m.matrix_view("", "") for m in model.modules() if hasattr(m, "matrix_view")]  # type: ignore[operator]
    if not links or sum(view.n_possible for view in links) > _ROOM:
        return model
    from ..formats.convert import to_dense

    with _without_hooks(model):
        return to_dense(model)


@contextmanager
def _without_hooks(model: nn.Module) -> Iterator[None]:
    """Take hooks off while a model is copied: they would be copied with all that they know."""
    kinds = ("_forward_hooks", "_forward_pre_hooks")
    held = [(m, kind, getattr(m, kind)) for m in model.modules() for kind in kinds]
    for module, kind, hooks in held:
        setattr(module, kind, type(hooks)())
    try:
        yield
    finally:
        for module, kind, hooks in held:
            setattr(module, kind, hooks)


class _Given:
    """The arguments of a forward pass as they were given."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]):
        self.args, self.kwargs = args, kwargs


def _followed(model: nn.Module, example: Any) -> Wiring:
    if isinstance(example, _Given):
        args, kwargs = example.args, example.kwargs
    else:
        args, kwargs = arguments_of(model, example)
    with undisturbed(model), torch.no_grad():
        over = Pass(model)
        for name, tensor in named_tensors(model, args, kwargs):
            over.begin(name, tensor)
        try:
            with over:
                result = model(*args, **kwargs)
        except TopologyError:
            raise
        except Exception as error:
            raise TopologyError(
                f"the model fails on the example input ({_line(error)}); give a batch as it is "
                "given in training, as example_input"
            ) from error
        over.end(result)
    _unused(model, over.record)
    wiring = solve(over.record, list(every_view(model)), over.calls)
    wiring.check(model)
    return wiring


def _unused(model: nn.Module, record: Record) -> None:
    """Give layers that did not run populations of their own."""
    for name, view in views_of(model).items():
        if name in record.uses or _is_used(model, name, record):
            continue
        n_source, n_target = view.neurons
        source = record.birth(f"{name}.in", n_source, "input")
        target = record.birth(name, n_target, "output")
        record.uses[name] = Use(name, view, target, [(Segment(source, n_source),)], embedding=True)
        if isinstance(model.get_submodule(view.parameter.rpartition(".")[0]), nn.Embedding):
            continue
        record.broken("no use", name, "it did not run on the example: it joins populations of "
                      "its own, and stays dense unless it is asked for", stops=False)  # fmt: skip


def _is_used(model: nn.Module, name: str, record: Record) -> bool:
    view = views_of(model)[name]
    return any(
        model.get_parameter(use.view.parameter) is model.get_parameter(view.parameter)
        and use.view.rows == view.rows
        for use in record.uses.values()
    )


def apart(model: nn.Module, why: Break) -> Wiring:
    """Return a wiring in which every layer joins populations of its own."""
    record = Record()
    for name, view in views_of(model).items():
        n_source, n_target = view.neurons
        source = record.birth(f"{name}.in", n_source, "input")
        target = record.birth(name, n_target, "output")
        use = Use(name, view, target, [(Segment(source, n_source),)])
        use.embedding = isinstance(model.get_submodule(view.parameter.rpartition(".")[0]),
                                   nn.Embedding)  # fmt: skip
        record.uses[name] = use
    record.breaks[(why.operation, why.where)] = why
    return solve(record, list(record.uses), {})


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Run a model in evaluation mode, and leave modes, buffers and random states as they were."""
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    state, numpy_state = random.getstate(), np.random.get_state()
    fast = torch.backends.mha.get_fastpath_enabled()
    devices = {t.device for t in (*model.parameters(), *model.buffers()) if t.is_cuda}
    with ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=list(devices)))
        stack.enter_context(_eager())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # what the model warns of, it warns of in training
        torch.backends.mha.set_fastpath_enabled(False)
        model.eval()
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
            for module, training in modes:
                module.training = training
            with torch.no_grad():
                for buffer, value in buffers:
                    if buffer.shape == value.shape:
                        buffer.copy_(value)
            random.setstate(state)
            np.random.set_state(numpy_state)


def _eager() -> Any:
    return torch.compiler.set_stance("force_eager")


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
