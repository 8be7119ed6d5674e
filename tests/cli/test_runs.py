"""ls, rm, cp, tag, diff, and what shells complete."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst.cli import main
from netsci_dst.topology import Topology


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return stopped.value.code or 0, out, err


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, method, accuracy in (("a", "set", 0.7), ("b", "chts", 0.9), ("c", "rigl", 0.8)):
        run = nd.Run.create(
            f"runs/{name}",
            {"origin": "sparsify", "method": method, "seed": 0, "method_options": {"zeta": 0.3}},
            {"status": "finished", "versions": {"torch": f"2.{name}"}, "metric": "accuracy"},
        )
        links = np.random.default_rng(0).random((6, 5)) < 0.5
        run.write_snapshot(nd.Snapshot(Topology.chain([links]), 10, 1.0))
        run.append("metrics", [{"step": 10, "epoch": 1.0, "accuracy": accuracy}])
    return tmp_path / "runs"


def test_runs_are_listed_sorted(capsys, runs):
    code, out, _ = call(capsys, "ls", "--sort", "accuracy", "--reverse", "--json")
    assert code == 0
    assert [row["method"] for row in json.loads(out)] == ["chts", "rigl", "set"]
    _, out, _ = call(capsys, "ls", "runs/[ab]", "--sort", "method")
    assert out.index("runs/b") < out.index("runs/a")
    assert "accuracy" in out


def test_columns_may_be_fields_of_the_recipe(capsys, runs):
    out = call(capsys, "ls", "--columns", "accuracy,method_options.zeta")[1]
    assert "0.3" in out
    assert "status" not in out


def test_an_unknown_column_to_sort_by_is_told_what_there_is(capsys, runs):
    code, _, err = call(capsys, "ls", "--sort", "acuracy")
    assert code == 2
    assert "accuracy" in err


def test_tags_find_runs_again(capsys, runs):
    assert call(capsys, "tag", "runs/a", "runs/c", "--add", "paper")[0] == 0
    found = json.loads(call(capsys, "ls", "--tag", "paper", "--json")[1])
    assert [row["run"] for row in found] == ["runs/a", "runs/c"]
    assert "paper" not in call(capsys, "tag", "runs/a", "--remove", "paper")[1]


def test_nothing_is_deleted_without_a_yes(capsys, runs):
    assert call(capsys, "rm", "runs/a")[0] == 2
    assert call(capsys, "rm", "runs/*", "--dry-run")[1].split() == ["runs/a", "runs/b", "runs/c"]
    assert call(capsys, "rm", "runs/a", "--yes")[0] == 0
    assert sorted(os.listdir(runs)) == ["b", "c"]


def test_runs_are_copied_into_a_folder(capsys, runs):
    os.mkdir("kept")
    assert call(capsys, "cp", "runs/a", "runs/b", "kept")[1].split() == ["kept/a", "kept/b"]
    assert call(capsys, "cp", "runs/a", "new")[1].split() == ["new"]
    assert nd.load_run("new").recipe["method"] == "set"


def test_two_runs_are_set_beside_each_other(capsys, runs):
    found = json.loads(call(capsys, "diff", "runs/a", "runs/b", "--json")[1])
    apart = {(row["part"], row["setting"]): row for row in found["differs"]}
    assert apart["recipe", "method"]["runs/b"] == "chts"
    assert apart["versions", "torch"]["runs/a"] == "2.a"
    by_name = {row["metric"]: row["difference"] for row in found["results"]}
    assert by_name["accuracy"] == pytest.approx(0.2)
    assert by_name["links"] == 0
    same = call(capsys, "diff", "runs/a", "runs/a")
    assert "the same" in same[2]


def test_folders_and_patterns_are_taken_where_runs_are(capsys, runs):
    values = json.loads(call(capsys, "analyze", "runs", "-m", "degrees", "--json")[1])
    assert {row["run"].rpartition("/")[2] for row in values} == {"a", "b", "c"}
    out = call(capsys, "verify", "runs/*", "--no-data")[1]
    assert out.count("runs/") >= 3


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("netsci-dst train --method cht", "chtss"),
        ("netsci-dst train chtss/mnist-mlp-b", "chtss/mnist-mlp-brf"),
        ("netsci-dst info runs/", "runs/b"),
        ("netsci-dst analyze -m degrees,modul", "degrees,modularity"),
        ("netsci-dst ta", "tag"),
    ],
)
def test_shells_complete_commands_methods_recipes_measures_and_runs(runs, line, expected):
    asked = {"_NETSCI_DST_COMPLETE": "complete_bash", "COMP_WORDS": line}
    found = subprocess.run(
        [sys.executable, "-m", "netsci_dst"],
        env={**os.environ, **asked, "COMP_CWORD": str(len(line.split()) - 1)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert expected in found.stdout.split()


def test_a_dry_run_counts_what_the_run_will_have_and_writes_nothing(capsys, tmp_path, monkeypatch):
    pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    asked = ["--data", "digits", "--method", "set", "--sparsity", "0.9", "--hidden", "24"]
    asked += ["--epochs", "3", "--out", "run"]
    row = json.loads(call(capsys, "train", *asked, "--dry-run", "--json")[1])[0]
    assert not os.listdir(tmp_path)
    assert call(capsys, "train", *asked)[0] == 0
    run = nd.load_run("run")
    assert row["steps"] == run.provenance["steps"]
    assert row["evaluations"] == len(run.metrics)
    assert row["snapshots"] == len(run.snapshots)
    assert row["updates"] == (run.evolution["layer"] == "all").sum()
    assert row["links"] == run.snapshots[0].topology.n_links
    sweep = [*asked[:-2], "--out", "sweep", "--vary", "seed=0,1", "--dry-run", "--json"]
    rows = json.loads(call(capsys, "sweep", *sweep)[1])
    assert [one["seed"] for one in rows] == [0, 1]
    assert os.listdir(tmp_path) == ["run"]


def test_the_plan_of_a_sweep_is_taken_along_by_shells(capsys, tmp_path, monkeypatch):
    from netsci_dst.sweep_plan import write_plan

    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        nd.Run.create(f"sweep/{name}", {"seed": 0}, {"status": "finished"})
    write_plan("sweep", ["sweep/a", "sweep/b"], 1)
    given = sorted(f"sweep/{name}" for name in os.listdir("sweep"))
    assert "sweep/sweep.json" in given
    assert call(capsys, "diff", *given)[0] == 0
    assert call(capsys, "tag", *given, "--add", "mine")[0] == 0
    assert call(capsys, "ls", *given, "--tag", "mine", "--json")[1].count('"run"') == 2
    assert call(capsys, "rm", *given, "--yes")[0] == 0
    assert os.listdir("sweep") == ["sweep.json"]
