"""How a network grows: who gains links, who loses them, and what lasts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..chart import Block, Chart, Series, Table, Words
from ..colours import CATEGORIES, NEUTRAL
from ..numbers import percent, rounded
from ..page_section import section
from ..run_data import RunData

_KINDS = {"attachment": "Attachment: links gained", "loss": "Links lost"}


_WORDS = {
    "title": "Growth",
    "lead": "Is it preferential attachment? A line that rises outside the grey band means that "
    "the well linked gain more than degrees alone explain.",
    "definition": "The attachment kernel is the rate at which nodes of degree k gain links "
    "between two states, the loss kernel that at which they lose them, with bootstrap bands; "
    "grey: the same of networks whose links are drawn anew with every degree kept. Reliable "
    "exploration: the share of the links tried that stayed for so many states.",
    "equation": "rate(k) ∝ k<sup>a</sup>: a = 1 linear preferential attachment, a = 0 none",
    "source": "Jeong, Néda & Barabási, Europhysics Letters 61, 2003; Matab, Survival of the most "
    "connected, section 8",
    "computed_by": "growth",
}


@section("growth", page="network", after="robustness", **_WORDS)  # type: ignore[arg-type]
@section("growth", after="paths", **_WORDS)  # type: ignore[arg-type]
def growth(run: RunData) -> Iterator[Block]:
    """Show the kernels of attachment and loss against their nulls, and what lasts."""
    if len(run.run.snapshots) < 3 or run.topology is None or not run.topology.layers:
        return
    if not run.has("growth"):
        yield Words("Growth was not measured for this run.", True, "growth")
        return
    rows = []
    for kind, title in _KINDS.items():
        chart = _kernel(run, kind, title)
        if chart is not None:
            yield chart
        row = _exponent(run, kind)
        if row:
            rows.append(row)
    shares = run.run_array("growth", "exploration")
    known = 0 if shares is None else int(np.isfinite(shares).sum())
    if shares is not None and known > 1:
        yield Chart(
            "growth-exploration",
            "Reliable exploration",
            "states a link stayed",
            "share of the links tried",
            (Series("links tried", np.arange(1, len(shares) + 1), shares, "line+points"),),
            share=True,
            measure="reliable exploration",
        )
    elif shares is not None and known == 1:
        yield Words(
            f"Of the links that were tried, {percent(float(shares[np.isfinite(shares)][0]))} were "
            "still there a state later; more states draw the curve of reliable exploration."
        )
    if rows:
        head = ["", "exponent", "95 % interval", "of the null", "in words"]
        yield Table("growth-exponents", "Exponents of the kernels", head, rows)


def _kernel(run: RunData, kind: str, title: str) -> Chart | None:
    names = ("degree", "rate", "low", "high", "null", "null_low", "null_high")
    found = {name: run.run_array("growth", f"{kind}/{name}") for name in names}
    if any(values is None or len(values) < 2 for values in found.values()):
        return None
    degree = found["degree"]
    assert degree is not None
    series = (
        Series("same degrees, links at random", degree, found["null"], "line", NEUTRAL, "dot",  # type: ignore[arg-type]
               low=found["null_low"], high=found["null_high"]),
        Series("this run", degree, found["rate"], "line+points", CATEGORIES[0],  # type: ignore[arg-type]
               low=found["low"], high=found["high"]),
    )  # fmt: skip
    return Chart(
        f"growth-{kind}",
        title,
        "degree k",
        "links per node and state",
        series,
        x_log=bool(np.min(degree) > 0),
        measure=f"{kind} kernel",
    )


def _exponent(run: RunData, kind: str) -> list[str]:
    get = lambda part: run.value("growth", f"{kind}_exponent{part}")  # noqa: E731
    value, low, high, null = get(""), get("_low"), get("_high"), get("_null")
    if value is None:
        return []
    half = None if low is None or high is None else (high - low) / 2
    between = (
        "–" if low is None or high is None else f"{rounded(low, half)} to {rounded(high, half)}"
    )
    words = run.text("growth", f"{kind}_exponent") or ""
    of_null = "–" if null is None else rounded(null, half)
    return [kind, rounded(value, half), between, of_null, words]
