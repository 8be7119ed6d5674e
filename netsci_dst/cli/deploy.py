"""``netsci-dst deploy``: a trained network as a file that runs without torch."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _completion, _console

PANEL = "Use"


def command(
    run: Annotated[
        str,
        typer.Argument(
            help="A trained run of an MLP or convolutional network.",
            autocompletion=_completion.runs,
        ),
    ],
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            help="NAME.safetensors (netsci_dst.runtime), NAME.onnx, or NAME.h (C99, MLPs).",
        ),
    ],
    best: Annotated[
        bool, typer.Option("--best", help="The best evaluation's checkpoint, not the last.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Keep unused neurons, for comparison.")
    ] = False,
    sparse: Annotated[
        bool, typer.Option("--sparse", help="ONNX: write links alone, in standard operators.")
    ] = False,
) -> None:
    """Write the trained network, compacted, to run in a service or on a small machine.

    The file takes inputs as training does: pixels divided by 255, less the mean, over the
    deviation of their channel; a safetensors file says these numbers and the names of classes.
    """
    from ..errors import NetsciError
    from ..run import load_run
    from ..training.deployment import deploy
    from ._subjects import one_run

    if sparse and not out.endswith(".onnx"):
        raise NetsciError(
            "--sparse is for ONNX: a .safetensors or .h file keeps links alone anyway"
        )
    summary = deploy(
        load_run(one_run(run)), out, which="best" if best else "last", whole=whole, sparse=sparse
    )
    _console.say(summary)
    _console.result(out)
