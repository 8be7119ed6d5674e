"""Which column is what: by the names in a header, or by what stands in the columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

_PAIRS = (
    ("source", "target"), ("from", "to"), ("src", "dst"), ("src", "dest"), ("src", "trg"),
    ("src", "tgt"), ("source", "destination"), ("origin", "destination"), ("start", "end"),
    ("tail", "head"), ("sender", "receiver"), ("sender", "recipient"), ("ego", "alter"),
    ("follower", "followee"), ("citing", "cited"), ("parent", "child"),
    ("left", "right"), ("row", "col"), ("row", "column"), ("u", "v"),
    ("i", "j"), ("a", "b"), ("1", "2"), ("0", "1"), ("s", "t"), ("subject", "object"),
    ("pre", "post"), ("presynaptic", "postsynaptic"), ("initiator", "responder"),
    ("caller", "callee"), ("user", "item"), ("authors", "paper"), ("author", "paper"),
    ("exporter", "importer"), ("reporter", "partner"), ("buyer", "seller"), ("seller", "buyer"),
    ("lender", "borrower"), ("donor", "recipient"), ("giver", "receiver"), ("predator", "prey"),
    ("host", "parasite"), ("plant", "pollinator"), ("winner", "loser"), ("supplier", "customer"),
    ("advisor", "advisee"), ("mentor", "mentee"), ("upstream", "downstream"), ("tf", "target"),
    ("regulator", "target"), ("drug", "target"), ("ligand", "receptor"), ("leader", "follower"),
    ("departure", "arrival"), ("person", "group"), ("actor", "movie"), ("member", "group"),
    ("von", "nach"), ("quelle", "ziel"), ("origen", "destino"), ("fuente", "destino"),
    ("desde", "hasta"), ("origem", "destino"), ("origine", "destination"), ("depart", "arrivee"),
    ("origine", "destinazione"), ("da", "a"), ("de", "para"), ("de", "vers"), ("van", "naar"),
    ("bron", "doel"), ("zrodło", "cel"), ("skad", "dokad"), ("kalla", "mal"), ("kaynak", "hedef"),
    ("источник", "цель"), ("откуда", "куда"), ("源", "目标"), ("源节点", "目标节点"),
    ("起点", "终点"), ("来源", "目标"), ("来源", "去向"), ("源", "目標"), ("始点", "終点"),
    ("出発", "到着"), ("出発地", "到着地"),
)  # fmt: skip
_STEMS = {
    "node", "name", "id", "user", "person", "gene", "protein", "actor", "author", "vertex",
    "character", "interactor", "source", "player", "country", "city", "station", "region", "word",
    "entity", "agent", "member", "species", "n", "v", "vtx", "endpoint", "end", "item", "neuron",
    "tid", "airport", "company", "symbol", "uniprot", "nodeid", "userid", "idinteractor",
    "nodename",
}  # fmt: skip
_WEIGHT = {
    "weight", "weights", "w", "value", "val", "strength", "score", "combinedscore", "freq",
    "frequency", "count", "counts", "times", "number", "n", "nb", "amount", "intensity",
    "edgeweight", "linkweight", "rating", "sign", "volume", "capacity", "num", "weightint", "nbr",
    "flow", "flows", "trips", "passengers", "correlation", "corr", "pearson", "spearman",
    "similarity", "sim", "coexpression", "gewicht", "peso", "poids", "anzahl", "gewichtung",
    "nsynapses", "synapses", "syncount", "messages", "cooccurrences", "interactions",
    "pesos", "valor", "valeur", "wert", "waga", "vikt", "agırlık", "вес", "权重", "權重", "重み",
}  # fmt: skip
_TIME = {
    "time",
    "timestamp",
    "date",
    "datetime",
    "year",
    "unixts",
    "ts",
    "t",
    "created",
    "createdat",
}
# Numbers under these words are no strengths of links.
_NO_WEIGHT = re.compile(
    r".*(id|key|index|code|year|date|time|timestamp|distance|length|duration|label|type|class)|"
    r"idx|no|zip|layer|group|kind|category|cluster|community|module|x|y|z|lat|lon|lng|latitude|"
    r"longitude|month|day|hour|minute|age|rank|order|line|page|version|begin|since|until|dist|"
    r"cost|delay|pvalue|pval|p|qvalue|fdr|se|sd|unnamed\d*"
)
_NODE = {"id", "node", "nodeid", "name", "label", "vertex", "nodes", "nodename", "vertexid", "key"}
_TYPE = {"type", "edgetype", "directed"}
# Ends of two kinds: user 1 and item 1 are not one node.
_TWO_KINDS = {
    ("user", "item"), ("authors", "paper"), ("author", "paper"), ("actor", "movie"),
    ("person", "group"), ("member", "group"), ("plant", "pollinator"), ("host", "parasite"),
    ("drug", "target"), ("ligand", "receptor"),
}  # fmt: skip
ROLES = ("source", "target", "weight", "time", "type")


@dataclass(frozen=True)
class Roles:
    """Places of the columns; None for what there is none of."""

    source: int
    target: int
    weight: int | None = None
    time: int | None = None
    type: int | None = None

    def used(self) -> set[int]:
        """Return the places of the columns that are read."""
        found = (self.source, self.target, self.weight, self.time, self.type)
        return {place for place in found if place is not None}


def normal(cell: str) -> str:
    """Return a header cell without case, accents, spaces and signs."""
    plain = unicodedata.normalize("NFKD", cell.lower())
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", re.sub(r"[\W_]", "", letters))


def roles_by_words(cells: Sequence[str]) -> Roles | None:
    """Return the roles that a header's words give, or None when they name no ends."""
    ends = _ends(cells)
    if ends is None:
        return None
    rest = {i: normal(cell) for i, cell in enumerate(cells) if i not in ends}

    def first(words: set[str]) -> int | None:
        return next((i for i, word in rest.items() if word in words), None)

    weight = first(_WEIGHT)
    return Roles(*ends, weight, first(_TIME), first(_TYPE))


def may_be_weight(cell: str) -> bool:
    """Whether numbers under a header's word can be weights: ids, places and times are none."""
    return _NO_WEIGHT.fullmatch(normal(cell)) is None and normal(cell) not in _TIME | _TYPE


def _ends(cells: Sequence[str]) -> tuple[int, int] | None:
    found: list[tuple[int, tuple[int, int]]] = []
    for i, j in combinations(range(len(cells)), 2):
        a, b = _apart(normal(cells[i]), normal(cells[j]))
        for order, pair in enumerate(_PAIRS):
            if (a, b) == pair:
                found.append((_rank(cells, i, order), (i, j)))
            elif (b, a) == pair and order < 8:
                found.append((_rank(cells, j, order), (j, i)))
    return min(found)[1] if found else None


def _rank(cells: Sequence[str], source: int, order: int) -> int:
    """Prefer bare words such as ``source`` to ``source_id``, and these to ``source_name``."""
    word = normal(cells[source])
    bare = word == _PAIRS[order][0]
    return order + (0 if bare else 100 if word.endswith(("id", "1", "a")) else 200)


def _apart(a: str, b: str) -> tuple[str, str]:
    """Return two words without what they begin and end with alike."""
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    for begin in range(start, -1, -1):
        x, y = a[begin:], b[begin:]
        for end in range(min(len(x), len(y)) + 1):
            if end and x[-end] != y[-end]:
                break
            pair = (x[: len(x) - end], y[: len(y) - end])
            if pair in _PAIRS or pair[::-1] in _PAIRS:
                return pair
    return a, b


def two_kinds(source: str, target: str) -> tuple[str, str] | None:
    """Return the words for two kinds of nodes that the header of the ends names, or None."""
    pair = _apart(normal(source), normal(target))
    return pair if pair in _TWO_KINDS or pair[::-1] in _TWO_KINDS else None


def is_header(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: by its words, or as the only text above numbers."""
    if len(cells) > 2 and cells[0] == "" and all(cells[1:]):
        return True
    if not cells or any(_number(cell) for cell in cells):
        return False
    if not rows:
        return names_ends(cells)
    for place, cell in enumerate(cells):
        below = [row[place] for row in rows if place < len(row)]
        if cell and below and all(_number(value) for value in below):
            return True
    if not names_ends(cells) and not looks_like_nodes(cells):
        return False
    ends = _ends(cells) or (0, min(1, len(cells) - 1))
    below = {row[i] for row in rows for i in ends if i < len(row)}
    return not any(cells[i] in below for i in ends)


def names_ends(cells: Sequence[str]) -> bool:
    """Whether the words for the two ends are none that nodes might be called by."""
    ends = _ends(cells)
    if ends is None:
        return False
    a, b = (normal(cells[i]) for i in ends)
    pair = _apart(a, b)
    stem = a.removesuffix(pair[0]) if a.endswith(pair[0]) else a.replace(pair[0], "", 1)
    return all(len(w) > 1 or not w.isascii() for w in pair) or stem in _STEMS or len(stem) > 6


def looks_like_nodes(cells: Sequence[str]) -> bool:
    """Whether a header is that of a table of nodes."""
    return bool(cells) and normal(cells[0]) in _NODE and _ends(cells) is None


def is_weight(cell: str) -> bool:
    """Whether a header's word means a weight."""
    return normal(cell) in _WEIGHT


def _number(cell: str) -> bool:
    try:
        float(cell.replace(",", ".", 1))
    except ValueError:
        return False
    return True
