"""The project's own files agree with one another."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import netsci_dst

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MIB = 2**20
# Distribution -> module, where the names differ.
MODULES = {"pillow": "PIL", "scikit-learn": "sklearn", "mlflow-skinny": "mlflow"}
# What nothing imports by name, and who asks for it.
PLUGINS = {
    "accelerate": "the Hugging Face Trainer",
    "dask-jobqueue": "the cluster's how-to page",
    "s3fs": "fsspec, for s3://",
    "furo": "the theme of the documentation",
    "ipykernel": "the notebooks' kernel",
    "sphinx": "the documentation",
    "ipywidgets": "plotly's widgets in notebooks",
    "anywidget": "plotly's widgets in notebooks",
    "nbconvert": "the notebooks' pages",
    "tokenizers": "transformers",
}


def test_the_version_is_said_once():
    assert "version" in PROJECT["dynamic"]
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    assert cited is not None
    assert cited[1] == netsci_dst.__version__


def test_every_dependency_is_imported_somewhere():
    extras = PROJECT["optional-dependencies"]
    asked = [*PROJECT["dependencies"]]
    for name in set(extras) - {"all", "dev"}:
        asked += extras[name]
    names = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower() for line in asked} - {"netsci-dst"}
    imported = imported_modules()
    unused = {
        name
        for name in names - set(PLUGINS)
        if MODULES.get(name, name.replace("-", "_")) not in imported
    }
    assert not unused


def imported_modules() -> set[str]:
    found = set()
    for folder in ("netsci_dst", "docs", "notebooks", "tests"):
        for file in (ROOT / folder).rglob("*.py"):
            if file.parts[-2] == "_build":
                continue
            text = file.read_text(encoding="utf-8")
            found |= set(re.findall(r"""\b(?:need|import_module)\(["'](\w+)""", text))
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.partition(".")[0])
    return found | {"myst_nb"}


def test_the_checkout_is_small():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert sum(file.stat().st_size for file in files if file.is_file()) < 12 * MIB


def test_every_reference_of_the_paper_is_in_its_bibliography():
    cited = set(re.findall(r"@(\w+\d{4}\w*)", (ROOT / "paper.md").read_text()))
    known = set(re.findall(r"^@\w+\{(\w+),", (ROOT / "paper.bib").read_text(), re.MULTILINE))
    assert cited == known


def test_reports_of_problems_are_asked_for_the_environment():
    templates = [ROOT / ".github/pull_request_template.md"]
    templates += [ROOT / f".github/ISSUE_TEMPLATE/{name}.yml" for name in ("bug", "number")]
    for file in templates:
        assert "netsci-dst info --report" in file.read_text()


def test_every_file_listed_as_long_exists():
    for name in (ROOT / "tests/support/long_first.txt").read_text().split():
        assert (ROOT / "tests" / name).is_file(), name


def test_every_test_listed_as_slow_exists():
    for name in (ROOT / "tests/support/slow.txt").read_text().split():
        file, _, function = name.partition("::")
        assert f"def {function.rpartition('::')[2]}(" in (ROOT / "tests" / file).read_text(), name
