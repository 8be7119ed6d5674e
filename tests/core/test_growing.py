"""Rows in a main file and a tail: the same as in one list, whatever happens between two writes."""

import io
import itertools
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import netsci_dst as nd
from netsci_dst import growing as growing_module
from netsci_dst import parquet
from netsci_dst.errors import FormatError, RunError
from netsci_dst.growing import Growing
from netsci_dst.reading import reading
from netsci_dst.run import Run
from netsci_dst.store import Store
from netsci_dst.table_forms import Json, Parquet
from netsci_dst.topology import Topology


class Died(BaseException):
    """The process died."""


class Counting(Store):
    """Dies in place of its n-th change to the disk; counts the bytes it wrote."""

    def __init__(self, url, dies_at=None):
        super().__init__(url)
        self.changes, self.bytes, self.dies_at = 0, 0, dies_at

    def _change(self):
        self.changes += 1
        if self.changes == self.dies_at:
            raise Died

    def write(self, name, data):
        self._change()
        self.bytes += len(data)
        super().write(name, data)

    def delete(self, name):
        self._change()
        super().delete(name)


def rows_of(store):
    return Growing(store, "main", "tail", Json())


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr(growing_module, "LIMIT", 3)
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power fails here, and it is slow
    return tmp_path


def script(rng):
    """A random list of what is done to the rows, and what they must be after each."""
    done, rows = [], []
    for i in range(25):
        kind = rng.choice(["extend", "extend", "extend", "extend", "cut", "merge", "reopen"])
        if kind == "extend":
            fresh = [{"i": i, "part": part} for part in range(rng.integers(1, 3))]
            rows = [*rows, *fresh]
            done.append((kind, fresh, rows))
        elif kind == "cut":
            rows = rows[: rng.integers(len(rows) + 1)]
            done.append((kind, rows, rows))
        else:
            done.append((kind, None, rows))
    return done


def perform(store, done):
    """Yield the expected rows before each change is begun, and at the end."""
    growing, before = rows_of(store), []
    for kind, argument, after in done:
        yield before, after
        if kind == "extend":
            growing.extend(argument)
        elif kind == "cut":
            growing.replace(argument)
        elif kind == "merge":
            growing.merge()
        else:
            growing = rows_of(store)
        before = after
    yield before, before


def test_rows_are_those_that_were_added_at_every_moment(place):
    for seed in range(40):
        store = Store(place / str(seed))
        for before, _ in perform(store, script(np.random.default_rng(seed))):
            assert rows_of(store).read() == before


def test_a_death_at_any_change_leaves_the_rows_before_or_after_it(place):
    deaths = 0
    for seed in range(6):
        done = script(np.random.default_rng(seed))
        for dies_at in itertools.count(1):
            store = Counting(place / f"{seed}-{dies_at}", dies_at)
            expected = ([], [])
            try:
                for moment in perform(store, done):
                    expected = moment
            except Died:
                deaths += 1
            left = rows_of(Store(store.url)).read()
            assert left in expected, (seed, dies_at)
            # Another process goes on from there.
            again = rows_of(Store(store.url))
            for i in range(5):
                again.extend([{"more": i}])
            assert rows_of(store).read() == [*left, *({"more": i} for i in range(5))]
            if store.changes < dies_at:
                break
    assert deaths > 120


def test_a_reader_that_a_merge_overtakes_sees_every_row(place):
    class Overtaken(Store):
        """Lets the writer go on after each of the reader's two reads."""

        steps = 0

        def read_if_there(self, name):
            data = super().read_if_there(name)
            for _ in range(self.steps):
                written.append({"i": len(written)})
                writer.extend(written[-1:])
            return data

    store = Overtaken(place)
    for store.steps in (1, 2, 3, 5):
        reader = rows_of(store)
        writer, written = rows_of(Store(place)), []
        writer.replace([])
        for _ in range(20):
            known = len(written)
            seen = reader.read()
            assert len(seen) >= known
            assert seen == written[: len(seen)]


def test_what_is_written_for_a_row_does_not_grow_with_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    store = Counting(tmp_path)
    growing, written = rows_of(store), []
    for i in range(64 * 32):
        growing.extend([{"i": 10**9 + i}])
        written.append(store.bytes)
    each = np.diff(written)
    tails = each[each < 4_000]
    assert len(tails) > 0.95 * len(each)
    # The main file is written once for every 64 rows: 32 times at most, not 2,048 times.
    assert (each >= 4_000).sum() <= 32
    assert len(rows_of(store).read()) == 64 * 32


@pytest.mark.parametrize(
    ("tail", "said"),
    [
        (b"{", "corrupt"),
        (Json().encode([], "3"), "corrupt: it follows"),  # type: ignore[arg-type]
        (b'{"rows": [], "after": 1}', "corrupt: 'crc32' is missing"),
        (b"[1]", "corrupt: it f"),
    ],
)
def test_a_damaged_tail_is_named(place, tail, said):
    growing = rows_of(Store(place))
    growing.replace([{"i": 1}])
    (place / "tail").write_bytes(tail)
    with pytest.raises(FormatError, match=f"tail is {said}"):
        rows_of(Store(place)).read()


def test_a_tail_in_place_of_the_main_file_is_refused(place):
    (place / "main").write_bytes(Json().encode([{"i": 1}], 0))
    with pytest.raises(FormatError, match="main is corrupt: it is a tail"):
        rows_of(Store(place)).read()


def test_a_second_writer_is_noticed_before_anything_is_lost(place):
    growing = rows_of(Store(place))
    for i in range(5):
        growing.extend([{"i": i}])
    rows_of(Store(place)).replace([{"other": 1}])
    growing.extend([{"i": 5}])
    with pytest.raises(RunError, match="changed by something else"):
        growing.merge()
    assert rows_of(Store(place)).read() == [{"other": 1}]


# --- a run ------------------------------------------------------------------------------------


def snapshot(step):
    matrix = np.random.default_rng(step).random((3, 2)) < 0.5
    return nd.Snapshot(Topology.chain([matrix]), step, step / 10)


def record(run, steps):
    for step in steps:
        run.write_snapshot(snapshot(step))
        run.append("metrics", [{"step": step, "loss": step / 7, "note": None if step < 4 else "x"}])
        run.append("evolution", [{"step": step, "layer": name} for name in "ab"], flush=False)
    run.flush()


def contents(run):
    again = nd.load_run(run.path)
    assert again.snapshots.verify() == []
    return again.metrics, again.evolution, again.snapshots.index


def same(one, other):
    pd.testing.assert_frame_equal(one[0], other[0])
    pd.testing.assert_frame_equal(one[1], other[1])
    assert one[2] == other[2]


@pytest.mark.parametrize("local", [True, False])
def test_a_run_with_tails_is_the_run_without(tmp_path, monkeypatch, local):
    where = (
        (lambda name: tmp_path / name) if local else (lambda name: f"memory://{tmp_path}/{name}")
    )
    plain = Run.create(where("plain"), {})
    record(plain, range(1, 11))
    assert "metrics-tail.parquet" not in plain.store.list()
    monkeypatch.setattr(growing_module, "LIMIT", 3)
    run = Run.create(where("run"), {})
    with run.writing():
        record(run, range(1, 11))
        assert "metrics-tail.parquet" in run.store.list()
        assert "index-tail.json" in run.store.list("snapshots")
        same(contents(run), contents(plain))
    assert not [name for name in run.store.list() if "tail" in name]
    assert run.store.list("snapshots")[0] == "index.json"
    assert not [name for name in run.store.list("snapshots") if "tail" in name]
    same(contents(run), contents(plain))


def test_rewinding_a_run_with_tails_at_every_step(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)
    whole = Run.create(tmp_path / "whole", {})
    record(whole, range(1, 13))
    monkeypatch.setattr(growing_module, "LIMIT", 3)
    for step in range(13):
        run, short = Run.create(tmp_path / f"r{step}", {}), Run.create(tmp_path / f"s{step}", {})
        record(run, range(1, 13))
        record(short, range(1, step + 1))
        opened = nd.load_run(run.path)
        opened.rewind(step)
        assert opened.snapshots.steps == list(range(1, step + 1))
        again, once = nd.load_run(run.path), nd.load_run(short.path)
        for table in ("metrics", "evolution"):
            rows, expected = again.table(table), once.table(table)
            assert rows.to_dict("records") == expected.to_dict("records")
        record(opened, range(step + 1, 13))
        same(contents(opened), contents(whole))


@pytest.mark.parametrize("after", [None, 64])
def test_a_changed_bit_of_a_table_is_refused_or_changes_nothing(after):
    rng, form = np.random.default_rng(0), Parquet()
    rows = pa.table({"step": np.arange(40), "loss": rng.random(40), "layer": ["a", "b"] * 20})
    data, refused = bytes(form.encode(rows, after)), 0
    for i in range(len(data)):
        damaged = bytearray(data)
        damaged[i] ^= 1 << int(rng.integers(8))
        try:
            with reading("table"):
                found, follows = form.decode(bytes(damaged))
        except FormatError:
            refused += 1
            continue
        assert found.equals(rows), i
        # A tail that has lost what it follows is no tail, and refused as such.
        assert follows in (after, None), i
    assert refused > 0.5 * len(data)


def test_rows_of_another_kind_are_refused_and_the_table_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(growing_module, "LIMIT", 2)
    run = Run.create(tmp_path / "run", {})
    for step in range(4):
        run.append("metrics", [{"step": step, "loss": 0.5}])
    with pytest.raises(RunError, match="other types"):
        run.append("metrics", [{"step": 4, "loss": "low"}])
    assert nd.load_run(run.path).metrics["step"].tolist() == [0, 1, 2, 3]


def test_a_run_from_before_tails_and_checksums_is_read_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(growing_module, "LIMIT", 3)
    run = Run.create(tmp_path / "run", {})
    record(run, range(1, 4))
    rows = [{"step": step, "loss": step / 7} for step in range(1, 9)]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "run/metrics.parquet")
    index = tmp_path / "run/snapshots/index.json"
    entries = json.loads(index.read_bytes())["rows"]
    index.write_text(json.dumps(entries))
    assert [entry["step"] for entry in entries] == [1, 2, 3]
    old = nd.load_run(run.path)
    assert old.metrics.to_dict("records") == rows
    for step in range(9, 15):
        old.append("metrics", [{"step": step, "loss": 0.5}])
    assert nd.load_run(run.path).metrics["step"].tolist() == list(range(1, 15))


def test_what_follows_a_growing_run_notices_its_tails(tmp_path, monkeypatch):
    from netsci_dst.analysis.result_store import run_source
    from netsci_dst.reports.watching import _state

    monkeypatch.setattr(growing_module, "LIMIT", 3)
    for place in (tmp_path / "run", f"memory://{tmp_path}/run"):
        run = Run.create(place, {})
        record(run, range(1, 6))
        seen = set()
        for step in range(6, 12):
            run.append("metrics", [{"step": step, "loss": 0.5, "note": "x"}])
            seen.add((run_source(nd.load_run(place)), _state(run)))
        assert len({source for source, _ in seen}) == 6
        assert len({state for _, state in seen}) == 6


def _rows(first: int, n: int) -> list[dict[str, int]]:
    return [{"step": i} for i in range(first, first + n)]


def test_two_runs_of_one_folder_that_write_in_turn_lose_nothing(tmp_path):
    nd.Run.create(tmp_path / "r", {})
    first, second = nd.load_run(tmp_path / "r"), nd.load_run(tmp_path / "r")
    with first.writing():
        first.append("metrics", _rows(0, 100))
    with second.writing():
        second.append("metrics", _rows(100, 5))
    with first.writing():
        first.append("metrics", _rows(105, 5))
    assert nd.load_run(tmp_path / "r").metrics["step"].tolist() == list(range(110))


def test_a_tail_of_a_killed_process_is_merged_when_the_run_ends(tmp_path):
    import pandas as pd

    run = nd.Run.create(tmp_path / "r", {})
    run.append("metrics", _rows(0, 100))
    run.append("metrics", _rows(100, 5))  # and no end: the tail stays
    assert (tmp_path / "r" / "metrics-tail.parquet").exists()
    with nd.load_run(tmp_path / "r").writing():
        pass
    assert not (tmp_path / "r" / "metrics-tail.parquet").exists()
    assert len(pd.read_parquet(tmp_path / "r" / "metrics.parquet")) == 105


def test_a_tail_that_cannot_be_deleted_doubles_no_row(tmp_path, monkeypatch):
    from netsci_dst.errors import RunError
    from netsci_dst.store import Store

    run = nd.Run.create(tmp_path / "r", {})
    run.append("metrics", _rows(0, 65))

    def refuse(self, name):
        raise RunError("no")

    monkeypatch.setattr(Store, "delete", refuse)
    for i in range(65, 140):
        run.append("metrics", _rows(i, 1))
    assert run.metrics["step"].tolist() == list(range(140))
    assert nd.load_run(tmp_path / "r").metrics["step"].tolist() == list(range(140))


@pytest.mark.stress
def test_a_process_that_has_read_tables_ends_well(tmp_path):
    """A thread of Arrow's that waits for Python while the interpreter ends aborts the process."""
    rows = pa.table({f"c{i}": np.arange(50_000) for i in range(8)})
    pq.write_table(rows, tmp_path / "rows.parquet", row_group_size=5_000)
    code = (
        "import sys; from netsci_dst.parquet import read_table; "
        "read_table(open(sys.argv[1], 'rb').read(), checked=True)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "rows.parquet")]
    codes = [subprocess.run(command, check=False).returncode for _ in range(200)]
    assert set(codes) == {0}


def test_columns_of_a_table_are_read():
    buffer = io.BytesIO()
    rows = pa.table({f"c{i}": np.arange(50_000) for i in range(8)})
    pq.write_table(rows, buffer, row_group_size=5_000, write_page_checksum=True)
    assert parquet.read_table(buffer.getvalue(), ["c3"], checked=True).equals(rows.select(["c3"]))
    assert parquet.read_table(buffer.getvalue()).equals(rows)
