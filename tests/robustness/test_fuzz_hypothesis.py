"""Every reader, fed what hypothesis thinks of: a right result, or one line of our own."""

import io
import json
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

import netsci_dst as nd
from netsci_dst.errors import NetsciError
from netsci_dst.exchange import from_checkpoint, read_network
from netsci_dst.exchange.networks import FORMS
from netsci_dst.recipe import load_recipe
from netsci_dst.snapshots import from_bytes, to_bytes
from netsci_dst.table_forms import Json, Parquet
from netsci_dst.topology import Topology
from netsci_dst.verification.checkpoints import check_checkpoint

SNAPSHOT = to_bytes(nd.Snapshot(Topology.chain([np.eye(3), np.ones((3, 2))]), 1))
WEIGHTS = [".safetensors", ".pt", ".bin", ".ckpt", ".onnx", ".npz", ".mat"]
NETWORKS = [
    *(".csv", ".tsv", ".txt", ".edges", ".graphml", ".gexf", ".gml", ".json", ".net", ".mtx"),
    *(".paj", ".dot", ".dl", ".parquet", ".npy", ".graph", ".sif", ".col", ".gz", ".zip", ".xz"),
]
FILES = [
    *("provenance.json", "recipe.toml", "metrics.parquet", "evolution.parquet"),
    *("metrics-tail.parquet", "snapshots/index.json", "snapshots/index-tail.json"),
    *("snapshots/step-00000001.safetensors", "lock"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
words = st.sampled_from(
    [
        *("source", "target", "weight", "node", "edge", "graph", "[", "]", "{", "}", "<", ">"),
        *("*Vertices", "*Edges", "%%MatrixMarket matrix coordinate real general", "p edge 3 2"),
        *("dl n=3 format=edgelist1", "data:", "labels:", "id", "label", '"', "'", ",", ";", "\t"),
        *("0", "1", "2", "-1", "1e400", "nan", "9" * 30, "\n", " ", "#", "\ufeff", "\x00", "é"),
        *("<graphml><graph><node id='a'/>", "<edge source='a' target='b'/>", "</graph></graphml>"),
        *('{"nodes": [', '{"id": 1}', '], "links": [', "]}", "graph [", "node [ id 1 ]"),
    ]
)
texts = st.lists(words, max_size=30).map("".join).map(str.encode)
arrays = st.builds(
    lambda shape, kind: np.zeros(shape, kind),
    st.lists(st.integers(0, 4), max_size=3).map(tuple),
    st.sampled_from(["f2", "f4", "f8", "i1", "i8", "u1", "b1", "U3", "c8"]),
)


@st.composite
def safetensors(draw):
    header = draw(
        st.dictionaries(
            st.sampled_from(
                ["a.weight", "b.weight", "a.bias", "a.keys", "a.values", "__metadata__"]
            ),
            json_values
            | st.fixed_dictionaries(
                {
                    "dtype": st.sampled_from(["F32", "F16", "BF16", "F8_E4M3", "I64", "BOOL", "X"]),
                    "shape": st.lists(st.integers(-1, 2**40), max_size=3),
                    "data_offsets": st.lists(st.integers(0, 64), min_size=2, max_size=2),
                }
            ),
            max_size=4,
        )
    )
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + draw(st.binary(max_size=64))


@st.composite
def archives(draw):
    buffer = io.BytesIO()
    names = st.sampled_from(
        ["data.npy", "indices.npy", "indptr.npy", "shape.npy", "format.npy", "x"]
    )
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")
        for name in draw(st.lists(names, max_size=6, unique=True)):
            inner = io.BytesIO()
            if draw(st.booleans()):
                np.save(inner, draw(arrays))
                archive.writestr(name, inner.getvalue())
            else:
                archive.writestr(name, draw(st.binary(max_size=40)))
    return buffer.getvalue()


@st.composite
def damaged(draw):
    data = bytearray(draw(st.sampled_from(healthy())))
    for _ in range(draw(st.integers(1, 4))):
        if not data:
            break
        place = draw(st.integers(0, len(data) - 1))
        stop = min(len(data), place + draw(st.integers(0, 32)))
        data[place:stop] = draw(st.binary(max_size=16))
    return bytes(data)


def healthy():
    """Small healthy files of many forms."""
    if not _healthy:
        run = save({"a.weight": np.eye(3, dtype="f4")}, {"netsci_dst": "{}", "crc32": "0"})
        rows = Parquet().encode(nd.run._as_arrow([{"step": 1, "epoch": 1.0, "loss": 0.5}]), None)
        archive = io.BytesIO()
        np.savez(archive, W=np.eye(3, 4))
        graph = b'graph [ node [ id 1 label "a" ] node [ id 2 ] edge [ source 1 target 2 ] ]'
        graphml = (
            b'<graphml><graph edgedefault="directed"><node id="a"/><node id="b"/>'
            b'<edge source="a" target="b"/></graph></graphml>'
        )
        _healthy.extend([SNAPSHOT, run, bytes(rows), archive.getvalue(), graph, graphml])
        _healthy.extend([Json().encode([{"step": 1}], None), b"source,target\n0,1\n1,2\n"])
        _healthy.extend([matlab(), torch_file()])
    return _healthy


_healthy: list[bytes] = []


def matlab():
    import scipy.io

    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"W": np.eye(3, 4), "S": np.ones((2, 2))}, do_compression=True)
    return buffer.getvalue()


def torch_file():
    torch = pytest.importorskip("torch")
    buffer = io.BytesIO()
    torch.save({"a.weight": torch.eye(3)}, buffer)
    return buffer.getvalue()


contents = (
    st.binary(max_size=200)
    | texts
    | safetensors()
    | archives()
    | damaged()
    | json_values.map(json.dumps).map(str.encode)
)


def one_line(call):
    """Call a reader; nothing but one line of our own may come out of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call()
        except NetsciError as error:
            text = str(error)
            assert text
            assert "\n" not in text
            assert not any(ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 for c in text), ascii(text)


def feed(folder, data, ending, name):
    file = folder / f"m{ending}"
    file.write_bytes(data)
    out = folder / "out"
    one_line(lambda: from_checkpoint(file, out))
    for place in (out / "snapshots", out):
        for left in place.glob("*") if place.is_dir() else ():
            if left.is_file():
                left.unlink()
    one_line(lambda: read_network(folder / f"m{ending}"))
    one_line(lambda: from_bytes(data, "snapshot"))
    one_line(lambda: check_checkpoint(data, "checkpoint"))
    (folder / "recipe.toml").write_bytes(data)
    one_line(lambda: load_recipe(folder / "recipe.toml"))
    feed_run(folder / "run", data, name)


def feed_run(path, data, name):
    if not path.exists():
        run = nd.Run.create(path, {"seed": 1}, {"seed": 1})
        run.append("metrics", [{"step": 1, "epoch": 1.0}])
        run.write_snapshot(from_bytes(SNAPSHOT))
    file = path / name
    before = file.read_bytes() if file.exists() else None
    file.write_bytes(data)

    def read():
        opened = nd.load_run(path)
        return opened.recipe, opened.metrics, opened.evolution, opened.snapshots[:]

    one_line(read)
    one_line(lambda: nd.verify(nd.load_run(path), data=False))
    if before is None:
        file.unlink()
    else:
        file.write_bytes(before)


def fuzz(tmp_path_factory, n):
    folder = tmp_path_factory.mktemp("fuzz")

    @settings(
        max_examples=n,
        deadline=None,
        database=None,
        derandomize=n < 1_000,
        suppress_health_check=list(HealthCheck),
    )
    @given(contents, st.sampled_from([*WEIGHTS, *NETWORKS]), st.sampled_from(FILES))
    def run(data, ending, name):
        feed(folder, data, ending, name)

    run()


def test_readers_end_in_a_result_or_one_line(tmp_path_factory):
    assert FORMS
    fuzz(tmp_path_factory, 150)


@pytest.mark.stress
def test_readers_end_in_a_result_or_one_line_10_000_times(tmp_path_factory):
    fuzz(tmp_path_factory, 10_000)
