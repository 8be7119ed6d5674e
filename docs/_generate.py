"""Pages and figures that the code itself makes, before each build of the documentation."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from _tables import markdown_table

# Tables of results want the page's whole width, and their cells on one line.
_WIDE = """---
hide-toc: true
---

<style>
.table-wrapper td { white-space: nowrap; font-size: 0.8rem; padding: 0.2rem 0.4rem; }
.table-wrapper th { font-size: 0.8rem; padding: 0.2rem 0.4rem; }
.table-wrapper td:nth-child(2):last-child { white-space: normal; }
.content { width: 60em; }
</style>

"""
_PAGES = {
    "run": "the page of a run",
    "comparison": "the page that compares runs",
    "network": "the page of a network",
    "networks": "the page that compares networks",
}
WARNING = "<!-- Made by docs/_generate.py: do not edit. -->\n\n"


def everything(docs: Path) -> None:
    """Write all generated pages and figures under ``docs/_generated``."""
    out = docs / "_generated"
    out.mkdir(exist_ok=True)
    for name, text in {
        "cli.md": command_line(),
        "measures.md": table_of("measure", ["tier"]),
        "methods.md": table_of("method"),
        "models.md": table_of("model"),
        "data.md": table_of("data"),
        "initialisers.md": table_of("initialiser"),
        "predictors.md": table_of("link predictor"),
        "sections.md": report_sections(),
        "benchmarks.md": benchmarks(docs.parent / "benchmarks" / "results"),
    }.items():
        _write(out / name, WARNING + text)
    reproductions(docs)
    import _api
    import _capacity
    import _figures
    import _inference
    import _table15
    import _time_to_accuracy
    import _zoo

    for name, text in _capacity.pages(docs.parent / "benchmarks" / "results").items():
        _write(out / name, text)

    reference = docs / "reference" / "api"
    reference.mkdir(exist_ok=True)
    for name, text in _api.texts().items():
        _write(reference / name, text)

    measured = docs.parent / "benchmarks" / "results"
    for name, text in _inference.pages(measured).items():
        _write(out / name, text)

    for name, text in _time_to_accuracy.pages(docs / "results", measured).items():
        _write(out / name, text)

    for name, text in _zoo.pages(docs.parent / "benchmarks" / "results").items():
        _write(out / name, text)

    _write(out / "table15.md", WARNING + _table15.table(docs / "results"))
    _table15.draw_missing(docs / "results", out)
    _figures.draw_missing(out)
    _write(out / "gallery.md", gallery(_figures.FIGURES))


def gallery(figures: Mapping[str, Callable[..., Any]]) -> str:
    """Return every figure of the documentation with the lines that draw it."""
    import _figures

    helpers = "\n\n\n".join(inspect.getsource(one).rstrip() for one in _figures.HELPERS)
    lines = f"LAYERS = {_figures.LAYERS!r}\n\n\n{helpers}"
    parts = [WARNING, f"What several figures use:\n\n```python\n{lines}\n```\n"]
    for name, draw in figures.items():
        title = name.replace("_", " ").capitalize()
        source = inspect.getsource(draw).rstrip()
        picture = f"```{{image}} _generated/{name}.svg\n:alt: {title}\n```"
        parts.append(f"## {title}\n\n{picture}\n\n```python\n{source}\n```\n")
    return "\n".join(parts)


def reproductions(docs: Path) -> None:
    """Write a page for each experiment from the committed results, and the table of them all."""
    from netsci_dst import reproduction as rp
    from netsci_dst.store import Store

    out = docs / "reproduction"
    out.mkdir(exist_ok=True)
    head = ["experiment", "what it is", "source", "runs", "wait for a GPU", "processor hours"]
    lines = []
    for name in rp.experiments():
        experiment = rp.load_experiment(name)
        table = rp.ResultTable(Store(docs / "results" / name))
        curves = rp.figures(experiment, table)
        for stem, svg in curves.items():
            _write(out / f"{stem}.svg", svg.decode())
        names = [f"{stem}.svg" for stem in curves]
        text = rp.markdown(experiment, table, names, f"../results/{name}")
        _write(out / f"{name}.md", f"{_WIDE}{text}")
        count = rp.counts(experiment, table)
        link = f"[`{name}`](reproduction/{name}.md)"
        runs = f"{count.done} of {count.asked}"
        gpu = str(count.waiting or "")
        lines.append([link, experiment.title, experiment.source, runs, gpu, _hours(table.rows)])
    listed = markdown_table(head, lines)
    _write(docs / "_generated" / "reproductions.md", f"{WARNING}{listed}\n")


def _hours(rows: Any) -> str:
    spent = rows.loc[~rows["quick"].astype(bool), "processor_s"].astype(float).sum() / 3600
    return f"{spent:.1f}" if spent else ""


def _write(path: Path, text: str) -> None:
    # Sphinx rebuilds what is newer, so an unchanged page stays untouched.
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def command_line() -> str:
    """Return every command with its help, as the program prints it."""
    from netsci_dst.cli._app import application

    parts = []
    for command in application(full=True).registered_commands:
        parts.append(f"## netsci-dst {command.name}\n\n{_options_of(command)}\n")
    return "\n".join(parts)


def _options_of(command: Any) -> str:
    import typer.main

    parsed = typer.main.get_command_from_info(
        command, pretty_exceptions_short=False, rich_markup_mode=None
    )
    lines = [(parsed.help or "").strip(), ""]
    rows = []
    for parameter in parsed.params:
        names = ", ".join(f"`{option}`" for option in getattr(parameter, "opts", []))
        if parameter.param_type_name == "argument":
            names = f"`{(parameter.name or '').upper()}`"
        others = getattr(parameter, "secondary_opts", [])
        names += "".join(f" / `{option}`" for option in others)
        text = (getattr(parameter, "help", None) or "").replace("|", "\\|").replace("\n", " ")
        default = parameter.default
        shown = "" if default in (None, False, (), []) or callable(default) else f"`{default}`"
        rows.append([names, text, shown])
    if rows:
        lines.append(markdown_table(["option", "what it does", "default"], rows))
    return "\n".join(lines)


def table_of(kind: str, facts: list[str] | None = None) -> str:
    """Return all registered things of a kind as a table."""
    from netsci_dst import registry

    facts = facts or []
    head = ["name", *facts, "what it is", "source"]
    rows = [
        [f"`{e.name}`", *(str(e.metadata.get(f, "")) for f in facts), e.summary, e.source]
        for e in registry.entries(kind)
    ]
    return markdown_table(head, [[c.replace("|", "\\|") for c in row] for row in rows]) + "\n"


def report_sections() -> str:
    """Return all sections of the reports, page by page in their order."""
    from netsci_dst.reports import sections_of

    parts = []
    for page, told in _PAGES.items():
        rows = [
            [
                f"`{found.name}`{'' if found.on_page else ' (a figure, not on the page)'}",
                found.title,
                found.lead,
                found.source.replace("|", "\\|"),
            ]
            for found in sections_of(page)
        ]
        head = ["name", "title", "what to look for", "source"]
        parts.append(f"**On {told}**\n\n{markdown_table(head, rows)}")
    return "\n\n".join(parts) + "\n"


def benchmarks(results: Path) -> str:
    """Return the committed results of the benchmarks as tables."""
    parts = []
    for file in sorted(results.glob("*.json")):
        found = json.loads(file.read_text())
        title = found.get("title") or file.stem.replace("_", " ")
        parts.append(f"## {title[0].upper()}{title[1:]}\n\n`benchmarks/{file.stem}.py`")
        if found.get("machine"):
            parts.append("Machine: " + ", ".join(_told(found["machine"])) + ".")
        rows = found.get("rows") or _flat(found.get("results", {}))
        if rows:
            parts.append(_table(rows))
        if found.get("note"):
            parts.append(found["note"])
    return "\n\n".join(parts) + "\n"


def _told(facts: dict[str, Any]) -> list[str]:
    lines = []
    for key, value in facts.items():
        if isinstance(value, dict):
            lines += _told(value)
        else:
            lines.append(f"{key} {value}")
    return lines


def _flat(value: Any, path: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    """Turn nested results into rows: a dictionary of plain values is a row."""
    if not isinstance(value, dict):
        return [{"what": " · ".join(path), "value": value}]
    plain = {k: v for k, v in value.items() if not isinstance(v, dict)}
    rows = []
    if plain and len(plain) <= 6:
        rows.append({"what": " · ".join(path), **plain})
    elif plain:
        rows += [{"what": " · ".join([*path, k]), "value": v} for k, v in plain.items()]
    for key, inner in value.items():
        if isinstance(inner, dict):
            rows += _flat(inner, (*path, key))
    return rows


def _table(rows: list[dict[str, Any]]) -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return markdown_table(columns, [[_cell(row.get(c)) for c in columns] for row in rows])


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value).replace("|", "\\|")
