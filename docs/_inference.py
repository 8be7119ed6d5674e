"""Tables of forward passes, from the committed results of ``benchmarks/inference.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from _tables import markdown_table

BATCHES = ("batch 1, ms", "batch 32, ms", "batch 1024, ms")
START, TRAINED, DENSE = "start, processor ms", "MNIST MLP, trained", "dense torch"
OURS = ("csr", "compact csr", "compact dense")


def pages(results: Path) -> dict[str, str]:
    """Return the generated parts of the page: file name -> text."""
    found = json.loads((results / "inference.json").read_text())["results"]
    cases = {name: rows for name, rows in found.items() if name != START}
    parts = []
    for name, rows in cases.items():
        facts = [
            f"{100 * v:.2f} %" if k == "accuracy" else str(v) for k, v in rows.items() if _plain(v)
        ]
        parts.append(f"**{', '.join([name, *facts])}**\n\n{_table(rows)}")
    start = markdown_table(("start", "ms"), [(k, str(v)) for k, v in found[START].items()])
    return {
        "inference.md": "\n\n".join(parts) + "\n",
        "inference_start.md": start + "\n",
        "inference_where_not.md": "\n".join(where_not(cases)) + "\n",
    }


def _plain(value: Any) -> bool:
    return not isinstance(value, dict)


def _table(rows: dict[str, Any]) -> str:
    head = ("", "bytes", *BATCHES, "samples a second at 32", "times dense torch at 32")
    dense = rows[DENSE][BATCHES[1]]
    lines = []
    for side, row in rows.items():
        if _plain(row):
            continue
        at = row[BATCHES[1]]
        times = [f"{row[b]:.3g}" if b in row else "" for b in BATCHES]
        lines.append((side, f"{row['bytes']:,}", *times, f"{32e3 / at:,.0f}", f"{dense / at:.1f}"))
    return markdown_table(head, lines)


def where_not(cases: dict[str, Any]) -> list[str]:
    """Return a line for each case and batch in which nothing of ours halves the dense time."""
    lines = []
    for name, rows in cases.items():
        for batch in BATCHES:
            ours = min(rows[side][batch] for side in OURS)
            if (gain := rows[DENSE][batch] / ours) < 2:
                lines.append(
                    f"- {name}, {batch.removesuffix(', ms')}: {gain:.2f} times dense torch"
                )
    return lines


def line(results: Path) -> str:
    """Return the README's line: how much faster, how much smaller, at what accuracy."""
    rows = json.loads((results / "inference.json").read_text())["results"][TRAINED]
    ours, at = rows["compact csr"], BATCHES[1]
    dense, onnx = (rows[side][at] / ours[at] for side in (DENSE, "ONNX Runtime dense"))
    smaller = rows[DENSE]["bytes"] / rows["runtime (NumPy)"]["bytes"]
    return (
        f"Trained by CHTs to {100 * rows['accuracy']:.2f} % on MNIST, it predicts "
        f"{dense:.0f} times faster than dense PyTorch and {onnx:.0f} times faster than ONNX "
        f"Runtime (batches of 32, one thread), from a file {smaller:.0f} times smaller: "
        "[all measurements](docs/howto/use_the_network.md#how-fast)."
    )
