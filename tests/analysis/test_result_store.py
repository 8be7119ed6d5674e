"""Stored results: checksums, clocks that jump, read-only runs, thinned snapshots, orphans."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import netsci_dst as nd
from netsci_dst import registry
from netsci_dst.analysis import analyze, results
from netsci_dst.analysis.measure import Array, Value, measure
from netsci_dst.errors import NetsciError
from netsci_dst.store import Store

from .conftest import make_run

fail = [False]


@pytest.fixture(autouse=True)
def _measure():
    fail[0] = False
    before = dict(registry._of("measure"))

    @measure("t_value", tier="cheap", source="here")
    def t_value(snapshot):
        """Count links."""
        if fail[0]:
            raise ZeroDivisionError("on purpose")
        yield Value("network", "links", snapshot.topology.n_links, "text")
        yield Array("degrees", snapshot.topology.degrees)

    yield
    known = registry._entries["measure"]
    for name in set(known) - set(before):
        del known[name]


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", sizes=(6, 5, 4), density=0.4, snapshots=2)


def everything(run):
    found = results(nd.load_run(run.path))
    arrays = [found.array("t_value", "degrees", step).tolist() for step in found.steps("t_value")]
    return found.values.to_csv(), arrays


def test_no_flipped_bit_of_a_result_changes_what_is_read(run):
    analyze(run, "t_value")
    expected, rng = everything(run), np.random.default_rng(0)
    for file in sorted(Path(run.path, "analysis").rglob("*")):
        if not file.is_file():
            continue
        data, silent = file.read_bytes(), []
        for place in np.unique(rng.integers(0, len(data), 100)):
            damaged = bytearray(data)
            damaged[place] ^= 1 << int(rng.integers(8))
            file.write_bytes(damaged)
            try:
                if everything(run) != expected:
                    silent.append(place)
            except NetsciError:
                continue
        file.write_bytes(data)
        assert not silent, file


def test_a_table_without_a_checksum_is_refused(run):
    import pyarrow.parquet as pq

    analyze(run, "t_value")
    name = next(n for n in run.store.list("analysis") if n.startswith("values"))
    path = run.store.path(f"analysis/{name}")
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    with pytest.raises(NetsciError, match=f"{name}.*no checksum; delete it"):
        _ = results(run).values


def test_a_clock_that_jumps_back_does_not_bring_a_failure_back(run, monkeypatch):
    fail[0] = True
    frame = analyze(run, "t_value")
    assert {note["status"] for note in frame.attrs["notes"]} == {"failed"}
    fail[0] = False
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 10**8)
    monkeypatch.setattr(time, "time_ns", lambda: int((now - 10**8) * 1e9))
    assert len(analyze(run, "t_value")) == 2
    assert results(run).measures == ["t_value"]
    again = analyze(run, "t_value")
    assert again.attrs["notes"] == []
    assert len(again) == 2


@pytest.fixture
def read_only(run):
    """The run on a mount, or with permissions, that let nothing be written."""
    mount = ["mount", "--bind", run.path, run.path]
    if os.geteuid() == 0:
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("root may write anywhere, and may not mount here")
        subprocess.run(["mount", "-o", "remount,ro,bind", run.path], check=True)
        yield run
        subprocess.run(["umount", run.path], check=True)
    else:
        os.chmod(run.path, 0o555)
        yield run
        os.chmod(run.path, 0o755)


def test_a_read_only_run_is_analysed_in_memory(read_only):
    frame = analyze(read_only, "t_value")
    assert len(frame) == 2
    again = nd.load_run(read_only.path)
    assert results(again).values["value"].tolist() == frame["value"].tolist()
    degrees = again.snapshots[0].topology.degrees.tolist()
    assert results(again).array("t_value", "degrees", again.snapshots.steps[0]).tolist() == degrees
    assert not os.path.exists(os.path.join(read_only.path, "analysis"))
    fail[0] = True  # it is not computed again
    assert analyze(again, "t_value").attrs["notes"] == []


def test_a_snapshot_thinned_out_meanwhile_is_no_failure(run, monkeypatch):
    from netsci_dst.analysis import runner

    planned = runner.plan_run

    def thinned(*args):
        units = planned(*args)
        run.snapshots._drop(lambda step: step == run.snapshots.steps[0])
        return units

    steps = run.snapshots.steps
    monkeypatch.setattr(runner, "plan_run", thinned)
    frame = analyze(nd.load_run(run.path), "t_value")
    assert frame["step"].tolist() == steps[1:]
    assert frame.attrs["notes"] == []
    assert len(results(nd.load_run(run.path)).notes) == 1


def test_what_a_killed_analysis_left_is_cleaned(run):
    store = Store(run.path)
    analyze(run, "t_value")
    left = Path(store.path("analysis/.values-1.parquet.tmp-1-2"))
    left.write_bytes(b"half")
    analyze(run, "t_value")
    assert not left.exists()


_ORPHANS = """
import os, sys
from joblib import Parallel, delayed
from netsci_dst.workers import keep_worker

def work(path):
    import time
    keep_worker()
    open(os.path.join(path, str(os.getpid())), "w").close()
    time.sleep(120)

Parallel(n_jobs=2)(delayed(work)(sys.argv[1]) for _ in range(2))
"""


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_with_a_killed_parent(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(_ORPHANS)
    (tmp_path / "pids").mkdir()
    process = subprocess.Popen([sys.executable, script, tmp_path / "pids"])
    for _ in range(600):
        pids = [int(name) for name in os.listdir(tmp_path / "pids")]
        if len(pids) == 2:
            break
        time.sleep(0.1)
    assert len(pids) == 2
    assert all(map(alive, pids))
    process.send_signal(signal.SIGKILL)
    process.wait()
    for _ in range(100):
        if not any(map(alive, pids)):
            break
        time.sleep(0.1)
    assert not any(map(alive, pids))


def test_the_watch_over_a_parent_does_nothing_outside_a_worker():
    from netsci_dst.workers import _end_with_parent, keep_worker

    before = _end_with_parent.cache_info().currsize
    keep_worker()
    assert _end_with_parent.cache_info().currsize == before
