"""What the comment lines of an edge list say about it: KONECT's, SNAP's, network repository's."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from .header import Roles

_KONECT = re.compile(
    r"%\s*(sym|asym|bip)(?:\s+(unweighted|positive|posweighted|signed|multiweighted|weighted|"
    r"multisigned|dynamic|multiposweighted)\b|\s*$)"
)


@dataclass
class Said:
    """Direction, two modes, and the roles of the columns, as far as comments say them."""

    directed: bool | None = None
    two_mode: bool = False
    roles: Callable[[int], Roles] | None = None
    notes: list[str] = field(default_factory=list)


def what_comments_say(lines: Sequence[str]) -> Said:
    """Return what the first comment lines say."""
    said = Said()
    for line in lines:
        konect = _KONECT.match(line)
        if konect:
            said.two_mode = konect[1] == "bip"
            said.directed = konect[1] == "asym"
            if konect[2]:
                said.roles = lambda width, kind=konect[2]: _konect_roles(kind, width)
        elif re.match(r"[#%]\s*undirected\b", line, re.IGNORECASE):
            said.directed = False
        elif re.match(r"[#%]\s*directed\b", line, re.IGNORECASE):
            said.directed = True
    return said


def _konect_roles(kind: str, width: int) -> Roles:
    time = 3 if width > 3 else None
    weight = 2 if width > 2 and kind not in ("unweighted",) else None
    return Roles(0, 1, weight, time)
