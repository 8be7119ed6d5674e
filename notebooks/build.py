"""Build each notebook from its Jupytext script and execute it: ``python notebooks/build.py``."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent


def build(script: Path) -> None:
    """Execute one script as a notebook in a scratch folder and write the result beside it."""
    notebook = jupytext.read(script)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(notebook, timeout=300, kernel_name="python3")
        client.execute(cwd=folder)
    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{i}"
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, script.with_suffix(".ipynb"))
    print(f"{script.name}: {time.perf_counter() - started:.0f} s", flush=True)


def main() -> None:
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    chosen = {name.removesuffix(".py") for name in sys.argv[1:]}
    for script in sorted(HERE.glob("[0-9]*.py")):
        if not chosen or script.stem in chosen:
            build(script)


if __name__ == "__main__":
    main()
