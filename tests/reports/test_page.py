import json
import re

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst.errors import NetsciError, RunError
from netsci_dst.report._data import RunData
from netsci_dst.report._summary import cards, percent, verdict

HOSTILE = "<script>alert(1)</script> \"quotes\" 'single' 😀 </title> $x^2$ {{ 7*7 }} " + "n" * 80


def block(text: str, identity: str):
    found = re.search(
        rf'<script type="application/json" id="{identity}">(.*?)</script>', text, re.DOTALL
    )
    assert found
    return json.loads(found[1])


def test_the_module_can_be_called(run, tmp_path):
    from netsci_dst import report

    path = nd.report([run], tmp_path / "a.html", analyze=False)
    assert path == tmp_path / "a.html"
    assert report.report([run], tmp_path / "b.html", analyze=False).read_bytes() == (
        path.read_bytes()
    )


def test_the_page_asks_nothing_of_a_server(run, tmp_path):
    text = nd.report(run, tmp_path / "r.html", analyze=False).read_text()
    assert "connect-src 'none'" in text or "connect-src &#39;none&#39;" in text
    page = text.split('id="plotly-source"')[0]
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert "{{" not in page
    assert "Undefined" not in page


def test_the_first_picture_comes_before_any_script(run, tmp_path):
    text = nd.report(run, tmp_path / "r.html", analyze=False).read_text()
    assert text.index("<svg viewBox") < text.index("<script")
    assert text.index('class="cards"') < text.index("<script")


def test_a_run_that_was_not_analysed_says_how(plain_run, tmp_path):
    text = nd.report(plain_run, tmp_path / "r.html", analyze=False).read_text()
    for measure in ("embedding", "power_law", "credit_paths"):
        assert f"--measures {measure}" in text


def test_hostile_names_stay_text(make_run, tmp_path):
    name = HOSTILE.replace("/", "∕")
    runs = [
        make_run(tmp_path, name=name, method="<img src=x onerror=alert(1)>", snapshots=2),
        make_run(tmp_path, name="b", method='x" onload="alert(1)', snapshots=2, seed=1),
    ]
    for chosen in (runs[:1], runs):
        page = nd.report(chosen, tmp_path / "r.html", title=name, analyze=False).read_text()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'x" onload' not in page
        assert "49 nnn" not in page
        assert block(page, "run0-data")["name"] == name


def test_several_runs_are_compared_and_can_be_opened(run, plain_run, tmp_path):
    text = nd.report([run, plain_run], tmp_path / "r.html", analyze=False).read_text()
    found = block(text, "compare-data")
    assert [row[1] for row in found["runs"]] == ["chts", "set"]
    assert 'data-run="run1"' in text
    assert "paired" in text.lower()


def test_many_runs_show_one_of_each_method(make_run, tmp_path):
    runs = [make_run(tmp_path, snapshots=2, method=m, seed=s) for m in ("a", "b") for s in range(5)]
    text = nd.report(runs, tmp_path / "r.html", analyze=False).read_text()
    assert 'id="run1-data"' in text
    assert 'id="run2-data"' not in text
    assert "2 of 10 can be opened here" in text


def test_runs_without_snapshots_or_metrics_are_shown(tmp_path):
    bare = nd.Run.create(tmp_path / "bare", {"method": "dense"})
    text = nd.report([bare], tmp_path / "r.html").read_text()
    assert "No snapshot was recorded" in text


def test_a_general_network_is_shown(tmp_path):
    import networkx as nx

    network = nd.Run.create(tmp_path / "net", {})
    topology = nd.Topology.network(nx.barabasi_albert_graph(60, 2, seed=0))
    network.write_snapshot(nd.Snapshot(topology))
    text = nd.report([network], tmp_path / "r.html", analyze=False).read_text()
    found = block(text, "run0-data")["frames"]
    assert found["directed"] is False
    assert found["nLinks"] == [[116]]
    assert "This is a network of 60 nodes and 116 links, 6.55 % of those possible" in text
    assert "; the best linked node has " in text
    assert 'data-images="inputs"' not in text


def test_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="at least one run"):
        nd.report([], tmp_path / "r.html")
    with pytest.raises(RunError, match="does not exist"):
        nd.report(tmp_path / "nowhere", tmp_path / "r.html")


def test_a_file_that_cannot_be_written_is_said(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NetsciError, match="cannot write"):
        nd.report(run, tmp_path / "file" / "r.html", analyze=False)


def test_the_cards_hold_the_run_s_own_numbers(run):
    found = {card.key: card for card in cards(RunData(run))}
    y = run.metrics["accuracy"]
    assert found["quality"].value == percent(y.iloc[-1])
    span = run.metrics["epoch"].iloc[-1] - run.metrics["epoch"].iloc[0]
    assert found["aae"].value == percent(((y[:-1].values + y[1:].values) / 2).sum() / span)
    assert {"sparsity", "anp", "itop", "elm", "alpha", "gamma", "modularity", "asi"} <= set(found)
    anp = run.evolution.query("layer == 'all'")["anp"].iloc[-1]
    assert found["anp"].sentence.startswith(
        f"{percent(1 - anp, 1)} of the neurons are left without"
    )
    links = nd.load_run(run.path).snapshots[0].topology
    outgoing = sum(np.count_nonzero(layer.out_degrees) for layer in links.layers)
    outgoing += np.count_nonzero(links.layers[-1].in_degrees)
    begun = 1 - outgoing / links.n_nodes
    text = f"{percent(begun, 1)} were" if begun else "none was"
    assert found["anp"].sentence.endswith(f"; {text} at the start.")


def test_better_needs_a_baseline(run, plain_run):
    assert "needs one beside it" in verdict(RunData(run))[-1]
    text = verdict(RunData(run), RunData(plain_run))[-1]
    change = 100 * (run.metrics["accuracy"].iloc[-1] - plain_run.metrics["accuracy"].iloc[-1])
    assert f"{change:+.2f} points" in text
    assert ("better than" in text) == (change > 0)


@pytest.mark.parametrize(("value", "text"), [(1, "100.00 %"), (0.99999, "99.9990 %")])
def test_almost_all_is_not_all(value, text):
    assert percent(value) == text


def test_without_the_extra_the_extra_is_named(run, tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['markupsafe'] = None\n"
        "import netsci_dst as nd\n"
        "from netsci_dst.errors import MissingDependency\n"
        "try:\n    nd.report([])\nexcept MissingDependency as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "netsci-dst[report]" in said.stdout


def test_importing_the_package_is_quick():
    import subprocess
    import sys

    code = (
        "import sys, netsci_dst.report\n"
        "print(sorted({'plotly', 'matplotlib', 'torch', 'jinja2'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
