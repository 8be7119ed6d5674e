import json
import re

import pytest

import netsci_dst as nd
from netsci_dst.errors import NetsciError, RunError
from netsci_dst.reports.numbers import percent
from netsci_dst.reports.run_data import RunData
from netsci_dst.reports.run_tiles import tiles
from netsci_dst.reports.run_words import sentences

HOSTILE = "<script>alert(1)</script> \"quotes\" 'single' 😀 </title> $x^2$ {{ 7*7 }} " + "n" * 80


def block(text: str, identity: str):
    found = re.search(
        rf'<script type="application/json" id="{identity}">(.*?)</script>', text, re.DOTALL
    )
    assert found
    return json.loads(found[1])


def test_a_path_or_a_run_gives_the_same_page(run, tmp_path):
    path = nd.report([run], tmp_path / "a.html", analyze=False)
    assert path == tmp_path / "a.html"
    assert nd.report(run.path, tmp_path / "b.html", analyze=False).read_bytes() == (
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
    assert text.index('class="tile-groups"') < text.index("<script")


def test_a_run_that_was_not_analysed_says_how(plain_run, tmp_path):
    text = nd.report(plain_run, tmp_path / "r.html", analyze=False).read_text()
    for measure in ("embedding", "power_law", "credit_paths"):
        assert f"--measures {measure}" in text


def test_hostile_names_stay_text(make_run, tmp_path):
    name = HOSTILE.replace("/", "∕")
    runs = [
        make_run(tmp_path, name=name, recipe={"method": "<img src=x onerror=alert(1)>"}),
        make_run(tmp_path, name="b", recipe={"method": 'x" onload="alert(1)'}, seed=1),
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
    found = block(text, "comparison-data")
    assert [v["label"] for v in found["variants"]] == ["chts", "set"]
    assert 'data-run="run1"' in text
    assert "one run each: no interval" in text


def test_many_runs_show_one_of_each_method(make_run, tmp_path):
    runs = [make_run(tmp_path, name=f"{i}", recipe={"seed": i}) for i in range(4)]
    runs.append(make_run(tmp_path, method="set"))
    text = nd.report(runs, tmp_path / "r.html", analyze=False, inside=2).read_text()
    assert 'id="run1-data"' in text
    assert 'id="run2-data"' not in text
    assert "2 of 5 can be opened here" in text
    names = [block(text, f"run{i}-data")["name"] for i in range(2)]
    assert names == ["0", "set-0"]


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
    assert 'data-figure="input-map"' not in text


def test_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="at least one run"):
        nd.report([], tmp_path / "r.html")
    with pytest.raises(RunError, match="does not exist"):
        nd.report(tmp_path / "nowhere", tmp_path / "r.html")


def test_a_file_that_cannot_be_written_is_said(run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NetsciError, match="cannot write"):
        nd.report(run, tmp_path / "file" / "r.html", analyze=False)


def test_the_tiles_hold_the_run_s_own_numbers(run):
    found = {tile.key: tile for group in tiles(RunData(run)) for tile in group.tiles}
    y = run.metrics["accuracy"]
    assert found["quality"].value == percent(y.iloc[-1])
    span = run.metrics["epoch"].iloc[-1] - run.metrics["epoch"].iloc[0]
    assert found["aae"].value == percent(((y[:-1].values + y[1:].values) / 2).sum() / span)
    assert {"anp", "itop", "elm", "gamma", "modularity", "asi"} <= set(found)
    assert len(found) <= 8
    anp = run.evolution.query("layer == 'all'")["anp"].iloc[-1]
    assert found["anp"].value == percent(anp, 1)
    assert found["quality"].better == "higher"
    assert found["gamma"].better == ""
    for tile in found.values():
        assert tile.meaning.endswith(".")


def test_better_needs_a_baseline(run, seeds):
    assert "no dense baseline here" in sentences(RunData(run))[0]
    dense = [RunData(one) for one in seeds if RunData(one).method == "dense"]
    text = sentences(RunData(run, baselines=(dense[0],)))[0]
    change = run.metrics["accuracy"].iloc[-1] - dense[0].metrics["accuracy"].iloc[-1]
    assert f"{abs(100 * change):.2f} points {'above' if change > 0 else 'below'} the dense" in text
    assert "no interval" in text
    assert "95 % interval of 2 dense runs" in sentences(RunData(run, baselines=tuple(dense)))[0]


def test_cost_is_said_or_that_it_was_not_recorded(make_run, tmp_path):
    run = make_run(tmp_path)
    run.update_provenance({"compute": {}})
    assert "FLOPs not recorded" in sentences(RunData(run))[-1]
    run.update_provenance(
        {"compute": {"training_flops_links": 2.5e9, "training_flops_executed": 5e10}}
    )
    assert "2.5 GFLOPs of training by its links, 50 GFLOPs executed" in sentences(RunData(run))[-1]


def test_label_and_notes_of_a_run_are_shown(make_run, tmp_path):
    run = make_run(tmp_path)
    run.update_provenance({"label": "my best", "notes": "after the fix"})
    text = nd.report(run, tmp_path / "r.html", analyze=False).read_text()
    assert ">my best</h1>" in text
    assert "after the fix" in text


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
        "import sys, netsci_dst.reports\n"
        "print(sorted({'plotly', 'matplotlib', 'torch', 'jinja2'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
