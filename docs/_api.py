"""The reference of the Python interface, made of the packages' own lists of public names."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from _tables import markdown_table


@dataclass(frozen=True)
class Page:
    """A page of the reference: a public module, or a part of its names under a title."""

    slug: str
    title: str
    module: str
    about: str
    sections: Mapping[str, tuple[str, ...]]


FAMILIES = {
    "power_laws": "Power laws",
    "degree": "Degrees and activity",
    "structure": "Structure",
    "paths": "Paths",
    "geometry": "Hyperbolic geometry",
    "dynamics": "Dynamics and growth",
    "nulls": "Null models",
    "": "Whole runs, results, statistics",
}
PACKAGE = {
    "Runs and networks": (
        *("load_run", "Run", "Snapshot", "Topology", "Population", "Layer", "Dense", "verify"),
    ),
    "Training": ("train", "sparsify", "record", "wiring", "stopped_by"),
    "The trained network": ("load_model", "compact", "to_dense"),
    "Analysis and reports": ("analyze", "report", "show"),
    "Networks and checkpoints of others": ("read_network", "from_checkpoint"),
}
# Titles and introductions of the modules whose names stand on one page each.
MODULES = {
    "link_prediction": "Link prediction",
    "training": "Training",
    "parts": "Parts from outside",
    "measures": "Measures from outside",
    "reports": "Reports",
    "reports.show": "Figures in a notebook",
    "exchange": "Exchange",
    "exchange.networks": "Reading networks",
    "runtime": "Running a network without torch",
    "reproduction": "Reproduction",
    "run_library": "Folders of runs",
    "registry": "Registry",
    "errors": "Errors",
}
LOGGERS = (
    "lightning.SparseTrainingCallback",
    "hugging_face.SparseTrainingCallback",
    "tensorboard.TensorBoard",
    "mlflow.MLflow",
    "wandb.WandB",
)
# What is neither function nor class has no docstring of its own.
VALUES = {
    "AboveZero": "Annotation of an option: a number above 0, at most 1.",
    "BelowOne": "Annotation of an option: a number from 0, below 1.",
    "NotNegative": "Annotation of an option: a number of at least 0.",
    "Positive": "Annotation of an option: a number above 0.",
    "Share": "Annotation of an option: a number from 0 to 1.",
    "Rate": "A learning-rate schedule: optimizer step -> factor of the rate.",
    "FORMATS": "Names of the formats that `export` writes.",
    "FORMS": "Names of the forms that `read` knows, each with what reads it.",
    "STANDARD_INPUT": "What names the standard input: ``-`` and ``/dev/stdin``.",
}
ROOT = "netsci_dst"


def pages() -> list[Page]:
    """Return all pages in the order in which they stand."""
    listed = [Page("package", "The package", ROOT, _about(ROOT), PACKAGE), *_families()]
    for name, title in MODULES.items():
        module = f"{ROOT}.{name}"
        names = {"": public_names(module)}
        listed.append(Page(name.replace(".", "_"), title, module, _about(module), names))
    about = "Each needs the extra of its framework."
    loggers = {"": LOGGERS}
    title, module = "Loggers and callbacks", f"{ROOT}.training.integrations"
    listed.append(Page("integrations", title, module, about, loggers))
    return listed


def public_names(module: str) -> tuple[str, ...]:
    """Return the public names of a module."""
    return tuple(importlib.import_module(module).__all__)


def texts() -> dict[str, str]:
    """Return the pages of the reference by the names of their files."""
    homes: dict[int, str] = {}
    made = {f"{page.slug}.md": _text(page, homes) for page in pages()}
    return made | {"index.md": _index(homes)}


def _families() -> Iterator[Page]:
    public = importlib.import_module(f"{ROOT}.analysis").PUBLIC
    for family, title in FAMILIES.items():
        sections = {
            place.rpartition(".")[2].replace("_", " ").capitalize(): names
            for place, names in public.items()
            if place.rpartition(".")[0] == family
        }
        slug = f"analysis_{family or 'runs'}"
        about = f"All names are names of ``{ROOT}.analysis``."
        yield Page(
            slug, f"Analysis: {title[0].lower()}{title[1:]}", f"{ROOT}.analysis", about, sections
        )


def _about(module: str) -> str:
    """Return the docstring of a module up to its examples."""
    doc = inspect.getdoc(importlib.import_module(module)) or ""
    return doc.partition("\nExamples\n")[0].partition("\n>>>")[0].strip()


def _text(page: Page, homes: dict[int, str]) -> str:
    parts = [f"# {page.title}", _rst(page.about)]
    for title, names in page.sections.items():
        lines = [f"## {title}\n"] if title else []
        known = {n: homes.get(id(thing(page.module, n))) for n in names}
        for name in names:
            if known[name] is None:
                lines.append(_rst(_directive(page.module, name)))
                if not inspect.ismodule(thing(page.module, name)):
                    homes[id(thing(page.module, name))] = f"{page.module}.{name}"
        again = {name: home for name, home in known.items() if home}
        if again:
            listed = ", ".join(f":py:obj:`{name} <{home}>`" for name, home in sorted(again.items()))
            lines.append(_rst(f"Also here: {listed}."))
        parts.append("\n\n".join(lines))
    if page.module == f"{ROOT}.reports.show":
        parts.append(_views())
    return "\n\n".join(parts) + "\n"


def _index(homes: dict[int, str]) -> str:
    parts = [
        "# Python interface",
        "Every public name, with signature, shapes, and an example that the tests run.",
    ]
    for page in pages():
        names = [name for listed in page.sections.values() for name in listed]
        rows = [_row(page.module, name, homes) for name in names]
        parts.append(f"## [{page.title}]({page.slug}.md)\n\n`{page.module}`")
        parts.append(markdown_table(["name", "what it is"], rows))
    tree = "\n".join(page.slug for page in pages())
    parts.append(f"```{{toctree}}\n:hidden:\n:maxdepth: 1\n\n{tree}\n```\n")
    return "\n\n".join(parts)


def _row(module: str, name: str, homes: dict[int, str]) -> list[str]:
    found = thing(module, name)
    if inspect.ismodule(found):
        return [f"[`{name}`]({_slug(found)}.md)", _first_line(found)]
    text = VALUES.get(name) or _first_line(found)
    return [f"{{py:obj}}`{name} <{homes[id(found)]}>`", text.replace("|", "\\|")]


def _first_line(found: Any) -> str:
    return (inspect.getdoc(found) or "").partition("\n")[0]


def _slug(module: ModuleType) -> str:
    return module.__name__.removeprefix(f"{ROOT}.").replace(".", "_")


def _views() -> str:
    """Return all sections of the reports as what they are here: functions that draw them."""
    show = importlib.import_module(f"{ROOT}.reports.show")
    rows = [[f"`nd.show.{n}`", _first_line(getattr(show, n))] for n in dir(show)]
    said = [[name, text.replace("|", "\\|")] for name, text in rows]
    return "## Every figure\n\n" + markdown_table(["function", "what it shows"], said)


def thing(module: str, name: str) -> Any:
    """Return what a public name stands for; of a module below, by its dotted path."""
    place, _, last = f"{module}.{name}".rpartition(".")
    return getattr(importlib.import_module(place), last)


def _rst(text: str) -> str:
    return f"```{{eval-rst}}\n{text}\n```"


def _directive(module: str, name: str) -> str:
    found, path = thing(module, name), f"{module}.{name}"
    if inspect.ismodule(found):
        return f"``{name}`` is a module: :doc:`{_slug(found)}`."
    if inspect.isclass(found):
        kind = "autoexception" if issubclass(found, BaseException) else "autoclass"
        fields = ", ".join(getattr(found, "_fields", ()))
        hidden = f"\n   :exclude-members: {fields}" if fields else ""
        return f".. {kind}:: {path}\n   :members:{hidden}"
    if inspect.isroutine(found):
        return f".. autofunction:: {path}"
    return f".. py:data:: {path}\n\n   {VALUES[name]}"
