"""Follow recurrent layers and cells as a whole.

The units of a layer are a sum of what the input and what their own earlier state feed; the earlier
state is a population of its own, because a topology has no circles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from ..matrix_view import MatrixView, every_view
from .layers import outputs
from .record import Join, Segment
from .shadow import Shadow

if TYPE_CHECKING:
    from .tracer import Pass


def watch(over: Pass, path: str, module: nn.Module) -> Iterator[Any]:
    """Yield the handles of hooks that follow a recurrent module from outside."""
    views = {name.rsplit(".", 1)[-1]: view for name, view in every_view(module).items()}
    prefix = f"{path}." if path else ""
    named = {name: _under(view, prefix) for name, view in views.items()}

    def enter(_: nn.Module, args: Any) -> None:
        over.silent += 1

    def leave(_: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
        over.silent -= 1
        if over.silent:
            return
        value = args[0] if args else kwargs["input"]
        state = args[1] if len(args) > 1 else kwargs.get("hx")
        if isinstance(module, nn.RNNBase):
            _sequence(over, prefix, module, named, value, state, result)
        else:
            _cell(over, prefix, module, named, value, state, result)

    yield module.register_forward_pre_hook(enter)
    yield module.register_forward_hook(leave, with_kwargs=True)


def _under(view: MatrixView, prefix: str) -> MatrixView:
    from dataclasses import replace

    return replace(view, name=prefix + view.name, parameter=prefix + view.parameter)


def _segments(over: Pass, value: Tensor, name: str) -> tuple[Segment, ...]:
    return over.reader.segments(over.shadow(value), tuple(value.shape), -1, name)


def _row(over: Pass, state: Tensor | None, place: int) -> Shadow | None:
    """Return the neurons that an initial state gives to one layer and direction."""
    shadow = over.shadow(state)
    if shadow is None or not shadow.follows:
        return None
    ids = shadow.ids
    if ids.shape[0] > 1:
        ids = ids[place : place + 1]
    ids = ids.reshape(-1, ids.shape[-1])[0]
    return Shadow(ids, shadow.lost)


def _cell(
    over: Pass,
    prefix: str,
    module: Any,
    views: dict[str, MatrixView],
    value: Tensor,
    state: Any,
    result: Any,
) -> None:
    segments = _segments(over, value, views["weight_ih"].name)
    before = state[0] if isinstance(state, tuple) else state
    first = _hidden(over, views, "", segments, prefix, _row(over, before, 0))
    for out in result if isinstance(result, tuple) else (result,):
        over.put(out, Shadow(outputs(first, module.hidden_size, tuple(out.shape), -1)))


def _hidden(
    over: Pass,
    views: dict[str, MatrixView],
    suffix: str,
    segments: tuple[Segment, ...],
    prefix: str,
    state: Shadow | None,
) -> int:
    """Note the weights of one layer and direction, and return its first unit."""
    into, back = views[f"weight_ih{suffix}"], views[f"weight_hh{suffix}"]
    record = over.record
    if into.name in record.uses:
        if segments not in record.uses[into.name].reads:
            record.uses[into.name].reads.append(segments)
        return _result(over, views, suffix, record)
    fed = over.layers.use(into, segments, splits=False)
    size = back.neurons[0]
    if state is not None and state.follows:
        before = over.reader.segments(state, (size,), -1, back.name)
    else:
        before = (Segment(record.birth(f"{prefix}before{suffix}", size, "input"), size),)
    returned = over.layers.use(back, before, splits=False)
    size = into.neurons[1]
    first = record.birth(into.name, size)
    record.joins.append(Join("sum", first, size, [[(fed, first, size)], [(returned, first, size)]]))
    projection = views.get(f"weight_hr{suffix}")
    if projection is not None:
        over.layers.use(projection, (Segment(first, size),), splits=False)
    return _result(over, views, suffix, record)


def _result(over: Pass, views: dict[str, MatrixView], suffix: str, record: Any) -> int:
    projection = views.get(f"weight_hr{suffix}")
    if projection is not None:
        return record.uses[projection.name].target
    fed = record.uses[views[f"weight_ih{suffix}"].name].target
    return next(
        join.first for join in record.joins if join.operands[0][:1] and join.parts[0][0] == fed
    )


def _sequence(
    over: Pass,
    prefix: str,
    module: Any,
    views: dict[str, MatrixView],
    value: Any,
    state: Any,
    result: Any,
) -> None:
    packed = isinstance(value, PackedSequence)
    tensor = value.data if packed else value
    segments = _segments(over, tensor, views["weight_ih_l0"].name)
    sizes = module.proj_size or module.hidden_size
    directions = 2 if module.bidirectional else 1
    before = state[0] if isinstance(state, tuple) else state
    last: list[list[int]] = []
    for layer in range(module.num_layers):
        firsts = [
            _hidden(
                over,
                views,
                f"_l{layer}{'_reverse' if d else ''}",
                segments,
                prefix,
                _row(over, before, layer * directions + d),
            )
            for d in range(directions)
        ]
        segments = tuple(Segment(first, sizes) for first in firsts)
        last.append(firsts)
    out, states = result
    out = out.data if isinstance(out, PackedSequence) else out
    row = torch.cat([torch.arange(first, first + sizes) for first in last[-1]])
    over.put(out, Shadow(row.reshape((1,) * (out.dim() - 1) + (-1,))))
    hidden = states[0] if isinstance(states, tuple) else states
    rows = torch.stack([torch.arange(f, f + sizes) for firsts in last for f in firsts])
    over.put(hidden, Shadow(rows if hidden.dim() == 2 else rows[:, None]))
    if isinstance(states, tuple) and not module.proj_size:
        over.put(states[1], Shadow(rows if hidden.dim() == 2 else rows[:, None]))
