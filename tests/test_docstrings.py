"""The examples in docstrings do what they say."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path

import pytest

from netsci_dst import registry

ROOT = Path(__file__).parents[1]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def with_examples() -> list[str]:
    found = []
    for file in sorted((ROOT / "netsci_dst").rglob("*.py")):
        if ">>> " in file.read_text(encoding="utf-8"):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


@pytest.fixture
def _own_parts():
    """Let go of what examples register: other tests list what there is."""
    before = {kind: set(registry._entries[kind]) for kind in registry.HOMES}
    yield
    for kind, known in before.items():
        for name in set(registry._entries[kind]) - known - set(registry._built_in(kind)):
            del registry._entries[kind][name]


@pytest.mark.usefixtures("_own_parts")
@pytest.mark.parametrize("name", with_examples())
def test_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("netsci_dst"):
            raise
        pytest.skip(f"{error.name} is not installed")
    # A package that is also a function hides its namespace from doctest's own search.
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    said: list[str] = []
    count = 0
    for test in finder.find(module, name, module=module, globs=dict(vars(module))):
        count += len(test.examples)
        runner.run(test, out=said.append)
    assert runner.failures == 0, "".join(said)
    assert count, "no example was found where the source has some"


def test_every_public_function_says_what_it_returns_or_does():
    """Public functions of public modules have a docstring of their own."""
    bare = []
    for file in sorted((ROOT / "netsci_dst").rglob("*.py")):
        if any(part.startswith("_") and part != "__init__.py" for part in file.parts):
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            named = isinstance(node, (ast.FunctionDef, ast.ClassDef))
            overload = named and any(ast.unparse(d) == "overload" for d in node.decorator_list)
            if (
                named
                and not overload
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                bare.append(f"{file.name}:{node.name}")
    assert bare == []
