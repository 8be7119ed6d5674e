"""The page: templates, assets and data blocks put together and written at once."""

from __future__ import annotations

import base64
import gzip
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..errors import NetsciError, RunError
from ..run import Run, load_run
from ._data import RunData
from ._frames import LINK_BUDGET
from ._need import need
from ._run_block import run_block

MOST_INSIDE = 6
SCRIPTS = (
    "core.js",
    "frames.js",
    "plots.js",
    "canvas.js",
    "network.js",
    "disk.js",
    "snapshot_charts.js",
    "images.js",
    "time.js",
    "run.js",
    "compare.js",
    "gallery.js",
    "live.js",
    "main.js",
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
        Compute the cheap measures that are not stored yet (with the bootstrap and the embedding
        of the snapshots that `analyze` takes by default). False shows what is stored.
    inside
        Of several runs, how many can be looked into snapshot by snapshot.
    max_frames
        Snapshots shown per run at most, evenly spaced.
    progress
        Called with the name of a run, the snapshots read, and how many there are.

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
    opened = open_runs(runs)
    if analyze:
        _analyze(opened)
    page = build(opened, title, inside=inside, max_frames=max_frames, progress=progress)
    return write(Path(out), page)


def open_runs(runs: Any) -> list[Run]:
    """Return runs from a run, a path, or a sequence of either."""
    if isinstance(runs, (Run, str, os.PathLike)):
        runs = [runs]
    opened = [run if isinstance(run, Run) else load_run(run) for run in runs]
    if not opened:
        raise RunError("a report needs at least one run")
    return opened


def _analyze(runs: Iterable[Run]) -> None:
    from ..analysis import analyze

    for run in runs:
        if len(run.snapshots):
            analyze(run)


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
    from .. import __version__
    from ._compare import compare_block, representatives

    data = [RunData(run) for run in runs]
    many = len(data) > 1
    chosen = representatives(data, inside) if many else data
    baseline = next((d for d in data if d.method == "dense"), None)
    views, payload = [], Markup("")
    for i, one in enumerate(chosen):
        view, blocks = run_block(
            one,
            f"run{i}",
            baseline=baseline if baseline is not one else None,
            max_frames=max(max_frames // len(chosen), 12),
            link_budget=LINK_BUDGET // len(chosen),
            progress=None if progress is None else _named(progress, one.name),
        )
        views.append(view)
        payload += blocks
    compare: dict[str, Any] | None = None
    if many:
        compare, blocks = compare_block(data, {one.run.path: i for i, one in enumerate(chosen)})
        payload += blocks
    shown = "" if len(chosen) == len(data) else f" {len(chosen)} of {len(data)} can be opened here."
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=title or (f"{len(data)} runs compared" if many else data[0].name),
            version=__version__,
            css=_asset_text(STYLES),
            js=_asset_text(SCRIPTS),
            plotly=Markup(_plotly_source()),
            payload=payload,
            runs=views,
            compare=compare,
            gallery=[view for view in views if view["thumb"]] if many else [],
            inside_note=f"Every view below belongs to the chosen run.{shown}",
            live=live,
            made=None,
        )
    )


def _named(progress: Progress, name: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(name, done, total)


@cache
def _environment() -> Any:
    jinja2 = need("jinja2", "report", "a report")
    return jinja2.Environment(
        loader=jinja2.PackageLoader("netsci_dst.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _asset_text(names: tuple[str, ...]) -> Markup:
    folder = resources.files("netsci_dst.report") / "assets"
    # Assets are ours, so that they may be put inside <script> and <style> as they are.
    return Markup("\n".join((folder / name).read_text("utf-8") for name in names))


@cache
def _plotly_source() -> str:
    """plotly.js as base64 of gzip, a third of its size; the page unpacks it once."""
    need("plotly", "report", "a report")
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


__all__ = ["NetsciError", "build", "open_runs", "report", "write"]
