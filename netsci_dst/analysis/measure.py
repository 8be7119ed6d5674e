"""What a measure is: a function from a snapshot, or from a whole run, to tidy values."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .. import registry
from ..errors import NetsciError, UnknownName
from ..topology import Topology

Tier = Literal["cheap", "deep"]
Takes = Literal["snapshot", "run"]
F = TypeVar("F", bound=Callable[..., Iterable["Value | Array"]])


class Value(NamedTuple):
    """One number of a measure.

    ``scope`` is ``network``, ``hidden`` (hidden neurons, with all their links),
    ``hidden-subgraph`` (the graph that they span), or a layer's or population's name. ``text``
    holds what a float cannot: a verdict in words, or an exact integer beyond 2^53.

    Examples
    --------
    >>> Value("hidden", "mean_degree", 3.5)
    Value(scope='hidden', quantity='mean_degree', value=3.5, text=None, step=None)
    """

    scope: str
    quantity: str
    value: float
    text: str | None = None
    step: int | None = None  # only for measures of a whole run: the step the value belongs to


class Array(NamedTuple):
    """A vector that a picture needs, such as one number per node of the graph.

    Examples
    --------
    >>> Array("coreness", np.array([2, 2, 2, 1])).values.max().item()
    2
    """

    name: str
    values: NDArray[Any]


class NotApplicable(NetsciError):
    """The measure has no meaning for this network; the message says why. No defect.

    Examples
    --------
    >>> raise NotApplicable("a general network has no layers")
    Traceback (most recent call last):
        ...
    netsci_dst.analysis.measure.NotApplicable: a general network has no layers
    """


@dataclass(frozen=True)
class Measure:
    """A registered measure, as `measure` makes it.

    Attributes
    ----------
    name
        Its name.
    function
        What computes it.
    tier
        ``cheap`` or ``deep``.
    takes
        ``snapshot`` or ``run``.
    summary, source
        What it is, and where it is from.
    estimate
        Rough cost in seconds from a `Topology`.
    version
        Of its results.
    shares
        Whose work on a snapshot it reuses.

    Examples
    --------
    >>> from netsci_dst import registry
    >>> found = registry.get("measure", "k_shell").target
    >>> found.tier, found.takes, found.resolve()
    ('cheap', 'snapshot', {})
    """

    name: str
    function: Callable[..., Iterable[Value | Array]]
    tier: Tier
    takes: Takes
    summary: str
    source: str
    estimate: Callable[[Topology], float] | None = None
    version: int = 1
    shares: str | None = None

    def seconds(self, topology: Topology) -> float:
        """Return a rough estimate of the time on one core for a topology."""
        return float(self.estimate(topology)) if self.estimate else 0.0

    def resolve(self, options: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return all options of the measure: its defaults, changed by those given.

        Raises
        ------
        UnknownName
            If the measure has no such option.
        NetsciError
            If a value cannot be written as JSON, and so cannot be part of a key.
        """
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        known = {p.name: p.default for p in parameters if p.default is not p.empty}
        for name in options or {}:
            if name not in known:
                raise UnknownName(f"option of measure {self.name!r}:", name, known)
        try:
            return json.loads(json.dumps({**known, **(options or {})}, default=_plain))
        except (TypeError, ValueError) as error:
            raise NetsciError(
                f"an option of measure {self.name!r} is no plain value: {error}"
            ) from None


def measure(
    name: str,
    *,
    tier: Tier,
    source: str,
    takes: Takes = "snapshot",
    summary: str = "",
    estimate: Callable[[Topology], float] | None = None,
    version: int = 1,
    shares: str | None = None,
) -> Callable[[F], F]:
    """Register a function as a measure.

    The function takes a `Snapshot` (or, with ``takes="run"``, a `Run`) and keyword options with
    defaults, and yields `Value` and `Array`. It raises `NotApplicable` where it has no meaning.
    Its options are part of the key under which results are stored.

    Parameters
    ----------
    name
        Its name in `analyze` and in ``netsci-dst list measures``.
    tier
        ``cheap`` measures run on every snapshot; ``deep`` ones on the first, the last and
        log-spaced snapshots unless asked for more.
    source
        Paper and equation.
    takes
        ``snapshot``, or ``run`` for a measure of all snapshots together.
    summary
        What it is; by default the first line of the function's docstring.
    estimate
        Optional rough cost in seconds from a `Topology`; above a limit the measure is skipped
        with a note unless it was asked for by name.
    version
        To be raised when the measure's results change, so that stored ones are computed anew.
    shares
        Measures with the same word here reuse each other's work on a snapshot: one process
        computes them one after another.

    Returns
    -------
    callable
        A decorator that returns the function as it is.

    Examples
    --------
    >>> import networkx as nx
    >>> from netsci_dst import analyze
    >>> @measure("share_of_leaves", tier="cheap", source="an example")
    ... def share_of_leaves(snapshot, degree: int = 1):
    ...     "The share of nodes with a single link."
    ...     share = (snapshot.topology.degrees == degree).mean()
    ...     yield Value("network", "share", float(share))
    >>> analyze(nx.star_graph(3), "share_of_leaves")["value"].tolist()
    [0.75]
    """

    def decorate(function: F) -> F:
        doc = (function.__doc__ or "").strip()
        text = summary or (doc.splitlines()[0] if doc else "")
        entry = Measure(name, function, tier, takes, text, source, estimate, version, shares)
        registry.add("measure", name, entry, summary=text, source=source, tier=tier, takes=takes)
        return function

    return decorate


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (np.ndarray, set, frozenset, range)):
        return list(value)
    raise TypeError(f"{type(value).__name__} {value!r}")


def finite(value: Any) -> float:
    """Return a float, with NaN for None."""
    return float("nan") if value is None else float(np.asarray(value))
