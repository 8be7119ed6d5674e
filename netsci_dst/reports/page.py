"""The page: templates, scripts and data blocks put together and written at once."""

from __future__ import annotations

import base64
import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..errors import RunError
from ..run import Run
from .blocks import is_drawn, kind_of, scripts
from .colours import for_scripts
from .frames import LINK_BUDGET
from .need import need
from .run_data import RunData
from .run_page import run_view
from .subjects import open_subjects

MOST_INSIDE = 6
SCRIPTS = (
    *("core.js", "frames.js", "plots.js", "canvas.js", "network_view.js", "disk_view.js"),
    *("images.js", "time.js", "page.js", "hero.js", "run.js", "statistics.js", "compare.js"),
    *("live.js", "main.js"),
)
STYLES = ("theme.css", "page.css", "figures.css", "print.css")

Progress = Callable[[str, int, int], None]


def report(
    runs: Any,
    out: str | os.PathLike[str] = "report.html",
    title: str | None = None,
    analyze: bool = True,
    *,
    inside: int = MOST_INSIDE,
    max_frames: int = 400,
    progress: Progress | None = None,
) -> Path:
    """Write one self-contained HTML file about one run, or comparing several.

    Parameters
    ----------
    runs
        A `Run`, a path of one, or a sequence of either.
    out
        The file to write; it is complete by itself and opens offline.
    title
        Heading of the page; by default the name of the run.
    analyze
        Compute the measures that are not stored yet, on the snapshots that `netsci_dst.analyze`
        takes by default. False shows what is stored.
    inside
        Of several runs, how many can be looked into snapshot by snapshot.
    max_frames
        Snapshots shown per run at most, evenly spaced.
    progress
        Called with what is being done, how much of it is done, and how much there is.

    Returns
    -------
    Path of the file.

    Raises
    ------
    RunError
        If no run is given, one does not exist, or the file cannot be written.
    MissingDependency
        If the report extra is not installed.
    """
    opened = open_subjects(runs)
    if analyze:
        _analyze(opened, progress)
    page = build(opened, title, inside=inside, max_frames=max_frames, progress=progress)
    return write(Path(out), page)


def _analyze(runs: Iterable[Run], progress: Progress | None) -> None:
    from ..analysis import analyze

    for run in runs:
        if len(run.snapshots):
            told = None
            if progress is not None:
                told = _named(progress, f"analysing {run.name}")
            analyze(run, progress=told)


def build(
    runs: Sequence[Run],
    title: str | None = None,
    *,
    inside: int = MOST_INSIDE,
    max_frames: int = 400,
    live: bool = False,
    progress: Progress | None = None,
) -> str:
    """Return the page as text."""
    from .comparison.model import Comparison, representatives
    from .comparison.page import comparison_view

    data = [RunData(run) for run in runs]
    many = len(data) > 1
    chosen = representatives(data, inside) if many else data
    views, payload = [], Markup("")
    for i, one in enumerate(chosen):
        view, blocks = run_view(
            replace(
                one,
                baselines=_baselines(one, data),
                max_frames=max(max_frames // len(chosen), 12),
                link_budget=LINK_BUDGET // len(chosen),
                progress=None if progress is None else _named(progress, f"reading {one.name}"),
            ),
            f"run{i}",
        )
        views.append(view)
        payload += blocks
    compare: dict[str, Any] | None = None
    if many:
        compared = Comparison(data, {one.run.path: i for i, one in enumerate(chosen)})
        compare, blocks = comparison_view(compared)
        payload += blocks
    shown = "" if len(chosen) == len(data) else f" {len(chosen)} of {len(data)} can be opened here."
    pages = ["comparison", "run"] if many else ["run"]
    return render(
        title=title or (f"{len(data)} runs compared" if many else data[0].name),
        payload=payload,
        runs=views,
        compare=compare,
        inside_note=f"Every view below belongs to the chosen run.{shown}",
        live=live,
        section_js=scripts(pages, ".js"),
        section_css=scripts(pages, ".css"),
    )


def render(**variables: Any) -> str:
    """Fill the template of the page."""
    from .. import __version__

    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            version=__version__,
            css=_asset_text(STYLES),
            js=_asset_text(SCRIPTS) + _colours(),
            plotly=Markup(_plotly_source()),
            made=None,
            **variables,
        )
    )


def _colours() -> Markup:
    return Markup(f"\nNS.colours = {json.dumps(for_scripts())};")


def _baselines(one: RunData, data: Sequence[RunData]) -> tuple[RunData, ...]:
    same = [
        d for d in data if d.method == "dense" and (d.dataset, d.model) == (one.dataset, one.model)
    ]
    return () if one.method == "dense" else tuple(same)


def _named(progress: Progress, name: str) -> Callable[..., None]:
    return lambda done, total, *_: progress(name, done, total)


@cache
def _environment() -> Any:
    jinja2 = need("jinja2")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("netsci_dst.reports", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"kind_of": kind_of, "is_drawn": is_drawn}
    return environment


@cache
def _asset_text(names: tuple[str, ...]) -> Markup:
    folder = resources.files("netsci_dst.reports") / "assets"
    # Assets are ours, so that they may be put inside <script> and <style> as they are.
    return Markup("\n".join((folder / name).read_text("utf-8") for name in names))


@cache
def _plotly_source() -> str:
    """plotly.js as base64 of gzip, a third of its size; the page unpacks it once."""
    need("plotly")
    source = (resources.files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(source, 9, mtime=0)).decode()


def write(path: Path, text: str) -> Path:
    """Write a file so that readers see the old one or the new, never a part."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}", delete=False
        ) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(file.name, 0o644)
        os.replace(file.name, path)
    except OSError as error:
        raise RunError(f"cannot write {path}: {error.strerror or error}") from error
    return path
