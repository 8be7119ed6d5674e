import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst.reports.comparison.model import Comparison, representatives
from netsci_dst.reports.comparison.variants import variants_of
from netsci_dst.reports.comparison.words import sentences, tied_with_best
from netsci_dst.reports.run_data import RunData


@pytest.fixture(scope="module")
def compared(seeds):
    return Comparison([RunData(run) for run in seeds])


def test_runs_are_seeds_when_only_the_seed_differs(compared):
    assert [(v.label, len(v.runs)) for v in compared.variants] == [
        ("chts", 2),
        ("set", 2),
        ("dense", 2),
    ]
    assert compared.flags == []


def test_other_recipes_are_variants_named_by_what_differs(make_run, tmp_path):
    runs = [
        make_run(tmp_path, method="set"),
        make_run(tmp_path, method="set", epochs=2, name="short"),
        make_run(tmp_path, method="set", name="momentum", method_options={"regrowth": "momentum"}),
    ]
    found = variants_of([RunData(run) for run in runs])
    assert len(found) == 3
    labels = {v.label for v in found}
    assert len(labels) == 3
    assert all(label.startswith("set · ") for label in labels)
    assert any("epochs 2" in label for label in labels)
    assert any("regrowth momentum" in label for label in labels)


def test_equal_seeds_and_unequal_lengths_are_flagged(make_run, tmp_path):
    runs = [
        make_run(tmp_path, method="set"),
        make_run(tmp_path, method="set", name="copy"),
        make_run(tmp_path, method="set", epochs=2, name="short"),
    ]
    flags = Comparison([RunData(run) for run in runs]).flags
    assert any("seed 0 occurs more than once" in flag for flag in flags)
    assert any("different epochs" in flag and "2: " in flag for flag in flags)


def test_a_run_that_failed_midway_is_no_seed_of_those_that_ended(make_run, tmp_path):
    runs = [make_run(tmp_path, method="set", seed=k, name=f"s{k}") for k in range(3)]
    runs[2].update_provenance({"status": "failed"})
    compared = Comparison([RunData(run) for run in runs])
    assert [(v.label, len(v.runs)) for v in compared.variants] == [
        ("set", 2),
        ("set (not finished)", 1),
    ]
    for run in runs:
        run.update_provenance({"status": "running"})
    alone = Comparison([RunData(nd.load_run(run.path)) for run in runs])
    assert [(v.label, len(v.runs)) for v in alone.variants] == [("set", 3)]


def test_steps_are_the_time_of_all_where_one_run_knows_no_epochs(make_run, tmp_path, monkeypatch):
    runs = [make_run(tmp_path, method="set"), make_run(tmp_path, method="chts", name="own")]
    data = [RunData(run) for run in runs]
    data[1].__dict__["by_epoch"] = False
    compared = Comparison(data)
    assert compared.time_label == "step"
    for i, run in enumerate(data):
        x, y = compared.curve(run, "metric")
        assert x.tolist() == run.metrics["step"].astype(float).tolist()
        assert compared.values[i]["aae"] == pytest.approx(np.trapezoid(y, x) / (x[-1] - x[0]))
    assert any("own knows no epochs" in flag for flag in compared.flags)


def test_values_of_many_runs_read_each_curve_a_few_times(make_run, tmp_path, monkeypatch):
    runs = [RunData(make_run(tmp_path, method="set", epochs=1, name=f"r{k}")) for k in range(4)]
    many = Comparison(runs * 8)
    calls = []
    plain = RunData.curve
    monkeypatch.setattr(RunData, "curve", lambda *a: (calls.append(1), plain(*a))[1])
    assert len(many.values) == 32
    assert len(calls) <= 4 * 32


def test_label_and_notes_of_a_recipe_are_those_of_the_run(make_run, tmp_path):
    run = RunData(make_run(tmp_path, method="set", label="<i>mine</i>", notes="tried & kept"))
    assert (run.name, run.notes) == ("<i>mine</i>", "tried & kept")
    other = RunData(make_run(tmp_path, method="set", seed=1, name="x"))
    assert len(Comparison([run, other]).variants) == 1


def test_runs_of_another_metric_are_named(make_run, tmp_path):
    runs = [make_run(tmp_path, method="set", name=f"r{k}", seed=k) for k in range(3)]
    data = [RunData(run) for run in runs]
    data[2].__dict__["metric"] = "loss"
    compared = Comparison(data)
    assert "r2 is measured by loss: not among the figures of accuracy." in compared.flags
    assert np.isnan(compared.values[2]["metric"])


def test_unequal_data_are_flagged(make_run, tmp_path):
    runs = [make_run(tmp_path, method="set"), make_run(tmp_path, method="chts")]
    runs[1].update_provenance({"data": {"name": "digits", "fingerprint": "another"}})
    flags = Comparison([RunData(run) for run in runs]).flags
    assert any("not comparable" in flag for flag in flags)


def test_no_winner_inside_the_error(seeds, compared, monkeypatch):
    values = [0.90, 0.92, 0.91, 0.915, 0.95, 0.951]
    table = [{"metric": v} for v in values]
    monkeypatch.setitem(compared.__dict__, "values", table)
    (text, *_) = sentences(compared)
    assert "cannot be told apart" in text
    assert "95 % interval" in text
    sparse = [v for v in compared.variants if v.method != "dense"]
    assert len(tied_with_best(compared, sparse)) == 2


def test_a_clear_winner_is_named_with_its_lead(compared, monkeypatch):
    values = [0.950, 0.952, 0.900, 0.901, 0.990, 0.993]
    monkeypatch.setitem(compared.__dict__, "values", [{"metric": v} for v in values])
    (text,) = sentences(compared)
    assert "chts is best with" in text
    assert "5.05 points" in text
    assert "it lies 4.05 points below dense" in text


def test_costs_are_those_recorded(make_run, tmp_path):
    run = make_run(tmp_path, method="set")
    run.update_provenance({"compute": {"training_flops_links": 2e9, "energy_j": None}})
    (values,) = Comparison([RunData(run)]).values
    assert values["training_flops_links"] == 2e9
    assert "energy_j" not in values
    assert values["wall_s"] > 0


def test_aae_is_cut_to_the_shortest_run(make_run, tmp_path):
    runs = [
        make_run(tmp_path, method="set"),
        make_run(tmp_path, method="set", epochs=2, name="short"),
    ]
    compared = Comparison([RunData(run) for run in runs])
    y = runs[0].metrics["accuracy"].to_numpy()[:2]
    assert compared.values[0]["aae"] == pytest.approx(y.mean())


def test_every_evaluation_is_kept(compared, seeds):
    from netsci_dst.reports.comparison.pack import describe

    described, pack = describe(compared)
    names = [name for name, *_ in described["curves"]]
    counts = pack.manifest["counts"]["shape"][0]
    assert counts == len(seeds) * len(names)
    x, y = compared.curve(compared.runs[0], "metric")
    assert np.array_equal(x, seeds[0].metrics["epoch"])
    assert np.array_equal(y, seeds[0].metrics["accuracy"])


def test_those_that_open_are_one_of_each_variant(seeds):
    chosen = representatives([RunData(run) for run in seeds], 3)
    assert sorted(run.method for run in chosen) == ["chts", "dense", "set"]


def test_a_grid_of_runs_is_a_heat_map(make_run, tmp_path):
    from netsci_dst.reports.comparison.sensitivity import grid, heat_map, varied
    from netsci_dst.reports.sections.compare_sensitivity import compare_sensitivity

    runs = []
    for zeta in (0.1, 0.3):
        for sparsity in (0.8, 0.9):
            runs.append(
                make_run(
                    tmp_path,
                    method="set",
                    sparsity=sparsity,
                    method_options={"zeta": zeta},
                    name=f"{zeta}-{sparsity}",
                )
            )
    compared = Comparison([RunData(run) for run in runs])
    fields = varied(compared)
    assert {"method_options.zeta", "sparsity"} <= set(fields)
    heat = heat_map(grid(compared), "sparsity", "method_options.zeta", "metric", share=True)
    (panel,) = heat.panels
    assert panel.x == ["0.8", "0.9"]
    assert panel.y == ["0.1", "0.3"]
    accuracies = [[100 * r.metrics["accuracy"].iloc[-1] for r in runs[i : i + 2]] for i in (0, 2)]
    assert panel.values == pytest.approx(np.array(accuracies))
    faceted = heat_map(grid(compared), "sparsity", "sparsity", "metric", "method_options.zeta")
    assert [p.name for p in faceted.panels] == ["zeta 0.1", "zeta 0.3"]
    keys = [getattr(block, "key", "") for block in compare_sensitivity(compared)]
    assert {"sensitivity-metric", "sensitivity-anp", "grid"} <= set(keys)


def test_few_runs_have_no_sensitivity(compared):
    from netsci_dst.reports.sections.compare_sensitivity import compare_sensitivity

    assert list(compare_sensitivity(compared)) == []
