"""What one command takes its neighbours take, under the same names, or say in one line why not."""

import io
import os
import shutil

import networkx as nx
import numpy as np
import pytest
import typer

import netsci_dst as nd
from netsci_dst.cli import main
from netsci_dst.cli._app import application
from netsci_dst.topology import Topology

# A flag, how it may be written, and the commands that have it.
WRITERS = "demo deploy export figures film import predict report reproduce sweep train"
TRAINERS = "sweep train"
PRINTERS = (
    "analyze diff import info lesion list ls predict reproduce resume sweep tag train verify "
    "zero-shot"
)
READERS_OF_NETWORKS = "analyze export figures import info report"
READERS = [
    "analyze",
    "diff",
    "export",
    "figures",
    "film",
    "import",
    "info",
    "ls",
    "report",
    "rm",
    "tag",
    "verify",
]
READERS = "analyze diff export figures film import info ls report rm tag verify"
EVERY = (
    "analyze cp demo deploy diff export figures film import info lesion list ls predict report "
    "reproduce resume rm sweep tag train verify watch zero-shot"
)
FLAGS = {
    "--out": (("--out", "-o"), WRITERS),
    "--hidden": (("--hidden",), TRAINERS),
    "--set": (("--set",), TRAINERS),
    "--option": (("--option",), "analyze figures"),
    "--seed": (("--seed",), f"demo lesion {TRAINERS}"),
    "--seeds": (("--seeds",), "reproduce sweep"),
    "--dry-run": (("--dry-run", "-n"), f"reproduce rm {TRAINERS}"),
    "--jobs": (("--jobs", "-j"), "analyze figures report reproduce sweep"),
    "--json": (("--json",), PRINTERS),
    "--csv": (("--csv",), "analyze lesion ls zero-shot"),
    "--overwrite": (("--overwrite",), "cp import train"),
    "--directed": (("--directed",), READERS_OF_NETWORKS),
    "--columns": (("--columns",), f"ls {READERS_OF_NETWORKS}"),
    "--best": (("--best",), "deploy predict zero-shot"),
    "--device": (("--device",), f"predict reproduce zero-shot {TRAINERS}"),
    "--quiet": (("--quiet", "-q"), EVERY),
    "--debug": (("--debug",), EVERY),
}
TAKES = {
    "network": "analyze report figures export info import",
    "run": "analyze report figures film export info verify ls tag rm",
    "runs": "analyze report diff info verify ls tag rm",
    "pattern": "analyze report diff info verify ls tag rm",
    "folder": "analyze report diff info verify ls tag rm",
    "folder of one": "analyze report figures film export info verify ls tag rm",
    "-": "analyze report export info import",
    "missing": "",
    "no match": "",
    "empty": "",
}
GIVEN = {
    "network": ["karate.txt"],
    "run": ["runs/a"],
    "runs": ["runs/a", "runs/b"],
    "pattern": ["runs/*"],
    "folder": ["runs"],
    "folder of one": ["single"],
    "-": ["-"],
    "missing": ["nowhere"],
    "no match": ["runs/z*"],
    "empty": ["empty"],
}
MORE = {
    "analyze": ["-m", "degrees"],
    "report": ["--no-analyze", "-o", "page.html"],
    "figures": ["-o", "figures", "--only", "degrees-ccdf", "--format", "svg", "--no-analyze"],
    "film": ["-o", "film.gif", "--size", "120"],
    "export": ["-o", "out.graphml"],
    "import": ["-o", "imported", "--overwrite"],
    "verify": ["--no-data"],
    "rm": ["--dry-run"],
    "deploy": ["-o", "network.h"],
    "predict": ["digits"],
    "train": ["--dry-run"],
    "sweep": ["--dry-run"],
    "reproduce": ["--dry-run"],
}


@pytest.fixture(scope="module")
def commands():
    return typer.main.get_command(application(full=True)).commands


def test_every_command_is_in_the_table(commands):
    assert sorted(commands) == sorted(EVERY.split())


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_is_written_the_same_wherever_it_is(commands, flag):
    spelt, has = FLAGS[flag]
    found = {
        name: tuple(option.opts)
        for name, command in commands.items()
        for option in command.params
        if flag in option.opts
    }
    assert sorted(found) == sorted(has.split())
    assert set(found.values()) == {spelt}


def test_a_short_flag_stands_for_one_thing(commands):
    long: dict[str, set[str]] = {}
    for command in commands.values():
        for option in command.params:
            for short in option.opts:
                if len(short) == 2 and short[0] == "-":
                    long.setdefault(short, set()).add(option.opts[0])
    assert {short for short, names in long.items() if len(names) > 1} == set()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uniform")
    rng = np.random.default_rng(0)
    for name, method in (("a", "set"), ("b", "chts")):
        recipe = {"origin": "sparsify", "method": method, "seed": 0}
        run = nd.Run.create(folder / "runs" / name, recipe, {"status": "finished"})
        for step in (0, 10):
            layers = [(rng.random(shape) < 0.3) * 1.0 for shape in ((30, 20), (20, 10))]
            run.write_snapshot(nd.Snapshot(Topology.chain(layers), step, step / 10))
            run.append("metrics", [{"step": step, "epoch": step / 10, "accuracy": 0.9}])
    (folder / "empty").mkdir()
    shutil.copytree(folder / "runs" / "a", folder / "single" / "a")
    nx.write_edgelist(nx.karate_club_graph(), folder / "karate.txt", data=False)
    return folder


@pytest.mark.parametrize("given", TAKES)
@pytest.mark.parametrize(
    "command", [c for c in EVERY.split() if c not in ("demo", "list", "watch", "cp")]
)
def test_it_is_taken_or_refused_in_a_line(place, monkeypatch, capsys, command, given):
    if command in ("figures", "film") and given in ("network", "-", "runs", "pattern"):
        pytest.skip("drawn once, of a run")
    monkeypatch.chdir(place)
    text = (place / "karate.txt").read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))
    with pytest.raises(SystemExit) as stopped:
        main([command, *GIVEN[given], *MORE.get(command, [])])
    out, err = capsys.readouterr()
    if command in TAKES[given].split():
        assert not stopped.value.code, err
        assert out
        return
    if command == "resume" and given in ("run", "runs", "pattern", "folder", "folder of one"):
        assert not stopped.value.code  # there is nothing to do
        return
    assert stopped.value.code in (1, 2)
    assert "Traceback" not in err
    assert "internal error" not in err
    said = [line for line in err.splitlines() if line.startswith("error: ")]
    assert len(said) == 1 or "Usage:" in err
    if given in ("missing", "no match", "empty") and command in READERS.split():
        assert GIVEN[given][0] in said[0]


def test_quiet_leaves_results_alone(place, monkeypatch, capsys):
    monkeypatch.chdir(place)
    with pytest.raises(SystemExit):
        main(["analyze", "karate.txt", "-m", "degrees", "--quiet"])
    out, err = capsys.readouterr()
    assert "degrees" in out
    assert err == ""
    with pytest.raises(SystemExit):
        main(["analyze", "karate.txt", "-m", "degrees"])
    assert "34 nodes" in capsys.readouterr().err


def test_only_a_run_is_overwritten_and_none_that_is_needed(place, monkeypatch, capsys):
    monkeypatch.chdir(place)

    def call(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main(list(arguments))
        return stopped.value.code or 0, capsys.readouterr().err

    assert call("cp", "runs/a", "copies/x")[0] == 0
    assert call("cp", "runs/b", "copies/x")[0] == 1
    assert call("cp", "runs/a", "copies/x", "--overwrite")[0] == 0
    assert os.listdir("copies") == ["x"]
    code, said = call("cp", "runs/a", "runs/a", "--overwrite")
    assert code == 1
    assert "runs/a is needed" in said
    assert nd.load_run("runs/a").status == "finished"
    os.makedirs("taken/files")
    assert call("import", "karate.txt", "-o", "taken", "--overwrite")[0] in (0, 1)
    assert os.path.isdir("taken/files")
