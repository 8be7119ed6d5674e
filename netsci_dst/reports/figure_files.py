"""Every figure of a report as a file for a paper or a slide."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ..errors import NetsciError, RunError, UnknownName
from ..run import Run
from ..store import Store
from .chart import Chart, Heat, Table, View
from .page_section import Section, sections_of
from .paper import draw, save
from .subjects import open_subjects, page_subject
from .to_csv import to_csv

FORMATS = ("pdf", "svg", "png")
# Inches; a slide has the shape of a screen and letters to be read from afar.
SIZES = {"column": (3.4, 2.5), "page": (7.0, 4.2), "slide": (13.33, 7.5)}


def figures(
    run: Run | str | os.PathLike[str] | Sequence[Any],
    out: str | os.PathLike[str] = "figures",
    format: Literal["pdf", "svg", "png"] = "pdf",
    dpi: int = 300,
    only: Sequence[str] | None = None,
    size: str | tuple[float, float] | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Path]:
    """Write the figures of every section with matplotlib, each with the numbers behind it as CSV.

    Parameters
    ----------
    run
        A run or its path, or several to compare; what is not analysed is not drawn.
    out
        Folder for the files.
    format
        ``pdf``, ``svg`` or ``png``.
    dpi
        Dots per inch of PNG files, and of the pictures inside the others.
    only
        Names of figures or of sections, such as ``["network", "degrees"]``; by default all.
    size
        ``"column"``, ``"page"``, ``"slide"``, or width and height in inches; by default a column.
    options
        Options of sections by their names, such as ``{"gain_over_dense": {"unit": "percent"}}``.

    Returns
    -------
    Paths of the figures, in the order of the report.

    Raises
    ------
    NetsciError
        If the format or the size is none of these, or there is no figure or option of a name.
    RunError
        If the folder cannot be written.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> from netsci_dst import Run, Snapshot, Topology
    >>> place = tempfile.mkdtemp()
    >>> run = Run.create(place + "/run", {"seed": 0})
    >>> _ = run.write_snapshot(Snapshot(Topology.chain([np.eye(4), np.ones((4, 2))]), step=0))
    >>> [path.name for path in figures(run, place, format="svg", only=["degrees"])]
    ['degrees-ccdf.svg', 'degrees-histogram.svg']
    """
    if format not in FORMATS:
        raise NetsciError(f"a figure can be written as {', '.join(FORMATS)}, not {format!r}")
    inches = size_of(size)
    made = list(_all(open_subjects(run), inches, options or {}))
    chosen = _chosen(made, only)
    folder = Path(out)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in chosen:
            if one.make is not None:
                path = folder / f"{one.name}.{format}"
                save(one.make(), path, dpi, large=inches is not None and inches[0] > 9)
                written.append(path)
            if one.numbers is not None:
                text = to_csv(one.numbers).encode("utf-8", "backslashreplace")
                Store(folder).write(f"{one.name}.csv", text)
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from error
    return written


def size_of(size: str | tuple[float, float] | None) -> tuple[float, float] | None:
    """Return width and height in inches; text may be a name or ``7x4.2``."""
    if size is None:
        return None
    if isinstance(size, str):
        if size in SIZES:
            return SIZES[size]
        parts = size.lower().replace("×", "x").split("x")
        try:
            size = (float(parts[0]), float(parts[1]))
        except (ValueError, IndexError):
            names = ", ".join(SIZES)
            raise NetsciError(f"a size is {names} or inches such as 7x4.2, not {size!r}") from None
    if len(size) != 2 or not all(0.5 <= side <= 100 for side in size):
        raise NetsciError(f"a figure is 0.5 to 100 inches wide and high, not {size}")
    return float(size[0]), float(size[1])


@dataclass(frozen=True)
class _Named:
    """One figure or table: its file's name, its section, how to draw it, its numbers."""

    name: str
    section: str
    make: Callable[[], Any] | None
    numbers: Chart | Heat | Table | None


def _chosen(made: list[_Named], only: Sequence[str] | None) -> list[_Named]:
    if only is None:
        return made
    out: list[_Named] = []
    for key in only:
        found = [one for one in made if key in (one.name, one.section)]
        if not found:
            known = ", ".join(
                dict.fromkeys(name for one in made for name in (one.section, one.name))
            )
            raise NetsciError(f"there is no figure {key!r} here; there are {known}")
        out += [one for one in found if one not in out]
    return out


def _all(
    runs: list[Run], inches: tuple[float, float] | None, options: Mapping[str, Mapping[str, Any]]
) -> Iterator[_Named]:
    page, subject = page_subject(runs)
    sections = sections_of(page)
    _check_options(sections, options)
    for found in sections:
        for block in found.function(subject, **options.get(found.name, {})):
            key = _file_name(getattr(block, "key", ""))
            if isinstance(block, (Chart, Heat)) and drawable(block):
                yield _Named(
                    key,
                    found.name,
                    partial(draw, block, *(inches or SIZES["column"])),
                    block,
                )
            elif isinstance(block, View) and block.paper is not None:
                make = block.paper if inches is None else partial(_resized, block.paper, inches)
                yield _Named(key, found.name, make, block.numbers() if block.numbers else None)
            elif isinstance(block, Table):
                yield _Named(key, found.name, None, block)


def _check_options(sections: list[Section], given: Mapping[str, Mapping[str, Any]]) -> None:
    known = {found.name: found.options() for found in sections}
    for name, options in given.items():
        if name not in known:
            raise UnknownName("section", name, known)
        for option in options:
            if option not in known[name]:
                raise UnknownName(f"option of {name}:", option, known[name])


def drawable(block: Chart | Heat) -> bool:
    """Whether a chart has anything to draw."""
    parts = block.panels if isinstance(block, Heat) else block.series
    return bool(parts)


def _resized(make: Callable[[], Any], inches: tuple[float, float]) -> Any:
    figure = make()
    figure.set_size_inches(*inches)
    return figure


def _file_name(key: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in key)[:100]
