"""What a per-step hook is: something a method does at every step, besides topology updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from .engine import Engine
    from .layer import EvolvingLayer
    from .work import LayerUpdate


class StepHook:
    """Base of per-step hooks; every hook does nothing.

    It is registered as a ``step hook``; its options are the keyword arguments of its constructor
    after ``engine``. Between steps a layer's parameter holds what the forward pass uses: weights
    that take no part in it are kept by the hook. It says ``needs=("dense_gradient",)`` to have
    ``layer.parameter.dense_gradient()`` after the backward pass of the steps that
    `needs_gradient` names (every step, unless it says otherwise), and ``draws_weights=True`` if it
    begins with the largest of all weights, which it finds in ``layer.all_weights``.

    Examples
    --------
    >>> from netsci_dst import registry
    >>> @registry.register("step hook", "counting", source="an example")
    ... class Counting(StepHook):
    ...     "Count the steps."
    ...     steps = 0
    ...
    ...     def after_step(self, step: int) -> None:
    ...         self.steps += 1
    """

    def __init__(self, engine: Engine):
        self.engine = engine

    def needs_gradient(self, step: int) -> bool:
        """Return whether it reads the gradients of absent links in a step; each costs a product."""
        return True

    def begin(self, step: int) -> None:
        """Act before the forward and backward passes of a step."""

    def before_step(self) -> None:
        """Act between the backward pass and the optimizer."""

    def after_step(self, step: int) -> None:
        """Act after the optimizer."""

    def report(self, updates: list[LayerUpdate]) -> None:
        """Act at a topology update, and say of each layer what happened since the last."""

    def hidden(self, layer: EvolvingLayer) -> Tensor | None:
        """Return which of a layer's links take no part in the forward pass, or None.

        A rule that hides links notes in the layer's memory those that it does not hide.
        """
        return None

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return tensors and JSON-compatible facts to continue from."""
        return {}, {}

    def load(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
