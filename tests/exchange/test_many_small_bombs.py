"""Files of a few kilobytes whose parts, each small enough by itself, ask for gigabytes together."""

import gzip
import io
import struct
import tarfile
import zlib
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import netsci_dst as nd
from netsci_dst.exchange import from_checkpoint, read_network
from netsci_dst.limits import VARIABLE, Budget, TooLarge
from netsci_dst.parquet import read_file
from netsci_dst.training.data import load

LIMIT = 2_000_000  # a small one, so that the bombs are small, too
WOULD = "would take .* more than the 2 MB"


@pytest.fixture(autouse=True)
def _limit(monkeypatch):
    monkeypatch.setenv(VARIABLE, str(LIMIT))


def test_what_is_asked_adds_up():
    budget = Budget(10, "a file")
    budget.take(LIMIT / 2)
    budget.take(LIMIT / 2)
    with pytest.raises(TooLarge, match="a part would take"):
        budget.take(1, "a part")


def twice_compressed(path):
    # What a file may ask for goes by its own size, not by that of what it unpacks to.
    path.write_bytes(gzip.compress(gzip.compress(bytes(3 * LIMIT))))


def hollow_tar(path):
    """A sparse member: its holes are in no archive."""
    text = io.BytesIO()
    with tarfile.open(fileobj=text, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("net.csv"))
    head = bytearray(text.getvalue()[:512])
    head[156:157] = tarfile.GNUTYPE_SPARSE
    head[386:410] = b"%011o\0%011o\0" % (0, 0)
    head[483:495] = b"%011o\0" % (3 * LIMIT)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    path.write_bytes(bytes(head) + bytes(1024))


def many_sets(path):
    with h5py.File(path, "w") as file:
        for i in range(20):
            file.create_dataset(f"m{i}", shape=(300, 300), dtype="f8", chunks=(100, 100))


def element(kind, body):
    return struct.pack("<II", kind, len(body)) + body + bytes(-len(body) % 8)


def matlab(*bodies):
    head = b"MATLAB 5.0".ljust(124) + struct.pack("<H", 0x100) + b"IM"
    packed = [zlib.compress(body) for body in bodies]
    return head + b"".join(struct.pack("<II", 15, len(body)) + body for body in packed)


def array(name, n, kind=2):
    """A matrix of doubles that is stored as single bytes."""
    head = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack("<2i", n, n))
    return element(14, head + element(1, name) + element(kind, bytes(n * n)))


def wide_numbers(path):
    path.write_bytes(matlab(array(b"W", 600)))


def many_variables(path):
    path.write_bytes(matlab(*(array(b"W%d" % i, 300) for i in range(20))))


def far_rows(path):
    """A sparse matrix of 2^31 rows."""
    head = element(6, struct.pack("<II", 5, 0)) + element(5, struct.pack("<2i", 2**31 - 1, 3))
    body = element(5, struct.pack("<i", 7)) + element(5, struct.pack("<4i", 0, 1, 1, 1))
    path.write_bytes(
        matlab(element(14, head + element(1, b"S") + body + element(9, struct.pack("<d", 1))))
    )


def one_long_name(path):
    """A name that is stored once and stands in every row."""
    name = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(1_000, np.int32)), pa.array(["x" * 100_000])
    )
    table = pa.table({"source": name, "target": pa.array(np.arange(1_000))})
    pq.write_table(table, path, compression="zstd", store_schema=False)


def equal_rows(path):
    zeros = pa.array(np.zeros(500_000, np.int64))
    pq.write_table(pa.table({"source": zeros, "target": zeros}), path)


BOMBS = [
    *((twice_compressed, "net.csv.gz"), (hollow_tar, "net.tar"), (many_sets, "net.mat")),
    *((wide_numbers, "net.mat"), (many_variables, "net.mat"), (far_rows, "net.mat")),
    *((one_long_name, "net.parquet"), (equal_rows, "net.parquet")),
]


@pytest.mark.parametrize(("write", "name"), BOMBS)
def test_a_network_that_asks_for_too_much_is_refused(tmp_path, write, name):
    write(tmp_path / name)
    with pytest.raises(nd.errors.NetsciError, match=WOULD):
        read_network(tmp_path / name)
    with pytest.raises(nd.errors.NetsciError, match=WOULD):
        from_checkpoint(tmp_path / name, tmp_path / "run")


def test_one_storage_of_many_tensors(tmp_path):
    torch = pytest.importorskip("torch")
    one = torch.ones(1, dtype=torch.float16)
    state = {f"{i}.weight": one.expand(300, 300) for i in range(20)}
    torch.save(state, tmp_path / "model.pt")
    with pytest.raises(nd.errors.NetsciError, match=WOULD):
        from_checkpoint(tmp_path / "model.pt", tmp_path / "run")


def test_one_constant_of_many_nodes(tmp_path):
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    weight = numpy_helper.from_array(np.ones((100, 100), np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], [f"y{i}"]) for i in range(50)]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 100]) for name in ("x", "y0")
    ]
    onnx.save(
        helper.make_model(helper.make_graph(nodes, "g", ends[:1], ends[1:], [weight])),
        str(tmp_path / "model.onnx"),
    )
    with pytest.raises(nd.errors.NetsciError, match=WOULD):
        from_checkpoint(tmp_path / "model.onnx", tmp_path / "run")


def test_data_that_ask_for_too_much_are_refused(tmp_path):
    arrays: dict[str, Any] = {
        key: np.zeros((3, 1), np.uint8) for key in ("y_train", "x_test", "y_test")
    }
    np.savez_compressed(tmp_path / "own.npz", x_train=np.zeros((3_000, 1_000), np.uint8), **arrays)
    with pytest.raises(nd.errors.DataError, match=WOULD):
        load(tmp_path / "own.npz")

    idx = tmp_path / "idx"
    idx.mkdir()
    for part in ("train", "t10k"):
        head = b"\0\0\x08\x03" + struct.pack(">III", 300, 100, 100)
        packed = gzip.compress(head + bytes(3_000_000))
        (idx / f"{part}-images-idx3-ubyte.gz").write_bytes(packed)
        labels = b"\0\0\x08\x01" + struct.pack(">I", 300) + bytes(300)
        (idx / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    with pytest.raises(nd.errors.DataError, match=WOULD):
        load(idx)


def test_a_table_is_the_same_in_parts_and_at_once(tmp_path, monkeypatch):
    names = pa.array([f"n{i % 7}" * 50 for i in range(1_000)])
    table = pa.table({"source": names, "target": pa.array(range(1_000)), "weight": [0.5] * 1_000})
    pq.write_table(table, tmp_path / "net.parquet")
    in_parts = read_file(tmp_path / "net.parquet")
    monkeypatch.delenv(VARIABLE)
    at_once = read_file(tmp_path / "net.parquet")
    assert in_parts.equals(at_once)
    assert at_once.equals(table)
    assert in_parts["source"].num_chunks > 1
