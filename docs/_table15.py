"""CHTss table 15, reported and ours, from committed lines."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd
from _tables import markdown_table

COLUMNS = {"90": "chtss-table15", "95": "chtss-table15", "zeta": "chtss-table1"}
SHOWN = {"accuracy": "accuracy", "anp": "ANP", "itop": "ITOP"}


def full(results: Path) -> pd.DataFrame:
    """Return the lines at 99 %, three seeds at the size of the paper."""
    lines = pd.read_csv(results / "chtss-table1" / "results.csv")
    lines = lines[lines["row"].str.fullmatch(r"zeta-0\.\d") & ~lines["quick"].astype(bool)]
    return lines.assign(zeta=lines["row"].str.removeprefix("zeta-").astype(float), sparsity=0.99)


def reduced(results: Path) -> pd.DataFrame:
    """Return the lines at 90 and 95 %, one seed, of a smaller network."""
    return pd.read_csv(results / "chtss-table15" / "reduced.csv")


def reported() -> dict[str, dict[float, tuple[float, float]]]:
    """Return setting -> zeta -> the accuracy that the paper reports, with its ±."""
    found: dict[str, dict[float, tuple[float, float]]] = {name: {} for name in COLUMNS}
    for setting, experiment in COLUMNS.items():
        place = resources.files("netsci_dst.reproduction") / "experiments" / f"{experiment}.toml"
        for row in tomllib.loads(place.read_text())["rows"]:
            said: dict[str, Any] = row.get("published", {}).get(setting, {})
            if "accuracy" in said and row["name"].startswith("zeta-"):
                found[setting][float(row["name"].removeprefix("zeta-"))] = tuple(said["accuracy"])
    return found


def table(results: Path) -> str:
    """Return the table: a row for each share of links removed."""
    said, small, large = reported(), reduced(results), full(results)
    rows = []
    for zeta in sorted(said["zeta"]):
        cells = [f"{zeta:g}"]
        for setting, sparsity in (("90", 0.9), ("95", 0.95)):
            mine = small[(small["zeta"] == zeta) & (small["sparsity"] == sparsity)]["accuracy"]
            ours = f"{100 * mine.iloc[0]:.2f}" if len(mine) else "–"
            cells += [_reported(said[setting][zeta]), ours]
        mine = large[large["zeta"] == zeta]["accuracy"]
        ours = f"{100 * mine.mean():.2f} ± {100 * mine.std(ddof=1):.2f}"
        rows.append([*cells, _reported(said["zeta"][zeta]), ours])
    head = ["ζ", "90 %: reported", "reduced", "95 %: reported", "reduced", "99 %: reported", "ours"]
    return markdown_table(head, rows) + "\n"


def _reported(value: tuple[float, float]) -> str:
    return f"{value[0]:.2f} ± {value[1]:.2f}"


def draw_missing(results: Path, out: Path) -> None:
    """Draw both grids as the report's section does."""
    from netsci_dst.reports.comparison.sensitivity import heat_map
    from netsci_dst.reports.paper import draw, save

    for name, lines, height in (
        ("sensitivity", full(results), 1.4),
        ("sensitivity-reduced", reduced(results), 1.8),
    ):
        for quantity, title in SHOWN.items():
            place = out / f"{name}-{quantity}.svg"
            if not place.exists():
                heat = heat_map(lines, "zeta", "sparsity", quantity, title=title, share=True)
                save(draw(heat, 6.0, height), place)
