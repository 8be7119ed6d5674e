"""The links of layers while they are being changed: what removal and regrowth rules see.

A rule is written once for both storage formats. In the masked format an *entry* is a position of
the matrix, and several layers of one shape come stacked, ``(layers, n_source, n_target)``; in csr
an entry is a link, ``(n_links,)``. Rules use operations that act entry by entry, and the sums and
draws below; what they return has the shape that they were given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import NetsciError

if TYPE_CHECKING:
    from torch import Tensor


class Links:
    """The links of layers, or of attention heads, during an update.

    Attributes
    ----------
    names
        The layers, with ``[head]`` appended where one is a head of a layer.
    n_source, n_target
        Positions on either side.

    Examples
    --------
    >>> from netsci_dst import registry
    >>> @registry.register("removal", "value_of_links", source="an example")
    ... def value_of_links(links: Links):
    ...     "Remove links of the smallest weight, whatever their sign."
    ...     return links.values.abs() * links.present
    >>> registry.get("removal", "value_of_links").summary
    'Remove links of the smallest weight, whatever their sign.'
    """

    names: list[str]
    n_source: int
    n_target: int

    @property
    def n_possible(self) -> int:
        """Number of positions a link can take, of one layer or head."""
        return self.n_source * self.n_target

    # --- what removal rules use ---------------------------------------------------------------

    @property
    def values(self) -> Tensor:
        """Weight of each entry."""
        raise NotImplementedError

    @property
    def gradients(self) -> Tensor:
        """Gradient of each link in the last backward pass; 0 at entries that are no links."""
        raise NotImplementedError

    @property
    def present(self) -> Tensor:
        """Bool: which entries are links now; those pruned in the same update are not."""
        raise NotImplementedError

    def sum_by_source(self, x: Tensor) -> Tensor:
        """Return for each entry the sum of ``x`` over the links of its source (broadcastable)."""
        raise NotImplementedError

    def sum_by_target(self, x: Tensor) -> Tensor:
        """Return for each entry the sum of ``x`` over the links of its target (broadcastable)."""
        raise NotImplementedError

    def rank(self, x: Tensor, among: Tensor) -> Tensor:
        """Return the rank of ``x`` among the entries where ``among``, over their number, by layer.

        In ``(0, 1]``, the smallest first; 0 outside ``among``.
        """
        raise NotImplementedError

    def random(self) -> Tensor:
        """Return a uniform random number between 0 and 1 for each entry."""
        raise NotImplementedError

    def remove_below(self, threshold: float) -> int:
        """Remove links of smaller magnitude and return their number; for rules over the network.

        A layer never loses its last link.
        """
        raise NotImplementedError

    # --- what regrowth rules use --------------------------------------------------------------

    def dense_gradient(self) -> Tensor:
        """Return the gradient at every position, ``(…, n_source, n_target)``.

        Raises
        ------
        NetsciError
            If it was not recorded: the rule does not say ``needs=("dense_gradient",)``.
        """
        raise NotImplementedError

    def momentum(self) -> Tensor:
        """Return the smoothed gradient at every position, ``(…, n_source, n_target)``.

        Raises
        ------
        NetsciError
            If it was not recorded: the rule does not say ``needs=("momentum",)``.
        """
        raise NotImplementedError

    def predicted(self, predictor: str, n: int, sub_ranking: bool) -> Tensor | Candidates:
        """Return the scores of absent links by a link predictor; those of others do not matter."""
        raise NotImplementedError

    # --- what rules for new weights use -------------------------------------------------------

    @property
    def density(self) -> Tensor | float:
        """Density after regrowth (broadcastable to `normal`)."""
        raise NotImplementedError

    def normal(self) -> Tensor:
        """Return a standard normal number for each new link, or for every position."""
        raise NotImplementedError

    def history(self) -> Tensor:
        """Return the last weight of each new link, or of every position; 0 where it had none."""
        raise NotImplementedError


class Candidates:
    """Absent links that a rule proposes, where listing all positions would be wasteful.

    Attributes
    ----------
    keys
        Increasing, int64.
    scores
        One positive number each.
    ranked
        Whether the keys are the choice already, best first.
    """

    def __init__(self, keys: Tensor, scores: Tensor, ranked: bool = False):
        self.keys = keys
        self.scores = scores
        self.ranked = ranked


def not_recorded(names: list[str], what: str) -> NetsciError:
    """Return the error for something that a rule reads and does not say that it needs."""
    return NetsciError(
        f"layer {names[0]!r}: {what.replace('_', ' ')} was asked for but not recorded; "
        f"register the part with needs=({what!r},)"
    )
