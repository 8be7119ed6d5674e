"""The reference documents every public name, and every name says what a reader needs."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
import typing
from pathlib import Path

import pytest

import netsci_dst as nd

pytest.importorskip("torch")
DOCS = Path(__file__).resolve().parents[1] / "docs"
if str(DOCS) not in sys.path:
    sys.path.append(str(DOCS))
reference = pytest.importorskip("_api")
MODULES = sorted(
    {page.module for page in reference.pages()} - {f"{nd.__name__}.training.integrations"}
)
NAMES = [(module, name) for module in MODULES for name in reference.public_names(module)]
THINGS = {f"{m}.{n}": reference.thing(m, n) for m, n in NAMES}
ONCE = {id(found): path for path, found in reversed(THINGS.items())}
FUNCTIONS = {path: THINGS[path] for path in ONCE.values() if inspect.isfunction(THINGS[path])}
CLASSES = {
    path: THINGS[path]
    for path in ONCE.values()
    if inspect.isclass(THINGS[path]) and not issubclass(THINGS[path], BaseException)
}
RETURNED = {
    name
    for function in FUNCTIONS.values()
    for name in re.findall(r"\w+", str(inspect.signature(function).return_annotation))
}


@pytest.fixture(scope="module")
def texts():
    return reference.texts()


def documented(texts: dict[str, str]) -> set[str]:
    found = re.findall(r"^\.\. (?:auto\w+|py:data):: ([\w.]+)$", "\n".join(texts.values()), re.M)
    assert len(found) == len(set(found)), "a name is documented twice"
    return set(found)


def test_every_public_name_has_its_place_in_the_reference(texts):
    places = {id(reference.thing(*path.rpartition(".")[::2])) for path in documented(texts)}
    missing = [
        path for path, found in THINGS.items()
        if not inspect.ismodule(found) and id(found) not in places
    ]  # fmt: skip
    assert missing == []


def test_every_public_module_has_a_page():
    public = {f"netsci_dst.{name}" for name in nd._MODULES}
    assert public | {"netsci_dst", "netsci_dst.parts", "netsci_dst.measures"} <= set(MODULES)
    grouped = [n for page in reference.pages() for s in page.sections.values() for n in s]
    assert set(nd.__all__) | set(nd.analysis.__all__) <= set(grouped)


def test_every_figure_of_a_notebook_is_named(texts):
    named = set(re.findall(r"`nd\.show\.(\w+)`", texts["reports_show.md"]))
    assert named == set(dir(nd.show))


def sections(found: object) -> set[str]:
    return set(re.findall(r"^(\w+)\n-{3,}$", inspect.getdoc(found) or "", re.MULTILINE))


def raises(function: object) -> bool:
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))  # type: ignore[arg-type]
    (whole,) = tree.body
    inner = [n for n in ast.walk(whole) if isinstance(n, ast.FunctionDef) and n is not whole]
    hidden = {id(n) for one in inner for n in ast.walk(one)}
    return any(isinstance(n, ast.Raise) and id(n) not in hidden for n in ast.walk(whole))


@pytest.mark.parametrize("path", FUNCTIONS)
def test_a_public_function_says_what_it_takes_returns_and_raises(path):
    function = FUNCTIONS[path]
    said, signature = sections(function), inspect.signature(function)
    assert "Examples" in said
    examples = re.findall(r"^\s*>>> .*", function.__doc__ or "", re.MULTILINE)
    assert [line for line in examples if "+SKIP" not in line]
    assert "Parameters" in said or not signature.parameters
    silent = signature.return_annotation in (None, "None")
    assert silent or said & {"Returns", "Yields"}
    assert "Raises" in said or not raises(function)
    names = re.findall(r"^\*{0,2}(\w[\w, *]*)$", parameters_of(function), re.MULTILINE)
    told = {name.strip(" *") for line in names for name in line.split(",")}
    assert set(signature.parameters) - told == set()


def parameters_of(function: object) -> str:
    text = inspect.getdoc(function) or ""
    found = re.search(r"^Parameters\n-+\n(.*?)(?=^\w+\n-{3,}$|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


@pytest.mark.parametrize("path", CLASSES)
def test_a_public_class_has_an_example_or_is_what_a_function_with_one_returns(path):
    found = CLASSES[path]
    assert inspect.getdoc(found)
    assert ">>> " in (found.__doc__ or "") or found.__name__ in RETURNED


def test_figures_and_predictors_return_real_types():
    """Any is no answer to what one gets."""
    vague = [
        path
        for path, function in FUNCTIONS.items()
        if path.startswith(
            ("netsci_dst.link_prediction", "netsci_dst.reports", "netsci_dst.analysis")
        )
        and re.search(r"\bAny\b(?!\])", str(inspect.signature(function).return_annotation))
        and not typing.get_overloads(function)
        and inspect.unwrap(function) not in predictors()
    ]
    assert vague == []


def predictors() -> set[object]:
    """The functions whose types `Predictor` says."""
    from netsci_dst import registry

    return {entry.target for entry in registry.entries("link predictor")}


def test_pages_name_only_figures_and_functions_that_exist():
    pages = [*DOCS.glob("*.md"), *DOCS.glob("howto/*.md"), *DOCS.glob("science/*.md")]
    pages.append(DOCS.parent / "README.md")
    text = "\n".join(page.read_text() for page in pages)
    own = {"weights"}  # the section that a how-to page adds
    assert set(re.findall(r"\bnd\.show\.(\w+)", text)) <= {*dir(nd.show), *own}
    assert set(re.findall(r"`analysis\.(\w+)\(", text)) <= set(nd.analysis.__all__)
    assert set(re.findall(r"\bnd\.(\w+)\(", text)) <= set(nd.__all__)
