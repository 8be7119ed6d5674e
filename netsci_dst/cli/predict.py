"""``netsci-dst predict``: what a trained network says about data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import _completion, _console

PANEL = "Use"


def command(
    run: Annotated[str, typer.Argument(help="A trained run.", autocompletion=_completion.runs)],
    data: Annotated[
        list[str],
        typer.Argument(
            help="Images (files or a folder), arrays (.npy, .npz with x and y), a table (.csv, "
            ".tsv, .parquet), a text file, a data set's name or folder, or - for the standard "
            "input."
        ),
    ],
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="Write all rows to a .parquet or .csv file.")
    ] = None,
    part: Annotated[str, typer.Option(help="Which part of a data set: test or train.")] = "test",
    best: Annotated[
        bool, typer.Option("--best", help="The best evaluation's checkpoint, not the last.")
    ] = False,
    compacted: Annotated[
        bool, typer.Option("--compact", help="Remove unused neurons first; same predictions.")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="Samples per forward pass.")] = 256,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    json: Annotated[bool, typer.Option("--json", help="Print the evaluation as JSON.")] = False,
) -> None:
    """Predict classes and their probabilities, how probable a text is, or its translation.

    Where labels are known, loss and accuracy are printed.
    """
    from ..errors import NetsciError, UnknownName
    from ..run import load_run
    from ._subjects import one_run

    if part not in ("train", "test"):
        raise UnknownName("part", part, ("train", "test"))
    if out is not None and not out.endswith((".parquet", ".csv")):
        raise NetsciError(f"{out}: predictions are written as .parquet or .csv")
    from ..training.prediction import predict

    found = predict(
        load_run(one_run(run)),
        data[0] if len(data) == 1 else _files(data),
        which="best" if best else "last",
        part=part,  # type: ignore[arg-type]
        compacted=compacted,
        batch_size=batch_size,
        device=device,
    )
    if out is not None:
        if out.endswith(".csv"):
            found.table.to_csv(out, index=False)
        else:
            found.table.to_parquet(out, index=False)
        _console.say(f"{len(found.table)} predictions in {out}")
    if json:
        _console.result_json(dict(found.evaluation))
        return
    if out is None:
        shown = found.table.head(20)
        _console.table(None, list(shown.columns[:8]), shown.iloc[:, :8].values.tolist())
    _console.result(
        "  ".join(f"{k} {v:.4g}" if k != "n" else f"n {v}" for k, v in found.evaluation.items())
    )


def _files(names: list[str]) -> list[Path]:
    return [Path(name).expanduser() for name in names]
