"""What one update does to one layer or head, and the interface of the two ways of doing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .links import Links

if TYPE_CHECKING:
    from torch import Tensor

    from .draws import Draws
    from .layer import EvolvingLayer
    from .percolation import Activity


class LayerUpdate:
    """A layer, or a head of it, during one update: how many links it has, loses and gains.

    Attributes
    ----------
    before, target, kept
        Links before the update, wanted after it, and left now.
    pruned, removed, percolated, regrown, shared
        Links that the density step, removal and percolation took, that came, and of these that
        were taken in the same update.
    exchanged, exchanged_back
        Links that a per-step hook has replaced since the last update, and replaced by themselves.
    paths
        Paths of length three between the links from which absent ones were predicted; None when
        they were not.

    Examples
    --------
    >>> from netsci_dst.training.evolution.step_hook import StepHook
    >>> class Counting(StepHook):
    ...     "Count the links that each layer regrew."
    ...     regrown = 0
    ...
    ...     def report(self, updates: list[LayerUpdate]) -> None:
    ...         self.regrown += sum(update.regrown for update in updates)
    """

    def __init__(self, of: EvolvingLayer, head: int, before: int):
        self.of = of
        self.head = head
        self.before: int = before
        self.target: int = before
        self.kept: int = before
        self.elastic_base: int | None = None
        self.pruned: int = 0
        self.removed: int = 0
        self.percolated: int = 0
        self.regrown: int = 0
        self.shared: int = 0
        self.exchanged: int = 0
        self.exchanged_back: int = 0
        self.paths: int | None = None
        self.seconds: float = 0.0

    @property
    def name(self) -> str:
        """The layer, with ``[head]`` appended where it is one head of it."""
        return self.of.name if self.of.heads == 1 else f"{self.of.name}[{self.head}]"

    @property
    def stopped(self) -> bool:
        """Whether it has stopped evolving."""
        return self.of.stopped[self.head]

    def recalled(self, came: int) -> None:
        """Take note that so many of the wanted links are not of those before."""
        self.kept = self.target - came
        self.regrown = came
        self.pruned = self.before - self.kept

    @property
    def stays_full(self) -> bool:
        """Whether it lacks no link and will lack none: whatever went would have to come back."""
        return self.kept == self.target == self.room

    @property
    def room(self) -> int:
        """Number of positions a link can take."""
        return self.of.parameter.n_source * self.of.width


class Work(Links):
    """Links of one or more layers of one form during an update, and what is done to them.

    Attributes
    ----------
    updates
        One for each layer or head, in the order of rows.
    counted_before
        Links of each row before the update, as they were found.
    noted
        The largest of some scores, and what it may at most be.
    """

    updates: list[LayerUpdate]
    draws: Draws
    counted_before: list[int]

    def __init__(self) -> None:
        self.noted: list[tuple[Tensor, float]] = []

    @property
    def layers(self) -> list[EvolvingLayer]:
        """The layers, each once."""
        return list(dict.fromkeys(update.of for update in self.updates))

    def remember(self) -> None:
        """Take note of the links that there are, and of their weights."""
        raise NotImplementedError

    def keep_best(self, scores: Any, counts: Sequence[int], exponent: float, purpose: int) -> None:
        """Keep so many links of each row: the best by score, or drawn by ``score ** exponent``."""
        raise NotImplementedError

    def keep_best_of_neurons(
        self, scores: Any, share: Sequence[float], exponent: float, purpose: int
    ) -> None:
        """Remove the share of the links of each target neuron, by score."""
        raise NotImplementedError

    def recall(self, counts: Sequence[int], purpose: int) -> None:
        """Make the links those of largest last weight among all that ever were."""
        raise NotImplementedError

    def marks_density(self) -> None:
        """Say that the density step is over: what goes from here on is to come back."""
        raise NotImplementedError

    def ranked(self, scores: Any, exponent: float) -> tuple[Tensor, Tensor, Tensor]:
        """Return score, random number and whether it is a link, of each entry."""
        raise NotImplementedError

    def keep_these(self, chosen: Tensor) -> None:
        """Keep these of what `ranked` returned."""
        raise NotImplementedError

    def spare(self, rows: Sequence[bool]) -> None:
        """Give some rows back what they had after the density step."""
        raise NotImplementedError

    def activities(self) -> dict[str, Activity]:
        """Return which neurons have links, by layer, for percolation."""
        raise NotImplementedError

    def counted(self) -> Tensor:
        """Return the number of links that are left in each row, int64."""
        raise NotImplementedError

    def regrow(
        self,
        scores: Any,
        counts: Sequence[int],
        exponent: float,
        active: Any,
        per_neuron: bool,
    ) -> None:
        """Add so many absent links to each row.

        Parameters
        ----------
        scores
            Of positions, or `Candidates`; only positive ones count. None: any link is as good.
        active
            Which neurons are active, by layer (`Network.alive_ends`): where scores are too few,
            the rest is drawn uniformly between active neurons, then anywhere. None: anywhere.
        per_neuron
            Every target neuron gets as many links as it has lost.
        """
        raise NotImplementedError

    def weigh(self, new_values: Any) -> None:
        """Give the new links their weights; None is zero."""
        raise NotImplementedError

    def report(self) -> Tensor:
        """Return what is not known yet, int64 of any length, for `learn`."""
        raise NotImplementedError

    def learn(self, told: Sequence[int]) -> None:
        """Take in what `report` said, after it has come to the host."""
        raise NotImplementedError

    def decision(self) -> list[Tensor]:
        """Return tensors that say what is to be done, for other processes."""
        raise NotImplementedError

    def decide(self, told: Sequence[Tensor]) -> None:
        """Do what another process has decided."""
        raise NotImplementedError

    def commit(self, optimizers: Any, retain: bool) -> None:
        """Put the update into effect on the layers."""
        raise NotImplementedError
