import csv
import io

import numpy as np
import pytest

from netsci_dst import registry
from netsci_dst.errors import NetsciError, UnknownName
from netsci_dst.reports import Chart, RunData, Series, Words, section, sections_of
from netsci_dst.reports.sections import degrees, dormant, evolution, inputs, k_shells, training
from netsci_dst.reports.snapshot_pictures import scope_degrees


def test_sections_stand_after_one_another():
    names = [s.name for s in sections_of("run")]
    assert names[0] == "film"
    assert names[-1] == "provenance"
    for found in sections_of("run"):
        if found.after in names:
            assert names.index(found.after) < names.index(found.name)


def test_every_section_says_what_to_look_for():
    for page in ("run", "comparison"):
        for found in sections_of(page):
            assert found.title, found.name
            assert found.lead.endswith((".", "?")), found.name
            assert found.definition, found.name
            assert found.function.__doc__, found.name


def test_a_section_on_no_page_is_refused():
    with pytest.raises(NetsciError, match="run, comparison, network"):
        section("x", title="X", page="poster")  # type: ignore[arg-type]


def test_a_cell_run_again_registers_its_section_again():
    def words(run):
        """Show nothing."""
        return ()

    section("again", title="Again")(words)
    section("again", title="Again")(words)
    registry.remove("section", "again")


def test_ccdf_is_the_share_that_reaches_each_value(run):
    chart = degrees.ccdf(RunData(run))
    values = run.snapshots[-1].topology.degrees.tolist()
    x, y = list(chart.series[0].x), list(chart.series[0].y)
    assert x == sorted({v for v in values if v > 0})
    assert y == pytest.approx([sum(v >= k for v in values) / len(values) for k in x])


def test_the_fitted_line_starts_on_the_data(run):
    data = RunData(run)
    step, values = scope_degrees(data, None, "network")
    fitted = degrees.fit_line(data, step, "network", values)
    assert fitted is not None
    alpha, xmin, k, y = fitted
    assert k[0] == xmin
    assert y[0] == pytest.approx((values >= xmin).mean())
    if len(k) > 1:
        expected = sum(float(j) ** -alpha for j in range(int(k[1]), 2_000_000)) / sum(
            float(j) ** -alpha for j in range(int(xmin), 2_000_000)
        )
        assert y[1] / y[0] == pytest.approx(expected, rel=1e-4)


def test_the_fit_goes_to_the_page_with_its_curve(run):
    fits = degrees.page_data(RunData(run))
    step = str(run.snapshots[-1].step)
    assert fits[step]["alpha"] == pytest.approx(
        RunData(run).value("power_law", "alpha", "network", int(step)), abs=1e-3
    )
    assert len(fits[step]["x"]) == len(fits[step]["y"])


def test_histogram_counts_every_neuron(run):
    chart = degrees.histogram(RunData(run))
    assert sum(chart.series[0].y) == run.snapshots[-1].topology.n_nodes


def test_k_shells_count_every_neuron(run):
    (chart,) = k_shells.k_shells(RunData(run))
    topology = run.snapshots[-1].topology
    assert [s.y.sum() for s in chart.series] == [p.size for p in topology.graph_populations]
    assert chart.stacked


def test_what_was_not_computed_is_said_and_not_computed(plain_run):
    (words,) = k_shells.k_shells(RunData(plain_run))
    assert words.missing
    assert words.command == "k_shell"


def test_dormant_counts_by_population(run):
    chart = dormant.by_links(RunData(run), 3)
    topology = run.snapshots[2].topology
    own = topology.degrees[topology.nodes("hidden1")]
    series = next(s for s in chart.series if s.name == "hidden1")
    assert series.y[2] == pytest.approx((own <= 3).mean())


def test_input_map_lies_on_the_grid(run):
    heat = inputs.input_map(RunData(run))
    topology = run.snapshots[-1].topology
    assert heat.panels[0].values.shape == (8, 8)
    assert heat.panels[0].values.ravel().tolist() == topology.degrees[:64].tolist()


def test_evolution_shows_each_recorded_statistic(run):
    charts = {chart.key: chart for chart in evolution.evolution(RunData(run))}
    known = [name for name in evolution.STATISTICS if name in run.evolution]
    assert {f"evolution-{name}" for name in known if name != "pruned"} <= set(charts)
    assert charts["evolution-overlap"].marks[0].at == 0.9
    layer = run.evolution["layer"].iloc[0]
    rows = run.evolution[run.evolution["layer"] == layer]
    mine = next(s for s in charts["evolution-links"].series if s.name == layer)
    assert list(mine.y) == pytest.approx(list(rows["links"]))


def test_every_metric_that_was_logged_is_a_curve(make_run, tmp_path):
    run = make_run(tmp_path, method="set")
    rows = [{**row, "f1 score": 0.5, "lr_of_mine": 1.0} for row in run.metrics.to_dict("records")]
    with run.writing():
        run.replace("metrics", rows)
    names = [chart.key for chart in training.training(RunData(run))]
    assert names[:2] == ["training-accuracy", "training-loss"]
    assert {"training-f1 score", "training-lr_of_mine", "training-lr"} <= set(names)


def test_steps_are_the_axis_where_epochs_are_unknown(make_run, tmp_path):
    run = make_run(tmp_path, method="set")
    with run.writing():
        for table in ("metrics", "evolution"):
            rows = run.table(table).to_dict("records")
            run.replace(table, [{**row, "epoch": 0.0} for row in rows])
    index = tmp_path / "set-0" / "snapshots" / "index.json"
    assert index.exists()
    data = RunData(run)
    object.__setattr__(data.run.snapshots, "_cached", [])
    charts = {chart.key: chart for chart in training.training(data)}
    assert charts["training-accuracy"].x_label == "step"
    assert list(charts["training-accuracy"].series[0].x) == run.metrics["step"].tolist()


def test_an_unknown_scope_is_refused(run):
    with pytest.raises(UnknownName, match="hidden1"):
        degrees.ccdf(RunData(run), scope="hiden1")


def test_a_chart_of_one_file_shows_up_everywhere(run, tmp_path):
    import netsci_dst as nd

    @section("weights", title="Absolute weights", after="degrees", lead="Do a few carry all?")
    def weights(data):
        """Show the weights of the first layer by rank."""
        y = np.sort(np.abs(data.topology.layers[0].weights))[::-1]
        yield Chart("weights", "By rank", "rank", "|w|", (Series("w", range(len(y)), y),))

    @section("yields", title="Behind that one", after="weights")
    def yields(data):
        """Show a sentence."""
        yield Words("Behind.")

    try:
        page = nd.report(run, tmp_path / "r.html", analyze=False).read_text()
        assert page.index("run0-weights") < page.index("run0-yields") < page.index("run0-k_shells")
        assert 'id="run0-weights"' in page
        assert "Absolute weights" in page
        assert page.index("run0-degrees") < page.index("run0-weights") < page.index("run0-k_shells")
        (path,) = nd.reports.figures(run, tmp_path / "f", only=["weights"])
        assert path.name == "weights.pdf"
        assert path.with_suffix(".csv").read_text().startswith("measure,scope,series,rank,|w|")
        assert len(nd.show.weights(run).data[0].y) == run.snapshots[-1].topology.layers[0].n_links
    finally:
        registry.remove("section", "weights")
        registry.remove("section", "yields")


def test_rows_of_a_csv_name_measure_scope_and_unit(run):
    from netsci_dst.reports.to_csv import to_csv

    chart = degrees.ccdf(RunData(run))
    rows = list(csv.reader(io.StringIO(to_csv(chart))))
    assert rows[0][:3] == ["measure", "scope", "series"]
    assert rows[1][:2] == ["complementary cumulative distribution of degrees", "network"]
