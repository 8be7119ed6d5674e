"""Every figure of a report as a file for a paper."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from ..errors import NetsciError, RunError
from ..run import Run
from ._chart import Chart, Heat, to_csv
from ._data import RunData
from ._frames import Frames, collect
from ._layout import on_grid
from ._matplotlib import draw, save
from ._page import open_runs
from ._scene import View, scene_figure
from .charts import degrees, evolution, structure, training

FORMATS = ("pdf", "svg", "png")


def figures(
    run: Run | str | os.PathLike[str],
    out: str | os.PathLike[str] = "figures",
    format: Literal["pdf", "svg", "png"] = "pdf",
    dpi: int = 300,
    only: Sequence[str] | None = None,
) -> list[Path]:
    """Write the figures of a run with matplotlib, each with the numbers behind it as CSV.

    Parameters
    ----------
    run
        A run or its path; what is not analysed is not drawn.
    out
        Folder for the files.
    format
        ``pdf``, ``svg`` or ``png``.
    dpi
        Dots per inch of PNG files, and of the pictures inside the others.
    only
        Names of the figures to write, such as ``["network", "degrees-ccdf"]``; by default all.

    Returns
    -------
    Paths of the figures, in the order of the report.

    Raises
    ------
    NetsciError
        If the format is none of these, or the run has no figure of a name.
    RunError
        If the folder cannot be written.
    """
    if format not in FORMATS:
        raise NetsciError(f"a figure can be written as {', '.join(FORMATS)}, not {format!r}")
    data = RunData(open_runs(run)[0])
    folder = Path(out)
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = {key: (make, chart) for key, make, chart in _all(data)}
        for key in made if only is None else only:
            if key not in made:
                raise NetsciError(f"{data.name} has no figure {key!r}; it has {', '.join(made)}")
            make, chart = made[key]
            path = folder / f"{key}.{format}"
            path.parent.mkdir(exist_ok=True)
            save(make(), path, dpi)
            if chart is not None:
                (folder / f"{key}.csv").write_text(to_csv(chart), "utf-8")
            written.append(path)
    except OSError as error:
        raise RunError(f"cannot write {folder}: {error.strerror or error}") from error
    return written


# Name, how to draw it, and the numbers behind it.
_Named = tuple[str, Callable[[], Any], Chart | Heat | None]


def _all(data: RunData) -> Iterator[_Named]:
    for chart in [*training.charts(data), *evolution.charts(data), *_snapshot_charts(data)]:
        yield _file_name(chart.key), partial(draw, chart), chart
    yield from _scenes(data)
    for chart in _measure_charts(data):
        name = _file_name(chart.key.removeprefix("measure-"))
        yield f"measures/{name}", partial(draw, chart), chart


def _snapshot_charts(data: RunData) -> list[Chart | Heat]:
    if data.topology is None or not data.topology.layers:
        return []
    made: list[Chart | Heat] = [
        degrees.ccdf_chart(data),
        degrees.histogram_chart(data),
        structure.k_shell_chart(data),
        structure.adjacency_chart(data),
        structure.dormant_chart(data),
    ]
    if any(on_grid(p) for p in data.populations):
        made.append(structure.input_map_chart(data))
    return made


def _measure_charts(data: RunData) -> Iterator[Chart]:
    for measure, quantity in dict.fromkeys((m, q) for m, q, _ in data._groups):
        chart = structure.measure_chart(data, measure, quantity)
        if any(len(s.x) > 1 for s in chart.series):
            yield chart


def _scenes(data: RunData) -> Iterator[_Named]:
    frames = collect(data, max_frames=2)
    if frames is None:
        return
    yield "network", partial(_scene, frames, "network", 4.5), None
    if frames.theta:
        yield "disk", partial(_scene, frames, "disk", 3.6), None


def _scene(frames: Frames, view: View, width: float) -> Any:
    figure, scenes = scene_figure(frames, [view], width, 3.6)
    scenes[0].show(len(frames.steps) - 1)
    return figure


def _file_name(key: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in key)[:100]
