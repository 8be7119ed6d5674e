"""Edge lists as people post them: right values, or one line that says what to write."""

import numpy as np
import pytest

from netsci_dst.errors import DataError
from netsci_dst.exchange.networks import read

from .truth import links_of_topology

TRIANGLE = {("10", "11"), ("10", "12"), ("11", "12"), ("12", "13")}


def read_text(tmp_path, text, name="net.csv", **options):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path, **options)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", ",source,target\n0,10,11\n1,11,12\n2,10,12\n3,12,13\n"),
        ("a.csv", "id,source,target\n0,10,11\n1,11,12\n2,10,12\n3,12,13\n"),
        ("a.csv", "weight,source,target\n1,10,11\n1,11,12\n1,10,12\n1,12,13\n"),
        ("a.csv", "t,i,j\n0,10,11\n20,11,12\n20,10,12\n40,12,13\n"),
        ("a.csv", "target,source\n11,10\n12,11\n10,12\n13,12\n"),
        ("a.csv", "user_from,user_to,when\n10,11,x\n11,12,y\n10,12,z\n12,13,x\n"),
        ("a.csv", "Person A,Person B\n10,11\n11,12\n10,12\n12,13\n"),
        ("a.csv", "source_id,target_id,source_name,target_name\n10,11,a,b\n11,12,b,c\n"
                  "10,12,a,c\n12,13,c,d\n"),
        ("a.csv", "Source;Target;Type;Weight\n10;11;Undirected;1\n11;12;Undirected;1\n"
                  "10;12;Undirected;1\n12;13;Undirected;1\n"),
        ("a.txt", "\ufeff10 11\r\n11 12\r\n10 12\r\n12 13\r\n"),
        ("a.txt", "10 11 # one\n11 12\n10 12 # two words\n12 13\n"),
        ("a.txt", "10 11\n% a comment\n11 12\n# another, with, commas\n10 12\n\n12 13\n"),
        ("a.txt", "10|11\n11|12\n10|12\n12|13\n"),
        ("a.txt", "10 11 1217567877\n11 12 1217573801\n10 12 1217606247\n12 13 1217617639\n"),
        ("a.csv", "10,11,\n11,12,\n10,12,\n12,13,\n"),
        ("a.csv", "source,target,weight\n10,11,\n11,12,\n10,12,\n12,13,\n"),
    ],
)  # fmt: skip
def test_columns_are_found(tmp_path, name, text):
    assert set(links_of_topology(read_text(tmp_path, text, name).topology)) == TRIANGLE


@pytest.mark.parametrize(
    ("text", "nodes"),
    [
        ("Smith, J\tDoe, A\nDoe, A\tRoe, B\n", {"Smith, J", "Doe, A", "Roe, B"}),
        ("C# F#\nF# C\nC C++\n", {"C#", "F#", "C", "C++"}),
        ("007 7\n7 +7\n", {"007", "7", "+7"}),
        ("18446744073709551616 5\n9223372036854775808 5\n", {"5", f"{2**63}", f"{2**64}"}),
        ("BRCA1 BRCA2\nBRCA2 TP53\n", {"BRCA1", "BRCA2", "TP53"}),
        ('"New York, NY",Boston\nBoston,"a ""b"""\n', {"New York, NY", "Boston", 'a "b"'}),
        ("NA,nan\nnan,null\n", {"NA", "nan", "null"}),
        ("a b\nb c\n", {"a", "b", "c"}),
        ("1.0 2.0\n2.0 10.0\n", {"1.0", "2.0", "10.0"}),
    ],
)
def test_names_stay_as_they_are(tmp_path, text, nodes):
    topology = read_text(tmp_path, text, "net.txt").topology
    assert set(topology.node_labels) == nodes


def test_numbers_are_ordered_by_value(tmp_path):
    topology = read_text(tmp_path, f"10 9\n{2**70} -3\n9 100\n", "x.txt").topology
    assert topology.node_labels == ("-3", "9", "10", "100", str(2**70))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Id,Label,Class\n1,Ada,3\n2,Bob,3\n", "line 1: a table of nodes"),
        ("node,community\n1,3\n2,3\n", "line 1: a table of nodes"),
        ("id,x,y\n1,0.5,3\n2,0.1,3\n", "line 1: a table of nodes"),
        ("1 Ada\n2 Bob\n3 Cy\n", "as in a table of nodes"),
        ("source,target\n1,2\n2,3\n3,4\nTotal,3\n", "line 5: 'Total' stands where"),
        ("1 2\n2 3\n3 4\nTotal: 3 links\n", "line 4: 'Total: 3 links' has 3 columns"),
        ("<!DOCTYPE html>\n<html><body>404</body></html>", "web page"),
        ("404: Not Found", "a server's answer"),
        ("version https://git-lfs.github.com/spec/v1\nsize 12\n", "pointer of Git LFS"),
        ('{"message": "Not Found"}', "neither nodes nor links, but 'message'"),
        ("31220 58 63\n31240 58 63\n31260 63 70\n31300 70 58\n", "may be an index or a time"),
        ("0 10 11\n1 11 12\n2 10 12\n3 12 13\n", "may be an index or a time"),
        ("A pp B\nB pp C\nC pd A\nA pp D\n", "may be the kind of link, as in SIF"),
        ("a,b,2\nb,a,3\nb,c,1\n", "line 1 and line 2 join the same nodes in both directions"),
        ("a,b,2\nb,c,x\nb,d,1\n", "line 2: 'x' is no weight"),
        ("a,b;c,d\ne,f;g,h\n", "--separator"),
        ("What is this?\nIt is prose.\n\nOf several lines, that is.\n", "is no edge list"),
        ("a,b,2\nb,c,\nb,d,1\n", "line 2: '' is no weight"),
    ],
)
def test_what_is_ambiguous_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read_text(tmp_path, text, "net.txt")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("0 10 11\n1 11 12\n", {"columns": "-,source,target"}, {("10", "11"), ("11", "12")}),
        ("a,b,2\nb,a,3\n", {"directed": True}, {("a", "b"): 2, ("b", "a"): 3}),
        ("a,b,2\nb,a,3\n", {"directed": False}, {("a", "b"): 5}),
        ("a,b;c\nb,c;d\n", {"separator": "semicolon"}, {("a,b", "c"), ("b,c", "d")}),
        ("who,whom,much\na,b,2\n", {"columns": "who,whom,much"}, {("a", "b"): 2}),
        ("A pp B\nB pp C\n", {"form": "sif"}, {("A", "B"), ("B", "C")}),
        ("#a b\n#b c\n", {"comments": ""}, {("#a", "b"), ("#b", "c")}),
        ("1,2\n2,3\n3,4\nTotal,3\n", {"columns": "source,target"},
         {("1", "2"), ("2", "3"), ("3", "4"), ("3", "Total")}),
    ],
)  # fmt: skip
def test_what_users_say_decides(tmp_path, text, options, expected):
    found = links_of_topology(read_text(tmp_path, text, "net.txt", **options).topology)
    assert set(found) == set(expected)
    if isinstance(expected, dict):
        assert found == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "a,b,2,x\nb,c,1,y\na,a,1,z\nb,c,2,w\n",
            "3 nodes, 2 links, undirected (the file does not say; --directed keeps directions), "
            "weighted; edge list, columns separated by commas; 1 self-loop left out; 1 parallel "
            "link merged, their weights added; column 4 left out",
        ),
        (
            "# Directed graph: x\n# FromNodeId\tToNodeId\n0\t1\n1\t0\n",
            "2 nodes, 2 links, directed, unweighted; edge list, columns separated by tabs; "
            "2 comment lines left out",
        ),
        (
            b"caf\xe9 b\nb caf\xe9\n",
            "2 nodes, 1 link, undirected (the file does not say; --directed keeps directions), "
            "unweighted; edge list, columns separated by spaces; each link is listed in both "
            "directions; read as Latin-1",
        ),
    ],
)
def test_what_is_read_is_said_in_one_line(tmp_path, text, line):
    assert read_text(tmp_path, text, "net.txt").line == line


def test_konect_says_direction_modes_and_weights(tmp_path):
    text = "% asym positive\n% 3 3 3\n1 2 4 \n2 3 1 \n2 1 7 \n"
    found = links_of_topology(read_text(tmp_path, text, "out.x").topology)
    assert found == {("1", "2"): 4, ("2", "3"): 1, ("2", "1"): 7}
    topology = read_text(tmp_path, "% bip unweighted\n1 1\n1 2\n2 2\n", "out.y").topology
    assert topology.node_labels == ("left 1", "left 2", "right 1", "right 2")
    assert topology.populations[0].attributes["mode"].tolist() == [1, 1, 2, 2]
    assert topology.n_links == 3


def test_data_frames_and_arrays():
    import pandas as pd

    frame = pd.DataFrame({"weight": [0.5, 2], "source": [3, 4], "target": [4, 7]})
    assert links_of_topology(read(frame).topology) == {("3", "4"): 0.5, ("4", "7"): 2}
    assert read(np.triu(np.ones((3, 3)), 1)).topology.n_links == 3
