"""The first sentences of a network, each number a link to the section that shows it."""

from __future__ import annotations

import math

from markupsafe import Markup

from ..numbers import count, percent, significant
from .data import NetworkData

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
DIFFERENT = 0.05


def facts(network: NetworkData) -> str:
    """Return one line: what was read."""
    snapshot = network.run.snapshots[-1]
    read = snapshot.extra.get("read") if isinstance(snapshot.extra, dict) else None
    return str(read) if read else f"{count(len(network.labels))} nodes"


def sentences(network: NetworkData, uid: str) -> list[Markup]:
    """Return what kind of network this is, in at most four sentences."""
    made = [_kind(network, uid), _small_world(network, uid), _nulls(network, uid)]
    return [text for text in made if text]


def _link(uid: str, section: str, text: str) -> Markup:
    return Markup('<a href="#{}-{}">{}</a>').format(uid, section, text)


def _kind(network: NetworkData, uid: str) -> Markup:
    n = len(network.labels)
    size = "small" if n < 1000 else "mid-sized" if n < 100_000 else "large"
    parts, whole = network.components[0], network.largest == n
    word = "connected" if whole else "disconnected"
    how = ", ".join(w for w in (size, word) if w)
    kind = " ".join(
        w
        for w in (
            "directed" if network.directed else "",
            "weighted" if network.weighted else "",
            "bipartite" if network.bipartite else "",
        )
        if w
    )
    assert network.topology is not None
    text = Markup("A {}{} network of {} nodes and {} links").format(
        how,
        f", {kind}" if kind else "",
        count(n),
        _link(uid, "degrees", count(network.topology.n_links)),
    )
    if not whole:
        text += Markup(" in {} components, the largest of {} of the nodes").format(
            count(parts), _link(uid, "distances", percent(network.largest / n, 0))
        )
    said = [
        s for s in (_communities(network, uid), _core(network, uid), _clustered(network, uid)) if s
    ]
    if said:
        text += Markup(": ") + Markup(", ").join(said)
    tail = _tail(network, uid)
    return text + (Markup("; ") + tail if tail else Markup("")) + Markup(".")


def _communities(network: NetworkData, uid: str) -> Markup:
    q, found = network.number("modularity", "modularity"), network.communities
    if q is None or found is None:
        return Markup("")
    n = network.n_communities
    word = _WORDS[n] if n < len(_WORDS) else count(n)
    clear = "" if q > 0.3 else "weak "
    return Markup("{} {}communit{} ({})").format(
        word, clear, "y" if n == 1 else "ies", _link(uid, "communities", f"Q = {significant(q, 2)}")
    )


def _core(network: NetworkData, uid: str) -> Markup:
    k, inside = network.number("k_shell", "k_max"), network.number("k_shell", "core")
    if k is None or inside is None or k < 2:
        return Markup("")
    if inside > 0.9 * len(network.labels):
        return Markup("nearly all nodes in one core ({})").format(
            _link(uid, "core", f"k = {k:.0f}")
        )
    dense = "a dense core" if k > 2 * float(network.degree.mean()) / 2 + 1 else "a core"
    return Markup("{} of {} nodes ({})").format(
        dense, count(inside), _link(uid, "core", f"k = {k:.0f}")
    )


def _clustered(network: NetworkData, uid: str) -> Markup:
    value = network.number("clustering", "clustering")
    null = network.number("null_model", "clustering_null_mean")
    p = network.number("null_model", "clustering_p")
    if value is None:
        return Markup("")
    if value == 0:
        return Markup("{}").format(_link(uid, "clustering", "without triangles"))
    if null is None or p is None:
        return Markup("clustering {}").format(_link(uid, "clustering", significant(value, 2)))
    ratio = value / null if null > 0 else math.inf
    if p > DIFFERENT:
        return _link(uid, "clustering", "no more clustered than its null")
    times = (
        f"{significant(ratio, 2)} times its null"
        if math.isfinite(ratio)
        else "its null has no triangle"
    )
    word = "strongly" if ratio > 2 else "more" if ratio > 1 else "less"
    return Markup("{} clustered ({})").format(word, _link(uid, "clustering", times))


def _tail(network: NetworkData, uid: str) -> Markup:
    p = network.number("power_law_test", "p_value")
    if p is None:
        return Markup("")
    alpha, share = network.number("power_law", "alpha"), network.number("power_law", "tail_share")
    said = _link(uid, "degrees", f"p {network.tail_p()}")
    if p <= 0.1:
        return Markup("its degrees do not follow a power law ({})").format(said)
    others = [
        name.removeprefix("ratio_p_")
        for name, scope in network.quantities("power_law_test")
        if name.startswith("ratio_p_") and scope == "network"
    ]
    decided = all(
        (network.number("power_law_test", f"ratio_p_{o}") or 1) < 0.1
        and (network.number("power_law_test", f"ratio_{o}") or 0) > 0
        for o in others
    )
    tail = "them" if share is None else f"the {percent(share, 0)} best linked"
    if others and not decided:
        return Markup(
            "its degrees do not single out a power law ({}; other laws fit {} as well)"
        ).format(said, tail)
    return Markup("a power law of exponent {} is not ruled out ({}{})").format(
        significant(alpha or math.nan, 3),
        said,
        f", {percent(share, 0)} of the nodes" if share else "",
    )


def _small_world(network: NetworkData, uid: str) -> Markup:
    steps = network.number("path_length", "characteristic_path_length")
    if steps is None:
        return Markup("")
    text = Markup("Two nodes lie {} steps apart on average").format(
        _link(uid, "distances", significant(steps, 2))
    )
    widest = network.number("path_length", "diameter")
    if widest is not None:
        text += Markup(", {} at most").format(f"{widest:.0f}")
    sigma = network.number("small_world", "sigma")
    # Without triangles σ compares nothing.
    if sigma is not None and not network.bipartite:
        unusual = (network.number("null_model", "clustering_p") or 0.0) <= DIFFERENT
        word = "a small world" if sigma > 1 and unusual else "no small world"
        text += Markup(": {} ({})").format(
            word, _link(uid, "clustering", f"σ = {sigma_in_words(sigma)}")
        )
    found = network.number("greedy_routing", "success")
    if found is not None:
        text += Markup("; its hyperbolic map guides {} of greedy routes to their goal").format(
            _link(uid, "network", percent(found, 0))
        )
    return text + Markup(".")


def sigma_in_words(sigma: float) -> str:
    """Return small-worldness with its threshold, to enough digits to tell the two apart.

    Examples
    --------
    >>> sigma_in_words(2.49), sigma_in_words(1.004)
    ('2.5 > 1', '1.004 > 1')
    """
    digits = next((d for d in (2, 3, 4) if float(f"{sigma:.{d}g}") != 1), 5)
    return f"{sigma:.{digits}g} {'>' if sigma > 1 else '≤'} 1"


NULL_NAMES = {
    "modularity": "modularity",
    "clustering": "clustering",
    "characteristic_path_length": "path length",
    "assortativity": "assortativity",
    "clustering_four_cycles": "squares",
}


def null_in_words(network: NetworkData) -> str:
    """Return what the null networks have in common with the network."""
    kept = "and the same two sides" if network.two_sided else ""
    return f"networks of the same degrees {kept}".strip()


def _nulls(network: NetworkData, uid: str) -> Markup:
    yes, no = [], []
    for name, said in NULL_NAMES.items():
        p = network.number("null_model", f"{name}_p")
        if p is not None:
            z = network.number("null_model", f"{name}_z")
            sign = "" if z is None else " (+)" if z > 0 else " (−)"
            (yes if p <= DIFFERENT else no).append(said + (sign if p <= DIFFERENT else ""))
    if not yes and not no:
        return Markup("")
    link = _link(uid, "nulls", null_in_words(network))
    text = Markup("Against {} it ").format(link)
    if yes:
        text += Markup("differs in {}").format(", ".join(yes))
    if no:
        text += Markup("{}{}").format(", not in " if yes else "does not differ in ", ", ".join(no))
    return text + Markup(" (p ≤ {}).").format(DIFFERENT)
