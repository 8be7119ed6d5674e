"""Watch one forward pass, and carry along which neuron every entry of every tensor belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.weak import WeakTensorKeyDictionary

from ..matrix_view import views_of
from . import contract, indexed, keep, moves, reduce, weighted, windows  # noqa: F401  (they register what they handle)
from .call import HANDLERS, Call, bind
from .layers import Layers, Reader, outputs, ranges
from .pointwise import pointwise
from .record import Record
from .recurrent import watch
from .shadow import RAW, Shadow, compact, full, tensors
from .weights import Weights, same_storage
from .windows import mixed

# Operations that take an embedding's table as a weight, not as values.
_AS_WEIGHTS = {"embedding", "t", "transpose", "detach", "mm", "addmm", "linear", "embedding_bag",
               "_embedding_bag", "_embedding_bag_forward_only"}  # fmt: skip
_IN_PLACE_ZERO = {"fill", "zero", "uniform", "normal", "bernoulli", "random", "exponential"}


class Pass(TorchDispatchMode):
    """A forward pass that is being followed.

    Attributes
    ----------
    record
        What was found.
    where
        Path of the module that is running.
    silent
        While positive, operations run unwatched: inside modules that are followed as a whole.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model
        self.record: Record = Record()
        self.reader: Reader = Reader(self.record)
        self.layers: Layers = Layers(self.record, self.reader)
        self.weights: Weights = Weights(model)
        self.silent = 0
        self.calls: dict[str, int] = {}
        self._shadows = WeakTensorKeyDictionary()
        self._tables = WeakTensorKeyDictionary()
        for path, module in model.named_modules():
            if isinstance(module, nn.Embedding) and module.weight not in self._tables:
                self._tables[module.weight] = views_of(module)["weight"]
                self._tables[module.weight] = replace(
                    self._tables[module.weight],
                    name=path or "weight",
                    parameter=f"{path}.weight" if path else "weight",
                )
        self._stack: list[str] = []
        self._handles: list[Any] = []

    @property
    def where(self) -> str:
        """Path of the module that is running."""
        return self._stack[-1] if self._stack else ""

    # --- shadows --------------------------------------------------------------------------------

    def shadow(self, tensor: Any) -> Shadow | None:
        """Return the neurons behind a tensor, None if there are none."""
        return self._shadows.get(tensor) if isinstance(tensor, Tensor) else None

    def put(self, tensor: Tensor, shadow: Shadow | None) -> None:
        """Say which neurons are behind a tensor."""
        if shadow is None:
            self._shadows.pop(tensor, None)
        else:
            self._shadows[tensor] = shadow

    def fresh_ids(self, tensor: Tensor) -> Tensor:
        """Number a tensor's elements as those of an input."""
        shape = tuple(tensor.shape)
        return self.reader.new_input("input", shape if shape else (1,)).reshape(
            (1, *shape[1:]) if shape else ()
        )

    def fresh_input(self, tensor: Tensor) -> Shadow:
        """Return the shadow of values computed from the model's input alone."""
        return Shadow(self.fresh_ids(tensor))

    def units(self, shadow: Shadow) -> list[tuple[int, int]]:
        """Return the units behind a tensor."""
        known = torch.unique(shadow.ids)
        return ranges(known[(known >= 0) & (known < RAW)])

    # --- operations -----------------------------------------------------------------------------

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run an operation, then follow it."""
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if not self.silent:
            self._follow(func, args, kwargs, out)
        return out

    def _follow(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        results = tensors(out)
        given = tensors([args, kwargs])
        if not results:
            return
        name = func._schema.name.split("::")[-1]
        changes = name.endswith("_") and not name.endswith("__")
        name = name[:-1] if changes else name
        if name not in _AS_WEIGHTS:
            self._read_tables(given)
        if not any(t in self._shadows for t in given):
            self._follow_weights(name, func, args, kwargs, out, given)
            if not self._may_be_layer(name, given):
                return
        call = Call(self, func, name, bind(func, args, kwargs), args, kwargs, out)
        if changes and name in _IN_PLACE_ZERO:
            found: Any = None
        else:
            found = self._handle(call)
        self._store(out, found, given, changes)

    def _read_tables(self, given: list[Tensor]) -> None:
        """Take an embedding whose table is used as it stands as a look-up of all its rows."""
        for tensor in given:
            view = self._tables.get(tensor)
            if view is not None and tensor not in self._shadows:
                first = self.layers.embedding(view)
                self.put(tensor, Shadow(outputs(first, view.n_target, tuple(tensor.shape), -1)))

    def _may_be_layer(self, name: str, given: list[Tensor]) -> bool:
        if name in ("mv", "dot", "vdot"):  # a norm of the weight itself
            return False
        handler = HANDLERS.get(name)
        return (
            handler is not None
            and handler.__module__ in (contract.__name__, weighted.__name__)
            and any(self.weights.get(t) is not None for t in given)
        )

    def _follow_weights(
        self, name: str, func: Any, args: Any, kwargs: Any, out: Any, given: list[Tensor]
    ) -> None:
        ghosts = [(t, g) for t in given if (g := self.weights.get(t)) is not None]
        if not ghosts or name in ("mm", "addmm", "bmm", "convolution", "embedding"):
            return
        if name == "_weight_norm_interface":
            self.weights.put(out[0], self.weights.get(args[0]) or ghosts[0][1])
            return
        tensor, ghost = max(ghosts, key=lambda pair: pair[0].numel())

        def call(place: Tensor) -> Any:
            changed = [place if a is tensor else a for a in args]
            return func(*changed, **kwargs)

        outs = tensors(out)
        if len(outs) == 1 and isinstance(out, Tensor):
            self.weights.follow(name, ghost, args, out, call)
            return
        try:
            places = call(ghost.place)
        except Exception:  # another device, or no meaning without data
            places = (None,) * len(outs)
        for part, place in zip(outs, places):
            if isinstance(place, Tensor) and same_storage(place, ghost.place):
                self.weights.put(part, replace(ghost, place=place))
            elif part.shape == ghost.place.shape:
                altered = ghost.altered or name
                self.weights.put(part, replace(ghost, altered=altered))

    def _handle(self, call: Call) -> Any:
        handler = HANDLERS.get(call.name)
        if handler is not None:
            return handler(call)
        if isinstance(call.out, Tensor) and self._is_pointwise(call):
            return pointwise(call)
        known = [s for t in tensors([call.args, call.kwargs]) if (s := self.shadow(t))]
        if all(s.raw for s in known):
            found = [self.fresh_input(t) if t.is_floating_point() else None
                     for t in tensors(call.out)]  # fmt: skip
        else:
            found = [mixed(call, t) for t in tensors(call.out)]
        return tuple(found) if isinstance(call.out, tuple | list) else found[0]

    @staticmethod
    def _is_pointwise(call: Call) -> bool:
        return torch.Tag.pointwise in call.function.tags

    def _store(self, out: Any, found: Any, given: list[Tensor], changes: bool) -> None:
        outs = list(out) if isinstance(out, tuple | list) else [out]
        shadows = list(found) if isinstance(found, tuple | list) else [found] * (
            1 if len(outs) == 1 else len(outs))  # fmt: skip
        for tensor, shadow in zip(outs, shadows):
            if isinstance(tensor, Tensor):
                self.put(tensor, shadow)
                if changes and tensor._base is not None:
                    self._write_back(tensor, shadow)

    def _write_back(self, view: Tensor, shadow: Shadow | None) -> None:
        """Bring what was written into a view into the tensor that it is a view of."""
        base = view._base
        if base is None or shadow is None:
            return
        before = self.shadow(base)
        shape = tuple(base.shape)
        place = torch.empty_strided(shape, base.stride(), dtype=torch.int64)
        place.copy_(full(before.ids, shape) if before else torch.full(shape, -2))
        offset = view.storage_offset() - base.storage_offset()
        place.as_strided(view.shape, view.stride(), offset).copy_(
            full(shadow.ids, tuple(view.shape))
        )
        ids = compact(place.contiguous())
        lost = shadow.lost or (before.lost if before else None)
        self.put(base, Shadow(ids, lost))

    # --- modules --------------------------------------------------------------------------------

    def __enter__(self) -> Pass:
        for path, module in self.model.named_modules():
            self._handles += self._hooks(path, module)
        return super().__enter__()

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def _hooks(self, path: str, module: nn.Module) -> Iterator[Any]:
        def enter(_: nn.Module, args: Any) -> None:
            self._stack.append(path)
            self.calls[path] = self.calls.get(path, 0) + 1

        def leave(_: nn.Module, args: Any, result: Any) -> None:
            if self._stack:
                self._stack.pop()
            passes = bool(args) and result is args[0] and not list(module.children())
            self._tag(path, result, passes)

        yield module.register_forward_pre_hook(enter)
        if isinstance(module, nn.RNNBase | nn.RNNCellBase):
            yield from watch(self, path, module)
        yield module.register_forward_hook(leave)

    def _tag(self, path: str, result: Any, passes: bool) -> None:
        tensor: Any = result[0] if isinstance(result, tuple) and result else result
        shadow = self.shadow(tensor)
        if shadow is None or shadow.raw or self.silent or not path:
            return
        if shadow.module is not None and not passes:
            return
        axes = [d for d in range(shadow.ids.dim()) if shadow.ids.shape[d] > 1]
        if len(axes) == 1 and axes[0] in (tensor.dim() - 1, 1 if tensor.dim() == 4 else -1):
            self.put(tensor, Shadow(shadow.ids, shadow.lost, path, shadow.real))

    # --- ends -----------------------------------------------------------------------------------

    def begin(self, name: str, tensor: Tensor) -> None:
        """Take a tensor as an input of the model."""
        if tensor.is_floating_point() and tensor.dim() > 0:
            ids = self.reader.new_input(name, tuple(tensor.shape))
            self.put(tensor, Shadow(compact(ids)))

    def end(self, result: Any) -> None:
        """Take what the model returned."""
        for tensor in tensors(result):
            shadow = self.shadow(tensor)
            if shadow is None:
                continue
            units = self.units(shadow)
            self.record.outputs += units
            if shadow.module and len(units) == 1:
                self.record.activities.setdefault(units[0], shadow.module)
            if shadow.lost is not None:
                self.record.ended += list(shadow.lost.units)
