"""Running an experiment: what is missing, no more; and the page."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")

from netsci_dst.errors import NetsciError, RunLocked, UnknownName
from netsci_dst.reproduction import (
    Counts,
    Experiment,
    ResultTable,
    counts,
    load_experiment,
    markdown,
    page_blocks,
    reproduce,
)
from netsci_dst.reproduction._quantities import Quantity, final_values
from netsci_dst.run import load_run
from netsci_dst.store import Store
from netsci_dst.training.data import load as load_data

WHAT = ("disk", "network")
SMALL = {
    "name": "small",
    "title": "Small <script>alert(1)</script>",
    "source": "nowhere",
    "question": "Does it run?",
    "recipe": "chtss/mnist-mlp",
    "seeds": 2,
    "changes": {
        "data": "digits",
        "epochs": 2,
        "train_samples": 300,
        "sparsity": 0.8,
        "model_options": {"hidden": [24, 24]},
    },
    "columns": ["accuracy", "best_accuracy", "anp", "itop", "power_law.alpha"],
    "curves": ["accuracy", "anp", "modularity.modularity"],
    "pictures": ["network", "disk"],
    "rows": [
        {"name": "dense", "label": "FC", "changes": {"method": "dense"}, "seeds": 1},
        {
            "name": "set",
            "label": "SET & co",
            "changes": {"method": "set"},
            "group": "g",
            "published": {"all": {"accuracy": [50.0, 1.0]}},
        },
        {
            "name": "static",
            "label": "its last topology",
            "changes": {"method": "static"},
            "start_from": "set",
            "group": "g",
        },
    ],
}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    found = reproduce(Experiment(**SMALL), folder)
    return folder, found


def test_a_line_per_run_with_what_the_run_says(done):
    folder, found = done
    assert found.failed == ()
    assert len(found.results) == 5
    for _, line in found.results.iterrows():
        run = load_run(folder / "runs" / f"{line['row']}-seed{line['seed']}")
        assert line["accuracy"] == pytest.approx(run.metrics["accuracy"].iloc[-1], rel=1e-5)
        assert line["best_accuracy"] == pytest.approx(run.metrics["accuracy"].max(), rel=1e-5)
        assert line["verified"] == "ok"
        assert line["processor_s"] > 0
        assert line["data_fingerprint"] == load_data("digits").fingerprint[:16]
        assert str(folder) not in line.to_string()
    dense = found.results[found.results["row"] == "dense"]
    assert dense[["anp", "itop", "power_law.alpha"]].isna().all(axis=None)
    static = found.results[found.results["row"] == "static"]
    assert ((static["anp"] > 0.5) & (static["anp"] <= 1)).all()  # has no row of evolution


def test_more_seeds_than_the_experiment_has_may_be_asked_for(done, tmp_path):
    folder, found = done
    for name in ("results.csv", "curves.csv"):
        shutil.copy(folder / name, tmp_path / name)
    more = reproduce(Experiment(**SMALL), tmp_path, seeds=2, rows=["dense"], compare=False)
    lines = more.results[["row", "seed"]].itertuples(index=False, name=None)
    assert ("dense", 1) in set(lines)
    assert len(more.results) == len(found.results) + 1
    # The page counts them, also when the experiment alone is asked for again.
    again = reproduce(Experiment(**SMALL), tmp_path, compare=False)
    assert again.results.equals(more.results)
    page = again.page.read_text()
    assert "left out" not in page
    assert "Not complete" not in page
    dense = 100 * more.results.loc[more.results["row"] == "dense", "accuracy"]
    assert f"{dense.mean():.1f} ± {dense.sem():.1f}" in page


def test_curves_are_those_of_the_run(done):
    folder, _ = done
    curves = ResultTable(Store(folder)).curves
    here = curves[(curves["row"] == "set") & (curves["seed"] == 1)]
    run = load_run(folder / "runs" / "set-seed1")
    accuracy = here[here["quantity"] == "accuracy"]
    assert accuracy["epoch"].tolist() == run.metrics["epoch"].tolist()
    np.testing.assert_allclose(accuracy["value"], run.metrics["accuracy"], rtol=1e-5)
    modularity = here[here["quantity"] == "modularity.modularity"]
    assert modularity["epoch"].tolist() == [0.0, 1.0, 2.0]


def test_the_static_row_starts_from_the_links_that_the_other_ended_with(done):
    folder, _ = done
    last = load_run(folder / "runs" / "set-seed0").snapshots[-1].topology
    for snapshot in load_run(folder / "runs" / "static-seed0").snapshots[:]:
        for before, after in zip(last.layers, snapshot.topology.layers):
            np.testing.assert_array_equal(before.sources, after.sources)
            np.testing.assert_array_equal(before.targets, after.targets)


def test_nothing_is_run_twice_also_when_the_runs_are_gone(done, tmp_path):
    folder, found = done
    for name in ("results.csv", "curves.csv"):
        shutil.copy(folder / name, tmp_path / name)
    again = reproduce(Experiment(**SMALL), tmp_path)
    assert not (tmp_path / "runs").exists()
    assert again.results.equals(found.results)


def test_a_changed_request_runs_anew_and_only_that_row(done, tmp_path):
    folder, _ = done
    shutil.copytree(folder, tmp_path / "x")
    rows = [dict(row) for row in SMALL["rows"]]
    rows[1]["changes"] = {"method": "set", "lr": 0.01}
    changed = Experiment(**{**SMALL, "rows": rows, "seeds": 1})
    shutil.rmtree(tmp_path / "x" / "runs")
    found = reproduce(changed, tmp_path / "x", rows=["dense", "set"])
    assert found.failed == ()
    assert sorted(p.name for p in (tmp_path / "x" / "runs").iterdir()) == ["set-seed0"]


def test_a_row_that_starts_from_a_run_that_is_gone_trains_that_again(done, tmp_path):
    folder, _ = done
    for name in ("results.csv", "curves.csv"):
        shutil.copy(folder / name, tmp_path / name)
    table = ResultTable(Store(tmp_path))
    kept = table.rows[table.rows["row"] != "static"]
    kept.to_csv(tmp_path / "results.csv", index=False)
    found = reproduce(Experiment(**SMALL), tmp_path, seeds=1)
    assert found.failed == ()
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["set-seed0", "static-seed0"]
    old = table.rows[(table.rows["row"] == "static") & (table.rows["seed"] == 0)]
    new = found.results[(found.results["row"] == "static") & (found.results["seed"] == 0)]
    assert old["accuracy"].tolist() == new["accuracy"].tolist()


def test_a_stopped_run_goes_on_to_the_same_line(done, tmp_path, monkeypatch):
    from netsci_dst.training import Interrupted
    from netsci_dst.training.fit import Fit

    _, found = done
    step = Fit._one_step

    def stopping(self, model, batch):
        step(self, model, batch)
        if self.step == 13:
            raise Interrupted

    monkeypatch.setattr(Fit, "_one_step", stopping)
    with pytest.raises(KeyboardInterrupt):
        reproduce(Experiment(**SMALL), tmp_path, rows=["set"], seeds=1)
    monkeypatch.undo()
    assert load_run(tmp_path / "runs" / "set-seed0").status == "interrupted"
    begun = []

    def counting(self, model, batch):
        begun.append(self.step)
        step(self, model, batch)

    monkeypatch.setattr(Fit, "_one_step", counting)
    again = reproduce(Experiment(**SMALL), tmp_path, rows=["set"], seeds=1)
    assert begun[0] > 0
    here = found.results[(found.results["row"] == "set") & (found.results["seed"] == 0)]
    columns = ["accuracy", "anp", "itop", "power_law.alpha"]
    np.testing.assert_array_equal(again.results[columns].iloc[0], here[columns].iloc[0])


def test_a_run_that_fails_stops_no_other(tmp_path):
    rows = [{"name": "bad", "label": "", "changes": {"lr": 1e30}}, *SMALL["rows"][1:2]]
    found = reproduce(Experiment(**{**SMALL, "rows": rows, "seeds": 1}), tmp_path)
    assert [name for name, _ in found.failed] == ["bad-seed0"]
    assert "finite" in found.failed[0][1]
    assert found.results["row"].tolist() == ["set"]


def test_a_damaged_run_gets_no_line(done, tmp_path):
    folder, _ = done
    shutil.copytree(folder / "runs" / "set-seed0", tmp_path / "runs" / "set-seed0")
    snapshot = sorted((tmp_path / "runs" / "set-seed0" / "snapshots").glob("*.safetensors"))[-1]
    data = bytearray(snapshot.read_bytes())
    data[-1] ^= 1
    snapshot.write_bytes(data)
    found = reproduce(Experiment(**SMALL), tmp_path, rows=["set"], seeds=1)
    ((name, said),) = found.failed
    assert name == "set-seed0"
    assert "is not what it says" in said
    assert len(found.results) == 0


def test_two_processes_share_a_folder(done, tmp_path, monkeypatch):
    """A line waits for the folder; it is not lost, and it loses none."""
    import threading
    import time
    from types import SimpleNamespace

    from netsci_dst.reproduction import _reproduce

    _, found = done
    line = found.results[found.results["row"] == "dense"].iloc[0].to_dict()
    store = Store(tmp_path)
    experiment = Experiment(**{**SMALL, "seeds": 1})
    waits = threading.Event()

    def sleep(seconds):
        waits.set()
        time.sleep(seconds)

    monkeypatch.setattr(_reproduce, "time", SimpleNamespace(sleep=sleep))
    work = threading.Thread(target=reproduce, args=(experiment, tmp_path), kwargs={"rows": ["set"]})
    with store.lock():
        with pytest.raises(RunLocked), Store(tmp_path).lock():
            pass
        work.start()
        assert waits.wait(120)
        assert len(ResultTable(store).rows) == 0
        key = tuple(line.pop(name) for name in ("setting", "row", "seed", "quick"))
        ResultTable(store).add(key, line, [])
    work.join()
    assert ResultTable(store).rows["row"].tolist() == ["dense", "set"]


def test_the_page_escapes_and_flags(done):
    folder, found = done
    page = found.page.read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "SET &amp; co" in page
    assert 'class="far"' in page  # 50 % was not what came out
    assert (folder / "comparison.html").exists()
    assert "comparison.html" in page


def test_each_sparse_row_shows_the_network_of_its_first_seed(done):
    folder, found = done
    names = sorted(path.name for path in (folder / "pictures").iterdir())
    assert names == [f"{row}-seed0-{what}.webp" for row in ("set", "static") for what in WHAT]
    assert found.page.read_text().count("data:image/webp;base64,") == 4
    text = markdown(Experiment(**SMALL), ResultTable(Store(folder)), results="../results/small")
    assert "](../results/small/pictures/set-seed0-disk.webp)" in text


def test_measured_quantities_stand_a_line_each(done):
    folder, found = done
    blocks = page_blocks(Experiment(**SMALL), ResultTable(Store(folder)))
    table = next(b for b in blocks if b.head[:1] == ("at the end",))
    assert table.head == ("at the end", "SET & co", "its last topology")  # FC has no topology
    (line,) = table.rows
    assert line[0] == "power law: alpha"
    alphas = found.results[found.results["row"] == "set"]["power_law.alpha"]
    assert float(line[1].split(" ± ")[0]) == pytest.approx(alphas.mean(), rel=0.01)


def test_the_page_says_what_the_lines_say(done):
    folder, found = done
    blocks = page_blocks(Experiment(**SMALL), ResultTable(Store(folder)))
    table = next(b for b in blocks if b.kind == "table")
    row = next(r for r in table.rows if r[0] == "SET & co")
    values = 100 * found.results[found.results["row"] == "set"]["accuracy"].to_numpy()
    mean, error = values.mean(), values.std(ddof=1) / math.sqrt(2)
    shown = row[table.head.index("accuracy, %")].split(" ± ")
    assert float(shown[0]) == pytest.approx(mean, abs=0.06)
    if len(shown) == 2 and error:
        assert float(shown[1]) == pytest.approx(error, rel=0.06)
    assert row[table.head.index("paper")] == "50 ± 1"
    text = markdown(Experiment(**SMALL), ResultTable(Store(folder)))
    assert "\\<script" in text
    rates = [b for b in blocks if b.head[:1] == ("compared",)]
    assert sum(float(r[2].rstrip("%")) for r in rates[0].rows) == pytest.approx(100, abs=1)


def test_quick_says_so_everywhere(tmp_path):
    quick = {"changes": {"epochs": 1}, "seeds": 1}
    found = reproduce(Experiment(**{**SMALL, "quick": quick}), tmp_path, quick=True, rows=["set"])
    assert found.page.name == "quick.html"
    text = found.page.read_text()
    blocks = page_blocks(found.experiment, ResultTable(Store(tmp_path)), quick=True)
    assert "quick version" in text
    assert all("quick" in b.text for b in blocks if b.kind == "subheading" and b.text[:3] == "Res")
    # The full page has nothing of it.
    blocks = page_blocks(found.experiment, ResultTable(Store(tmp_path)))
    assert blocks[-1].text == "Nothing has been run yet."


def test_processes_give_the_same_lines(done, tmp_path, monkeypatch):
    from netsci_dst.reproduction import _reproduce

    _, found = done
    # Processes of their own know nothing of this.
    monkeypatch.setattr(_reproduce, "_outcome", lambda task: "trained in the same process")
    again = reproduce(Experiment(**SMALL), tmp_path, rows=["set", "static"], jobs=2, compare=False)
    assert again.failed == ()
    here = found.results[found.results["row"] != "dense"].reset_index(drop=True)
    for column in ("row", "seed", "accuracy", "anp", "power_law.alpha"):
        np.testing.assert_array_equal(again.results[column], here[column])


def test_a_row_waits_for_a_finished_source(done, tmp_path, monkeypatch):
    """A source that fails, or is somebody else's work, gives no line to what starts from it."""
    from netsci_dst.training import train

    store = Store(tmp_path / "runs" / "set-seed0")
    with store.lock():
        found = reproduce(Experiment(**SMALL), tmp_path, rows=["static"], seeds=1)
    assert dict(found.failed)["static-seed0"] == "set-seed0, which it starts from, failed"
    assert len(found.results) == 0
    folder, _ = done
    shutil.copytree(folder / "runs" / "set-seed0", tmp_path / "half")
    load_run(tmp_path / "half").update_provenance({"status": "interrupted"})
    with pytest.raises(NetsciError, match="is interrupted: its last topology is not its final one"):
        train(
            data="digits",
            method="static",
            init_from=str(tmp_path / "half"),
            sparsity=0.8,
            model_options={"hidden": [24, 24]},
            out=tmp_path / "x",
        )


def test_another_source_is_another_request(done, tmp_path):
    from netsci_dst.reproduction._plan import plan

    rows = [dict(row) for row in SMALL["rows"]]
    rows[1]["changes"] = {"method": "set", "lr": 0.01}
    before = plan(Experiment(**SMALL), Store(tmp_path))
    after = plan(Experiment(**{**SMALL, "rows": rows}), Store(tmp_path))
    differ = {key[1] for key in before if before[key].digest != after[key].digest}
    assert differ == {"set", "static"}


def test_lines_of_other_data_are_refused(done, tmp_path):
    folder, _ = done
    shutil.copytree(folder, tmp_path / "o")
    file = tmp_path / "o" / "results.csv"
    table = ResultTable(Store(tmp_path / "o"))
    mark = table.rows["data_fingerprint"].iloc[0]
    file.write_text(file.read_text().replace(mark, "0" * 16))
    kept = [line for line in file.read_text().splitlines() if ",set," not in line]
    file.write_text("\n".join(kept) + "\n")
    found = reproduce(Experiment(**SMALL), tmp_path / "o", rows=["set"], seeds=1)
    assert "holds lines of other digits data" in found.failed[0][1]


def test_the_page_leaves_out_lines_of_an_earlier_request(done):
    folder, _ = done
    rows = [dict(row) for row in SMALL["rows"]]
    rows[1]["changes"] = {"method": "set", "lr": 0.01}
    blocks = page_blocks(Experiment(**{**SMALL, "rows": rows}), ResultTable(Store(folder)))
    table = next(b for b in blocks if b.kind == "table")
    assert {row[0]: row[1] for row in table.rows} == {
        "FC": "1",
        "SET & co": "not run",
        "its last topology": "not run",
    }


def test_rows_that_are_one_run_are_run_once(tmp_path):
    rows = [{"name": n, "label": n, "changes": {"method": "set"}, "group": n} for n in "ab"]
    found = reproduce(Experiment(**{**SMALL, "rows": rows, "seeds": 1}), tmp_path, compare=False)
    assert found.results["row"].tolist() == ["a", "b"]
    assert found.results["accuracy"].nunique() == 1
    assert [p.name for p in (tmp_path / "runs").iterdir()] == ["a-seed0"]


def test_a_row_added_later_takes_the_line_of_the_same_run(tmp_path):
    rows = [{"name": n, "label": n, "changes": {"method": "set"}} for n in "ab"]
    one = {**SMALL, "rows": rows[:1], "seeds": 1}
    first = reproduce(Experiment(**one), tmp_path, compare=False)
    found = reproduce(Experiment(**one | {"rows": rows}), tmp_path, compare=False)
    again, new = (found.results[found.results["row"] == n].iloc[0] for n in "ab")
    assert new.drop("row").equals(again.drop("row"))
    assert again.equals(first.results.iloc[0])
    curves = ResultTable(Store(tmp_path)).curves.drop(columns=["setting", "seed", "quick"])
    a, b = (curves[curves["row"] == n].drop(columns="row").reset_index(drop=True) for n in "ab")
    assert len(a)
    assert a.equals(b)
    assert [p.name for p in (tmp_path / "runs").iterdir()] == ["a-seed0"]


def test_the_test_part_is_judged_by_the_network_that_was_best_before(done, tmp_path):
    folder, _ = done
    shutil.copytree(folder / "runs" / "set-seed0", tmp_path / "run")
    names = ["accuracy", "test_accuracy"]
    assert math.isnan(final_values(load_run(tmp_path / "run"), names, {})["test_accuracy"])
    best = {"step": 2, "test": {"accuracy": 0.25}}
    load_run(tmp_path / "run").update_provenance({"best": best})
    found = final_values(load_run(tmp_path / "run"), names, {})
    assert found["test_accuracy"] == 0.25
    assert found["accuracy"] != 0.25
    assert Quantity("test_accuracy").title == "test accuracy, %"
    assert Quantity("test_accuracy").factor == 100


def test_text_of_a_table_stays_text(tmp_path):
    table = ResultTable(Store(tmp_path))
    values = {"recipe": "12345678901e2345", "data_fingerprint": "1234567890123456", "read": "1"}
    table.add(("null", "1e5", 0, False), {**values, "accuracy": 9095753.0, "data": "d"}, [])
    again = ResultTable(Store(tmp_path))
    assert again.has(("null", "1e5", 0, False), "12345678901e2345", "1")
    assert again.rows["data_fingerprint"].tolist() == ["1234567890123456"]
    assert again.rows["accuracy"].tolist() == [9095753.0]


def test_a_value_is_that_of_its_step(tmp_path):
    import pandas as pd

    from netsci_dst.reproduction._quantities import Quantity, _last, _pick

    frame = pd.DataFrame(
        {
            "measure": "m",
            "quantity": "q",
            "scope": ["network", "network", "hidden"],
            "step": [5, 10, 5],
            "value": [1.0, 2.0, 3.0],
        }
    )
    assert _pick(frame, Quantity("m.q"), 5) == 1
    assert math.isnan(_pick(frame, Quantity("m.q"), 0))
    assert _last(frame, Quantity("m.q")) == 2
    assert _last(frame, Quantity("m.q@hidden")) == 3
    with pytest.raises(UnknownName, match="unknown quantity of m 'r'"):
        _pick(frame, Quantity("m.r"), 5)


def test_what_takes_hours_waits_for_a_gpu_unless_a_device_is_named(tmp_path, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    settings = [{"name": "x", "label": "X", "gpu": ["dense"]}]
    rows = SMALL["rows"][:1] + [SMALL["rows"][1] | {"published": {}, "seeds": 1}]
    experiment = Experiment(**{**SMALL, "settings": settings, "rows": rows, "pictures": []})
    found = reproduce(experiment, tmp_path, compare=False)
    assert found.waiting == ("x-dense-seed0",)
    assert found.results["row"].tolist() == ["set"]
    table = ResultTable(Store(tmp_path))
    assert counts(experiment, table) == Counts(done=1, asked=1, waiting=1)
    shown = next(b for b in page_blocks(experiment, table) if b.kind == "table")
    assert [row[:2] for row in shown.rows] == [("FC", "needs a GPU"), ("SET & co", "1")]
    page = found.page.read_text()
    assert "Not complete" not in page
    assert "Runs that take hours on a processor and wait for a GPU: 1" in page
    # A quick version never waits, and what is made in spite of it counts.
    quick = reproduce(experiment, tmp_path, quick=True, rows=["dense"], compare=False)
    assert quick.waiting == ()
    here = reproduce(experiment, tmp_path, changes={"device": "cpu"}, compare=False)
    assert here.waiting == ()
    assert counts(experiment, ResultTable(Store(tmp_path))) == Counts(done=2, asked=2, waiting=0)
    assert reproduce(experiment, tmp_path, compare=False).waiting == ()


def test_a_timing_takes_neither_data_nor_device(tmp_path):
    for options in ({"data": "mnist"}, {"changes": {"device": "cuda"}}):
        with pytest.raises(NetsciError, match="trains nothing"):
            reproduce("chtss-fig2", tmp_path, quick=True, **options)


def test_missing_data_are_said_once_before_all_runs(tmp_path):
    experiment = Experiment(**{**SMALL, "changes": {"data": str(tmp_path / "none")}})
    with pytest.raises(NetsciError, match="--data"):
        reproduce(experiment, tmp_path / "o")
    assert not (tmp_path / "o" / "runs").exists()


def test_bad_requests(tmp_path):
    experiment = Experiment(**SMALL)
    with pytest.raises(UnknownName, match="unknown row 'sett'; did you mean 'set'"):
        reproduce(experiment, tmp_path, rows=["sett"])
    with pytest.raises(UnknownName, match="unknown setting"):
        reproduce(experiment, tmp_path, settings=["x"])
    with pytest.raises(UnknownName, match="would be another experiment"):
        reproduce(experiment, tmp_path, changes={"lr": 1})
    with pytest.raises(NetsciError, match="jobs must be at least 1"):
        reproduce(experiment, tmp_path, jobs=0)
    (tmp_path / "results.csv").write_text("a,b\n1,2\n")
    with pytest.raises(NetsciError, match="is not a table of results"):
        reproduce(experiment, tmp_path, rows=["set"])


def test_link_prediction_is_timed(tmp_path):
    found = reproduce(
        load_experiment("chtss-fig2"), tmp_path, quick=True, settings=["1-percent"], seeds=1
    )
    assert found.failed == ()
    assert set(found.results["row"]) == {"ch3_l3p", "ch2_l3n"}
    assert (found.results["seconds"] > 0).all()


def test_the_command(tmp_path, capsys):
    import tomli_w

    from netsci_dst.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["reproduce"])
    assert ended.value.code == 0
    assert "chtss-table7" in capsys.readouterr().out
    file = tmp_path / "mine.toml"
    file.write_text(tomli_w.dumps({**SMALL, "title": "Mine"}))
    with pytest.raises(SystemExit) as ended:
        main(
            ["reproduce", str(file), "--out", str(tmp_path / "o"), "--rows", "set", "--seeds", "1"]
        )
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip().endswith("index.html")


def test_quick_shows_the_papers_figures_beside_ours_and_no_row_that_was_not_asked_for(tmp_path):
    rows = [{**row, "published": {"all": {"accuracy": [98.1, 0.2]}}} for row in SMALL["rows"]]
    quick = {"changes": {"epochs": 1}, "seeds": 1}
    experiment = Experiment(**{**SMALL, "rows": rows, "quick": quick})
    name = rows[0]["name"]
    found = reproduce(experiment, tmp_path, quick=True, rows=[name], compare=False)
    page = found.page.read_text()
    assert "paper, full size" in page
    assert "98.1 ±" in page
    assert "<th>difference</th>" not in page
    table = page.split("<h2>")[1].split("</table>")[0]
    assert rows[0]["label"] in table
    for row in rows[1:]:
        assert f"<td>{row['label']}</td>" not in table
