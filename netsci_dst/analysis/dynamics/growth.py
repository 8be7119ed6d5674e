"""Growth: attachment and loss by degree, ages of links, what lasts, and what goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import NetsciError
from ...run import Run
from ..measure import Array, NotApplicable, Value, measure
from .ages import link_ages, reliable_exploration
from .history import LinkHistory
from .kernels import DegreeKernel, attachment_kernel, kernel_in_words, loss_kernel
from .lineage import community_lineage, core_lineage
from .sources import link_history

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Growth", "growth"]

_SURVIVAL = "Survival, section 8"


@dataclass(frozen=True, eq=False)
class Growth:
    """How a network grew, as tidy tables.

    Attributes
    ----------
    kernels
        Rows of kind (gain, loss) and degree: rate, low, high, null, null_low, null_high, nodes.
    exponents
        Rows of kind: exponent, low, high, null, null_low, null_high, verdict.
    survival
        Rows of links (gained, initial, or a range of degrees) and age: share, low, high.
    half_lives
        Rows of links: half_life, number of links, lowest and highest degree.
    exploration
        Rows of states: share of the links tried that stayed so long.
    communities, core
        As `community_lineage` and `core_lineage` return them.
    unit
        Of times and ages.
    """

    kernels: pd.DataFrame
    exponents: pd.DataFrame
    survival: pd.DataFrame
    half_lives: pd.DataFrame
    exploration: pd.DataFrame
    communities: pd.DataFrame
    core: pd.DataFrame
    unit: str

    def __repr__(self) -> str:
        words = {"gain": "gained", "loss": "lost"}
        told = [f"links {words[str(r.kind)]}: {r.verdict}" for r in self.exponents.itertuples()]
        return f"Growth({'; '.join(told)})"


def growth(
    given: Any, bootstraps: int = 200, nulls: int = 20, seed: int = 0, most: int | None = 60
) -> Growth:
    """Measure how a network grew, from a run, a sequence of networks, or a `LinkHistory`.

    Parameters
    ----------
    given
        What `link_history` takes; a time-stamped edge list through `history_of_events`.
    bootstraps, nulls, seed
        As for `attachment_kernel`.
    most
        Take at most so many states of a run.

    Returns
    -------
    Growth
        Tables of the kernels, the survival of links, the communities and the core.

    Raises
    ------
    NetsciError
        If there are fewer than two states, or their nodes differ.

    Examples
    --------
    >>> import networkx as nx
    >>> graphs = [nx.barabasi_albert_graph(n, 2, seed=1) for n in (20, 25, 30)]
    >>> growth(graphs, bootstraps=20, nulls=5).core["k_max"].tolist()
    [2, 2, 2]
    """
    import pandas as pd

    history = link_history(given, most)
    curves, halves = _survival(history)
    kernels = {
        "gain": attachment_kernel(history, bootstraps, nulls, seed),
        "loss": loss_kernel(history, bootstraps, nulls, seed),
    }
    shares = reliable_exploration(history)
    return Growth(
        kernels=pd.concat([_rates(kind, kernel) for kind, kernel in kernels.items()]),
        exponents=pd.DataFrame([_exponent(kind, kernel) for kind, kernel in kernels.items()]),
        survival=curves,
        half_lives=halves,
        exploration=pd.DataFrame({"states": np.arange(1, shares.size + 1), "share": shares}),
        communities=community_lineage(history, seed),
        core=core_lineage(history),
        unit=history.unit,
    )


def _rates(kind: str, kernel: DegreeKernel) -> pd.DataFrame:
    import pandas as pd

    names = ("degree", "rate", "low", "high", "null", "null_low", "null_high", "nodes")
    return pd.DataFrame({"kind": kind, **{name: getattr(kernel, name) for name in names}})


def _exponent(kind: Any, kernel: DegreeKernel) -> dict[str, Any]:
    low, high = kernel.interval
    null_low, null_high = kernel.null_interval
    return {
        "kind": kind, "exponent": kernel.exponent, "low": low, "high": high,
        "null": kernel.null_exponent, "null_low": null_low, "null_high": null_high,
        "verdict": kernel_in_words(kernel, kind),
    }  # fmt: skip


def _survival(history: LinkHistory) -> tuple[pd.DataFrame, pd.DataFrame]:
    import pandas as pd

    ages = link_ages(history)
    named = []
    for name, initial in (("gained", False), ("initial", True)):
        degree = ages.degree[ages.initial == initial]
        ends = (float(degree.min()), float(degree.max())) if degree.size else (float("nan"),) * 2
        named.append((name, *ends, ages.survival(initial)))
    named += [(f"degree {low:g} to {high:g}", low, high, s) for low, high, s in ages.by_degree()]
    curves, halves = [], []
    for name, low, high, curve in named:
        if curve.links:
            columns = {key: getattr(curve, key) for key in ("age", "share", "low", "high")}
            curves.append(pd.DataFrame({"links": name, **columns}))
            halves.append((name, curve.half_life, curve.links, low, high))
    columns = ["links", "half_life", "n", "lowest_degree", "highest_degree"]
    return pd.concat(curves, ignore_index=True), pd.DataFrame(halves, columns=columns)


@measure(
    "growth",
    tier="cheap",
    takes="run",
    source=f"{_SURVIVAL}; Jeong, Néda and Barabási 2003; Kaplan and Meier 1958",
    summary="Who gains and loses links, how long links stay, and what lasts of what is tried.",
)
def growth_measure(
    run: Run, bootstraps: int = 200, nulls: int = 20, seed: int = 0, most: int = 60
) -> Iterator[Value | Array]:
    """Yield exponents of attachment and loss, half-lives, exploration and lineage of a run."""
    if len(run.snapshots) < 3:
        raise NotApplicable("the run has fewer than three snapshots: growth needs steps between")
    try:
        history = link_history(run, most)
    except NetsciError as error:
        raise NotApplicable(str(error)) from None
    if all(not history.gained(t).size for t in range(len(history.states) - 1)):
        raise NotApplicable("no link was gained between snapshots")
    yield from _values(growth(history, bootstraps, nulls, seed))


def _values(found: Growth) -> Iterator[Value | Array]:
    for row in found.exponents.itertuples():
        name = "attachment" if row.kind == "gain" else "loss"
        yield Value("network", f"{name}_exponent", row.exponent, text=row.verdict)
        for edge in ("low", "high", "null"):
            yield Value("network", f"{name}_exponent_{edge}", getattr(row, edge))
        kernel = found.kernels[found.kernels["kind"] == row.kind]
        for column in kernel.columns[1:]:
            yield Array(f"{name}/{column}", kernel[column].to_numpy())
    for row in found.half_lives.itertuples():
        if row.links in ("gained", "initial"):
            lasting = "more than half of the links stay to the end"
            text = lasting if np.isnan(row.half_life) else f"{row.half_life:.4g} {found.unit}"
            yield Value("network", f"half_life_{row.links}", row.half_life, text=text)
    yield Array("exploration", found.exploration["share"].to_numpy())
    for states in (1, 5, 10):
        share = found.exploration.query(f"states == {states}")["share"]
        if len(share):
            yield Value("network", f"stayed_{states}", float(share.iloc[0]))
    last = found.core.iloc[-1]
    yield Value("network", "core_from_first", float(last["from_first"]))
    births = found.communities["event"].eq("born").groupby(found.communities["time"]).mean()
    yield Value("network", "communities_born_share", float(births.iloc[1:].mean()))
