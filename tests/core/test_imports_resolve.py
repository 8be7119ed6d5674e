"""Imports inside functions run late: that each names a module there is, is seen here."""

import ast
from pathlib import Path

import netsci_dst

ROOT = Path(netsci_dst.__file__).parent


def test_every_relative_import_names_a_module_of_the_package():
    wrong = []
    for file in ROOT.rglob("*.py"):
        here = file.relative_to(ROOT).parts[:-1]
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                up = len(here) - (node.level - 1)
                target = ROOT.joinpath(*here[:up], *(node.module or "").split("."))
                there = target.is_dir() or target.with_suffix(".py").is_file()
                if up < 0 or not there:
                    wrong.append(f"{file.relative_to(ROOT)}:{node.lineno}: {node.module}")
    assert not wrong
