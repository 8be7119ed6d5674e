"""Figures that papers print and the page does not: against counts made by hand."""

import numpy as np
import pytest
from scipy.stats import kendalltau

import netsci_dst as nd
from netsci_dst.errors import NetsciError, UnknownName
from netsci_dst.reports.chart import Chart, Heat, Words
from netsci_dst.reports.comparison.model import Comparison
from netsci_dst.reports.grouped import groups_of, moments
from netsci_dst.reports.page_section import sections_of
from netsci_dst.reports.run_data import RunData
from netsci_dst.reports.sections.adjacency_native import adjacency_native
from netsci_dst.reports.sections.compare_bars import bars
from netsci_dst.reports.sections.compare_convergence import convergence, time_to_converge
from netsci_dst.reports.sections.compare_gain import gain_over_dense
from netsci_dst.reports.sections.degree_order import degree_order
from netsci_dst.reports.sections.degrees_over_time import degrees_over_time
from netsci_dst.reports.sections.inputs_over_time import inputs_over_time
from netsci_dst.reports.sections.ks_distance import ks_distance


@pytest.fixture(scope="module")
def compared(tmp_path_factory, make_run):
    folder = tmp_path_factory.mktemp("figures")
    asked = [("set", 0), ("set", 1), ("chts", 0), ("dense", 0)]
    runs = [make_run(folder, method=method, seed=seed) for method, seed in asked]
    for run in runs[:3]:
        nd.analyze(run, measures=["degree_correlation", "power_law"])
    return Comparison([RunData(run) for run in runs])


def _hidden_degrees(snapshot):
    network = snapshot.topology
    counts = {p.name: np.zeros(p.size, int) for p in network.populations}
    for layer in network.layers:
        np.add.at(counts[layer.source], layer.sources, 1)
        np.add.at(counts[layer.target], layer.indices, 1)
    inner = [p.name for p in network.graph_populations if p.role == "hidden"]
    return np.concatenate([counts[name] for name in inner])


def test_degrees_over_time_are_means_over_seeds(compared):
    charts = list(degrees_over_time(compared, times=3))
    assert [c.key for c in charts] == [f"degrees-over-time-{i}" for i in (1, 2, 3)]
    line = next(s for s in charts[-1].series if "set" in s.name.lower())
    seeds = [_hidden_degrees(run.run.snapshots[-1]) for run in compared.runs[:2]]
    for k, y in zip(line.x, line.y):
        assert y == pytest.approx(np.mean([(d >= k).mean() for d in seeds]))
    assert max(line.x) == max(d.max() for d in seeds)
    one = list(degrees_over_time(compared.runs[0], times=3))
    assert len(one) == 1
    assert len(one[0].series) == len(moments(compared.runs[0], 3)) == 3


def test_a_scope_that_is_none_is_refused(compared):
    with pytest.raises(UnknownName, match="hidden"):
        list(degrees_over_time(compared, scope="hiden"))


def test_order_by_degree_is_kendalls_tau(compared):
    heat = next(degree_order(compared))
    assert isinstance(heat, Heat)
    panel = next(p for p in heat.panels if "set" in p.name.lower())
    ends = [[_hidden_degrees(run.run.snapshots[i]) for i in (0, -1)] for run in compared.runs[:2]]
    assert panel.values[0, -1] == pytest.approx(np.mean([kendalltau(*e).statistic for e in ends]))
    assert np.allclose(panel.values, panel.values.T)
    assert isinstance(next(degree_order(compared, scope="nowhere")), Words)


def test_input_maps_hold_the_links_of_the_inputs(compared):
    links, paths = inputs_over_time(compared, times=2)
    run = compared.runs[2]
    panel = next(
        p
        for p in links.panels
        if p.name.startswith(groups_of(compared)[_group_of(compared, run)].label)
    )
    network = run.run.snapshots[0].topology
    first = network.layers[0]
    assert panel.values.shape == (8, 8)
    assert panel.values.ravel().tolist() == np.bincount(first.sources, minlength=64).tolist()
    assert links.across == 2
    assert len(paths.panels) == len(links.panels)


def _group_of(compared, run):
    return next(i for i, group in enumerate(groups_of(compared)) if run in group.runs)


def test_native_order_keeps_the_neurons_where_they_are(compared):
    heat = next(adjacency_native(compared.runs[0], step=None))
    for panel, layer in zip(heat.panels, compared.runs[0].topology.layers):
        whole = layer.to_scipy().toarray() != 0
        assert panel.values.shape == whole.shape  # no more neurons than bins: a cell for each pair
        assert (panel.values > 0).tolist() == whole.tolist()


def test_distance_of_the_fit_is_the_one_that_was_minimised(compared):
    run = compared.runs[0]
    chart = next(ks_distance(run))
    stored = run.value("power_law", "ks", "network", run.run.snapshots.steps[-1])
    data, fit = (np.asarray(s.y) for s in chart.series)
    assert np.abs(data - fit).max() == pytest.approx(stored, abs=1e-9)
    assert chart.title.startswith(f"D = {stored:.3f}")


@pytest.mark.parametrize("unit", ["points", "percent"])
def test_gain_is_the_change_of_means_against_dense(compared, unit):
    chart = next(b for b in gain_over_dense(compared, unit) if isinstance(b, Chart))
    final = [values["metric"] for values in compared.values]
    at = next(s for s in chart.series if "set" in s.name.lower())
    mean, dense = np.mean(final[:2]), final[3]
    wanted = 100 * (mean - dense) if unit == "points" else 100 * (mean / dense - 1)
    assert at.x[0] == pytest.approx(wanted)
    assert chart.x_unit == ("points" if unit == "points" else "% of dense")
    assert isinstance(next(gain_over_dense(Comparison(compared.runs[:3]))), Words)
    with pytest.raises(NetsciError, match="points or percent, not 'share'"):
        list(gain_over_dense(compared, "share"))


def test_time_to_converge_is_the_first_evaluation_near_the_best(compared):
    run = compared.runs[0]
    values, seconds = (run.metrics[c].astype(float).to_numpy() for c in ("accuracy", "wall_s"))
    wanted = next(s for v, s in zip(values, seconds) if v >= 0.995 * values.max())
    assert time_to_converge(run, 0.005, True) == wanted
    assert time_to_converge(run, 1.0, True) == seconds[0]
    assert {c.key for c in convergence(compared)} == {"convergence", "neurons-kept"}


def test_bars_over_two_settings(tmp_path, make_run):
    runs = [
        make_run(tmp_path, method="set", sparsity=s, lr=lr, epochs=1, name=f"{s}-{lr}")
        for s in (0.8, 0.9)
        for lr in (0.01, 0.1)
    ]
    compared = Comparison([RunData(run) for run in runs])
    chart = next(bars(compared, "sparsity", "lr"))
    assert [s.name for s in chart.series] == ["lr 0.01", "lr 0.1"]
    assert [list(s.x) for s in chart.series] == [["0.8", "0.9"]] * 2
    assert chart.series[1].y[0] == pytest.approx(compared.values[1]["metric"])
    with pytest.raises(UnknownName, match="no_field"):
        list(bars(compared, "no_field", "lr"))


def test_they_are_files_and_not_on_the_page(compared, tmp_path):
    runs = [one.run for one in compared.runs]
    names = ["convergence", "degrees_over_time", "inputs_over_time"]
    paths = nd.reports.figures(runs, tmp_path, "svg", only=names)
    assert {"convergence", "neurons-kept", "inputs-over-time"} <= {p.stem for p in paths}
    assert nd.show.convergence(runs).data
    page = nd.report(runs, out=tmp_path / "page.html").read_text()
    hidden = [s for s in sections_of("comparison") if not s.on_page]
    assert len(hidden) >= 5
    assert not any(s.title in page for s in hidden if s.title)
