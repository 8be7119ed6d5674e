"""What an experiment is: settings × rows × seeds, what is read off each run, what was published."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import RecipeError, UnknownName
from ..methods.options import one_line
from ._quantities import check_quantity

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=60)]


class _Strict(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Published(_Strict):
    """A figure of the paper, in the units that the paper reports (percent where it does).

    Attributes
    ----------
    value, error
        The figure and its error; None where none is reported.

    Examples
    --------
    >>> Published(value=98.8, error=0.1).value
    98.8
    """

    value: float
    error: float | None = Field(None, ge=0, description="Standard error of the mean.")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: Any) -> Any:
        """Take ``98.8`` and ``[98.8, 0.04]`` as files write them."""
        if isinstance(given, (int, float)):
            return {"value": given}
        if isinstance(given, list) and len(given) == 2:
            return {"value": given[0], "error": given[1]}
        return given


class Row(_Strict):
    """One line of a table: a recipe's changes, and what the paper says came out.

    Examples
    --------
    >>> Row(name="set", label="SET", changes={"method": "set"}).changes["method"]
    'set'
    """

    name: Name
    label: str
    changes: dict[str, Any] = {}
    seeds: int | None = Field(None, ge=1, description="Instead of the experiment's.")
    group: str = Field("", description="Rows that compete for the best in the same setting.")
    start_from: Name | None = Field(
        None, description="The row whose final topology and initial weights this one starts from."
    )
    note: str = Field("", description="What differs from the paper in this row.")
    published: dict[str, dict[str, Published]] = Field(
        {}, description="Setting -> quantity -> figure."
    )


class Setting(_Strict):
    """A condition under which all rows run, such as a sparsity."""

    name: Name
    label: str
    changes: dict[str, Any] = {}
    rows: tuple[Name, ...] | None = Field(None, description="Only these rows run in it.")
    gpu: tuple[Name, ...] = Field(
        (), description="Rows that take hours on a processor: they wait for a GPU."
    )
    stands_for: Name | None = Field(
        None,
        description="The setting at the paper's size that this smaller one stands for: the paper's "
        "figures of that one are set beside, and no difference is taken.",
    )


class Quick(_Strict):
    """The smaller version: it shows that everything works, not what the paper found."""

    changes: dict[str, Any] = {}
    seeds: int = Field(1, ge=1)
    settings: tuple[Name, ...] | None = None


class Experiment(_Strict):
    """A table or figure of a paper."""

    name: Name
    title: str
    source: str
    question: str
    kind: Literal["training", "link_prediction_time"] = "training"
    recipe: str = Field("", description="A shipped recipe, as paper/name.")
    stands_in: str = Field("", description="Where data or size differ from the paper's.")
    seeds: int = Field(3, ge=1)
    changes: dict[str, Any] = {}
    settings: tuple[Setting, ...] = (Setting.model_validate({"name": "all", "label": ""}),)
    rows: tuple[Row, ...] = Field(min_length=1)
    columns: tuple[str, ...] = Field(min_length=1)
    curves: tuple[str, ...] = ()
    curve_points: int = Field(12, ge=2, description="Snapshots at which a measure is taken.")
    measure_options: dict[str, dict[str, Any]] = {}
    pictures: tuple[str, ...] = Field(
        (), description="Figures of each row's first run, as `netsci-dst figures` names them."
    )
    best: str = Field("accuracy", description="The column that decides who wins.")
    published_runs: int = Field(3, ge=1, description="Runs behind a figure of the paper.")
    remarks: tuple[str, ...] = Field((), description="What the figures mean, and what was tried.")
    quick: Quick = Quick.model_validate({})

    @model_validator(mode="after")
    def _consistent(self) -> Experiment:
        if (self.kind == "training") != bool(self.recipe):
            raise RecipeError("an experiment of trainings needs a recipe, another kind has none")
        rows = [row.name for row in self.rows]
        settings = [setting.name for setting in self.settings]
        for kind, names in (("row", rows), ("setting", settings)):
            if len(set(names)) < len(names):
                raise RecipeError(f"two {kind}s have the same name")
        for row in self.rows:
            if row.start_from is not None:
                if row.start_from not in rows:
                    raise UnknownName("row to start from", row.start_from, rows)
                source = self.rows[rows.index(row.start_from)]
                if self._seeds(source) < self._seeds(row):
                    raise RecipeError(f"{row.name} has more seeds than {source.name}, its start")
            for setting, figures in row.published.items():
                if setting not in settings:
                    raise UnknownName("setting", setting, settings)
                for quantity in figures:
                    if quantity not in self.columns:
                        raise UnknownName("column", quantity, self.columns)
        for setting in self.settings:
            if setting.stands_for not in (None, *settings):
                raise UnknownName("setting to stand for", str(setting.stands_for), settings)
            for name in (*(setting.rows or ()), *setting.gpu):
                if name not in rows:
                    raise UnknownName("row", name, rows)
            for row in self.rows_in(setting):
                if row.start_from in setting.gpu and row.name not in setting.gpu:
                    raise RecipeError(
                        f"{row.name} starts from {row.start_from}, which waits for a GPU: "
                        "so must it"
                    )
        if self.best not in self.columns and any(row.group for row in self.rows):
            raise UnknownName("column to win by", self.best, self.columns)
        folders = [cell.folder for quick in (False, True) for cell in self.cells(quick)]
        if len(set(folders)) < len({(c.key) for q in (False, True) for c in self.cells(q)}):
            raise RecipeError("two runs would share a folder: rename a row or a setting")
        for column in (*self.columns, *self.curves):
            check_quantity(column, self.kind)
        return self

    def _seeds(self, row: Row) -> int:
        return row.seeds or self.seeds

    def rows_in(self, setting: Setting) -> list[Row]:
        """Return the rows that run in a setting, in order."""
        return [row for row in self.rows if setting.rows is None or row.name in setting.rows]

    def cells(self, quick: bool = False, at_least: int = 0) -> Iterator[Cell]:
        """Return every (setting, row, seed) of the experiment, in order.

        ``at_least`` so many seeds of every row, where the experiment has fewer.
        """
        wanted = self.quick.settings if quick else None
        for setting in self.settings:
            if wanted is not None and setting.name not in wanted:
                continue
            for row in self.rows_in(setting):
                most = self.quick.seeds if quick else self._seeds(row)
                for seed in range(max(most, at_least)):
                    yield Cell(self, setting, row, seed, quick)


@dataclass(frozen=True)
class Cell:
    """One run of an experiment."""

    experiment: Experiment
    setting: Setting
    row: Row
    seed: int
    quick: bool

    @property
    def key(self) -> tuple[str, str, int]:
        """Setting, row and seed."""
        return self.setting.name, self.row.name, self.seed

    @property
    def needs_gpu(self) -> bool:
        """Whether it takes hours on a processor; a quick one never does."""
        return not self.quick and self.row.name in self.setting.gpu

    @property
    def folder(self) -> str:
        """Name of the run's folder."""
        parts = [self.row.name, f"seed{self.seed}"]
        return "-".join(parts if self.setting.name == "all" else [self.setting.name, *parts])

    def changes(self) -> dict[str, Any]:
        """Return what this run changes of the recipe, the later ones over the earlier."""
        merged: dict[str, Any] = {}
        # The quick version keeps what its rows differ in, so the row comes last.
        quick = self.experiment.quick.changes if self.quick else {}
        for table in (self.experiment.changes, self.setting.changes, quick, self.row.changes):
            merged = _merged(merged, table)
        return merged | {"seed": self.seed}


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        known = result.get(key)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        result[key] = _merged(known, value) if both else value  # type: ignore[arg-type]
    return result


def experiments() -> list[str]:
    """Return the names of the experiments that ship.

    Returns
    -------
    list of str
        Names, sorted.

    Examples
    --------
    >>> "chtss-table7" in experiments()
    True
    """
    folder = resources.files("netsci_dst.reproduction") / "experiments"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name[-5:] == ".toml")


def load_experiment(name: str | os.PathLike[str]) -> Experiment:
    """Return an experiment by its name, or from a TOML file of one's own.

    Parameters
    ----------
    name
        One of `experiments`, or the path of a TOML file.

    Returns
    -------
    Experiment
        Its settings, rows and published values.

    Raises
    ------
    UnknownName, RecipeError
        For an unknown experiment or key, a file that cannot be read, or parts that contradict
        each other.

    Examples
    --------
    >>> experiment = load_experiment(experiments()[0])
    >>> isinstance(experiment, Experiment), bool(experiment.title)
    (True, True)
    """
    given = os.fspath(name)
    if given.endswith(".toml"):
        file: Any = Path(given)
    else:
        if given not in experiments():
            raise UnknownName("experiment", given, experiments())
        file = resources.files("netsci_dst.reproduction") / "experiments" / f"{given}.toml"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError(f"there is no experiment at {given}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read the experiment {given}: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"{given} is not valid TOML: {error}") from error
    try:
        return Experiment(**{"name": Path(given).stem, **table})
    except ValidationError as error:
        raise RecipeError(f"experiment {given}: {one_line(error)}") from error
