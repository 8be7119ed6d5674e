"""Kinds of files that people post: the links that they name, or one line that says what to do."""

import io
import json
import zipfile

import networkx as nx
import pytest

from netsci_dst.errors import DataError
from netsci_dst.exchange.networks import read

from .truth import links_of_topology

PAIRS = {("a", "b"), ("b", "c")}
WEIGHTS = {("a", "b"): 1.5, ("b", "c"): 2}
TWO_MODE = {("a", "x"), ("b", "x"), ("b", "y"), ("c", "y")}
USERS = {("item 1", "user 1"): 4, ("item 2", "user 1"): 3, ("item 1", "user 2"): 5}


def as_json(**data):
    return json.dumps(data)


# name: content, what the file says of directions, links (with weights where there are some)
READ = {
    "arrow.txt": ("a -> b\nb -> c\n", True, PAIRS),
    "tight.txt": ("a->b\nb->c\n", True, PAIRS),
    "unicode.txt": ("a → b\nb → c\n", True, PAIRS),
    "dashes.txt": ("a -- b\nb -- c\n", False, PAIRS),
    "both.txt": ("# twice\na <-> b\nb <-> c\n", False, PAIRS),
    "names.txt": ("New York -> Los Angeles\nLos Angeles -> Fort-de-France\n", True,
                  {("New York", "Los Angeles"), ("Los Angeles", "Fort-de-France")}),
    "tuples.txt": ("(a, b)\n(b, c)\n", False, PAIRS),
    "brackets.txt": ("[a,b],\n[b,c]\n", False, PAIRS),
    "python.txt": ("[('a', 'b'), ('b', 'c')]\n", False, PAIRS),
    "dictionary.txt": ("{'a': ['b'], 'b': ['a', 'c'], 'c': ['b']}", False, PAIRS),
    "table.md": ("| source | target |\n|:-------|-------:|\n| a | b |\n| b | c |\n", False, PAIRS),
    "excel.csv": ("sep=;\r\nsource;target;weight\r\na;b;1,5\r\nb;c;2\r\n", False, WEIGHTS),
    "utf16.txt": ("a\tb\r\nb\tc\r\n".encode("utf-16-le"), False, PAIRS),
    "utf16.csv": ("source,target\na,b\nb,c\n".encode("utf-16"), False, PAIRS),
    "utf32.csv": ("source,target\na,b\nb,c\n".encode("utf-32"), False, PAIRS),
    "dos.txt": (b"a b\r\nb c\r\n\x1a", False, PAIRS),
    "comment.tsv": ("#node1\tnode2\tid\tscore\na\tb\tx\t1.5\nb\tc\ty\t2\n", False, WEIGHTS),
    "times.tsv": ("#timestamp\ttid1\ttid2\n1\ta\tb\n2\tb\tc\n3\tb\tc\n", False, PAIRS),
    "flow.csv": ("origin,destination,flow\na,b,1.5\nb,c,2\n", False, WEIGHTS),
    "trade.csv": ("exporter,importer,usd\na,b,1.5\nb,c,2\n", False, WEIGHTS),
    "german.csv": ("von;nach;gewicht\na;b;1,5\nb;c;2\n", False, WEIGHTS),
    "spanish.csv": ("origen,destino,peso\na,b,1.5\nb,c,2\n", False, WEIGHTS),
    "kinds.csv": ("Neuron 1,Neuron 2,Type,Nbr\na,b,S,1.5\nb,c,EJ,2\n", False, WEIGHTS),
    "length.csv": ("source,target,length\na,b,1.5\nb,c,2\n", False, PAIRS),
    "biogrid.tab": ("INTERACTOR_A\tINTERACTOR_B\tSYMBOL_A\tSYMBOL_B\na\tb\tA\tB\nb\tc\tB\tC\n",
                    False, PAIRS),
    "floats.csv": ("source,target\n1,2.0\n2,3.0\n", False, {("1", "2"), ("2", "3")}),
    "users.csv": ("user,item,rating\n1,1,4\n1,2,3\n2,1,5\n", False, USERS),
    "nan.csv": (",a,b,c\na,nan,1.5,NA\nb,1.5,nan,2\nc,NA,2,nan\n", False, WEIGHTS),
    "libsvm.txt": ("a: b:1.5\nb: a:1.5 c:2\nc: b:2\n", False, WEIGHTS),
    "comment.net": ("/* by hand */\n*Vertices 3\n1 a\n2 b\n3 c\n*Edges\n1 2\n2 3\n", False, PAIRS),
    "times.net": ('*Vertices 3\n1 "a" [1-3]\n2 "b" [1-*]\n3 "c" [2]\n*Edges\n1 2 1 [1-2]\n2 3 1\n',
                  False, PAIRS),
    "text.gml": ('graph [ node [ id 1 label "a" ] node [ id 2 label "b" ] node [ id 3 label "c" ] '
                 'edge [ source 1 target 2 weight "1.5" ] edge [ source 2 target 3 weight 2 ] ]',
                 False, WEIGHTS),
    "tool.graphml": ('<graphml><key id="p" for="node" attr.name="pos" attr.type="vector_double"/>'
                     '<key id="n" for="node" attr.name="name" attr.type="string"/><graph '
                     'edgedefault="directed"><node id="n0"><data key="p">0.1, 2</data><data '
                     'key="n">a</data></node><node id="n1"><data key="n">b</data></node><edge '
                     'source="n0" target="n1"/></graph></graphml>', True, {("a", "b")}),
    "elements.json": ('[{"data":{"id":"a"}},{"data":{"id":"b"}},{"data":{"id":"c"}},{"data":{"id":'
                      '"1","source":"a","target":"b"}},{"data":{"source":"b","target":"c"}}]',
                      False, PAIRS),
    "session.cyjs": (as_json(elements={
        "nodes": [{"data": {"id": str(i), "name": n, "SUID": i}} for i, n in enumerate("abc")],
        "edges": [{"data": {"id": "9", "source": "0", "target": "1", "weight": 1.5}},
                  {"data": {"id": "8", "source": "1", "target": "2", "weight": 2}}]}),
        False, WEIGHTS),
    "graphs.json": (as_json(graphs=[{"directed": True, "nodes": {"a": {}, "b": {}, "c": {}},
                    "edges": [{"source": "a", "target": "b"}, {"source": "b", "target": "c"}]}]),
                    True, PAIRS),
    "neo4j.json": (as_json(nodes=[{"id": "a"}, {"id": "b"}, {"id": "c"}], relationships=[
        {"id": "1", "startNode": "a", "endNode": "b"}, {"startNode": "b", "endNode": "c"}]),
        False, PAIRS),
    "ids.json": (as_json(nodes=[{"id": "1"}, {"id": "2"}, {"id": "3"}],
                         links=[{"source": 1, "target": 2}, {"source": 2, "target": 3}]),
                 False, {("1", "2"), ("2", "3")}),
    "places.json": (as_json(nodes=[{"name": n} for n in "abc"],
                            links=[{"source": 0, "target": 1, "weight": "1.5"},
                                   {"source": 1, "target": 2, "weight": "2"}]), False, WEIGHTS),
    "matrix.json": ("[[0,1.5,0],[1.5,0,2],[0,2,0]]", False,
                    {("0", "1"): 1.5, ("1", "2"): 2}),
    "quoted.csv": ("source,target\n#a,b\nb,c\n".replace("#a", '"#a"'), False,
                   {("#a", "b"), ("b", "c")}),
    "gephi.csv": ("Source;Target;Type;Id;Label;Weight\na;b;Undirected;0;;1.5\n"
                  "b;c;Undirected;1;;2\n", False, WEIGHTS),
    "gephi-arcs.csv": ("Source,Target,Type,Id,Label,timeset,Weight\na,b,Directed,0,,,1.5\n"
                       "b,c,Directed,1,,,2.0\n", True, WEIGHTS),
    "snap.txt": ("# Directed graph (each unordered pair of nodes is saved once): Wiki.txt\n"
                 "# Nodes: 3 Edges: 2\n# FromNodeId\tToNodeId\na\tb\nb\tc\n", True, PAIRS),
    "asym.edges": ("% asym\na,b\nb,c\n", True, PAIRS),
    "out.signed": ("% asym signed\na b -1 1082008561\nb c 1 1082008562\n", True,
                   {("a", "b"): -1, ("b", "c"): 1}),
    "array.mtx": ("%%MatrixMarket matrix array real general\n2 2\n0\n1\n1\n0\n", False,
                  {("0", "1")}),
    "weights.lgl": ("# a\nb 1.5\n# b\nc 2\n", False, WEIGHTS),
    "directed.gw": ("LEDA.GRAPH\nvoid\nvoid\n-1\n3\n|{}|\n|{}|\n|{}|\n2\n1 2 0 |{}|\n2 3 0 |{}|\n",
                    True, {("1", "2"), ("2", "3")}),
    "path.g6": ("Bg\n", False, {("0", "1"), ("1", "2")}),
    "path.s6": (nx.to_sparse6_bytes(nx.path_graph(3)), False, {("0", "1"), ("1", "2")}),
    "nested.gml": ('graph\n[\n directed 1\n node\n [\n  id 5\n  label "a"\n  graphics [ x 1 fill '
                   '"#ff0000" ]\n  LabelGraphics [ text "A]" ]\n ]\n node [ id 7 label "b" att [ '
                   "deep [ k 1 ] ] ]\n edge [ source 5 target 7 att [ k 3 ] value 2 ]\n]\n",
                   True, {("a", "b"): 2}),
    "entities.gml": ('graph [ node [ id 0 label "caf&#233; &amp; bar" ] node [ id 1 label "b" ] '
                     "edge [ source 0 target 1 ] ]", False, {("café & bar", "b")}),
    "default.graphml": ('<graphml><key id="w" for="edge" attr.name="weight" attr.type="double">'
                        '<default>1.5</default></key><graph edgedefault="undirected"><node id="a">'
                        '<port name="N"/></node><node id="b"/><node id="c"/><edge source="a" '
                        'target="b" sourceport="N"/><edge source="b" target="c"><data key="w">2'
                        "</data></edge></graph></graphml>", False, WEIGHTS),
    "mixed.graphml": ('<graphml><graph edgedefault="undirected"><node id="a"/><node id="b"/><node '
                      'id="c"/><edge source="a" target="b" directed="true"/><edge source="b" '
                      'target="c"/></graph></graphml>', True, PAIRS | {("c", "b")}),
    "drawn.json": (as_json(nodes=[{"id": n, "index": i} for i, n in enumerate("abc")], links=[
        {"source": {"id": "a", "index": 0}, "target": {"id": "b", "index": 1}},
        {"source": {"id": "b"}, "target": {"id": "c"}}]), False, PAIRS),
    "arrows.json": (as_json(nodes=[{"id": i, "label": n} for i, n in enumerate("abc")], edges=[
        {"from": 0, "to": 1, "value": 1.5, "arrows": "to"},
        {"from": 1, "to": 2, "value": 2, "arrows": "to"}]), True, WEIGHTS),
    "lines.jsonl": ('{"source":"a","target":"b","weight":1.5}\n'
                    '{"source":"b","target":"c","weight":2}\n', False, WEIGHTS),
    "ndex.cx": (json.dumps([{"numberVerification": [{"longNumber": 1}]},
                            {"nodes": [{"@id": i, "n": n} for i, n in enumerate("abc")]},
                            {"edges": [{"@id": 9, "s": 0, "t": 1, "i": "pp"}]},
                            {"edges": [{"@id": 8, "s": 1, "t": 2}]}]), False, PAIRS),
    "graphson.json": (as_json(graph={"mode": "NORMAL",
                      "vertices": [{"_id": n, "_type": "vertex"} for n in "abc"],
                      "edges": [{"_id": 1, "_outV": "a", "_inV": "b", "_label": "x"},
                                {"_id": 2, "_outV": "b", "_inV": "c", "_label": "x"}]}),
                      False, PAIRS),
    "large.txt": (f"{2**63} {2**63 + 1}\n{2**63 + 1} {10**30}\n", False,
                  {(str(2**63), str(2**63 + 1)), (str(2**63 + 1), str(10**30))}),
    "spelt.txt": ("001 002\n002 1\n", False, {("001", "002"), ("002", "1")}),
    "negative.txt": ("-1 2\n2 -3\n", False, {("-1", "2"), ("-3", "2")}),
    "loop.txt": ("1 1\n1 2\n", False, {("1", "2")}),
    "french.csv": ("départ;arrivée;poids\na;b;1,5\nb;c;2\n", False, WEIGHTS),
    "french2.csv": ("Départ;Arrivée\na;b\nb;c\n", False, PAIRS),
    "chinese.csv": ("源,目标,权重\na,b,1.5\nb,c,2\n", False, WEIGHTS),
    "chinese2.csv": ("起点,终点\na,b\nb,c\n", False, PAIRS),
    "japanese.csv": ("始点,終点,重み\na,b,1.5\nb,c,2\n", False, WEIGHTS),
    "russian.csv": ("Источник;Цель;Вес\na;b;1,5\nb;c;2\n", False, WEIGHTS),
    "latin.csv": ("source;target\nL’Œuvre;thé\nthé;b\n".encode("cp1252"), False,
                  {("L’Œuvre", "thé"), ("thé", "b")}),
    "joined.csv": ("\ufeffsource,target\na,b\n\ufeffb,c\n", False, PAIRS),
    "single.csv": ("'source','target','weight'\n'a','b',1.5\n'b','c',2\n", False, WEIGHTS),
    "apostrophes.txt": ("O'Neil\td'Arc\nd'Arc\t'tis\n", False,
                        {("O'Neil", "d'Arc"), ("d'Arc", "'tis")}),
    "lower.dl": ("dl n=3 format=lowerhalf diagonal=absent\nlabels: a,b,c\ndata:\n1\n0 1\n", False,
                 PAIRS),
    "ports.dot": ('digraph { a [label="Ada\\nL"]; a:p1 -> b:p2; b -> c /* x */ // y\n}', True,
                  PAIRS),
    "html.dot": ("graph { a [label=<<b>x</b>>]; a -- b; b -- c }", False, PAIRS),
    "parts.paj": ("*Network n\n*Vertices 3\n1 a\n2 b\n3 c\n*Edges\n1 2 1.5\n2 3 2\n*Partition p\n"
                  "*Vertices 3\n1\n1\n2\n", False, WEIGHTS),
    "r.txt": ('"from" "to" "weight"\n"1" "a" "b" 1.5\n"2" "b" "c" 2\n', False, WEIGHTS),
    "pandas.txt": ("  source target  weight\n0      a      b     1.5\n1      b      c     2.0\n",
                   False, WEIGHTS),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_links_are_those_that_the_file_names(tmp_path, name):
    content, directed, expected = READ[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    topology = read(path).topology
    assert topology.is_directed is directed
    found = links_of_topology(topology)
    if isinstance(expected, set):
        expected = dict.fromkeys(expected)
    assert found == {pair if directed else tuple(sorted(pair)): w for pair, w in expected.items()}


# name: content, part of the message
REFUSED = {
    "incidence.csv": (",x,y\na,1,0\nb,1,1\nc,0,1\n", "line 1: .*may be a matrix: write --form"),
    "thousands.csv": ('source,target,weight\na,b,"1,000"\nb,c,"2,500"\n', "line 2: '1,000' may"),
    "wide.dat": ("2B,410,AER,2965,KZN\n2B,410,ASF,2966,KZN\n", "line 1: 5 columns and no words"),
    "log.txt": ("2020-01-01 12:00:01 INFO a\n2020-01-01 12:00:02 INFO b\n", "may be a time"),
    "clock.csv": ("a,12:00,3\nb,12:30,4\n", "column 2 .*may be a time"),
    "layers.edges": ("2 11 12 1\n1 12 13 1\n2 11 13 1\n2 13 14 1\n3 14 11 1\n3 12 14 1\n",
                     "column 1 may be a layer"),
    "tags.csv": ("source,target\nx,y\n#a,#b\n#b,y\n", "line 3: '#a,#b' is a comment or a link"),
    "only.csv": ("#a,#b\n#b,#c\n", "only comment lines: write --comments none"),
    "graphs.json": ('{"graphs": [{}, {}]}', "holds 2 graphs: keep one"),
    "old.xls": (b"\xd0\xcf\x11\xe0" + bytes(60), "Excel workbook"),
    "graph.gpickle": (b"\x80\x04\x95" + bytes(9), "is a pickle"),
    "data.rda": (b"RDX3\nX\n" + bytes(4), "data of R"),
    "paper.pdf": (b"%PDF-1.7\n", "a PDF document"),
    "twice.csv": ("source,target,source,target\na,b,x,y\nb,c,y,z\n",
                  "line 1: two columns are called 'source': write --columns"),
    "weights.csv": ("source,target,weight,weight\na,b,1.5,9\nb,c,2,8\n", "'weight': write --col"),
    "gbk.csv": ("源,目标\n北京,上海\n上海,广州\n".encode("gbk"), "save it as UTF-8"),
    "koi.txt": ("Москва Казань\nКазань Омск\n".encode("koi8-r"), "save it as UTF-8"),
    "counts.txt": ("3 2\n1 2\n2 3\n", "line 1: '3 2' may be the numbers of nodes and links below"),
    "count.txt": ("3\n1 2\n2 3\n", "line 1: '3' may be the number of nodes or links"),
    "groups.clu": ("*Vertices 3\n1\n2\n1\n", "as a partition does, but no links"),
    "hyper.graphml": ('<graphml><graph edgedefault="undirected"><node id="a"/><node id="b"/><node '
                      'id="c"/><hyperedge><endpoint node="a"/><endpoint node="b"/><endpoint '
                      'node="c"/></hyperedge></graph></graphml>', "joins more than two nodes"),
    "complex.mtx": ("%%MatrixMarket matrix coordinate complex general\n3 3 1\n1 2 1 0.5\n",
                    "complex numbers, which are no weights"),
    "double.gml": ('graph [ node [ id 1 label "a" ] node [ id 1 label "b" ] edge [ source 1 target '
                   "1 ] ]", "two nodes have the id 1"),
    "shares.csv": ("source,target,weight\na,b,15%\nb,c,20%\n", "line 2: '15%' is no weight"),
    "tree.json": ('{"name": "root", "children": [{"name": "x"}]}', "neither nodes nor links"),
    "weight.json": ('[[0,1,2],[1,2,3],["a","b","x"]]', "weight 'x' is no number"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused_with_what_to_write(tmp_path, name):
    content, message = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)


def test_workbooks_are_named(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("[Content_Types].xml", "<x/>")
        file.writestr("xl/workbook.xml", "<x/>")
    (tmp_path / "a.xlsx").write_bytes(packed.getvalue())
    with pytest.raises(DataError, match="workbook, not a text file: save the sheet as CSV"):
        read(tmp_path / "a.xlsx")


def test_relations_of_pajek_are_named(tmp_path):
    (tmp_path / "a.net").write_text(
        '*Vertices 3\n1 "a"\n2 "b"\n3 "c"\n*Arcs :1 "likes"\n1 2\n*Arcs :2 "knows"\n2 3\n'
    )
    found = read(tmp_path / "a.net")
    assert set(links_of_topology(found.topology)) == PAIRS
    assert 'relations taken together: 1 "likes", 2 "knows"' in found.line


def test_a_first_line_is_a_link_where_the_columns_are_said(tmp_path):
    (tmp_path / "a.txt").write_text(REFUSED["counts.txt"][0])
    found = read(tmp_path / "a.txt", columns=["source", "target"])
    assert "1 parallel link merged" in found.line


def test_a_matrix_of_two_kinds_of_nodes(tmp_path):
    (tmp_path / "a.csv").write_text(REFUSED["incidence.csv"][0])
    topology = read(tmp_path / "a.csv", form="matrix").topology
    assert set(links_of_topology(topology)) == TWO_MODE
    assert topology.populations[0].attributes["mode"].tolist() == [1, 1, 1, 2, 2]


def test_comments_can_be_switched_off(tmp_path):
    (tmp_path / "a.csv").write_text(REFUSED["tags.csv"][0])
    found = read(tmp_path / "a.csv", comments="none")
    assert set(found.topology.node_labels) == {"x", "y", "#a", "#b"}


def graph_with_facts():
    graph = nx.Graph()
    graph.add_edge("a", "b", weight=1.5, kind="friend")
    graph.add_edge("b", "c", weight=2, kind="foe")
    return graph


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.graphml", nx.write_graphml),
        ("a.gexf", nx.write_gexf),
        ("a.gml", nx.write_gml),
        ("a.edgelist", nx.write_edgelist),
        ("a.multi", nx.write_multiline_adjlist),
        ("a.json", lambda g, p: p.write_text(json.dumps(nx.node_link_data(g, edges="links")))),
        ("a.cyjs", lambda g, p: p.write_text(json.dumps(nx.cytoscape_data(g)))),
        ("a.dot", lambda g, p: p.write_text("graph { a -- b [weight=1.5, kind=x]; b -- c "
                                            "[weight=2] }")),
        ("a.gdf", lambda g, p: p.write_text("nodedef>name\na\nb\nc\nedgedef>node1,node2,weight,kind"
                                            "\na,b,1.5,x\nb,c,2,y\n")),
    ],
)  # fmt: skip
def test_what_is_left_out_of_links_is_said(tmp_path, name, write):
    write(graph_with_facts(), tmp_path / name)
    found = read(tmp_path / name)
    assert links_of_topology(found.topology) == WEIGHTS
    assert "attributes of links left out: kind" in found.line


def test_what_is_left_out_of_objects_is_said():
    assert read(graph_with_facts()).line.endswith("attributes of links left out: kind")
