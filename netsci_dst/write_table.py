"""Write ``table.py``, the static table of what is built in, from the decorators in the code.

``python -m netsci_dst.write_table``, or ``make table``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import registry

FILE = Path(__file__).with_name("table.py")
_HEAD = '''"""What is built in: kind -> name -> (module, summary, source, metadata)."""

# ruff: noqa: E501
# fmt: off
from collections.abc import Mapping
from typing import Any

TABLE: Mapping[str, Mapping[str, tuple[str, str, str, Mapping[str, Any]]]] = {
'''


def table_text() -> str:
    """Return the table as Python, from everything that registers itself when imported."""
    lines = [_HEAD]
    for kind in registry.kinds():
        registry.scan(registry.HOMES[kind])
        known = sorted(_built_in(kind))
        if known:
            lines += [f"    {kind!r}: {{\n", *(line for _, line in known), "    },\n"]
    return "".join([*lines, "}\n"])


def _built_in(kind: str) -> Iterator[tuple[str, str]]:
    home = f"{registry.PACKAGE}."
    for name, entry in registry.registered(kind).items():
        module = str(getattr(_code(entry.target), "__module__", ""))
        if kind != "method" and module.startswith(home + registry.HOMES[kind]):
            line = (module.removeprefix(home), entry.summary, entry.source, _plain(entry.metadata))
            yield name, f"        {name!r}: {line!r},\n"


def _code(target: Any) -> Any:
    return getattr(target, "function", target)


def _plain(metadata: Any) -> dict[str, Any]:
    """Keep what can stand in a table; rules and recognisers stay with the code."""
    flat = (bool, int, float, str)
    return {
        key: value
        for key, value in metadata.items()
        if isinstance(value, flat)
        or (isinstance(value, tuple) and all(isinstance(one, flat) for one in value))
    }


if __name__ == "__main__":
    FILE.write_text(table_text(), encoding="utf-8")
