"""Whatever a reader raises becomes one line, and no file gets more memory than it may."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import save

import netsci_dst as nd
from netsci_dst.errors import FormatError, MissingDependency, NetsciError, TopologyError
from netsci_dst.limits import allowed_bytes, check_size, set_limit
from netsci_dst.parquet import read_table
from netsci_dst.reading import one_line, reading
from netsci_dst.snapshots import from_bytes, to_bytes
from netsci_dst.topology import Topology


class PanicException(BaseException):
    """As pyo3 raises them."""


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a\nb"),
        KeyError("x"),
        OSError(5, "Input/output error"),
        MemoryError(),
        RecursionError("deep"),
        ZeroDivisionError(),
        AssertionError(),
        PanicException("at src/lib.rs:3"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        TopologyError("a\x1b[2J"),
    ],
)
def test_every_foreign_error_becomes_one_line(error):
    with pytest.raises(FormatError) as caught, reading("net.mat"):
        raise error
    assert str(caught.value).startswith("net.mat ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), ModuleNotFoundError("h5py")])
def test_what_is_no_error_of_a_reader_passes(error):
    with pytest.raises(type(error)), reading("net.mat"):
        raise error


def test_our_own_errors_pass_where_they_name_the_file():
    for error in (NetsciError("net.mat: no"), MissingDependency("h5py", "exchange", "this")):
        with pytest.raises(type(error)) as caught, reading("net.mat"):
            raise error
        assert caught.value is error


def test_text_of_strangers_commands_no_terminal():
    assert one_line("a\x1b[31mb\u202ec\ud800\x9b") == "a\\x1b[31mb\\u202ec\\ud800\\x9b"
    assert len(one_line("x" * 10_000)) == 300


@pytest.mark.parametrize("value", ["1" * 5_000, "[" * 100_000, '{"a":' * 100_000, '"\\ud800'])
def test_provenance_beyond_what_json_takes(tmp_path, value):
    nd.Run.create(tmp_path / "run", {})
    (tmp_path / "run/provenance.json").write_text(f'{{"format": 1, "x": {value}}}')
    with pytest.raises(FormatError, match=r"provenance\.json"):
        _ = nd.load_run(tmp_path / "run").recipe


@pytest.mark.parametrize("value", ["1" * 5_000, "[" * 100_000, "{a=" * 100_000])
def test_recipes_beyond_what_toml_takes(tmp_path, value):
    nd.Run.create(tmp_path / "run", {})
    (tmp_path / "run/recipe.toml").write_text(f"x = {value}\n")
    with pytest.raises(FormatError, match=r"recipe\.toml"):
        _ = nd.load_run(tmp_path / "run").recipe


@pytest.mark.parametrize(
    ("text", "size"), [("8GB", 8e9), ("1.5 GiB", 1.5 * 2**30), ("77", 77), ("2k", 2e3), ("", None)]
)
def test_the_limit_can_be_set(monkeypatch, text, size):
    monkeypatch.setenv("NETSCI_DST_MAX_BYTES", text)
    assert set_limit() == size


def test_a_limit_that_is_no_size_is_refused(monkeypatch):
    monkeypatch.setenv("NETSCI_DST_MAX_BYTES", "much")
    with pytest.raises(NetsciError, match="8GB"):
        set_limit()


def test_a_file_may_take_a_gibibyte_or_many_times_its_size(monkeypatch):
    monkeypatch.delenv("NETSCI_DST_MAX_BYTES", raising=False)
    check_size(2**30, 10, "a")
    check_size(64 * 2**30, 2**30, "a")
    with pytest.raises(FormatError, match="a would take 37 GB"):
        check_size(37e9, 400_000, "a")
    monkeypatch.setenv("NETSCI_DST_MAX_BYTES", "40GB")
    assert allowed_bytes(1) == 40e9
    check_size(37e9, 400_000, "a")


def snapshot_of_full_layers(size, n_layers):
    data = to_bytes(nd.Snapshot(Topology.chain([np.ones((2, 2))] * n_layers), 1), weights=False)
    length = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + length])["__metadata__"]["netsci_dst"]
    header = json.loads(head)
    for population in header["populations"]:
        population["size"] = size
    tensors = {f"layers/{i}/degrees": np.full(size, size, np.uint32) for i in range(n_layers)}
    return save(tensors, metadata={"netsci_dst": json.dumps(header)})


def test_a_snapshot_that_asks_for_gigabytes_is_refused_before_they_are_taken():
    assert from_bytes(snapshot_of_full_layers(50, 2)).topology.n_links == 5_000
    data = snapshot_of_full_layers(50_000, 2)
    assert len(data) < 500_000
    with pytest.raises(FormatError, match="would take 60 GB"):
        from_bytes(data)


def test_a_table_whose_header_asks_for_too_much_is_refused(monkeypatch):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": np.zeros(10**6)}), buffer, compression="zstd")
    data = buffer.getvalue()
    assert len(read_table(data)) == 10**6
    monkeypatch.setenv("NETSCI_DST_MAX_BYTES", "900kB")
    with pytest.raises(FormatError, match="a table would take"):
        read_table(data)


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("step", pa.string()),
        ("epoch", pa.bool_()),
        ("loss", pa.binary()),
        ("loss", pa.list_(pa.int64())),
        ("loss", pa.date32()),
        ("loss", pa.struct([("a", pa.int64())])),
    ],
)
def test_tables_with_wrong_types_are_refused(tmp_path, column, kind):
    nd.Run.create(tmp_path / "run", {})
    pq.write_table(pa.table({column: pa.array([None], kind)}), tmp_path / "run/metrics.parquet")
    with pytest.raises(FormatError, match=f"column '{column}' holds"):
        _ = nd.load_run(tmp_path / "run").metrics
