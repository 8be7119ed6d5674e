"""A wiring as text and as a graph."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import networkx

if TYPE_CHECKING:
    from .description import Wiring


def as_text(wiring: Wiring) -> str:
    """Return each population with the layers and skips that leave it, then the breaks."""
    lines = []
    for population in wiring.populations:
        about = [str(population.size)]
        if population.role != "hidden":
            about.append(population.role)
        elif len(wiring.feeding(population.name)) > 1:
            about.append(f"needs {population.combine} of its layers")
        lines.append(f"{population.name} ({', '.join(about)})")
        for name in wiring.leaving(population.name):
            lines.append(f"  {name} -> {wiring.layers[name][1]}")
        lines += [f"  + -> {target}" for source, target in wiring.skips
                  if source == population.name]  # fmt: skip
    if wiring.breaks:
        lines += ["not followed:", *(f"  {one}" for one in wiring.breaks)]
    return "\n".join(lines)


def as_networkx(wiring: Wiring) -> networkx.MultiDiGraph[Any]:
    """Return a graph whose nodes carry size, role and combine, and whose edges say their kind."""
    graph = networkx.MultiDiGraph()
    for population in wiring.populations:
        graph.add_node(
            population.name,
            size=population.size,
            role=population.role,
            combine=population.combine,
        )
    for name, (source, target) in wiring.layers.items():
        graph.add_edge(source, target, key=name, kind="layer")
    for source, target in wiring.skips:
        graph.add_edge(source, target, key="skip", kind="skip")
    return graph


def as_dot(wiring: Wiring) -> str:
    """Return the graph in the DOT language."""
    lines = ["digraph wiring {", "  rankdir=TB; node [shape=box];"]
    for population in wiring.populations:
        label = json.dumps(f"{population.name}\n{population.size} {population.role}")
        lines.append(f"  {json.dumps(population.name)} [label={label}];")
    for name, (source, target) in wiring.layers.items():
        ends = f"{json.dumps(source)} -> {json.dumps(target)}"
        lines.append(f"  {ends} [label={json.dumps(name)}];")
    for source, target in wiring.skips:
        lines.append(f"  {json.dumps(source)} -> {json.dumps(target)} [style=dashed];")
    return "\n".join([*lines, "}"])
