import signal
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst import registry
from netsci_dst.analysis import analyze, results
from netsci_dst.analysis.measure import Array, NotApplicable, Value, measure
from netsci_dst.analysis.plan import deep_positions
from netsci_dst.errors import FormatError, NetsciError, RunError, UnknownName
from netsci_dst.run import Run
from netsci_dst.topology import Topology

from .conftest import make_run

calls: list[tuple[str, int]] = []


@pytest.fixture(autouse=True)
def _measures():
    """Measures of this test alone, taken away again so that no other test meets them."""
    calls.clear()
    before = set(registry.names("measure"))

    @measure("t_links", tier="cheap", source="here")
    def t_links(snapshot, factor=1, offset=0.0):
        """Count links."""
        calls.append(("t_links", snapshot.step))
        yield Value("network", "links", factor * snapshot.topology.n_links + offset, "many")
        yield Array("degrees", snapshot.topology.degrees)

    @measure("t_deep", tier="deep", source="here", estimate=lambda topology: 1e6)
    def t_deep(snapshot):
        """Take long."""
        calls.append(("t_deep", snapshot.step))
        yield Value("network", "one", 1.0)

    @measure("t_fails", tier="cheap", source="here")
    def t_fails(snapshot):
        """Fail."""
        calls.append(("t_fails", snapshot.step))
        yield Value("network", "before", 1.0)
        raise ZeroDivisionError("on purpose")

    @measure("t_never", tier="cheap", source="here")
    def t_never(snapshot):
        """Have no meaning."""
        calls.append(("t_never", snapshot.step))
        raise NotApplicable("there is no moon")
        yield

    @measure("t_run", tier="cheap", takes="run", source="here")
    def t_run(run):
        """Look at the whole run."""
        calls.append(("t_run", -1))
        yield Value("network", "rows", len(run.metrics))
        for step in run.snapshots.steps:
            yield Value("network", "square", step**2, step=step)
        yield Array("steps", np.array(run.snapshots.steps))

    yield
    for name in set(registry.names("measure")) - before:
        registry.remove("measure", name)


def test_values_are_tidy_and_stored(synthetic_run):
    frame = analyze(synthetic_run, ["t_links", "t_run"])
    assert list(frame.columns) == [
        "run",
        "step",
        "epoch",
        "scope",
        "measure",
        "quantity",
        "value",
        "text",
    ]
    links = frame[frame["measure"] == "t_links"]
    assert links["step"].tolist() == [0, 10, 20, 30]
    assert links["epoch"].tolist() == [0.0, 1.0, 2.0, 3.0]
    truth = [snapshot.topology.n_links for snapshot in synthetic_run.snapshots]
    assert links["value"].tolist() == truth
    assert set(links["text"]) == {"many"}
    assert set(frame["run"]) == {"run"}
    squares = frame[frame["quantity"] == "square"]
    assert squares["value"].tolist() == [0, 100, 400, 900]
    assert squares["epoch"].tolist() == [0, 1, 2, 3]
    assert frame[frame["quantity"] == "rows"]["step"].tolist() == [30]
    stored = results(synthetic_run)
    assert stored.values.equals(frame)
    assert stored.measures == ["t_links", "t_run"]
    assert stored.steps("t_links") == [0, 10, 20, 30]
    degrees = stored.array("t_links", "degrees", 10)
    assert degrees.tolist() == synthetic_run.snapshots[1].topology.degrees.tolist()
    last = synthetic_run.snapshots[-1].topology.degrees
    assert (stored.array("t_links", "degrees") == last).all()
    assert stored.array("t_run", "steps").tolist() == [0, 10, 20, 30]


def test_nothing_is_computed_twice(synthetic_run):
    first = analyze(synthetic_run, ["t_links", "t_run", "t_never"])
    count = len(calls)
    again = analyze(synthetic_run.path, ["t_links", "t_run", "t_never"])
    assert len(calls) == count
    assert again.equals(first)
    # The default, given explicitly, is the same request.
    analyze(synthetic_run, "t_links", options={"t_links": {"factor": 1}})
    assert len(calls) == count
    # A new snapshot is all that is computed when the run has grown.
    snapshot = synthetic_run.snapshots[-1]
    grown = Run.open(synthetic_run.path)
    grown.write_snapshot(nd.Snapshot(snapshot.topology, 40, 4.0))
    calls.clear()
    analyze(grown, ["t_links", "t_run"])
    assert calls == [("t_links", 40), ("t_run", -1)]


def test_a_changed_snapshot_is_computed_anew_and_old_results_are_gone(synthetic_run):
    analyze(synthetic_run, "t_links")
    smaller = synthetic_run.snapshots[0].topology.part(["layer1"])
    run = Run.open(synthetic_run.path)
    run.write_snapshot(nd.Snapshot(smaller, 30, 3.0))
    assert results(run).steps("t_links") == [0, 10, 20]
    with pytest.raises(RunError, match="no result of 't_links' at step 30"):
        results(run).array("t_links", "degrees", 30)
    calls.clear()
    analyze(run, "t_links")
    assert calls == [("t_links", 30)]


def test_options_have_results_of_their_own(synthetic_run):
    analyze(synthetic_run, "t_links")
    doubled = analyze(synthetic_run, "t_links", options={"t_links": {"factor": 2}})
    truth = [snapshot.topology.n_links for snapshot in synthetic_run.snapshots]
    assert doubled["value"].tolist() == [2 * n for n in truth]
    assert results(synthetic_run).values["value"].tolist() == truth
    chosen = results(synthetic_run, options={"t_links": {"factor": 2}})
    assert chosen.values["value"].tolist() == [2 * n for n in truth]
    with pytest.raises(UnknownName, match=r"unknown option of measure 't_links': 'facter'.*factor"):
        analyze(synthetic_run, "t_links", options={"t_links": {"facter": 2}})
    with pytest.raises(NetsciError, match="not asked for"):
        analyze(synthetic_run, "t_links", options={"t_deep": {}})
    with pytest.raises(UnknownName):
        analyze(synthetic_run, "t_links", options={"t_linkz": {}})


def test_one_failing_measure_is_noted_and_stops_nothing(synthetic_run):
    frame = analyze(synthetic_run, ["t_fails", "t_links", "t_never"])
    assert set(frame["measure"]) == {"t_links"}
    notes = frame.attrs["notes"]
    reasons = {(note["measure"], note["status"], note["reason"]) for note in notes}
    assert reasons == {
        ("t_fails", "failed", "ZeroDivisionError: on purpose"),
        ("t_never", "not applicable", "there is no moon"),
    }
    stored = results(synthetic_run)
    assert stored.notes["status"].value_counts().to_dict() == {
        "done": 4,
        "failed": 4,
        "not applicable": 4,
    }
    with pytest.raises(RunError, match="on purpose"):
        stored.array("t_fails", "x", 0)
    calls.clear()
    analyze(synthetic_run, ["t_fails", "t_links", "t_never"])
    assert {name for name, _ in calls} == {"t_fails"}  # what failed is tried again


def test_what_costs_too_much_is_skipped_unless_asked_for_by_name(synthetic_run):
    frame = analyze(synthetic_run, tier="deep")
    assert "t_deep" not in set(frame["measure"])
    skipped = [n for n in frame.attrs["notes"] if n["measure"] == "t_deep"]
    assert {n["status"] for n in skipped} == {"skipped"}
    assert "about 278 hours" in skipped[0]["reason"]
    asked = analyze(synthetic_run, "t_deep")
    assert asked["value"].tolist() == [1.0] * 4
    limit = analyze(synthetic_run, tier="deep", limit_s=1e9)
    assert "t_deep" in set(limit["measure"])


def test_deep_measures_take_few_snapshots_by_default(tmp_path):
    run = make_run(tmp_path / "long", sizes=(9, 8, 7), density=0.3, snapshots=12)
    frame = analyze(run, ["t_links", "t_deep"])
    deep = frame[frame["measure"] == "t_deep"]["step"].tolist()
    assert deep == [0, 10, 20, 40, 80, 110]
    assert frame[frame["measure"] == "t_links"]["step"].nunique() == 12
    every = analyze(run, ["t_deep"], steps="all")
    assert every["step"].nunique() == 12
    some = analyze(run, ["t_links", "t_deep"], steps=[30, 50])
    assert some["step"].tolist() == [30, 30, 50, 50]
    with pytest.raises(RunError, match="nearest is 30"):
        analyze(run, "t_links", steps=[31])
    with pytest.raises(UnknownName, match="all"):
        analyze(run, "t_links", steps="last")


def test_deep_positions_do_not_move_as_a_run_grows():
    assert deep_positions(0) == []
    assert deep_positions(1) == [0]
    assert len(deep_positions(250)) == 10
    for count in range(1, 60):
        kept = set(deep_positions(count)) - {count - 1}
        assert kept <= set(deep_positions(count + 1))


def test_processes_give_the_same_as_one(tmp_path):
    names = ["modularity", "credit_paths", "path_length", "assortativity", "null_model"]
    options = {"null_model": {"n": 3}}
    one = analyze(make_run(tmp_path / "a" / "run"), names, options=options)
    two = analyze(make_run(tmp_path / "b" / "run"), names, jobs=2, options=options)
    assert one.equals(two)
    assert one.attrs == two.attrs


def test_processes_read_runs_in_memory(tmp_path):
    run = make_run(f"memory://{tmp_path.name}/run", snapshots=3)
    frame = analyze(run, "assortativity", jobs=2)
    assert frame["step"].nunique() == 3
    assert results(run).values.equals(frame)


def test_a_dask_cluster_gives_the_same_as_one(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    submit, sent = distributed.Client.submit, []
    monkeypatch.setattr(
        distributed.Client, "submit", lambda *a, **k: sent.append(a[1]) or submit(*a, **k)
    )
    one = analyze(make_run(tmp_path / "a" / "run"), ["modularity", "assortativity"])
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
    ):
        run = make_run(tmp_path / "b" / "run")
        two = analyze(run, ["modularity", "assortativity"], scheduler=cluster.scheduler_address)
    assert len(sent) > 0
    assert one.equals(two)
    assert results(run).values.equals(two)


def test_several_runs_and_networks_at_once(tmp_path):
    a, b = make_run(tmp_path / "x" / "same"), make_run(tmp_path / "y" / "same", seed=1)
    frame = analyze([a, b.path, nx.path_graph(4)], "assortativity", steps="all")
    assert set(frame["run"]) == {a.path, b.path, "network"}
    with pytest.raises(RunError, match="twice"):
        analyze([a, a.path], "assortativity")
    with pytest.raises(RunError, match="does not exist"):
        analyze([a, tmp_path / "nowhere"], "assortativity")


def test_any_network_is_analysed_without_storing(tmp_path):
    graph = nx.karate_club_graph()
    for _, _, data in graph.edges(data=True):
        data.clear()  # the file below holds no weights
    file = tmp_path / "karate.txt"
    nx.write_edgelist(graph, file, data=False)
    frames = [
        analyze(given, ["t_links", "t_run", "modularity"])
        for given in (
            graph,
            nx.to_scipy_sparse_array(graph),
            Topology.network(graph),
            nd.Snapshot(Topology.network(graph)),
            str(file),
        )
    ]
    for frame in frames[1:]:
        assert frame.drop(columns=["text", "run"]).equals(frames[0].drop(columns=["text", "run"]))
    assert [frame["run"].unique().tolist() for frame in frames] == [["network"]] * 4 + [["karate"]]
    assert set(frames[0]["measure"]) == {"t_links", "modularity"}
    assert list(tmp_path.iterdir()) == [file]


def test_progress_counts_what_is_to_be_done(synthetic_run):
    seen = []
    analyze(synthetic_run, ["t_links", "t_run"], progress=lambda *a: seen.append(a))
    assert seen[0] == (0, 5, "")
    assert [done for done, _, _ in seen] == [0, 1, 2, 3, 4, 5]
    assert seen[1][2] == "run: t_links"
    seen.clear()
    analyze(synthetic_run, ["t_links", "t_run"], progress=lambda *a: seen.append(a))
    assert seen == [(0, 0, "")]


def test_an_interrupt_keeps_what_was_done(synthetic_run):
    def stop(done, total, what):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyze(synthetic_run, "t_links", progress=stop)
    assert len(results(synthetic_run).steps("t_links")) == 3
    calls.clear()
    analyze(synthetic_run, "t_links")
    assert len(calls) == 1


_KILLED = """
import sys, time
sys.path.insert(0, sys.argv[2])
from netsci_dst.analysis import analyze, result_store
from netsci_dst.analysis.measure import Value, measure

result_store.ResultStore.put.__defaults__ = (0.0,)

@measure("slow", tier="cheap", source="here")
def slow(snapshot):
    time.sleep(0.3)
    yield Value("network", "x", snapshot.step)

analyze(sys.argv[1], "slow", progress=lambda done, total, what: print(done, flush=True))
"""


def test_a_killed_analysis_keeps_what_was_done(tmp_path):
    run = make_run(tmp_path / "run", sizes=(9, 8, 7), density=0.3, snapshots=10)
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED, run.path, "."], stdout=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line.strip() == "3":
            break
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()

    @measure("slow", tier="cheap", source="here")
    def slow(snapshot):
        calls.append(("slow", snapshot.step))
        yield Value("network", "x", snapshot.step)

    assert len(results(run).steps("slow")) >= 3
    frame = analyze(run, "slow")
    assert 1 <= len(calls) <= 7
    assert frame["value"].tolist() == frame["step"].tolist() == run.snapshots.steps


def test_a_killed_process_is_an_error_in_words(synthetic_run):
    import os

    @measure("t_killer", tier="deep", source="here")
    def t_killer(snapshot):
        os.kill(os.getpid(), signal.SIGKILL)
        yield

    with pytest.raises(NetsciError, match="killed, most likely for lack of memory"):
        analyze(synthetic_run, ["t_killer"], jobs=2)
    assert len(analyze(synthetic_run, "assortativity", jobs=2)) == 20


def test_parts_are_merged_and_a_damaged_one_is_named(synthetic_run, tmp_path):
    for name in ("t_links", "t_run", "assortativity"):
        analyze(synthetic_run, name)
    files = synthetic_run.store.list("analysis")
    assert sorted(file.split("-")[0] for file in files) == ["notes", "values"]
    whole = results(synthetic_run).values
    assert set(whole["measure"]) == {"t_links", "t_run", "assortativity"}
    values = next(file for file in files if file.startswith("values"))
    synthetic_run.store.write(f"analysis/{values}", b"PAR1 nonsense")
    with pytest.raises(FormatError, match=f"{values} is corrupt"):
        _ = results(synthetic_run).values


def test_two_analyses_at_once_do_not_disturb_each_other(synthetic_run):
    from netsci_dst.analysis.result_store import ResultStore

    early = ResultStore(synthetic_run.store).load()
    frame = analyze(synthetic_run, "t_links")
    # One that began before the other ended, and stores the same results again.
    from netsci_dst.analysis.plan import choose, plan_run
    from netsci_dst.analysis.work import work

    for unit in plan_run(0, synthetic_run, choose("t_links", None, None), None, 1e9, False):
        for outcome in work(unit)[1]:
            early.put(outcome)
    early.flush()
    assert results(synthetic_run).values.equals(frame)


def test_wrong_requests_say_what_would_be_right(synthetic_run):
    with pytest.raises(UnknownName, match="did you mean 'modularity'"):
        analyze(synthetic_run, "modularty")
    with pytest.raises(NetsciError, match="jobs must be at least 1"):
        analyze(synthetic_run, "t_links", jobs=0)
    with pytest.raises(NetsciError, match="tier must be"):
        analyze(synthetic_run, tier="medium")
    with pytest.raises(NetsciError, match="no plain value"):
        analyze(synthetic_run, "t_links", options={"t_links": {"factor": object()}})
    with pytest.raises(NetsciError, match="stored with runs"):
        results(nx.path_graph(3))
    analyze(synthetic_run, "t_links")
    with pytest.raises(UnknownName, match="'degrees'"):
        results(synthetic_run).array("t_links", "degree", 0)


def test_a_damaged_snapshot_is_noted(synthetic_run):
    name = synthetic_run.snapshots.index[1]["file"]
    synthetic_run.store.write(f"snapshots/{name}", b"damaged")
    frame = analyze(synthetic_run, "t_links")
    assert frame["step"].tolist() == [0, 20, 30]
    (note,) = frame.attrs["notes"]
    assert note["step"] == 10
    assert "does not match its checksum" in note["reason"]


def test_every_measure_runs_on_a_small_run_and_a_small_network(synthetic_run):
    known = set(registry.names("measure"))
    frame = analyze(synthetic_run, steps=[0, 30], options={"rich_club": {"n": 5}})
    failed = [n for n in frame.attrs["notes"] if n["status"] == "failed"]
    assert {n["measure"] for n in failed} == {"t_fails"}
    here = {"t_fails", "t_never", "t_deep"}
    assert set(frame["measure"]) == known - here
    general = analyze(nx.karate_club_graph(), options={"rich_club": {"n": 5}})
    failed = [n for n in general.attrs["notes"] if n["status"] == "failed"]
    assert {n["measure"] for n in failed} == {"t_fails"}
    of_runs = {e.name for e in registry.entries("measure") if e.target.takes == "run"}
    of_layers = {"input_maps", "credit_paths", "active_neurons", "dormant"}
    assert set(general["measure"]) == known - here - of_runs - of_layers
