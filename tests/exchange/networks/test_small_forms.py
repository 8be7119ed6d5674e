"""Forms that are written by hand here, with the values that their definitions give."""

import pytest

from netsci_dst.errors import DataError
from netsci_dst.exchange.networks import read

from .truth import links_of_topology

CASES = {
    "m.txt": ("0 1 1\n1 0 0\n1 0 0\n", {("0", "1"), ("0", "2")}),
    "digits.txt": ("0110\n1001\n1000\n0100\n", {("0", "1"), ("0", "2"), ("1", "3")}),
    "named.csv": (";A;B;C\nA;0;2,5;0\nB;2,5;0;1\nC;0;1;0\n", {("A", "B"): 2.5, ("B", "C"): 1}),
    "headed.csv": ("A,B,C\n0,1,1\n1,0,0\n1,0,0\n", {("A", "B"), ("A", "C")}),
    "directed.txt": ("0 1 0 0\n0 0 1 0\n1 0 0 1\n0 1 0 0\n",
                     {("0", "1"), ("1", "2"), ("2", "0"), ("2", "3"), ("3", "1")}),
    "xyz.net": ('*Vertices 4\n1 "Ada L" 0.1 0.2 0.5\n2 "Bob" 0.1 0.2 0.5\n3 "Cy" 0 0 0\n4 "D"\n'
                '*Edges\n1 2 1\n2 3 1\n3 4 1\n', {("Ada L", "Bob"), ("Bob", "Cy"), ("Cy", "D")}),
    "mixed.net": ("*Vertices 4\r\n*Arcs\r\n1 2\r\n2 3\r\n*Edges\r\n3 4\r\n",
                  {("1", "2"), ("2", "3"), ("3", "4"), ("4", "3")}),
    "lists.net": ("*Vertices 4\n*Arcslist\n1 2 3\n4 1\n", {("1", "2"), ("1", "3"), ("4", "1")}),
    "matrix.net": ("*Vertices 3\n*Matrix\n0 1 0\n1 0 2\n0 2 0\n", {("1", "2"): 1, ("2", "3"): 2}),
    "two.net": ("*Vertices 3 2\n*Matrix\n1\n0\n", {("1", "3")}),
    "d.col": ("c hi\np edge 4 3\ne 1 2\ne 2 3\ne 1 3\n", {("1", "2"), ("2", "3"), ("1", "3")}),
    "d.gr": ("c\np sp 3 2\na 1 2 7\na 2 1 9\n", {("1", "2"): 7, ("2", "1"): 9}),
    "x.sif": ("A pp B C\nB pd C\nD\n", {("A", "B"), ("A", "C"), ("B", "C")}),
    "a.graph": ("% c\n4 4\n2 3\n1 3\n1 2 4\n3\n",
                {("1", "2"), ("1", "3"), ("2", "3"), ("3", "4")}),
    "w.graph": ("3 2 1\n2 5\n1 5 3 7\n2 7\n", {("1", "2"): 5, ("2", "3"): 7}),
    "gap.metis": ("3 1 11\n4 2 9\n6 1 9\n5\n", {("1", "2"): 9}),
    "f.dl": ('dl n=3 format=fullmatrix\nlabels:\nann,bob,"c d"\ndata:\n0 1 0\n1 0 1\n0 1 0\n',
             {("ann", "bob"), ("bob", "c d")}),
    "e.dl": ("DL n=4\nformat = edgelist1\nlabels embedded:\ndata:\nann bob 2\nbob cy 1\ncy d 3\n",
             {("ann", "bob"): 2, ("bob", "cy"): 1, ("cy", "d"): 3}),
    "n.dl": ("dl n=4 format=nodelist1\ndata:\n1 2 3\n2 3\n4 1\n",
             {("1", "2"), ("1", "3"), ("2", "3"), ("4", "1")}),
    "two.dl": ("dl nr=2, nc=3\nrow labels:\na,b\ncolumn labels:\nx,y,z\ndata:\n1 0 1\n0 1 1\n",
               {("a", "x"), ("a", "z"), ("b", "y"), ("b", "z")}),
    "d3.json": ('{"nodes":[{"name":"M"},{"name":"N"},{"name":"X"}],'
                '"links":[{"source":1,"target":0,"value":3},{"source":2,"target":0,"value":8}]}',
                {("M", "N"): 3, ("M", "X"): 8}),
    "jgf.json": ('{"graph":{"directed":true,"nodes":{"a":{"label":"A"},"b":{"label":"B"}},'
                 '"edges":[{"source":"a","target":"b"}]}}', {("A", "B")}),
    "sigma.json": ('{"options":{"type":"directed"},"nodes":[{"key":"a","attributes":{"x":1}},'
                   '{"key":"b"}],"edges":[{"source":"a","target":"b","attributes":{"weight":2}}]}',
                   {("a", "b"): 2}),
    "vis.json": ('{"nodes":[{"id":1,"label":"one"},{"id":2,"label":"two"}],'
                 '"edges":[{"from":1,"to":2}]}', {("one", "two")}),
    "lists.json": ('{"a":["b","c"],"b":["c"],"c":[]}', {("a", "b"), ("a", "c"), ("b", "c")}),
    "pairs.json": ("[[0,1],[1,2]]", {("0", "1"), ("1", "2")}),
    "g.dot": ('digraph "G" { a -> b -> c [weight=2]; "d e" -> a; c -> {a; b}; rankdir=LR }',
              {("a", "b"): 2, ("b", "c"): 2, ("d e", "a"): 1, ("c", "a"): 1, ("c", "b"): 1}),
    "t.tgf": ("1 January\n2 March\n#\n1 2 x\n", {("January", "March")}),
    "g.gdf": ("nodedef>name VARCHAR,label VARCHAR\n1,Ada\n2,'B, C'\nedgedef>node1,node2,weight\n"
              "1,2,0.5\n", {("Ada", "B, C"): 0.5}),
    "latin.gml": (b'graph [\n node [ id 0 label "caf\xe9" ]\n node [ id 1 label "b" ]\n'
                  b" edge [ source 0 target 1 value 3 ]\n]\n", {("café", "b"): 3}),
    "v13.gexf": ('<gexf xmlns="http://www.gexf.net/1.3" version="1.3"><graph defaultedgetype='
                 '"directed"><nodes><node id="a" label="A"/><node id="b" label="B"><nodes><node '
                 'id="c" label="C"/></nodes></node></nodes><edges><edge source="a" target="b" '
                 'weight="2"/><edge source="b" target="c" weight="1"/></edges></graph></gexf>',
                 {("A", "B"): 2, ("B", "C"): 1}),
    "yed.graphml": ('<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="x"><key '
                    'for="node" id="d6" yfiles.type="nodegraphics"/><graph edgedefault="directed">'
                    '<node id="n0"><data key="d6"><y:ShapeNode><y:NodeLabel>Ada</y:NodeLabel>'
                    '</y:ShapeNode></data></node><node id="n1" yfiles.foldertype="group"><data '
                    'key="d6"><y:GroupNode><y:NodeLabel>Group</y:NodeLabel></y:GroupNode></data>'
                    '<graph id="n1:" edgedefault="directed"><node id="n1::n0"/><node id="n1::n1"/>'
                    '<edge source="n1::n0" target="n1::n1"/></graph></node>'
                    '<edge source="n0" target="n1::n0"/></graph></graphml>',
                    {("n0", "n1::n0"), ("n1::n0", "n1::n1")}),
    "s.mtx": ("%%MatrixMarket matrix coordinate pattern symmetric\n%c\n3 3 2\n2 1\n3 2\n",
              {("0", "1"), ("1", "2")}),
    "g.mtx": ("%%MatrixMarket matrix coordinate real general\n3 3 3\n1 2 2.5\n2 1 1\n3 2 4\n",
              {("0", "1"): 2.5, ("1", "0"): 1, ("2", "1"): 4}),
    "r.mtx": ("%%MatrixMarket matrix coordinate pattern general\n2 3 2\n1 3\n2 1\n",
              {("column 3", "row 1"), ("column 1", "row 2")}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_small_files(tmp_path, name):
    text, expected = CASES[name]
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = links_of_topology(read(path).topology)
    ordered = {p if p in found else tuple(sorted(p)) for p in expected}
    assert set(found) == ordered
    if isinstance(expected, dict):
        assert found == {p if p in found else tuple(sorted(p)): w for p, w in expected.items()}


def test_coordinates_become_attributes_and_isolated_nodes_stay(tmp_path):
    path = tmp_path / "x.net"
    path.write_text(CASES["xyz.net"][0] + "*Partition club\n*Vertices 4\n1\n1\n2\n2\n")
    population = read(path).topology.populations[0]
    assert population.attributes["x"][:3].tolist() == [0.1, 0.1, 0.0]
    assert population.attributes["club"].tolist() == [1, 1, 2, 2]
    sif = tmp_path / "y.sif"
    sif.write_text(CASES["x.sif"][0])
    assert read(sif).topology.n_nodes == 4


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.gml", "graph [ node [ id 1 ]\n edge [ source 1 target 2 ] ]", "line 2: a link ends at"),
        ("b.gml", "graph [ node [ id 1 ] node [ id 1 ] ]", "two nodes have the id 1"),
        ("c.gml", "graph [ node [ id 1 ", "a bracket is not closed"),
        ("a.graphml", '<graphml><graph><node id="a"/>\n<edge source="a" target="z"/></graph>'
                      "</graphml>", "line 2: a link ends at 'z', which is no node"),
        ("b.graphml", '<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]><graphml><graph/>'
                      "</graphml>", "declares the entity 'x'"),
        ("a.gexf", '<gexf><graph><nodes/><edges><edge source="1" target="2"/></edges></graph>'
                   "</gexf>", "which is no node"),
        ("a.net", "*Vertices 2\n*Edges\n1 3\n", "line 3: '3' is no vertex among 1 to 2"),
        ("b.net", "*Vertices 900000000\n*Edges\n1 3\n", "more than this file can hold"),
        ("a.col", "p edge 3 5\ne 1 2\n", "says 5 links, but 1 are listed"),
        ("a.metis", "2 1\n2\n", "2 nodes, but 1 lines|1 links, but 1 neighbours"),
        ("a.dl", "dl n=3 format=fullmatrix\ndata:\n0 1\n", "2 numbers where 9 are due"),
        ("a.json", '{"nodes":[{"id":1}],"links":[{"source":1,"target":9}]}', "which is no node"),
        ("a.json", "[" * 100_000, "no JSON"),
        ("a.dot", "graph { a -- ", "the graph is not closed|is not expected"),
    ],
)  # fmt: skip
def test_files_that_contradict_themselves_are_refused(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read(path)
