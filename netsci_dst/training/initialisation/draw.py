"""Draw the initial links of one layer by the name of its initialiser."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ... import registry
from ...checks import whole_number
from ...errors import NetsciError, RecipeError, UnknownName

_GIVEN = ("n_source", "n_target", "n_links", "rng", "features")


def draw_topology(
    name: str,
    n_source: int,
    n_target: int,
    n_links: int,
    *,
    rng: np.random.Generator,
    features: np.ndarray | None = None,
    **options: Any,
) -> np.ndarray:
    """Return the keys of a layer's initial links.

    Parameters
    ----------
    name
        A registered initialiser.
    n_source, n_target
        Sizes of the two sides.
    n_links
        How many links, exactly.
    rng
        The generator all draws come from.
    features
        Calibration sample of shape (n_samples, n_features), for initialisers that use the input.
    options
        The initialiser's own options.

    Returns
    -------
    numpy.ndarray
        int64 keys ``source * n_target + target``, increasing, shape (n_links,).

    Raises
    ------
    UnknownName
        For an unknown initialiser or option.
    RecipeError
        When the number of links is impossible, or the input is needed and not given.
    NetsciError
        When an initialiser (an extension's, say) does not return what was asked of it.
    """
    entry = registry.get("initialiser", name)
    if entry.metadata.get("whole_network"):
        raise RecipeError(
            f"the initialiser {name!r} scores a whole model, not a layer of a size: name it as a "
            "method's initialiser"
        )
    known = [p for p in inspect.signature(entry.target).parameters if p not in _GIVEN]
    for option in options:
        if option not in known:
            raise UnknownName(f"option of the initialiser {name}", option, known)
    n_source, n_target = whole_number("n_source", n_source), whole_number("n_target", n_target)
    n_links = whole_number("n_links", n_links)
    check_size(n_source, n_target, n_links)
    if entry.metadata.get("needs_features") and features is None:
        raise RecipeError(
            f"the initialiser {name!r} needs a sample of the input features; "
            "choose brf, bsw or uniform for a layer that has none"
        )
    keys = entry.target(n_source, n_target, n_links, rng=rng, features=features, **options)
    if keys.shape != (n_links,) or (n_links > 1 and not (np.diff(keys) > 0).all()):
        raise NetsciError(f"the initialiser {name!r} did not return {n_links} increasing keys")
    return keys


def check_size(n_source: int, n_target: int, n_links: int) -> None:
    """Refuse a number of links that a layer of this size cannot have."""
    if n_source < 1 or n_target < 1:
        raise RecipeError(f"a layer of {n_source} × {n_target} neurons has no room for links")
    if not 0 <= n_links <= n_source * n_target:
        raise RecipeError(
            f"{n_links} links do not fit a layer of {n_source} × {n_target}: "
            f"give between 0 and {n_source * n_target}"
        )
