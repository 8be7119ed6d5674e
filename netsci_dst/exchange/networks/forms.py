"""Which form a file has: what the user says, its first bytes, its ending, its lines."""

from __future__ import annotations

import re
from collections.abc import Callable

from ...errors import UnknownName
from ..hdf5 import MARKS
from . import adjacency, matrix, simple_forms
from .edge_list import read_edge_list
from .found import Found, Options
from .gexf import read_gexf
from .gml import is_gml, read_gml
from .graphml import read_graphml
from .graphviz import is_dot, read_dot
from .json_graph import read_json
from .matrices import read_mat, read_matrix_market, read_numpy
from .pajek import is_pajek, read_pajek
from .parquet import read_parquet
from .source import Source
from .text import Text, decode, first_lines
from .ucinet import read_dl

_TEXTS: dict[str, Callable[[Text, Options], Found]] = {
    "edges": read_edge_list,
    "data": adjacency.read_with_data,
    "adjacency": adjacency.read_adjacency,
    "multiline": adjacency.read_multiline,
    "matrix": matrix.read_matrix,
    "metis": adjacency.read_metis,
    "dimacs": simple_forms.read_dimacs,
    "sif": simple_forms.read_sif,
    "tgf": simple_forms.read_trivial,
    "lgl": simple_forms.read_lgl,
    "gdf": simple_forms.read_gdf,
    "leda": simple_forms.read_leda,
    "pajek": read_pajek,
    "dl": read_dl,
    "gml": read_gml,
    "json": read_json,
    "dot": read_dot,
}
_WITH_BYTES = {"graphml": read_graphml, "gexf": read_gexf, "mtx": read_matrix_market}
_BINARY = {"numpy": read_numpy, "mat": read_mat, "parquet": read_parquet}
FORMS = (*_TEXTS, *_WITH_BYTES, *_BINARY, "graph6")
_ENDINGS = {
    ".adjlist": "adjacency",
    ".adj": "",
    ".multiline_adjlist": "multiline",
    ".graph": "",
    ".metis": "metis",
    ".sif": "sif",
    ".tgf": "tgf",
    ".lgl": "lgl",
    ".gdf": "gdf",
    ".lgr": "leda",
    ".net": "pajek",
    ".paj": "pajek",
    ".dl": "dl",
    ".gml": "gml",
    ".json": "json",
    ".dot": "dot",
    ".gv": "dot",
    ".graphml": "graphml",
    ".gexf": "gexf",
    ".mtx": "mtx",
    ".npz": "numpy",
    ".npy": "numpy",
    ".mat": "mat",
    ".parquet": "parquet",
    ".g6": "graph6",
    ".s6": "graph6",
}
_TABLES = (".csv", ".tsv", ".tab", ".txt", ".edges", ".edgelist", ".dat")
_BARE_WORD = re.compile(r"\[\s*(?!true|false|null|NaN)[^\W\d]\w*\s*[,\]]")
_ERROR_PAGE = re.compile(
    r"\s*(?:[45]\d\d:?\s+)?(?:not found|forbidden|access denied|bad request)", re.I
)


def is_ending(ending: str) -> bool:
    """Whether files of networks end so."""
    return ending in _ENDINGS or ending in _TABLES


def find_form(source: Source, options: Options) -> Found:
    """Return what a file of any form holds.

    Raises
    ------
    DataError
        If the form is unknown, or the file is not of the form that it seems.
    """
    if options.form is not None and options.form not in FORMS:
        raise UnknownName("form of networks", options.form, FORMS)
    binary = options.form or _by_bytes(source)
    if binary in _BINARY:
        return _BINARY[binary](source, options)
    text = decode(source.data, source.origin, source.ending)
    form = options.form or _by_text(text, options)
    if form in _WITH_BYTES:
        # expat and scipy find out the encoding by themselves, from what the file says.
        found = _WITH_BYTES[form](text, source.data, options)
    elif form == "graph6":
        found = _graph6(text, source)
    else:
        found = _TEXTS[form](text, options)
    return found


def _by_bytes(source: Source) -> str | None:
    data = source.data
    if data.startswith(b"PAR1"):
        return "parquet"
    if data.startswith((b"\x93NUMPY", b"PK\x03\x04")):
        return "numpy"
    if data.startswith(MARKS) or data[124:128] in (b"\x00\x01IM", b"\x01\x00MI"):
        return "mat"
    known = _ENDINGS.get(source.ending)
    return known if known in _BINARY else None


def _by_text(text: Text, options: Options) -> str:
    start = text.text[:5_000].lstrip()
    if start.startswith("<"):
        return _xml(text, start)
    if start.startswith("version https://git-lfs"):
        raise text.error("is a pointer of Git LFS, not the file: fetch it with git lfs pull", 1)
    if _ERROR_PAGE.match(start) and len(text.text) < 500:
        raise text.error(f"is a server's answer: {' '.join(start.split())[:60]!r}", 1)
    if start.lower().startswith("%%matrixmarket"):
        return "mtx"
    by_ending = _ENDINGS.get(text.ending)
    if by_ending in ("graphml", "gexf", "mtx"):
        raise text.error(f"is no {text.ending[1:]} file: it begins {start[:30]!r}", 1)
    if by_ending:
        return by_ending
    return _by_lines(text, options, start)


def _xml(text: Text, start: str) -> str:
    tags = re.findall(r"<(?:\w+:)?(\w+)", start)
    for tag in tags:
        if tag.lower() in ("graphml", "gexf"):
            return tag.lower()
        if tag.lower() in ("html", "head", "body"):
            raise text.error("is a web page, not a network: look at the address it came from", 1)
    if text.ending in (".graphml", ".gexf"):
        return text.ending[1:]
    raise text.error(f"is XML of an unknown kind ({tags[0] if tags else 'empty'!r})", 1)


def _by_lines(text: Text, options: Options, start: str) -> str:
    if re.match(r"dl\b", start, re.I):
        return "dl"
    if start.startswith("LEDA.GRAPH"):
        return "leda"
    if start.lower().startswith("nodedef>"):
        return "gdf"
    if is_pajek(text):
        return "pajek"
    if start[:1] in "{[" and start and not _BARE_WORD.match(start):
        return "json"
    if is_gml(text):
        return "gml"
    if is_dot(text):
        return "dot"
    if simple_forms.is_dimacs(text, options):
        return "dimacs"
    if options.columns or options.separator or not first_lines(text, 1, options.comments):
        return "edges"
    for form, seems in _SEEMS.items():
        if seems(text, options):
            return form
    return "edges"


_SEEMS: dict[str, Callable[[Text, Options], bool]] = {
    "tgf": simple_forms.is_trivial,
    "data": adjacency.is_with_data,
    "multiline": adjacency.is_multiline,
    "matrix": matrix.is_matrix,
    "metis": adjacency.is_metis,
    "adjacency": adjacency.is_adjacency,
}


def _graph6(text: Text, source: Source) -> Found:
    import networkx as nx

    from ...link_tables import link_table

    lines = source.data.split()
    if len(lines) != 1:
        raise text.error(f"holds {len(lines)} graphs where one is due")
    line = lines[0].removeprefix(b">>graph6<<").removeprefix(b">>sparse6<<")
    read = nx.from_sparse6_bytes if line.startswith(b":") else nx.from_graph6_bytes
    return Found(link_table(read(line)), "graph6")
