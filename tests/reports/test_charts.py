import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netsci_dst.errors import UnknownName
from netsci_dst.report._chart import Chart, Heat, Panel, Series, to_csv
from netsci_dst.report._data import RunData
from netsci_dst.report._plotly import escape, numbers, spec
from netsci_dst.report.charts import degrees, evolution, structure, training


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_ccdf_is_the_share_that_reaches_each_value(values):
    x, y = degrees.ccdf(np.array(values))
    assert x.tolist() == sorted({v for v in values if v > 0})
    assert y == pytest.approx([sum(v >= k for v in values) / len(values) for k in x])


def test_the_fitted_line_starts_on_the_data(run):
    data = RunData(run)
    step, values = degrees.scope_degrees(data, None, "network")
    alpha, xmin, k, y = degrees.fit_line(data, step, "network", values)
    assert k[0] == xmin
    assert y[0] == pytest.approx((values >= xmin).mean())
    expected = sum(float(j) ** -alpha for j in range(int(k[1]), 2_000_000)) / sum(
        float(j) ** -alpha for j in range(int(xmin), 2_000_000)
    )
    assert y[1] / y[0] == pytest.approx(expected, rel=1e-4)


def test_a_steep_fit_that_begins_late_is_still_a_line(run, monkeypatch):
    data, (alpha, xmin) = RunData(run), (471.0, 300.0)
    known = {"alpha": alpha, "xmin": xmin}
    monkeypatch.setattr(RunData, "value", lambda self, measure, quantity, *at: known[quantity])
    *_, k, y = degrees.fit_line(data, 0, "network", np.array([1, 2, 299, 300, 310]))
    assert y[0] == pytest.approx(0.4)
    assert np.isfinite(y).all()
    expected = sum((300 / j) ** alpha for j in range(int(k[1]), 2000)) / sum(
        (300 / j) ** alpha for j in range(300, 2000)
    )
    assert y[1] / y[0] == pytest.approx(expected, rel=1e-9)


def test_k_shell_chart_counts_every_neuron(run):
    chart = structure.k_shell_chart(RunData(run))
    topology = run.snapshots[-1].topology
    assert [s.y.sum() for s in chart.series] == [p.size for p in topology.graph_populations]


def test_dormant_chart_counts_by_population(run):
    chart = structure.dormant_chart(RunData(run), threshold=3)
    topology = run.snapshots[2].topology
    own = topology.degrees[topology.nodes("hidden1")]
    series = next(s for s in chart.series if s.name == "hidden1")
    assert series.y[2] == pytest.approx((own <= 3).mean())


def test_input_map_lies_on_the_grid(run):
    heat = structure.input_map_chart(RunData(run))
    topology = run.snapshots[-1].topology
    assert heat.panels[0].values.shape == (8, 8)
    assert heat.panels[0].values.ravel().tolist() == topology.degrees[:64].tolist()


def test_evolution_charts_show_each_recorded_statistic(run):
    charts = {chart.key: chart for chart in evolution.charts(RunData(run))}
    assert set(charts) == {f"evolution-{name}" for name in evolution.STATISTICS if name != "pruned"}
    overlap = charts["evolution-overlap"]
    assert overlap.marks[0].at == 0.9
    rows = run.evolution[run.evolution["layer"] == "fc1"]
    fc1 = next(s for s in overlap.series if s.name == "fc1")
    assert list(fc1.y) == pytest.approx(list(rows["overlap"]))


def test_training_charts_follow_what_was_recorded(run):
    keys = [chart.key for chart in training.charts(RunData(run))]
    assert keys == ["training-accuracy", "training-loss", "training-lr"]


def test_an_unknown_scope_is_refused(run):
    with pytest.raises(UnknownName, match="hidden1"):
        degrees.ccdf_chart(RunData(run), scope="hiden1")


def test_csv_quotes_what_must_be_quoted():
    chart = Chart("k", "t", "x", "y", (Series('a,"b"\n', [1.5], [2], error=[0.1]),))
    rows = list(csv.reader(io.StringIO(to_csv(chart))))
    assert rows == [["series", "x", "y", "error"], ['a,"b"\n', "1.5", "2", "0.1"]]


def test_csv_of_a_picture_has_a_row_per_cell():
    heat = Heat("k", "t", "density", (Panel("p", np.array([[0.5, 1.0]])),))
    assert to_csv(heat) == "panel,row,column,density\np,0,0,0.5\np,0,1,1.0\n"


@pytest.mark.parametrize(
    ("y", "begins_at_zero"),
    [
        ([0.05, 0.04999, 0.05], True),
        ([7.0, 7.0], True),
        ([0.05, 0.04], False),
        ([0.0, 0.0], False),
        ([], False),
    ],
)
def test_what_hardly_changes_is_drawn_from_zero(y, begins_at_zero):
    axis = spec(Chart("k", "t", "x", "y", (Series("s", range(len(y)), y),)))["layout"]["yaxis"]
    assert ("range" in axis) == begins_at_zero
    if begins_at_zero:
        assert axis["range"][0] == 0
        assert axis["range"][1] > max(y)


def test_names_cannot_be_markup_in_plotly():
    made = spec(Chart("k", "t", "x", "y", (Series("<b>&amp;", [1], [2]),)))
    assert made["data"][0]["name"] == "&lt;b&gt;&amp;amp;"
    assert len(escape("x" * 300)) == 60


def test_numbers_are_json():
    assert numbers([1.0, np.float32(0.1), float("nan"), np.inf, None]) == [1, 0.1, None, None, None]
