"""What kind of network this is, in a few sentences that name their evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["in_words"]

_SIZES = ((100, "small"), (10_000, "medium-sized"), (1_000_000, "large"), (math.inf, "very large"))
_SMALL_WORLD_FROM = 1.0  # of sigma (Humphries and Gurney 2008)
_MIXED_FROM = 0.1
_UNUSUAL_BELOW = 0.05
_USES_DIRECTIONS = (
    "Directions count in in- and out-degrees, reciprocity and the quantities ending in _directed; "
    "all else reads the network without them."
)


def in_words(frame: pd.DataFrame, run: str | None = None) -> str:
    """Return what the values of a network say: size, communities, core, mixing, tail, and so on.

    Only what was computed is spoken of. Of a run the values at its last step count.

    Parameters
    ----------
    frame
        Values as `analyze` returns them.
    run
        Which run or network of the frame; by default the first.

    Returns
    -------
    str
        A sentence per line.

    Examples
    --------
    >>> import networkx as nx
    >>> from netsci_dst.analysis import analyze
    >>> print(in_words(analyze(nx.karate_club_graph(), ["degrees", "k_shell"])))
    A small weighted undirected network of 34 nodes and 78 links: 4.59 links per node, density 14 %.
    The core are 10 nodes with at least 4 links among themselves.
    """
    if not len(frame):
        return ""
    chosen = frame["run"].iloc[0] if run is None else run
    return "\n".join(_sentences(_Values(frame[frame["run"] == chosen])))


class _Values:
    """The latest value and text of each quantity of the whole network."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.layered = bool((frame["scope"] == "hidden").any())
        whole = frame[frame["scope"] == "network"].sort_values("step", kind="stable")
        last = whole.drop_duplicates(["measure", "quantity"], keep="last")
        rows = zip(last["measure"], last["quantity"], last["value"], last["text"], strict=True)
        self.found = {(measure, name): (float(v), text) for measure, name, v, text in rows}

    def value(self, measure: str, quantity: str) -> float:
        """Return the value, or NaN."""
        return self.found.get((measure, quantity), (math.nan, None))[0]

    def text(self, measure: str, quantity: str) -> str:
        """Return the text, or nothing."""
        return self.found.get((measure, quantity), (math.nan, None))[1] or ""

    def has(self, measure: str, quantity: str) -> bool:
        """Return whether there is a value."""
        return not math.isnan(self.value(measure, quantity))


def _sentences(v: _Values) -> Iterator[str]:
    for say in (
        _size, _components, _communities, _core, _clustering, _paths, _mixing, _tail, _club,
        _geometry, _growth,
    ):  # fmt: skip
        sentence = say(v)
        if sentence:
            yield sentence
    if v.has("degrees", "reciprocity"):
        yield _USES_DIRECTIONS
    if v.text("degrees", "mean_strength"):
        yield "Some weights are below 0: they have no strength or length, and all links count 1."


def _size(v: _Values) -> str:
    if not v.has("degrees", "links"):
        return ""
    nodes, links = v.value("degrees", "neurons"), v.value("degrees", "links")
    size = next(word for most, word in _SIZES if nodes <= most)
    kind = "neural" if v.layered else "directed" if _directed(v) else "undirected"
    if v.has("degrees", "mean_strength"):
        kind = f"weighted {kind}"
    what = "neurons" if v.layered else "nodes"
    isolated = v.value("degrees", "isolated")
    alone = f", {isolated:,.0f} of them without links" if isolated else ""
    article = "An" if f"{size} {kind}"[0] in "aeiou" else "A"
    return (
        f"{article} {size} {kind} network of {nodes:,.0f} {what} and {links:,.0f} links{alone}: "
        f"{v.value('degrees', 'mean_degree'):.3g} links per {what[:-1]}, "
        f"density {_percent(v.value('degrees', 'density'))}."
    )


def _directed(v: _Values) -> bool:
    return not v.layered and v.has("degrees", "reciprocity")


def _components(v: _Values) -> str:
    nodes, inside = v.value("degrees", "neurons"), v.value("path_length", "largest_component")
    if math.isnan(nodes) or math.isnan(inside):
        return ""
    if inside == nodes:
        return "It is connected."
    return f"Its largest component holds {inside:,.0f} of them ({_percent(inside / nodes)})."


def _communities(v: _Values) -> str:
    if not v.has("modularity", "modularity"):
        return ""
    count, q = v.value("modularity", "communities"), v.value("modularity", "modularity")
    named = "One community" if count == 1 else f"{count:,.0f} communities"
    return f"{named} (modularity Q = {q:.2f}{_against(v, 'modularity')})."


def _against(v: _Values, quantity: str) -> str:
    """Return how a value compares with those of the null model, where they are known."""
    mean, p = v.value("null_model", f"{quantity}_null_mean"), v.value("null_model", f"{quantity}_p")
    if math.isnan(mean) or math.isnan(p):
        return ""
    said = v.text("null_model", f"{quantity}_p") or f"{p:.2g}"
    said = said if said[0] in "≤<" else f"= {said}"
    if p > _UNUSUAL_BELOW:
        return f"; degrees alone explain {mean:.3g}, p {said}".replace("-", "−")
    more = "more" if v.value("null_model", f"{quantity}_z") > 0 else "less"
    return f"; {more} than the {mean:.3g} that degrees alone explain, p {said}"


def _core(v: _Values) -> str:
    k, size = v.value("k_shell", "k_max"), v.value("k_shell", "core")
    if math.isnan(k) or not k:
        return ""
    what = "neurons" if v.layered else "nodes"
    return f"The core are {size:,.0f} {what} with at least {k:,.0f} links among themselves."


def _clustering(v: _Values) -> str:
    for name in ("clustering", "clustering_four_cycles"):
        if v.has("clustering", name):
            what = "Clustering" if name == "clustering" else "Clustering on four-cycles"
            return f"{what} is {v.value('clustering', name):.3g}{_against(v, name)}."
    return ""


def _paths(v: _Values) -> str:
    length = v.value("path_length", "characteristic_path_length")
    if math.isnan(length):
        return ""
    sampled = v.value("path_length", "samples") < v.value("degrees", "neurons")
    how = f" (from {v.value('path_length', 'samples'):,.0f} nodes drawn at random)"
    text = f"Two of them are {length:.3g} links apart on average{how if sampled else ''}"
    sigma = v.value("small_world", "sigma")
    if not math.isnan(sigma):
        world = "a small world" if sigma > _SMALL_WORLD_FROM else "no small world"
        text += f": {world} (σ = {sigma:.2g})"
    return f"{text}."


def _mixing(v: _Values) -> str:
    r = v.value("assortativity", "assortativity")
    if math.isnan(r):
        return ""
    if abs(r) < _MIXED_FROM:
        said = "Links join nodes regardless of degree"
    else:
        whom = "others with many" if r > 0 else "others with few"
        said = f"Well-linked nodes are linked to {whom}"
    return f"{said} (assortativity {_signed(r)}{_against(v, 'assortativity')})."


def _tail(v: _Values) -> str:
    verdict = v.text("power_law_test", "verdict")
    if verdict:
        return f"A power law of the degrees: {verdict}"
    alpha = v.value("power_law", "alpha")
    if math.isnan(alpha):
        return ""
    xmin, share = v.value("power_law", "xmin"), v.value("power_law", "tail_share")
    return (
        f"A power law fitted to the degrees from {xmin:g} up, {_percent(share)} of them, has "
        f"exponent {alpha:.3g}; whether it holds was not tested (power_law_test)."
    )


def _club(v: _Values) -> str:
    p = v.value("rich_club", "rich_club_p")
    if math.isnan(p):
        return ""
    there = "There is a rich club" if p <= _UNUSUAL_BELOW else "There is no rich club"
    said = v.text("rich_club", "rich_club_p") or f"{p:.2g}"
    return f"{there} (p {said if said[0] in '≤<' else f'= {said}'})."


def _geometry(v: _Values) -> str:
    placed = v.value("embedding", "placed_share")
    success = v.value("greedy_routing", "success")
    if math.isnan(placed):
        return ""
    held = "All of it is" if placed == 1 else f"{_percent(placed)} of it are"
    text = f"{held} mapped into the hyperbolic disk"
    if not math.isnan(success):
        text += f", where greedy routing arrives in {_percent(success)} of all tries"
    return f"{text}."


def _growth(v: _Values) -> str:
    verdict = v.text("growth", "attachment_exponent")
    return f"Growth: {verdict}." if verdict else ""


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.4g} %"
