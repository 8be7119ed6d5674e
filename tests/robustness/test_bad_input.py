"""Every bad input gets one line and its exit status, as the documentation says.

``python tests/robustness/test_bad_input.py`` writes the documentation's table anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from bad_inputs import AROUND, CASES

import netsci_dst as nd
import netsci_dst.training as training
from netsci_dst.cli import main
from netsci_dst.errors import RunError
from netsci_dst.run import Run
from netsci_dst.topology import Topology
from netsci_dst.training.progress import Progress

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "bad_input.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"


def meet(what: str, folder: Path) -> tuple[int, str]:
    """Run the command of a case inside a folder; return its exit status and its message."""
    command, told = CASES[what](folder), io.StringIO()
    with (
        AROUND.get(what, lambda _: contextlib.nullcontext())(folder),
        contextlib.chdir(folder),
        contextlib.redirect_stderr(told),
        contextlib.redirect_stdout(io.StringIO()) as printed,
    ):
        try:
            main(command)
            status = 0
        except SystemExit as stopped:
            status = int(stopped.code or 0)
    assert "Traceback" not in told.getvalue() + printed.getvalue()
    text = re.sub(r"\x1b\[[0-9;]*m", "", told.getvalue()).replace(f"{folder}{os.sep}", "")
    lines = [line for line in text.splitlines() if line.startswith("error: ")]
    return status, lines[-1].removeprefix("error: ") if lines else text.strip().splitlines()[0]


def row(what: str, status: int, message: str) -> str:
    shown = message.replace("|", "\\|")
    return f"| {what} | `{shown}` | {status} |\n"


@pytest.mark.parametrize("what", CASES)
def test_each_gets_what_the_documentation_says(what, tmp_path):
    status, message = meet(what, tmp_path)
    assert status in (1, 2)
    assert message
    assert row(what, status, message) in PAGE.read_text(), row(what, status, message)
    assert not (tmp_path / "hacked").exists()


def test_the_documentation_has_no_other_rows():
    table = PAGE.read_text().split(BEGIN)[1].split(END)[0].strip().splitlines()
    assert {line.split(" | ")[0].removeprefix("| ") for line in table[2:]} == set(CASES)


class Vanish(Progress):
    def __init__(self, folder):
        self.folder = folder

    def stepped(self, step):
        if step == 7:
            shutil.rmtree(self.folder)


SMALL = {
    "data": "digits",
    "method": "set",
    "sparsity": 0.5,
    "steps": 12,
    "evaluate_steps": 5,
    "device": "cpu",
}


def test_a_folder_that_vanishes_ends_the_training_and_is_not_half_remade(tmp_path):
    with pytest.raises(RunError, match="vanished"):
        training.train(
            out=tmp_path / "run",
            progress=Vanish(tmp_path / "run"),
            model_options={"hidden": [8]},
            **SMALL,
        )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("hidden", [[], [1], [1, 1]])
def test_one_neuron_and_no_hidden_layer_train(tmp_path, hidden):
    run = training.train(out=tmp_path / "run", model_options={"hidden": hidden}, **SMALL)
    assert run.status == "finished"
    assert len(run.snapshots[-1].topology.populations) == len(hidden) + 2


def test_out_of_memory_is_said_in_one_line(monkeypatch, capsys, tmp_path):
    def greedy(path):
        raise MemoryError

    import netsci_dst.run

    monkeypatch.setattr(netsci_dst.run, "load_run", greedy)
    with pytest.raises(SystemExit) as stopped:
        main(["info", str(Run.create(tmp_path / "run", {}).path)])
    assert stopped.value.code == 1
    assert (
        capsys.readouterr().err.strip()
        == "error: out of memory: it takes more than there is; ask for less at once"
    )


@pytest.mark.parametrize("kind", ["empty", "one neuron", "two islands"])
def test_degenerate_networks_are_measured_or_refused(tmp_path, kind):
    matrix = {
        "empty": np.zeros((4, 3)),
        "one neuron": np.ones((1, 1)),
        "two islands": np.kron(np.eye(2), np.ones((3, 3))),
    }[kind]
    run = nd.Run.create(tmp_path / "run", {})
    run.write_snapshot(nd.Snapshot(Topology.chain([matrix]), 0))
    for measure in ("degrees", "k_shell", "modularity", "power_law"):
        table = nd.analyze(run, measures=[measure])
        notes = table.attrs["notes"]
        assert len(table) or notes, measure
        assert all(note["status"] != "failed" for note in notes), notes
        values = table["value"].dropna().astype(float) if len(table) else np.zeros(0)
        assert np.isfinite(values).all(), (measure, kind)


if __name__ == "__main__":
    rows = []
    for each in CASES:
        with tempfile.TemporaryDirectory() as place:
            rows.append(row(each, *meet(each, Path(place).resolve())))
    head, _, rest = PAGE.read_text().partition(BEGIN)
    tail = rest.partition(END)[2]
    title = "| what goes in | what is said | exit status |\n| --- | --- | --- |\n"
    PAGE.write_text(head + BEGIN + title + "".join(rows) + END + tail)
