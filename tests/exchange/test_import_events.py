"""A time-stamped list of links as a run, against the history that is counted from the list."""

import numpy as np
import pandas as pd
import pytest

import netsci_dst as nd
from netsci_dst.analysis import growth, history_of_events
from netsci_dst.analysis.dynamics.sources import link_history
from netsci_dst.errors import DataError, RunError
from netsci_dst.exchange import from_events
from netsci_dst.exchange.import_events import continue_events
from netsci_dst.verification import verify


def contacts(n=30, links=90, seed=0):
    rng = np.random.default_rng(seed)
    u, v = rng.integers(n, size=(2, links))
    times = np.sort(rng.integers(1_000_000, 2_000_000, links))
    return pd.DataFrame(
        {"source": [f"p{i}" for i in u], "target": [f"p{i}" for i in v], "time": times}
    )


def test_a_snapshot_has_the_links_named_up_to_its_time(tmp_path):
    frame = contacts()
    frame.to_csv(tmp_path / "contacts.csv", index=False)
    run = from_events(tmp_path / "contacts.csv", tmp_path / "run", states=12)
    for snapshot in run.snapshots:
        before = frame[frame["time"] <= snapshot.extra["time"]]
        pairs = {frozenset(p) for p in zip(before["source"], before["target"], strict=True)}
        labels = snapshot.topology.node_labels
        found = {frozenset((labels[a], labels[b])) for a, b in zip(*snapshot.topology.links())}
        assert found == {p for p in pairs if len(p) == 2}
    assert all(finding.verdict == "ok" for finding in verify(run))


def test_its_growth_is_that_of_the_list(tmp_path):
    frame = contacts()
    run = from_events(frame, tmp_path / "run", states=12)
    history = history_of_events(frame["source"], frame["target"], frame["time"], states=12)
    counted = link_history(run)
    assert [s.size for s in counted.states] == [s.size for s in history.states]
    options = {"bootstraps": 20, "nulls": 5}
    for name in ("core", "exploration", "survival"):
        mine, theirs = (
            getattr(growth(run, **options), name),
            getattr(growth(history, **options), name),
        )
        drop = [c for c in ("time", "age", "low", "high") if c in mine]
        pd.testing.assert_frame_equal(mine.drop(columns=drop), theirs.drop(columns=drop))
    assert "growth" in set(nd.analyze(run, "growth")["measure"])


def test_weights_directions_and_dates(tmp_path):
    frame = pd.DataFrame(
        {"from": [*"aba"], "to": [*"bab"], "weight": [1.0, 2.0, 4.0],
         "date": ["2020-01-01", "2020-01-02", "2020-01-03"]}
    )  # fmt: skip
    frame.to_csv(tmp_path / "mails.csv", index=False)
    run = from_events(tmp_path / "mails.csv", tmp_path / "run", states=3, directed=True)
    weights = [s.topology.layers[0].weights.tolist() for s in run.snapshots]
    assert weights == [[1.0], [1.0, 2.0], [5.0, 2.0]]


def test_an_import_that_was_stopped_goes_on(tmp_path):
    frame = contacts()
    frame.to_csv(tmp_path / "c.csv", index=False)
    run = from_events(tmp_path / "c.csv", tmp_path / "run", states=8)
    checksums = [one["sha256"] for one in run.snapshots.index]
    run.rewind(3)
    run.update_provenance({"status": "interrupted"})
    again = continue_events(nd.load_run(tmp_path / "run"))
    assert [one["sha256"] for one in again.snapshots.index] == checksums
    with pytest.raises(RunError, match="already holds a run"):
        from_events(tmp_path / "c.csv", tmp_path / "run", states=8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="time"), "no column of times"),
        (lambda f: f.assign(time=7), "single time"),
        (lambda f: f.assign(time="soon"), "neither numbers nor dates"),
    ],
)
def test_lists_that_do_not_grow_are_refused(tmp_path, change, message):
    with pytest.raises(DataError, match=message):
        from_events(change(contacts()), tmp_path / "run", states=5)
    assert not (tmp_path / "run").exists()
