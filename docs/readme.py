"""Fill the README's tables and pictures: ``python docs/readme.py RUNS…`` after training them.

RUNS are the run folders of the README's example. What is written is committed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from _inference import line as inference_line
from _tables import markdown_table

import netsci_dst as nd

MEASURES = ["active_neurons", "power_law", "power_law_test", "credit_paths", "asi"]
ROOT = Path(__file__).resolve().parents[1]


def mnist_table(runs: list[nd.Run]) -> str:
    """Return a row per run: what it reached, and what it became."""
    head = [
        "method",
        "accuracy",
        "AAE",
        "links",
        "active neurons",
        "α (p)",
        "γ",
        "paths",
        "ASI",
    ]
    rows = []
    for run in runs:
        last = run.metrics.iloc[-1]
        row = [f"`{run.recipe['method']}`", f"{100 * last['accuracy']:.2f} %"]
        row += [f"{100 * last['aae']:.2f}"]
        found = values_of(run)
        topology = run.snapshots[-1].topology
        if topology.n_links:
            row += [
                f"{topology.n_links:,}",
                f"{100 * found['active_neurons', 'anp']:.0f} %",
                f"{found['power_law', 'alpha']:.2f} ({found['power_law_test', 'p_value']:.2f})",
                f"{found['power_law', 'gamma']:.2f}",
                f"{found['credit_paths', 'paths']:,.0f}",
                f"{found['asi', 'asi_layers']:.2f}",
            ]
        else:
            row += ["all", "", "", "", "", ""]
        rows.append(row)
    return markdown_table(head, rows)


def values_of(run: nd.Run) -> dict[tuple[str, str], float]:
    """Return the values of the whole network at the last step."""
    frame = nd.analyze(run, MEASURES)
    whole = frame[(frame["scope"] == "network") & (frame["step"] == run.snapshots.steps[-1])]
    return {(r.measure, r.quantity): float(r.value) for r in whole.itertuples()}


def speed_table() -> str:
    """Return the committed benchmark of the training step."""
    found = json.loads((ROOT / "benchmarks/results/training_step.json").read_text())
    rows = [
        [
            name,
            f"{row['train_cpu_ms']:.2f} ms",
            f"{row['dense_over_train_cpu_time']:.0f}×",
            f"{row['csr_cpu_ms']:.2f} ms",
            f"{row['dense_over_csr_cpu_time']:.0f}×",
        ]
        for name, row in found["results"]["SGD(fused=True)"].items()
    ]
    head = [
        *("network, batch, sparsity", "step of `train`", "faster than dense"),
        *("step of your own loop", "faster than dense"),
    ]
    return markdown_table(head, rows)


def papers_table() -> str:
    """Return the accuracies of CHTss table 7 beside the published ones, from the committed runs."""
    from netsci_dst import reproduction as rp
    from netsci_dst.store import Store

    experiment = rp.load_experiment("chtss-table7")
    results = rp.ResultTable(Store(ROOT / "docs/results/chtss-table7"))
    block = next(b for b in rp.page_blocks(experiment, results) if b.kind == "table")
    wanted = ["", "runs", "best accuracy, %", "paper", "ANP, %", "paper", "processor time"]
    places, start = [], 0
    for title in wanted:  # "paper" stands behind each quantity
        start = block.head.index(title, start)
        places.append(start)
    head = ["method", "runs", "accuracy, % (best epoch)", "paper", "ANP, %", "paper", "time"]
    return markdown_table(
        head, [[row[i] for i in places] for row in block.rows if row[1] != "not run"]
    )


def fill(name: str, table: str) -> None:
    """Put a table between its marks in the README."""
    file = ROOT / "README.md"
    mark = rf"(<!-- table:{name} -->).*?(<!-- /table:{name} -->)"
    filled = re.sub(mark, lambda m: f"{m[1]}\n{table}\n{m[2]}", file.read_text(), flags=re.DOTALL)
    file.write_text(filled)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fill("mnist", mnist_table([nd.load_run(path) for path in sys.argv[1:]]))
    fill("speed", speed_table())
    fill("inference", inference_line(ROOT / "benchmarks/results"))
    fill("papers", papers_table())
