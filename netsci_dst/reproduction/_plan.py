"""What an experiment asks for: a task for each of its runs, known by the digest of its request."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import NetsciError, UnknownName
from ..recipe import Recipe, load_recipe, shipped_recipe
from ..recipe_differences import HOW
from ..store import Store
from ._experiment import Cell, Experiment

# What does not change what is computed, or names a place on one machine.
_NOT_REQUEST = ("data", "init_from", *HOW)
# Settings of recipes and methods that are younger than the first results. At the value that means
# what was done before them they are no part of a request, so that older lines still count.
_SINCE = {
    "retain_regrown_state": False,
    "early_stop_scope": "layer",
    "augment_border": "zeros",
    "weights_elsewhere": "model",
    "removal_scope": "layer",
}
WHERE = ("threads", "device", "format")
Key = tuple[str, str, int, bool]


@dataclass(frozen=True)
class Task:
    """One run, ready to be made; it travels to a worker process."""

    kind: str
    key: Key
    folder: str
    path: str
    recipe: Recipe | None
    options: dict[str, Any]
    digest: str
    read: str
    data: str
    columns: tuple[str, ...]
    curves: tuple[str, ...]
    points: int
    measure_options: dict[str, dict[str, Any]]
    pictures: tuple[str, ...]
    after: Key | None
    after_path: str | None = None
    needs_gpu: bool = False


def runs_folder(store: Store, quick: bool) -> str:
    """Return where the runs of an experiment lie, among its results."""
    return store.path("quick" if quick else "runs")


def plan(
    experiment: Experiment,
    store: Store,
    *,
    data: str | None = None,
    quick: bool = False,
    changes: Mapping[str, Any] | None = None,
    at_least: int = 0,
) -> dict[Key, Task]:
    """Return every run of an experiment, by setting, row, seed and whether it is a quick one.

    ``at_least`` so many seeds of every row, where the experiment has fewer.

    Raises
    ------
    UnknownName, RecipeError, NetsciError
        If a change is one of what is computed, or the experiment takes no such option.
    """
    changes = changes or {}
    for key in changes:
        if key not in WHERE:
            raise UnknownName("change (what differs would be another experiment)", key, WHERE)
    if experiment.kind != "training" and (data is not None or changes):
        raise NetsciError(f"{experiment.name} trains nothing: leave out data and device")
    place = runs_folder(store, quick)
    tasks: dict[Key, Task] = {}
    cells = list(experiment.cells(quick, at_least))
    for cell in sorted(cells, key=lambda cell: cell.row.start_from is not None):
        task = _task(cell, place, data, changes, tasks)
        tasks[task.key] = task
    return {(*cell.key, quick): tasks[*cell.key, quick] for cell in cells}


def _task(
    cell: Cell,
    place: str,
    data: str | None,
    changes: Mapping[str, Any],
    sources: Mapping[Key, Task],
) -> Task:
    experiment = cell.experiment
    recipe, source, named = None, None, ""
    request = cell.changes()
    if experiment.kind == "training":
        recipe = load_recipe(shipped_recipe(experiment.recipe), **request)
        named = recipe.data
        if cell.row.start_from is not None:
            source = sources[cell.setting.name, cell.row.start_from, cell.seed, cell.quick]
            recipe = recipe.but(init_from=source.path)
        request = _request(recipe) | {"data": named, "after": source and source.digest}
        # Where the data lie does not matter: lines of other data are refused by fingerprint.
        if data is not None and os.path.exists(data):
            recipe = recipe.but(data_options={**recipe.data_options, "path": data})
        elif data is not None:
            recipe, request, named = recipe.but(data=data), request | {"data": data}, data
        recipe = recipe.but(**changes) if changes else recipe
    pictures = experiment.pictures if cell.seed == 0 else ()
    reading: list[Any] = [
        experiment.columns,
        experiment.curves,
        experiment.curve_points,
        experiment.measure_options,
        *([pictures] if pictures else []),
    ]
    return Task(
        kind=experiment.kind,
        key=(*cell.key, cell.quick),
        folder=cell.folder,
        path=f"{place}/{cell.folder}",
        recipe=recipe,
        options=request if recipe is None else {},
        digest=_digest(request),
        read=_digest(reading),
        data=named,
        columns=experiment.columns,
        curves=experiment.curves,
        points=experiment.curve_points,
        measure_options=experiment.measure_options,
        pictures=pictures,
        after=source and source.key,
        after_path=source and source.path,
        needs_gpu=cell.needs_gpu,
    )


def _request(recipe: Recipe) -> dict[str, Any]:
    table = {k: v for k, v in _since(recipe.to_table()).items() if k not in _NOT_REQUEST}
    return table | {"method_options": _since(table["method_options"])}


def _since(settings: Mapping[str, Any]) -> dict[str, Any]:
    # What is empty asks for nothing: groups of options that are younger than a line have none.
    said = {k: v for k, v in settings.items() if v not in ({}, [], "none")}
    return {k: v for k, v in said.items() if k not in _SINCE or v != _SINCE[k]}


def _digest(request: Any) -> str:
    text = json.dumps(request, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def chosen(
    tasks: Mapping[Key, Task],
    experiment: Experiment,
    seeds: int | None,
    rows: Sequence[str] | None,
    settings: Sequence[str] | None,
) -> list[Task]:
    """Return the tasks of some rows, settings and the first seeds; by default the experiment's.

    Raises
    ------
    UnknownName, NetsciError
        For an unknown row or setting, or when nothing is left.
    """
    for kind, asked, known in (
        ("row", rows, experiment.rows),
        ("setting", settings, experiment.settings),
    ):
        for name in asked or ():
            if name not in {one.name for one in known}:
                raise UnknownName(kind, name, [one.name for one in known])
    own = {(*cell.key, quick) for quick in (False, True) for cell in experiment.cells(quick)}
    found = [
        task
        for (setting, row, seed, quick), task in tasks.items()
        if (rows is None or row in rows)
        and (settings is None or setting in settings)
        and ((setting, row, seed, quick) in own if seeds is None else seed < seeds)
    ]
    if not found:
        raise NetsciError(
            "nothing of the experiment is left to run: ask for other rows or settings"
        )
    return found
