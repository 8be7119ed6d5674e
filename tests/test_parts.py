"""The public doors: what is behind them, and that pages and the reference use them alone."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import netsci_dst as nd
from netsci_dst import parts

DOCS = Path(__file__).resolve().parents[1] / "docs"
# What a page about using the package may import besides the doors.
PUBLIC = {"netsci_dst", "netsci_dst.parts", "netsci_dst.measures"}
SUBPACKAGES = {"analysis", "runtime", "exchange", "registry", "link_prediction", "reports"}


@pytest.mark.parametrize("name", parts.__all__)
def test_every_part_is_there(name):
    pytest.importorskip("torch")
    assert getattr(parts, name) is not None


def test_naming_the_parts_imports_no_torch():
    code = "import sys, netsci_dst.parts as p; dir(p); p.register, p.register_method, p.Population"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("page", sorted((DOCS / "howto").glob("*.md")), ids=lambda p: p.name)
def test_how_to_pages_import_only_from_the_doors(page):
    for block in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("netsci_dst"):
                assert node.module in PUBLIC or node.module.startswith(
                    "netsci_dst.training.integrations"
                )
                if node.module == "netsci_dst":
                    assert all(a.name in {*nd.__all__, *SUBPACKAGES} for a in node.names)


def test_every_public_name_can_be_imported_first():
    """No name is there only because another was imported before it."""
    code = """
import importlib, sys
try:
    import torch
except ModuleNotFoundError:
    sys.exit()
DOORS = ("parts", "training", "exchange", "measures", "link_prediction", "reports", "runtime")
for door in DOORS:
    for name in importlib.import_module(f"netsci_dst.{door}").__all__:
        for module in [m for m in sys.modules if m.partition(".")[0] == "netsci_dst"]:
            del sys.modules[module]
        getattr(importlib.import_module(f"netsci_dst.{door}"), name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
