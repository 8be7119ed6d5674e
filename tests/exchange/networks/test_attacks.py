"""Files that are meant to crash, to fill the memory, or to show what else is on a machine."""

import io
import json
import os
import warnings
import zipfile

import h5py
import numpy as np
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netsci_dst.errors import NetsciError
from netsci_dst.exchange import from_checkpoint
from netsci_dst.exchange.networks import FORMS, names_a_file, read

SECRET = np.arange(16.0).reshape(4, 4)
PIECES = [
    "graph [", "node [ id 1", "]", "*Vertices 3", "*Edges", "dl n=3", "data:", "p edge 3 2",
    "<graphml>", '<graph edgedefault="directed">', "</graph>", "{", "}", '"nodes"', ":", "[1,2]",
    "1 2", "a b {'weight': 1}", "digraph {", "a -> b", "%%MatrixMarket matrix coordinate real "
    "general", "3 3 1", "#", "nodedef>name", "edgedef>a,b", "LEDA.GRAPH", ",", "\t", "\n", "0 1",
    "9" * 30, "\x00", "é", '"', "\\", "nan", "source,target", "-1", "source", "id", ">>sparse6<<:",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12)


def corrupt_npz(path):
    matrix = scipy.sparse.csr_array(np.eye(4))
    parts = {"indices": matrix.indices, "data": matrix.data, "shape": np.array([4, 4])}
    np.savez(path, indptr=np.array([0, 900_000, 2, 3, 4]), format=np.array("csr"), **parts)


def far_away_npz(path):
    empty = np.array([0])
    shape = np.array([2**31 - 5, 2**31 - 5])
    np.savez(path, row=empty, col=empty, data=empty + 1.0, shape=shape, format=np.array("coo"))


def lying_npy(path):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((4, 4)))
    data = buffer.getvalue().replace(b"(4, 4), }", b"(60000, 60000), }")
    path.write_bytes(data)


def pickled_npz(path):
    np.savez(path, A=np.array([[print, 1], [1, None]], dtype=object))


def zip_bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.csv", b"1,2\n" * 40_000_000)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("a.npz", corrupt_npz, "sparse matrix that can be read|contradicts itself"),
        ("b.npz", far_away_npz, "would take 34"),
        ("a.npy", lying_npy, "more numbers than it does"),
        ("c.npz", pickled_npz, "pickled objects"),
        ("a.mtx", lambda p: p.write_text("%%MatrixMarket matrix coordinate pattern symmetric\n"
                                         "2000000000 2000000000 1\n2 1\n"), "would take 32 GB"),
        ("b.mtx", lambda p: p.write_text("%%MatrixMarket matrix array real general\n"
                                         "90000 90000\n1\n"), "would take 64"),
        ("a.zip", zip_bomb, "would take"),
        ("a.graphml", lambda p: p.write_text("<a>" * 200_000), "no XML"),
        ("a.gml", lambda p: p.write_text("graph [ " * 5_000), "nested"),
        ("a.json", lambda p: p.write_text('{"nodes": [{"id": "\\ud800"}], "links": []}'),
         "not valid Unicode"),
        ("a.metis", lambda p: p.write_text("900000000 1\n2\n1\n"), "nodes"),
        ("a.dl", lambda p: p.write_text("dl n=99999999\ndata:\n1\n"), "more than this file"),
    ],
)  # fmt: skip
def test_bombs_and_lies_are_refused(tmp_path, monkeypatch, name, write, message):
    monkeypatch.setenv("NETSCI_DST_MAX_BYTES", "100MB") if name == "a.zip" else None
    path = tmp_path / name
    write(path)
    with pytest.raises(NetsciError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def external_storage(folder, path):
    (folder / "secret.bin").write_bytes(SECRET.tobytes())
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "A", (4, 4), "f8", external=[(str(folder / "secret.bin"), 0, SECRET.nbytes)]
        )


def external_link(folder, path):
    with h5py.File(folder / "secret.h5", "w") as file:
        file["A"] = SECRET
    with h5py.File(path, "w") as file:
        file["A"] = h5py.ExternalLink(str(folder / "secret.h5"), "/A")


def virtual(folder, path):
    with h5py.File(folder / "secret.h5", "w") as file:
        file["A"] = SECRET
    layout = h5py.VirtualLayout((4, 4), "f8")
    layout[:] = h5py.VirtualSource(str(folder / "secret.h5"), "A", (4, 4))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("A", layout)


def external_sparse(folder, path):
    with h5py.File(folder / "secret.h5", "w") as file:
        file["ir"] = np.arange(4)
    with h5py.File(path, "w") as file:
        group = file.create_group("A")
        group.attrs["MATLAB_sparse"] = 4
        group["data"], group["jc"] = np.ones(4), np.arange(5)
        group["ir"] = h5py.ExternalLink(str(folder / "secret.h5"), "/ir")


@pytest.mark.parametrize("write", [external_storage, external_link, virtual, external_sparse])
@pytest.mark.parametrize("reader", [read, lambda p: from_checkpoint(p, p.parent / "run")])
def test_hdf5_that_shows_other_files_is_refused(tmp_path, write, reader):
    write(tmp_path, tmp_path / "a.mat")
    with pytest.raises(NetsciError, match=r"not followed|not read"):
        reader(tmp_path / "a.mat")


@pytest.mark.parametrize("kind", ["absent", "device", "folder"])
def test_what_is_no_file_is_refused(tmp_path, kind):
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "device":
        path = "/dev/zero"
    else:
        path = tmp_path / "absent"
    with pytest.raises(NetsciError, match="is not a file"):
        read(path)


@settings(max_examples=400, suppress_health_check=list(HealthCheck), deadline=None)
@given(TEXTS, st.sampled_from([None, *FORMS]), st.sampled_from(["", ".csv", ".graph", ".net"]))
def test_any_text_is_a_network_or_one_line(tmp_path_factory, pieces, form, ending):
    path = tmp_path_factory.getbasetemp() / f"fuzz{ending}"
    path.write_bytes(" ".join(pieces).encode("utf-8", "surrogatepass"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            topology = read(path, form=form).topology
        except NetsciError as error:
            refused = str(error)
        else:
            refused = "none"
            assert topology.n_nodes >= 1
    assert refused
    assert "\n" not in refused


@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["numpy", "mat", "parquet", "mtx", "gexf", None]))
def test_any_bytes_are_a_network_or_one_line(tmp_path_factory, data, form):
    path = tmp_path_factory.getbasetemp() / "fuzz.bin"
    heads = {"numpy": b"\x93NUMPY\x01\x00", "parquet": b"PAR1", "mat": b" " * 124 + b"\x00\x01IM"}
    path.write_bytes(heads.get(form or "", b"") + data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            refused = str(read(path, form=form).line)
        except NetsciError as error:
            refused = str(error)
    assert "\n" not in refused


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3) | st.booleans(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "nodes",
                        "links",
                        "edges",
                        "id",
                        "source",
                        "target",
                        "graph",
                        "elements",
                        "data",
                        "adjacency",
                        "weight",
                        "key",
                        "attributes",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_network_or_one_line(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "fuzz.json"
    path.write_text(json.dumps(value))
    try:
        line = read(path).line
    except NetsciError as error:
        line = str(error)
    assert "\n" not in line


def test_long_names_cost_what_they_are_long(tmp_path):
    path = tmp_path / "long.txt"
    path.write_text("x" * 50_000 + " 0\n" + "".join(f"{i} {i + 1}\n" for i in range(50_000)))
    assert read(path).topology.n_nodes == 50_002


def test_a_pipe_is_read(tmp_path):
    import threading

    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text("a b\nb c\n"))
    writer.start()
    assert names_a_file(path)
    assert read(path).topology.n_links == 2
    writer.join()


def test_the_standard_input_is_read(tmp_path, monkeypatch):
    reading_end, writing_end = os.pipe()
    os.write(writing_end, b"a b\nb c\n")
    os.close(writing_end)
    with open(reading_end, encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert read("-").topology.n_links == 2
