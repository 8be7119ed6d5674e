"""One operation of a forward pass, with its arguments by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor

from .shadow import Lost, Shadow, tensors

if TYPE_CHECKING:
    from .tracer import Pass


@dataclass(eq=False)
class Call:
    """An operation that has just run.

    Attributes
    ----------
    name
        Without overload or the underscore of in-place operations: ``add``.
    given
        Arguments by name, defaults included.
    """

    over: Pass
    function: Any
    name: str
    given: dict[str, Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Any

    def __getitem__(self, name: str) -> Any:
        return self.given[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument by name."""
        return self.given.get(name, default)

    @property
    def first(self) -> Tensor:
        """The first tensor among the arguments."""
        return tensors(list(self.given.values()))[0]

    def shadow(self, tensor: Any) -> Shadow | None:
        """Return the neurons behind an argument."""
        return self.over.shadow(tensor)

    def lost(self) -> Lost:
        """Return the loss of neurons in this operation, or the one an argument brings."""
        given = [self.shadow(t) for t in tensors([self.args, self.kwargs])]
        known = [shadow for shadow in given if shadow is not None]
        before = next((s.lost for s in known if s.lost is not None and not s.follows), None)
        if before is not None and not any(s.follows for s in known):
            return before
        units = tuple(unit for shadow in known for unit in self.over.units(shadow))
        earlier = tuple(unit for s in known if s.lost for unit in s.lost.units)
        ends = self.name in _ENDS and all(s.lost.ends for s in known if s.lost)
        return Lost(self.name, self.over.where, units + earlier, ends)


# Where neurons end by nature: products that sum over them, reductions, choices.
_ENDS = {
    "mm", "bmm", "addmm", "baddbmm", "mv", "dot", "matmul", "mean", "sum", "amax", "amin", "max",
    "min", "var", "std", "var_mean", "std_mean", "norm", "linalg_vector_norm", "logsumexp", "prod",
    "argmax", "argmin", "topk", "sort", "gt", "lt", "ge", "le", "eq", "ne", "isnan", "isinf",
    "argsort", "cdist", "_cdist_forward", "_euclidean_dist", "any", "all", "round", "_to_copy",
}  # fmt: skip


Handler = Callable[[Call], Any]
HANDLERS: dict[str, Handler] = {}


def handles(*names: str) -> Callable[[Handler], Handler]:
    """Register what follows operations of these names.

    The handler returns a shadow, or None for values without neurons, or a tuple of them where the
    operation gives several tensors.
    """

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register


def bind(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of an operation by name, defaults included."""
    given: dict[str, Any] = {}
    for position, argument in enumerate(function._schema.arguments):
        if position < len(args):
            given[argument.name] = args[position]
        elif argument.name in kwargs:
            given[argument.name] = kwargs[argument.name]
        elif argument.has_default_value():
            given[argument.name] = argument.default_value
    return given
