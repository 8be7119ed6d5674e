"""How far the fitted power law lies from the degrees: the distance that picks k_min."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..chart import Block, Chart, Mark, Series, Words
from ..page_section import section
from ..run_data import RunData
from ..snapshot_pictures import node_word, scope_degrees


@section(
    "ks_distance",
    title="Distance of the fit",
    after="degrees",
    on_page=False,
    lead="The vertical line marks where data and fit lie farthest apart.",
    definition="Cumulative distributions of the degrees from k_min up and of the fitted power law; "
    "D is their largest distance.",
    equation="D = max<sub>k ≥ k<sub>min</sub></sub> |S(k) − P(k)|",
    source="Clauset, Shalizi & Newman 2009; Matab, Survival of the most connected, fig. 6",
    computed_by="fit_power_law",
)
def ks_distance(run: RunData, step: int | None = None, scope: str = "network") -> Iterator[Block]:
    """Show the tail of the degrees and its fitted power law, and where they differ most."""
    from ...analysis import power_law_ccdf

    if run.topology is None or not run.topology.layers:
        return
    step, degrees = scope_degrees(run, step, scope)
    alpha = run.value("power_law", "alpha", scope, step)
    xmin = run.value("power_law", "xmin", scope, step)
    if alpha is None or xmin is None:
        yield Words("No fit is stored.", True, "power_law")
        return
    tail = np.sort(degrees[degrees >= xmin])
    k = np.arange(int(xmin), int(tail[-1]) + 1)
    data = np.searchsorted(tail, k, "right") / tail.size
    fit = 1 - power_law_ccdf(k + 1, alpha, xmin)
    far = int(np.argmax(np.abs(data - fit)))
    yield Chart(
        "ks-distance",
        f"D = {abs(data[far] - fit[far]):.3f}, {scope}, step {step}",
        "degree k",
        "share with degree ≤ k",
        (
            Series(node_word(run), k, data, "step", "#0072B2"),
            Series(f"power law, α = {alpha:.2f}", k, fit, "line", "#D55E00", "dash"),
        ),
        (Mark("x", float(k[far]), "D"),),
        x_log=bool(k[-1] > 10 * k[0]),
        measure="cumulative distribution of degrees",
        scope=scope,
    )
