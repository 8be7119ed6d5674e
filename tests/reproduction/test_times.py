"""Dry runs of experiments tell their time by runs made before, and read no data."""

import json

import pytest

from netsci_dst.reproduction import load_experiment, planned
from netsci_dst.reproduction._times import Spent, Times, _shipped, lines_of, medians
from netsci_dst.reproduction.write_times import write_times

TABLE = "setting,row,quick,processor_s,steps\nall,a,False,{},100\nall,b,False,30,100\n"


def test_a_row_goes_by_itself_then_by_its_setting_then_by_its_steps():
    known = medians(lines_of(TABLE.format(10), "e"))
    times = Times(known)
    assert times.seconds(("e", "all", "a", False)) == (10, "row")
    assert times.seconds(("e", "all", "new", False)) == (20, "alike")
    assert times.seconds(("e", "all", "a", True), steps=50) == (pytest.approx(10), "alike")
    assert times.seconds(("e", "all", "a", True)) is None
    assert times.seconds(("e", "other", "a", False)) is None


def test_a_row_without_a_run_goes_by_rows_that_compute_alike():
    times = Times(medians(lines_of(TABLE.format(10), "e")))
    assert times.seconds(("e", "all", "new", False), alike=["b", "new"]) == (30, "alike")
    assert times.seconds(("e", "all", "dense", False), alike=["dense"]) is None
    assert times.seconds(("e", "all", "a", True), 50, ["b"]) == (15, "alike")


def test_dense_steps_and_hooks_are_no_guide_for_sparse_ones():
    from netsci_dst.recipe import load_recipe
    from netsci_dst.reproduction._reproduce import _computes

    asked = {"model": "mlp", "sparsity": 0.99}
    kinds = {m: _computes(load_recipe(method=m, **asked)) for m in
             ("set", "rigl", "gmp", "granet", "optg", "powerprop")}  # fmt: skip
    kinds["dense"] = _computes(load_recipe(method="dense", model="mlp"))
    assert kinds["set"] == kinds["rigl"]
    assert kinds["gmp"] == kinds["granet"]
    assert len(set(kinds.values())) == 5


def test_what_is_written_is_what_is_read(tmp_path):
    (tmp_path / "e").mkdir()
    (tmp_path / "e/results.csv").write_text(TABLE.format(10) + "all,a,False,20,100\n")
    write_times(tmp_path, tmp_path / "times.csv")
    found = dict(lines_of((tmp_path / "times.csv").read_text(), None))
    a, b = (("e", "all", row, False) for row in "ab")
    assert found == {a: Spent(15, 100), b: Spent(30, 100)}


def test_the_times_that_ship_are_of_experiments_that_ship():
    assert len(_shipped()) > 50
    for experiment, setting, row, _ in _shipped():
        known = load_experiment(experiment)
        assert setting in [s.name for s in known.settings]
        assert row in [r.name for r in known.rows]
    assert all(spent.seconds > 0 for spent in _shipped().values())


def test_nothing_is_read_and_runs_have_times_of_their_kind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = planned("chtss-table7", data="no/such/folder")
    assert {row.status for row in rows} == {"new"}
    assert sum(row.seconds is not None for row in rows) > len(rows) / 2
    for row in rows:
        dense = not row.recipe.resolved_method().sparse or row.recipe.method in ("gmp", "granet")
        assert row.seconds is None or row.told_by == "row" or not dense
    assert not list(tmp_path.iterdir())


def test_the_command_says_it(capsys, tmp_path, monkeypatch):
    from netsci_dst.cli import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", "chtss-table7", "--dry-run", "--json"])
    assert not ended.value.code
    rows = json.loads(capsys.readouterr().out)
    assert all(row["hours"] > 0 for row in rows if "told_by" in row)
    with pytest.raises(SystemExit):
        main(["reproduce", "chtss-table7", "--dry-run"])
    assert "by their own row" in capsys.readouterr().err
