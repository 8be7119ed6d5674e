"""The page: templates, scripts and data blocks put together and written at once."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ..errors import RunError
from ..run import Run
from ..store import Store
from .blocks import heading, is_drawn, kind_of, scripts
from .colours import for_scripts
from .frames import LINK_BUDGET
from .need import need
from .networks.data import NetworkData
from .prepare import prepare
from .run_data import RunData
from .run_page import run_view
from .subjects import is_network, open_subjects

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
    beside: bool = False,
    max_frames: int = 400,
    progress: Progress | None = None,
) -> Path:
    """Write one self-contained HTML file about a run, several compared, or any network.

    Parameters
    ----------
    runs
        A `Run`, a path of one, a network in any form that `netsci_dst.analyze` takes (a file,
        networkx, igraph, scipy), or a sequence of these.
    out
        The file to write; it is complete by itself and opens offline.
    title
        Heading of the page; by default the name of the run.
    analyze
        Compute what the first screen and the pictures need and is not stored yet: every cheap
        measure, embeddings, and the tests of the last snapshot with 250 replicates.
        `netsci_dst.analyze` computes all. False shows what is stored.
    inside
        Of several runs, how many can be looked into snapshot by snapshot.
    beside
        Put the data of the others into a folder beside the file, from where they open.
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

    Examples
    --------
    >>> import networkx as nx, tempfile
    >>> file = report(nx.karate_club_graph(), tempfile.mkdtemp() + "/karate.html", analyze=False)
    >>> file.name, file.read_text()[:15]
    ('karate.html', '<!doctype html>')
    """
    opened = open_subjects(runs)
    if analyze:
        prepare(opened, progress)
    path = Path(out)
    page = build(
        opened,
        title,
        inside=inside,
        beside=f"{path.stem}_runs" if beside else "",
        max_frames=max_frames,
        progress=progress,
    )
    for name, text in page.files.items():
        write(path.parent / name, text)
    return write(path, page.text)


@dataclass(frozen=True)
class Built:
    """The page, and the files that lie beside it by their names."""

    text: str
    files: dict[str, str] = field(default_factory=dict)


def build(
    runs: Sequence[Run],
    title: str | None = None,
    *,
    inside: int = MOST_INSIDE,
    beside: str = "",
    max_frames: int = 400,
    live: bool = False,
    progress: Progress | None = None,
) -> Built:
    """Return the page as text; ``beside`` is the folder of the runs that are not inside it."""
    from .comparison.model import Comparison, representatives
    from .comparison.page import comparison_view

    nets = [is_network(run) for run in runs]
    if all(nets):
        return _networks([NetworkData(run) for run in runs], title, live, progress)
    if any(nets):
        raise RunError("a report compares runs or networks, not both: give one kind alone")
    data = [RunData(run) for run in runs]
    many = len(data) > 1
    chosen = representatives(data, inside) if many else data
    others = [one for one in data if one not in chosen] if beside else []
    views, payload, files = [], Markup(""), {}
    for i, one in enumerate([*chosen, *others]):
        uid = f"run{i}"
        view, blocks = run_view(_bounded(one, data, len(chosen), max_frames, progress), uid)
        if one in others:
            files[f"{beside}/{uid}.js"] = _arriving(uid, view, blocks)
            view = {**view, "src": f"{beside}/{uid}.js"}
        else:
            payload += blocks
        views.append(view)
    compare: dict[str, Any] | None = None
    if many:
        opened = {one.run.path: i for i, one in enumerate([*chosen, *others])}
        compare, blocks = comparison_view(Comparison(data, opened))
        payload += blocks
    pages = ["comparison", "run"] if many else ["run"]
    left = len(data) - len(views)
    text = render(
        title=title or (f"{len(data)} runs compared" if many else data[0].name),
        payload=payload,
        runs=views,
        compare=compare,
        networks=None,
        inside_note="Choose one to see it snapshot by snapshot."
        + (f" {len(views)} of {len(data)} can be opened here." if left else ""),
        live=live,
        beside=bool(others),
        section_js=scripts(pages, ".js"),
        section_css=scripts(pages, ".css"),
    )
    return Built(text, files)


def _networks(
    networks: list[NetworkData], title: str | None, live: bool, progress: Progress | None
) -> Built:
    from .networks.page import network_view, networks_view

    views, payload = [], Markup("")
    many = len(networks) > 1
    for i, network in enumerate(networks):
        if progress is not None:
            progress(f"drawing {network.name}", i, len(networks))
        view, blocks = network_view(network, f"run{i}")
        views.append(view)
        payload += blocks
    overview: dict[str, Any] | None = None
    if many:
        overview, blocks = networks_view(networks)
        payload += blocks
    pages = ["networks", "network"] if many else ["network"]
    text = render(
        title=title or (f"{len(networks)} networks" if many else networks[0].name),
        payload=payload,
        runs=views,
        compare=None,
        networks=overview,
        inside_note="Choose one to see it in full.",
        live=live,
        beside=False,
        section_js=scripts(pages, ".js"),
        section_css=scripts(pages, ".css"),
    )
    return Built(text)


def _bounded(
    one: RunData, data: Sequence[RunData], inside: int, max_frames: int, progress: Progress | None
) -> RunData:
    return replace(
        one,
        baselines=_baselines(one, data),
        max_frames=max(max_frames // max(inside, 1), 12),
        link_budget=LINK_BUDGET // max(inside, 1),
        progress=None if progress is None else _named(progress, f"reading {one.name}"),
    )


def _arriving(uid: str, view: dict[str, Any], blocks: Markup) -> str:
    """Return a script that brings a run into the page: what stands in it is text, not code."""
    article = _environment().get_template("article.html.j2").render(run=view)
    words = json.dumps([uid, article, str(blocks)], ensure_ascii=True)
    return f"NS.arrive(...{words});\n"


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
    environment.globals |= {"kind_of": kind_of, "is_drawn": is_drawn, "heading": heading}
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
    folder = Store(path.parent)
    folder.clean(path.name)  # what a report that was killed left
    folder.write(path.name, text.encode("utf-8", "backslashreplace"))
    return path
