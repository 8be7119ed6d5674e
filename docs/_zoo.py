"""The table of the page on models of others, from the committed results of the zoo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from _tables import markdown_table

METHODS = ("set", "rigl", "chts")
LIBRARIES = {
    "torch": "plain torch", "transformers": "transformers", "timm": "timm",
    "torchvision": "torchvision",
}  # fmt: skip


def pages(results: Path) -> dict[str, str]:
    """Return the generated parts of the page: file name -> text."""
    models = json.loads((results / "zoo.json").read_text())["models"]
    return {"zoo_summary.md": summary(models), "zoo.md": tables(models)}


def summary(models: list[dict[str, Any]]) -> str:
    """Return one paragraph of counts."""
    ran = sum(not errors(model) for model in models)
    whole = sum(bool(model.get("whole")) for model in models)
    return (
        f"Of {len(models)} architectures {ran} ran with every method that was tried, and the "
        f"neurons of {whole} were followed from one end to the other.\n"
    )


def tables(models: list[dict[str, Any]]) -> str:
    """Return a table for each library."""
    parts = []
    for library, title in LIBRARIES.items():
        rows = [row(model) for model in models if model["library"] == library]
        if not rows:
            continue
        head = ["model", "parameters", "layers", "made sparse", *METHODS, "not followed"]
        parts.append(f"## {title}\n\n" + markdown_table(head, rows))
    return "\n\n".join(parts) + "\n"


def row(model: dict[str, Any]) -> list[str]:
    """Return the cells of one model."""
    return [
        model["name"],
        f"{model.get('parameters', 0):,}",
        str(model.get("layers", "")),
        f"{100 * model['sparse_share']:.0f} %" if "sparse_share" in model else "",
        *(_trained(model, method) for method in METHODS),
        _breaks(model),
    ]


def errors(model: dict[str, Any]) -> list[str]:
    """Return what went wrong with a model."""
    found = [model[m]["error"] for m in METHODS if "error" in model.get(m, {})]
    return ([model["error"]] if "error" in model else []) + found


def _trained(model: dict[str, Any], method: str) -> str:
    if method not in model:
        return "–"
    return "failed" if "error" in model[method] else f"{model[method]['seconds']:.1f} s"


def _breaks(model: dict[str, Any]) -> str:
    if errors(model):
        return _safe(errors(model)[0])
    kinds = dict.fromkeys(_kind(place) for place in model.get("breaks", []))
    return _safe("; ".join(kinds))


def _kind(line: str) -> str:
    kind = line.split(" in ")[0]
    return "product with a parameter" if kind.startswith("product with") else kind


def _safe(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
