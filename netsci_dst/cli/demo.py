"""``netsci-dst demo``: train three methods on digits, analyse them, write a report."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from . import _console
from ._training import show_training

PANEL = "Train"

_METHODS = ("dense", "set", "chts")


def command(
    out: Annotated[
        str, typer.Option("--out", "-o", help="Folder for the runs and the report.")
    ] = "demo-runs",
    epochs: Annotated[int, typer.Option(help="Passes over the data.", min=2)] = 60,
    seed: Annotated[int, typer.Option(help="Seed of everything that is random.")] = 0,
) -> None:
    """Train dense, SET and CHTs on the digits of scikit-learn, analyse, and write a report."""
    import os
    import shutil

    from ..analysis import analyze
    from ..reports import report
    from ..training import train

    started = time.perf_counter()
    if os.path.exists(out):
        _console.say(f"{out} is there already: its demo runs are made anew")
    runs = []
    for method in _METHODS:
        place = os.path.join(out, f"digits-{method}")
        if os.path.isfile(os.path.join(place, "provenance.json")):
            shutil.rmtree(place)
        with show_training(method, quiet=False) as progress:
            run = train(
                data="digits",
                model="mlp",
                model_options={"hidden": [256, 256, 256]},
                method=method,
                sparsity=0.95,
                epochs=epochs,
                seed=seed,
                out=place,
                progress=progress,
            )
        runs.append(run)
        row = run.metrics.iloc[-1]
        _console.say(f"{method:6} accuracy {100 * row['accuracy']:.2f} %")
    trained = time.perf_counter()
    with _console.progress("analysing", "measures") as update:
        analyze(runs, progress=update)
    path = report(runs, os.path.join(out, "report.html"), title="Three methods on digits")
    for run in runs:
        report([run], os.path.join(run.path, "report.html"))
    now = time.perf_counter()
    _console.say(
        f"trained in {trained - started:.0f} s, analysed and written in {now - trained:.0f} s"
    )
    _console.result(os.path.abspath(path))
