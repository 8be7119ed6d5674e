"""Whatever one command reads of networks, all read, with the same options."""

import gzip
import io
import json

import networkx as nx
import pandas as pd
import pytest

import netsci_dst as nd
from netsci_dst.exchange.networks import read_network

from .test_cli import call

# A decimal comma, a number before the ends, a byte-order mark: what no guess gets right.
ODD = "\ufeff1;Ä b;c;1,5\n2;c;d;2,5\n3;d;Ä b;2\n4;d;e;0,5\n".encode()
SAY = ["--columns", "-,source,target,weight", "--separator", "semicolon", "--directed"]
COMMANDS = {
    "analyze": lambda f, out: ("analyze", f, "-m", "degrees", "--csv", out / "v.csv"),
    "report": lambda f, out: ("report", f, "--no-analyze", "-o", out / "page.html"),
    "figures": lambda f, out: ("figures", f, "--only", "degrees", "-o", out / "figures"),
    "import": lambda f, out: ("import", f, "-o", out / "run"),
    "export": lambda f, out: ("export", f, "-o", out / "net.graphml"),
}


@pytest.mark.parametrize("kind", ["file", "gz", "-"])
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_networks_with_the_same_options(
    tmp_path, capsys, monkeypatch, command, kind
):
    file = tmp_path / ("odd.txt.gz" if kind == "gz" else "odd.txt")
    file.write_bytes(gzip.compress(ODD) if kind == "gz" else ODD)
    if kind == "-":
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(ODD)))
        file = "-"
    code, _, err = call(capsys, *COMMANDS[command](file, tmp_path), *SAY)
    assert code == 0
    assert "4 nodes, 4 links, directed, weighted" in err
    assert "column 1 left out" in err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_names_the_line_of_what_is_no_network(tmp_path, capsys, command):
    file = tmp_path / "odd.txt"
    file.write_bytes(ODD.replace(b"2,5", b"two"))
    code, _, err = call(capsys, *COMMANDS[command](file, tmp_path), *SAY)
    assert code == 1
    assert "line 2" in err
    assert "Traceback" not in err


def test_an_exported_network_is_the_network(tmp_path, capsys):
    (tmp_path / "odd.txt").write_bytes(ODD)
    call(capsys, "export", tmp_path / "odd.txt", "-o", tmp_path / "odd.gml", *SAY)
    network = read_network(tmp_path / "odd.gml")
    assert network.is_directed
    assert sorted(network.node_labels) == ["c", "d", "e", "Ä b"]
    assert sorted(network.layers[0].weights.tolist()) == [0.5, 1.5, 2.0, 2.5]


def test_a_report_of_a_file_stays_where_it_was_asked_for(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.csv").write_text("a,b\nb,c\n")
    code, out, _ = call(capsys, "report", "net.csv", "--no-analyze")
    assert code == 0
    assert out.strip() == "report.html"
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_a_single_network_has_no_step(tmp_path, capsys):
    (tmp_path / "net.csv").write_text("a,b\nb,c\n")
    code, _, err = call(
        capsys, "export", tmp_path / "net.csv", "-o", tmp_path / "net.gml", "--step", 3
    )
    assert code == 2
    assert "no --step" in err


def test_files_at_urls_are_networks(capsys):
    import fsspec

    with fsspec.open("memory://somewhere/net.csv.gz", "wb") as file:
        file.write(gzip.compress(b"a,b\nb,c\n"))
    code, out, _ = call(
        capsys, "analyze", "memory://somewhere/net.csv.gz", "-m", "degrees", "--json"
    )
    assert code == 0
    assert {row["run"] for row in json.loads(out)} == {"net"}
    assert nd.reports.subjects.open_subjects("memory://somewhere/net.csv.gz")[0].name == "net"


def test_nodes_with_names_and_attributes_as_a_table(tmp_path, capsys):
    graph = nx.les_miserables_graph()
    nx.set_node_attributes(graph, {node: f"={node}" for node in graph}, "formula")
    nx.write_graphml(graph, tmp_path / "net.graphml")
    measures = "degrees,k_shell,modularity,clustering"
    arguments = ("-m", measures, "--nodes", tmp_path / "nodes.csv")
    code, _, err = call(capsys, "analyze", tmp_path / "net.graphml", *arguments)
    assert code == 0
    assert "77 nodes in" in err
    table = pd.read_csv(tmp_path / "nodes.csv").set_index("name")
    assert table["degree"].to_dict() == dict(graph.degree)
    assert table["strength"].to_dict() == dict(graph.degree(weight="weight"))
    assert table["coreness"].to_dict() == nx.core_number(graph)
    assert table["clustering"].to_dict() == pytest.approx(nx.clustering(graph), abs=1e-6)
    assert table["community"].min() == 1
    assert table.loc["Valjean", "formula"] == "'=Valjean"
