import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst.errors import NetsciError, UnknownName
from netsci_dst.reports import show

VIEWS = ["training", "evolution", "ccdf", "degrees", "k_shells", "adjacency", "input_map"]


@pytest.mark.parametrize("name", [*VIEWS, "dormant", "network", "disk"])
def test_every_view_is_a_plotly_figure(run, name):
    figure = getattr(nd.show, name)(run)
    assert type(figure).__name__ == "Figure"
    assert figure.data
    assert figure.to_json()


def test_an_older_snapshot_can_be_shown(run):
    first, last = show.ccdf(run, step=0), show.ccdf(run)
    assert "step 0" in first.layout.title.text
    assert list(first.data[0].y) != list(last.data[0].y)


def test_the_network_view_draws_each_link_once(run):
    topology = run.snapshots[-1].topology
    lines = [trace for trace in show.network(run).data if trace.mode == "lines"]
    assert sum(np.isnan(np.array(t.x, dtype=float)).sum() for t in lines) == topology.n_links


def test_what_is_left_out_is_said(run):
    n = run.snapshots[-1].topology.n_links
    assert "links" not in show.network(run, links=n).layout.title.text
    assert f"; 100 of {n:,} links, " in show.network(run, links=100).layout.title.text
    with pytest.raises(NetsciError, match="links must be at least 1, not 0"):
        show.network(run, links=0)


def test_views_say_what_is_missing(plain_run, run):
    with pytest.raises(NetsciError, match="no embedding"):
        show.disk(plain_run)
    with pytest.raises(UnknownName, match="overlap"):
        show.evolution(run, "overlab")
    with pytest.raises(NetsciError, match="alpha"):
        show.measure(run, "power_law", "beta")


def test_the_slider_moves_the_view(run):
    pytest.importorskip("ipywidgets")
    box = show.slider(run, "k_shells")
    control, figure = box.children
    before = [list(trace.y) for trace in figure.data]
    control.value = 0
    assert "step 0" in figure.layout.title.text
    assert [list(trace.y) for trace in figure.data] != before
