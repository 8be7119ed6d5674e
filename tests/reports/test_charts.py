import csv
import io

import numpy as np
import pytest

from netsci_dst.reports import Chart, Heat, Panel, Series, Table
from netsci_dst.reports.blocks import MOST_POINTS, page_spec
from netsci_dst.reports.plotly_chart import escape, numbers, spec
from netsci_dst.reports.to_csv import to_csv


def test_csv_quotes_what_must_be_quoted():
    chart = Chart("k", "t", "x", "y", (Series('a,"b"\n', [1.5], [2], error=[0.1]),), y_unit="s")
    rows = list(csv.reader(io.StringIO(to_csv(chart))))
    head = ["measure", "scope", "series", "x", "y (s)", "error"]
    assert rows == [head, ["k", "", 'a,"b"\n', "1.5", "2", "0.1"]]


def test_csv_of_a_picture_has_a_row_per_cell():
    heat = Heat("k", "t", "density", (Panel("p", np.array([[0.5, np.nan]]), x=["a", "b"]),))
    assert to_csv(heat) == "measure,panel,row,column,density\nk,p,0,a,0.5\nk,p,0,b,\n"


def test_a_spreadsheet_runs_no_name_as_a_formula():
    text = to_csv(Table("t", "t", ["a"], [["=cmd()"], ["-1.5"], ["@x"]]))
    assert text == "a\n'=cmd()\n-1.5\n'@x\n"


@pytest.mark.parametrize(
    ("y", "widened"),
    [([0.05, 0.04999, 0.05], True), ([7.0, 7.0], True), ([0.05, 0.04], False), ([], False)],
)
def test_what_hardly_changes_is_no_jump(y, widened):
    axis = spec(Chart("k", "t", "x", "y", (Series("s", range(len(y)), y),)))["layout"]["yaxis"]
    assert ("range" in axis) == widened
    if widened:
        low, high = axis["range"]
        assert low < min(y) <= max(y) < high
        assert high - low >= 0.02 * max(y)


def test_shares_are_shown_in_per_cent():
    made = spec(Chart("k", "t", "epoch", "accuracy", (Series("s", [1], [0.5]),), share=True))
    assert made["data"][0]["y"] == [50]
    assert made["layout"]["yaxis"]["title"]["text"] == "accuracy (%)"


def test_a_band_lies_around_its_line():
    series = Series("s", [1, 2], [3, 4], low=[2, 3], high=[4, 5])
    band = spec(Chart("k", "t", "x", "y", (series,)))["data"][1]
    assert band["x"] == [1, 2, 2, 1]
    assert band["y"] == [4, 5, 3, 2]


def test_names_cannot_be_markup_in_plotly():
    made = spec(Chart("k", "t", "x", "y", (Series("<b>&amp;", [1], [2]),)))
    assert made["data"][0]["name"] == "&lt;b&gt;&amp;amp;"
    assert len(escape("x" * 300)) == 60


def test_numbers_are_json():
    assert numbers([1.0, np.float32(0.5), float("nan"), np.inf, None]) == [1, 0.5, None, None, None]


@pytest.mark.parametrize("kind", [list, np.array, range])
def test_long_lines_of_any_kind_are_thinned_on_the_page_alone(kind):
    n = 2 * MOST_POINTS
    x = range(n) if kind is range else kind(np.arange(n))
    made = page_spec(Chart("k", "t", "x", "y", (Series("a", x, np.arange(n)), Series("b", x, x))))
    assert [len(trace["x"]) for trace in made["data"]] == [MOST_POINTS] * 2
    assert [len(trace["x"]) for trace in made["all"]] == [n, n]
    assert made["data"][0]["x"][-1] == n - 1
