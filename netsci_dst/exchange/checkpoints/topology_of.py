"""From named weights to a topology, and how it is known which population feeds which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...errors import FormatError
from ...topology import Topology
from . import chain, transformer
from .named_weight import Found, NamedWeight


class Wired(NamedTuple):
    """A topology, and in words how its wiring is known."""

    topology: Topology
    wiring: str


def topology_of(found: Found, keep_dense: bool = False) -> Wired:
    """Return the topology of the layers of a checkpoint.

    Transformers are wired by the names of their projections and, where there is one, by the
    ``config.json`` beside the file; all else as a chain in the order of the layers, which is a
    guess. Full layers become `Dense` unless ``keep_dense``.

    Raises
    ------
    FormatError
        If there is no layer, or no sparse one.
    """
    if not found.weights:
        raise FormatError("no layer weights were found: a layer is a matrix named '….weight'")
    if transformer.is_one(found.weights):
        topology = transformer.wire(found.weights, found.config, keep_dense)
        kind = found.config.get("model_type")
        known = isinstance(kind, str) and kind in transformer.KNOWN
        wiring = f"by its config ({kind})" if known else "a guess, by the names of its projections"
    else:
        topology = chain.wire(_best_order(found), keep_dense)
        wiring = "a guess: a chain in the order of its layers"
    if not topology.layers:
        raise FormatError(
            "every layer is fully connected: give a threshold below which a weight counts as "
            "absent, or ask for dense layers to be kept"
        )
    return Wired(topology, wiring)


def _best_order(found: Found) -> Sequence[NamedWeight]:
    """Return the layers in the order that fits best, where the file keeps none.

    A file that sorts its names puts ``fc`` before ``layer1`` and ``decoder`` before ``encoder``.
    """
    if found.ordered or chain.joints(found.weights) == len(found.weights) - 1:
        return found.weights
    last = [w for w in found.weights if chain.is_head(w.name)]
    first = [w for w in found.weights if chain.is_stem(w.name) and w not in last]
    others = [w for w in found.weights if w not in first and w not in last]
    orders = [found.weights, [*others, *last], [*first, *others, *last]]
    return max((o for o in orders if len(o) == len(found.weights)), key=chain.joints)
