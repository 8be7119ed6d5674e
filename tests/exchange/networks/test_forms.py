"""Files that other programs write, read as they meant them."""

import bz2
import csv
import gzip
import io
import json
import lzma
import tarfile
import warnings
import zipfile

import h5py
import igraph
import networkx as nx
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from netsci_dst.exchange.networks import read

from .truth import hostile, karate, links_of_graph, links_of_topology, named_karate

MATRIX = nx.to_scipy_sparse_array(karate())


def as_igraph():
    return igraph.Graph.TupleList(named_karate().edges(data="weight"), weights=True)


def frame(graph):
    return nx.to_pandas_edgelist(graph)


def json_of(function, **options):
    return lambda graph, path: path.write_text(json.dumps(function(graph, **options)))


def save_mat73(graph, path):
    with h5py.File(path, "w", userblock_size=512) as file:
        file["A"] = nx.to_numpy_array(graph)
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM")


def write_r_csv(graph, path):
    table = frame(graph)
    table.index += 1
    header = ["from", "to", "weight"]
    table.to_csv(path, quoting=csv.QUOTE_NONNUMERIC, header=header, index_label="")


def write_r_table(graph, path):
    lines = ['"from" "to" "weight"\n']
    for i, (u, v, w) in enumerate(graph.edges(data="weight"), start=1):
        u, v = u.replace('"', '""'), v.replace('"', '""')
        lines.append(f'"{i}" "{u}" "{v}" {w}\n')
    path.write_text("".join(lines))


def matrix_market(head):
    def write(graph, path):
        rows = "".join(f"{v + 1} {u + 1} {w}\n" for u, v, w in graph.edges(data="weight"))
        path.write_text(f"{head}MatrixMarket matrix coordinate real symmetric\n34 34 78\n{rows}")

    return write


def colons(graph, path):
    path.write_text("".join(f"{u}: {' '.join(graph[u])}\n" for u in graph))


def json_lines(graph, path):
    links = graph.edges(data="weight")
    rows = [json.dumps({"source": u, "target": v, "weight": w}) for u, v, w in links]
    path.write_text("\n".join(rows) + "\n")


# name, graph, writer, weighted, options
WRITTEN = [
    ("weighted.edgelist", karate(), nx.write_weighted_edgelist, True, {}),
    ("data.edgelist", karate(), nx.write_edgelist, True, {}),
    (
        "tabs.edgelist",
        hostile(),
        lambda g, p: nx.write_edgelist(g, p, delimiter="\t"),
        True,
        {"directed": True},
    ),
    ("karate.adjlist", karate(), nx.write_adjlist, False, {}),
    ("adjacency.txt", karate(), nx.write_adjlist, False, {}),
    ("multiline.txt", karate(), nx.write_multiline_adjlist, True, {}),
    ("colons.txt", named_karate(), colons, False, {}),
    ("d.net", hostile(), nx.write_pajek, True, {}),
    ("k.net", karate(), nx.write_pajek, True, {}),
    ("d.gml", hostile(), nx.write_gml, True, {}),
    ("d.gexf", hostile(), nx.write_gexf, True, {}),
    ("k.gexf", karate(), nx.write_gexf, True, {}),
    ("d.graphml", hostile(), nx.write_graphml, True, {}),
    ("links.json", hostile(), json_of(nx.node_link_data, edges="links"), True, {}),
    ("edges.json", hostile(), json_of(nx.node_link_data, edges="edges"), True, {}),
    ("cytoscape.json", hostile(), json_of(nx.cytoscape_data), True, {"directed": True}),
    ("adjacency.json", hostile(), json_of(nx.adjacency_data), True, {}),
    ("undirected.json", karate(), json_of(nx.adjacency_data), True, {}),
    ("lines.jsonl", hostile(), json_lines, True, {"directed": True}),
    (
        "pandas.csv",
        hostile(),
        lambda g, p: frame(g).to_csv(p, index=False),
        True,
        {"directed": True},
    ),
    ("index.csv", hostile(), lambda g, p: frame(g).to_csv(p), True, {"directed": True}),
    (
        "utf16.tsv",
        hostile(),
        lambda g, p: frame(g).to_csv(p, sep="\t", index=False, encoding="utf-16"),
        True,
        {"directed": True},
    ),
    (
        "excel.csv",
        hostile(),
        lambda g, p: frame(g).to_csv(
            p, sep=";", index=False, encoding="utf-8-sig", lineterminator="\r\n", decimal=","
        ),
        True,
        {"directed": True},
    ),
    ("links.parquet", hostile(), lambda g, p: frame(g).to_parquet(p), True, {"directed": True}),
    ("r.csv", hostile(), write_r_csv, True, {"directed": True}),
    ("r.txt", hostile(), write_r_table, True, {"directed": True}),
    ("named.csv", hostile(), lambda g, p: nx.to_pandas_adjacency(g).to_csv(p), True, {}),
    ("plain.txt", karate(), lambda g, p: np.savetxt(p, nx.to_numpy_array(g)), True, {}),
    (
        "plain.csv",
        karate(),
        lambda g, p: np.savetxt(p, nx.to_numpy_array(g), delimiter=",", fmt="%g"),
        True,
        {},
    ),
    ("a.npy", karate(), lambda g, p: np.save(p, nx.to_numpy_array(g)), True, {}),
    ("a.npz", karate(), lambda g, p: np.savez(p, A=nx.to_numpy_array(g)), True, {}),
    ("csr.npz", karate(), lambda g, p: scipy.sparse.save_npz(p, MATRIX), True, {}),
    ("csc.npz", karate(), lambda g, p: scipy.sparse.save_npz(p, MATRIX.tocsc()), True, {}),
    ("coo.npz", karate(), lambda g, p: scipy.sparse.save_npz(p, MATRIX.tocoo()), True, {}),
    ("a.mtx", karate(), lambda g, p: scipy.io.mmwrite(p, MATRIX), True, {}),
    ("b.mtx", karate(), matrix_market("%%"), True, {}),
    ("a.mat", karate(), lambda g, p: scipy.io.savemat(p, {"A": MATRIX, "x": 3}), True, {}),
    (
        "suitesparse.mat",
        karate(),
        lambda g, p: scipy.io.savemat(p, {"Problem": {"A": MATRIX, "title": "karate"}}),
        True,
        {},
    ),
    ("new.mat", karate(), save_mat73, True, {}),
    ("k.ncol", named_karate(), lambda g, p: as_igraph().write_ncol(str(p)), True, {}),
    ("k.lgl", named_karate(), lambda g, p: as_igraph().write_lgl(str(p)), True, {}),
    ("i.graphml", named_karate(), lambda g, p: as_igraph().write_graphml(str(p)), True, {}),
    ("i.gml", named_karate(), lambda g, p: as_igraph().write_gml(str(p)), True, {}),
    ("i.net", named_karate(), lambda g, p: as_igraph().write_pajek(str(p)), True, {}),
    ("i.dot", named_karate(), lambda g, p: as_igraph().write_dot(str(p)), False, {}),
    (
        "i.lgr",
        named_karate(),
        lambda g, p: as_igraph().write_leda(str(p), names="name", weights="weight"),
        True,
        {},
    ),
    ("k.g6", karate(), nx.write_graph6, False, {}),
    ("k.s6", karate(), nx.write_sparse6, False, {}),
]


@pytest.mark.parametrize(
    ("name", "graph", "write", "weighted", "options"), WRITTEN, ids=[case[0] for case in WRITTEN]
)
def test_what_others_write(tmp_path, name, graph, write, weighted, options):
    path = tmp_path / name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(graph, path)
    topology = read(path, **options).topology
    assert topology.n_nodes == graph.number_of_nodes()
    assert topology.is_directed == graph.is_directed()
    found = links_of_topology(topology, weighted)
    expected = links_of_graph(graph, weighted)
    assert found.keys() == expected.keys()
    if weighted:
        np.testing.assert_allclose([found[k] for k in expected], list(expected.values()), 1e-6)


def archive(form):
    def pack(data):
        buffer = io.BytesIO()
        if form == "zip":
            with zipfile.ZipFile(buffer, "w") as file:
                file.writestr("readme.html", "<html>")
                file.writestr("karate/k.edges", data)
            return buffer.getvalue()
        with tarfile.open(fileobj=buffer, mode="w") as file:
            for name, content in (("k/README.k", b"x"), ("k/meta.k", b"x"), ("k/out.k", data)):
                item = tarfile.TarInfo(name)
                item.size = len(content)
                file.addfile(item, io.BytesIO(content))
        return bz2.compress(buffer.getvalue())

    return pack


@pytest.mark.parametrize(
    ("ending", "pack"),
    [
        (".txt.gz", gzip.compress),
        (".txt.bz2", bz2.compress),
        (".txt.xz", lzma.compress),
        (".zip", archive("zip")),
        (".tar.bz2", archive("tar")),
    ],
)
def test_compressed_files(tmp_path, ending, pack):
    buffer = io.BytesIO()
    nx.write_weighted_edgelist(karate(), buffer)
    path = tmp_path / f"k{ending}"
    path.write_bytes(pack(buffer.getvalue()))
    assert links_of_topology(read(path).topology) == links_of_graph(karate())


def test_archives_of_several_networks_and_damaged_ones_are_refused(tmp_path):
    from netsci_dst.errors import DataError

    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.csv", "1,2\n")
        file.writestr("b.csv", "1,2\n")
    with pytest.raises(DataError, match=r"archive of 2 files \(a.csv, b.csv\)"):
        read(path)
    path = tmp_path / "half.gz"
    path.write_bytes(gzip.compress(b"1 2\n" * 1000)[:-20])
    with pytest.raises(DataError, match="compressed, but damaged"):
        read(path)
