"""Text from strangers' files commands no terminal and no spreadsheet, and fits any stream."""

import csv
import io
import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import netsci_dst as nd
from netsci_dst.cli import main
from netsci_dst.cli._console import for_spreadsheets, progress
from netsci_dst.exchange.write_file import write_file
from netsci_dst.topology import Layer, Population, Topology

EVIL = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202eevil"


@pytest.fixture
def run(tmp_path):
    made = nd.Run.create(tmp_path / "run", {"data": EVIL, "method": EVIL}, {"seed": EVIL})
    layer = Layer.from_matrix(EVIL, EVIL + "in", "out", np.eye(3))
    populations = (Population(EVIL + "in", 3, "input"), Population("out", 3, "output"))
    made.write_snapshot(nd.Snapshot(Topology(populations, (layer,)), 1))
    made.append("metrics", [{"step": 1, "epoch": 1.0, EVIL: 0.5}])
    return made


def commands(text):
    return [c for c in text if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160]


@pytest.mark.parametrize(
    "words", [["info"], ["info", "--json"], ["verify", "--no-data"], ["analyze", "-m", "degrees"]]
)
def test_names_command_no_terminal(run, capsys, words):
    with pytest.raises(SystemExit):
        main([words[0], run.path, *words[1:]])
    told = capsys.readouterr()
    assert not commands(told.out + told.err)
    assert "\u202e" not in told.out + told.err


@pytest.mark.parametrize("words", [["ls"], ["diff"], ["diff", "--json"], ["tag"], ["rm", "-n"]])
def test_names_of_runs_command_no_terminal(tmp_path, capsys, words):
    """Also where they stand in a title or above a column; brackets are no colours either."""
    places = [str(tmp_path / f"{EVIL}[red]{i}") for i in (1, 2)]
    for i, place in enumerate(places):
        made = nd.Run.create(place, {"imported": {"files": [EVIL]}, "n": i}, {"seed": EVIL})
        made.write_snapshot(nd.Snapshot(Topology.chain([np.eye(3)]), 1))
    with pytest.raises(SystemExit) as ended:
        main([words[0], *places, *words[1:]])
    assert ended.value.code in (0, None)
    told = capsys.readouterr()
    assert not commands(told.out + told.err)
    assert "[red]1" in told.out + told.err


def test_progress_commands_no_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stderr", shown := Terminal())
    with progress(EVIL) as update:
        update(1, 2, EVIL)
    assert "owned\x07" not in shown.getvalue()
    assert "\u202e" not in shown.getvalue()


def test_errors_command_no_terminal(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["info", str(tmp_path / EVIL)])
    told = capsys.readouterr().err
    assert not commands(told)
    assert told.count("\n") == 1
    file = tmp_path / "net.csv"
    file.write_text(f"{EVIL},more,of,it\n1,2,3,4\n")
    with pytest.raises(nd.errors.NetsciError) as error:
        nd.read_network(file)
    assert not commands(str(error.value))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_streams_of_any_encoding(run, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "NO_COLOR": "1"}
    for words in (["info"], ["verify", "--no-data"], ["info", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "netsci_dst", words[0], run.path, *words[1:]],
            capture_output=True,
            env=environment,
            check=False,
        )
        # The method of the run is none: verify says so.
        assert done.returncode == (words[0] == "verify"), done.stderr
        done.stdout.decode(encoding)
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("kind", [object, "string", "str", "category"])
def test_a_spreadsheet_runs_no_text_of_a_table(kind):
    names = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\tx", "\rx", "plain", "a=b"]
    frame = pd.DataFrame({"name": pd.Series(names).astype(kind), "value": -1.5})
    cells = [row["name"] for row in csv.DictReader(written(for_spreadsheets(frame)))]
    assert cells == [*(f"'{name}" for name in names[:5]), "'\\rx", *names[6:]]
    assert "-1.5" in for_spreadsheets(frame).to_csv(index=False)
    assert frame["name"].tolist() == names


def written(frame):
    return io.StringIO(frame.to_csv(index=False), newline="")


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\tx", "\rx"])
def test_a_spreadsheet_runs_no_name_of_a_run(tmp_path, name):
    run = nd.Run.create(tmp_path / "run", {}, {})
    populations = (Population(name, 3, "input"), Population("out", 3, "output"))
    layer = Layer.from_matrix(name, name, "out", np.eye(3))
    run.write_snapshot(nd.Snapshot(Topology(populations, (layer,)), 1))
    with pytest.raises(SystemExit):
        main(["analyze", run.path, "-m", "degrees", "--csv", str(tmp_path / "a.csv")])
    with (tmp_path / "a.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [c for c in cells if c[:1] in tuple("=+-@\t\r") and not _number(c)] == []


def _number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_a_read_only_run_is_reported(tmp_path, monkeypatch):
    """What cannot be written stays in memory: the page is made all the same."""
    from netsci_dst.errors import ReadOnly
    from netsci_dst.local_folder import LocalFolder

    run = nd.Run.create(tmp_path / "run", {"method": "set"}, {})
    matrix = nx.to_numpy_array(nx.gnp_random_graph(12, 0.4, seed=0))
    run.write_snapshot(nd.Snapshot(Topology.chain([matrix]), 1))
    write = LocalFolder.write

    def refuse(self, name, data):
        if self.root == run.path:
            raise PermissionError(30, "Read-only file system")
        write(self, name, data)

    monkeypatch.setattr(LocalFolder, "write", refuse)
    with pytest.raises(ReadOnly):
        run.store.write("x", b"")
    nd.analyze(run, ["degrees", "k_shell"])
    page = nd.report([run], tmp_path / "page.html")
    assert page.stat().st_size > 10_000
    assert not (tmp_path / "run/analysis").exists()


def test_a_stream_is_written_to_and_not_replaced(tmp_path):
    from threading import Thread

    os.mkfifo(tmp_path / "pipe")
    seen = []
    reader = Thread(target=lambda: seen.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_file(tmp_path / "pipe", b"hello")
    reader.join(10)
    assert seen == [b"hello"]
    assert (tmp_path / "pipe").is_fifo()
