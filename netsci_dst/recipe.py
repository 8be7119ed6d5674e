"""The recipe: everything that is asked of a training, each field described once.

The fields are the keys of a recipe file, the options of the command line and the keywords of
`train`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from . import registry
from .errors import RecipeError, UnknownName
from .methods import MethodOptions, is_file, options_of, own_options
from .methods.check import check_options, check_part
from .methods.merge import merged, merged_options
from .methods.options import one_line
from .methods.part_parameters import part_parameters
from .overrides import inherited_data_options, with_method
from .reading import one_line as in_one_line

_Moment = Annotated[float, Field(ge=0, lt=1)]


class ParameterGroup(BaseModel):
    """Parameters that are optimised in another way than the rest."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False
    )

    patterns: tuple[str, ...] = Field(min_length=1, description="Patterns of parameter names.")
    optimizer: str | None = Field(None, description="Optimizer; by default the recipe's.")
    lr_scale: float = Field(1.0, ge=0, description="Factor of the learning rate.")
    weight_decay: float | None = Field(None, ge=0, description="Weight decay, instead.")
    options: dict[str, Any] = Field({}, description="Other options of the group, such as betas.")

    @field_validator("patterns", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return (given,) if isinstance(given, str) else given


class Recipe(BaseModel):
    """What to train on what, by which method. The defaults are those of CHTss for MLPs.

    Examples
    --------
    >>> recipe = Recipe(data="digits", method="set", sparsity=0.9)
    >>> recipe.model, recipe.sparsity
    ('mlp', 0.9)
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False
    )

    # what
    data: str = Field("digits", description="Data set: a name, a folder, or a hub id.")
    data_options: dict[str, Any] = Field({}, description="Options of the data set.")
    train_samples: int | None = Field(
        None, ge=1, description="Train on at most so many samples, drawn by the seed."
    )
    test_samples: int | None = Field(
        None, ge=1, description="Evaluate on at most so many samples, drawn by the seed."
    )
    model: str = Field("mlp", description="Model.")
    model_options: dict[str, Any] = Field({}, description="Options of the model, such as hidden.")
    task: str | None = Field(None, description="Task; by default the one of the model.")
    task_options: dict[str, Any] = Field({}, description="Options of the task.")
    method: str = Field("chts", description="Training method, by name or as a TOML file.")
    method_options: dict[str, Any] = Field({}, description="Changes to the method's parts.")
    sparsity: float = Field(0.99, ge=0, lt=1, description="One minus density, at the end.")
    sparse_layers: tuple[str, ...] | None = Field(
        None,
        description="Patterns of layers to be sparse, by default the model's; `!` excludes, from "
        "the model's where it comes first.",
    )
    format: str = Field(
        "auto", description="How sparse layers are stored and computed; auto: whichever is faster."
    )
    init_from: str | None = Field(
        None, description="A run whose final topology and initial weights to start from."
    )
    calibration_samples: int | None = Field(
        None, ge=2, description="Training samples an initialiser looks at; by default all."
    )

    # how long
    epochs: float = Field(100, gt=0, le=1e9, description="Passes over the training data.")
    steps: int | None = Field(None, ge=1, description="Optimizer steps, instead of epochs.")
    update_epochs: float = Field(1.0, gt=0, description="Epochs between topology updates.")
    update_steps: int | None = Field(
        None, ge=1, description="Steps between topology updates, instead of epochs."
    )
    evaluate_epochs: float = Field(1.0, gt=0, description="Epochs between evaluations.")
    evaluate_steps: int | None = Field(
        None, ge=1, description="Steps between evaluations, instead of epochs."
    )
    checkpoint_minutes: float | None = Field(
        30.0,
        gt=0,
        description="Minutes after which a checkpoint is taken, also within an epoch; one is taken "
        "at every evaluation, too.",
    )

    # optimisation
    batch_size: int = Field(32, ge=1, description="Samples (or tokens) per step.")
    evaluation_batch_size: int = Field(500, ge=1, description="Samples per evaluation batch.")
    accumulate: int = Field(1, ge=1, description="Parts in which a batch passes through the model.")
    drop_last: bool = Field(False, description="Leave out an epoch's last, smaller batch.")
    augment: bool | None = Field(
        None,
        description="Crop and flip training images; by default only data sets known to need it.",
    )
    augment_border: Literal["zeros", "reflect"] = Field(
        "zeros", description="What lies beside an image that is cropped: zeros or its mirror image."
    )
    optimizer: str = Field("sgd", description="Optimizer.")
    optimizer_options: dict[str, Any] = Field({}, description="Other options of the optimizer.")
    parameter_groups: tuple[ParameterGroup, ...] = Field(
        (), description="Parameters that are optimised in another way, by patterns of their names."
    )
    lr: float = Field(0.025, gt=0, description="Learning rate at the start.")
    lr_schedule: str = Field("linear", description="How the learning rate changes.")
    lr_options: dict[str, Any] = Field({}, description="Other options of the schedule.")
    lr_end: float = Field(2.5e-4, ge=0, description="Learning rate at the end of the decay.")
    lr_decay_epochs: float | None = Field(
        None, gt=0, description="Epoch at which the decay ends; by default the last."
    )
    lr_milestones: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(
        (0.5, 0.75), description="Shares of training at which multistep lowers the rate."
    )
    lr_gamma: float = Field(0.1, gt=0, description="Factor of the rate at each milestone.")
    lr_model_dimension: int = Field(512, ge=1, description="d in noam and inoam.")
    lr_is_peak: bool = Field(
        False,
        description="In noam and inoam, lr is the rate at the end of the warm-up, not the factor "
        "of d^-1/2.",
    )
    warmup_steps: int = Field(0, ge=0, description="Steps over which the rate rises.")
    iterative_warmup_steps: int = Field(
        20, ge=1, description="Steps over which inoam rises again after each topology update."
    )
    momentum: float = Field(0.9, ge=0, lt=1, description="Momentum of SGD.")
    nesterov: bool = Field(False, description="Nesterov momentum.")
    betas: tuple[_Moment, _Moment] = Field((0.9, 0.999), description="Moments of Adam.")
    weight_decay: float = Field(5e-4, ge=0, description="Weight decay.")
    label_smoothing: float = Field(0.0, ge=0, lt=1, description="Label smoothing.")
    clip: float = Field(0.0, ge=0, description="Largest gradient norm; 0: no clipping.")

    # what is recorded
    snapshot_rule: Literal["evaluation", "log", "none"] = Field(
        "evaluation",
        description="When a snapshot is taken: at evaluations, log-spaced ones, never.",
    )
    snapshot_every: int = Field(1, ge=1, description="Take every n-th of those snapshots.")
    snapshot_keep: int | None = Field(
        None, ge=1, description="Keep the first and this many of the latest snapshots."
    )
    snapshot_weights: bool = Field(True, description="Store weights in snapshots.")
    probe_size: int = Field(256, ge=0, description="Samples of the probe batch; 0: no activity.")

    label: str | None = Field(None, description="A name for the run in reports.")
    notes: str | None = Field(None, description="What the run's report says about it.")

    # where
    seed: int = Field(0, ge=0, lt=2**63, description="Seed of everything that is random.")
    device: str = Field("auto", description="cpu, cuda, or auto.")
    dtype: Literal["float32", "float64", "bfloat16"] = Field(
        "float32", description="bfloat16: mixed precision."
    )
    tf32: bool = Field(True, description="Let a GPU multiply in TF32.")
    compile: Literal["auto"] | bool = Field(
        "auto",
        description="Compile the model (GPU); auto: Transformers, in runs long enough to repay it.",
    )
    graph: bool = Field(
        True,
        description="Record a step of fixed shape once and replay it (GPU), where that is safe.",
    )
    threads: int | None = Field(
        None, ge=1, description="CPU threads; by default one for small sparse layers."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        method = self.resolved_method()
        if not method.sparse and (self.sparse_layers is not None or self.format != "auto"):
            raise RecipeError(
                f"method {self.method!r} is fully connected: leave out sparse_layers and format"
            )
        if self.nesterov and not self.momentum:
            raise RecipeError("nesterov needs momentum above 0")
        registry.about("lr schedule", self.lr_schedule)
        if self.format != "auto":
            registry.about("format", self.format)
        for name in self.optimizers:
            registry.about("optimizer", name)
        return self

    def without_use(self) -> Iterator[tuple[str, str]]:
        """Say which fields have another value than the default, and why to no effect."""
        method = self.resolved_method()
        for field, why in method.without_use():
            yield f"method_options.{field}", why
        own = own_options(self.method)
        if self.init_from is not None and method.initialiser != own.initialiser:
            yield "method_options.initialiser", "init_from says what the initial topology is"
        if method.sparse and self.has_relu and method.weights_elsewhere != own.weights_elsewhere:
            yield "method_options.weights_elsewhere", f"model {self.model!r} is one with ReLU"
        if method.sparse and not self.has_relu and method.weights != own.weights:
            yield (
                "method_options.weights",
                f"model {self.model!r} has weights of its own: set weights_elsewhere",
            )
        for kind, name, fields, why in (
            ("lr schedule", self.lr_schedule, _OF_SCHEDULE, f"lr_schedule is {self.lr_schedule!r}"),
            ("optimizer", self.optimizer, _OF_OPTIMIZER, f"the optimizer is {self.optimizer!r}"),
        ):
            for field in sorted(set(fields) - part_parameters(kind, name)):
                if getattr(self, field) != Recipe.model_fields[field].default:
                    yield field, why

    @property
    def optimizers(self) -> list[str]:
        """The names of all optimizers that train, the recipe's first."""
        more = [group.optimizer for group in self.parameter_groups if group.optimizer]
        return list(dict.fromkeys([self.optimizer, *more]))

    def optimizer_arguments(self, name: str | None = None) -> dict[str, Any]:
        """Return what an optimizer is given besides its parameters."""
        name = name or self.optimizer
        given = {"lr": self.lr, "weight_decay": self.weight_decay}
        if name != self.optimizer:
            return given
        taken = part_parameters("optimizer", name).intersection(_OF_OPTIMIZER)
        given |= {field: getattr(self, field) for field in _OF_OPTIMIZER if field in taken}
        return given | self.optimizer_options

    def schedule_arguments(self) -> dict[str, Any]:
        """Return what the schedule is given besides times and rate."""
        taken = part_parameters("lr schedule", self.lr_schedule).intersection(_OF_SCHEDULE)
        return {field: getattr(self, field) for field in _OF_SCHEDULE if field in taken} | dict(
            self.lr_options
        )

    def resolved_method(self) -> MethodOptions:
        """Return the method's options with this recipe's changes."""
        return options_of(self.method, self.method_options)

    @property
    def has_relu(self) -> bool:
        """Whether the model's sparse layers are those of a perceptron or a head with ReLU."""
        relu = registry.about("model", self.model).metadata.get("relu", False)
        return bool(relu) and self.model_options.get("activation", "relu") == "relu"

    @property
    def initial_weights(self) -> str:
        """The rule for initial weights: the method's for ReLU, else mostly the model's own."""
        method = self.resolved_method()
        return method.weights if self.has_relu else method.weights_elsewhere

    def to_table(self) -> dict[str, Any]:
        """Return the complete resolved request, every part of the method spelled out."""
        table = self.model_dump(mode="json", exclude_none=True)
        table["method_options"] = self.resolved_method().to_table()
        return table

    def but(self, **changes: Any) -> Recipe:
        """Return a copy with some fields changed, checked again."""
        return _checked({**self.model_dump(exclude_none=True), **changes}, "recipe")


# Fields that a part takes where its function has a parameter of this name.
_OF_OPTIMIZER = ("momentum", "nesterov", "betas")
_OF_SCHEDULE = (
    "lr_end",
    "lr_decay_epochs",
    "lr_milestones",
    "lr_gamma",
    "lr_model_dimension",
    "lr_is_peak",
    "warmup_steps",
    "iterative_warmup_steps",
)


_DEFAULT_METHOD = "chts"
_GROUPS = (
    "method_options",
    "model_options",
    "data_options",
    "task_options",
    "optimizer_options",
    "lr_options",
)


def load_recipe(
    recipe: Recipe | Mapping[str, Any] | str | os.PathLike[str] | None = None, **changes: Any
) -> Recipe:
    """Return a checked recipe.

    Parameters
    ----------
    recipe
        A `Recipe`, a table, the path of a TOML file or of a run, the name of a shipped recipe such
        as ``"chtss/mnist-mlp"``, or None for the defaults.
    changes
        Fields to change. Groups of options, such as ``method_options``, are merged into those of
        the recipe, however deep. Another ``method`` keeps the settings that are the experiment's,
        see `overrides.with_method`.

    Returns
    -------
    Recipe
        Complete and checked.

    Raises
    ------
    RecipeError, UnknownName
        For a missing or unreadable file, unknown keys, wrong types, impossible values, and values
        that would have no effect.

    Examples
    --------
    >>> load_recipe(method="set", sparsity=0.9).resolved_method().regrowth
    'random'
    """
    table, origin = _table_of(recipe)
    try:
        table = _changed(table, changes)
    except UnknownName as error:
        raise RecipeError(f"{origin}: {error}") from error
    checked = _checked(_with_method_of_file(table), origin)
    check_options(checked.resolved_method())
    check_part("optimizer", checked.optimizer, checked.optimizer_options, "optimizer_options")
    check_part("lr schedule", checked.lr_schedule, checked.lr_options, "lr_options")
    refuse_without_use(checked)
    return checked


def full_name(path: str) -> str:
    """Return the dotted name of a recipe's setting; an option of the method may go without group.

    A name that nothing has is returned as it is: whoever uses it says what is known.

    Examples
    --------
    >>> full_name("zeta"), full_name("sparsity"), full_name("method_options.heads")
    ('method_options.zeta', 'sparsity', 'method_options.heads')
    """
    first, _, _ = path.partition(".")
    if first not in Recipe.model_fields and first in MethodOptions.model_fields:
        return f"method_options.{path}"
    return path


def dropped_settings(recipe: Any, method: str | None) -> list[str]:
    """Return which settings of a recipe another method drops, by their dotted names.

    Parameters
    ----------
    recipe
        Anything `load_recipe` takes.
    method
        The other method; None for the recipe's own.
    """
    table, _ = _table_of(recipe)
    if method is None or method == table.get("method", _DEFAULT_METHOD):
        return []
    return with_method(table, method)[1]


def _table_of(recipe: Any) -> tuple[dict[str, Any], str]:
    if isinstance(recipe, Recipe):
        return recipe.model_dump(exclude_none=True), "recipe"
    if recipe is None:
        return {}, "recipe"
    if isinstance(recipe, Mapping):
        return dict(recipe), "recipe"
    return _read(_place(recipe)), os.fspath(recipe)


def _changed(table: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Lay changes over a recipe's table; a method that changes keeps what is the experiment's."""
    table = _with_data(table, changes.get("data"), changes.get("data_options") or {})
    method = changes.get("method")
    if isinstance(method, str) and method != table.get("method", _DEFAULT_METHOD):
        table, _ = with_method(table, method)
    result = {**table, **changes}
    for field in _GROUPS:
        if isinstance(changes.get(field), Mapping):
            lay = merged_options if field == "method_options" else merged
            result[field] = lay(table.get(field, {}), changes[field])
    return result


def _with_data(table: dict[str, Any], data: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Let data at a path take over what the recipe knows of the named data it stands in for."""
    named = table.get("data")
    if not isinstance(data, str) or named not in registry.names("data") or data == named:
        return table
    if data in registry.names("data") or not Path(data).expanduser().exists():
        return table
    own = dict(table.get("data_options", {}))
    options = own | inherited_data_options(str(named), data, own | dict(given))
    return {**table, "data_options": options}


def _with_method_of_file(table: dict[str, Any]) -> dict[str, Any]:
    """Put the options of a method's file in the recipe, which then needs that file no more."""
    name = table.get("method")
    if not isinstance(name, str) or not is_file(name):
        return table
    options = options_of(name, table.get("method_options", {})).to_table()
    return {**table, "method": Path(name).stem, "method_options": options}


def recorded_recipe(table: Mapping[str, Any]) -> Recipe:
    """Return the recipe of a run, which may say what has no effect: earlier versions allowed it.

    Raises
    ------
    RecipeError, UnknownName
        For unknown keys, wrong types, impossible values.
    """
    return _checked(table, "recipe")


def refuse_without_use(asked: Recipe | MethodOptions) -> None:
    """Refuse values that would have no effect.

    Raises
    ------
    RecipeError
        Naming them, with the reason.
    """
    idle = [f"{field} ({why})" for field, why in asked.without_use()]
    if idle:
        has, it = ("has", "it") if len(idle) == 1 else ("have", "them")
        raise RecipeError(f"{', '.join(idle)} {has} no effect here; remove {it}")


def shipped_recipes() -> list[str]:
    """Return the names of the recipes that ship, as ``paper/experiment``."""
    return sorted(
        f"{paper.name}/{file.name.removesuffix('.toml')}"
        for paper in _shelf().iterdir()
        if paper.is_dir()
        for file in paper.iterdir()
        if file.name.endswith(".toml")
    )


def shipped_recipe(name: str) -> Path:
    """Return the file of a shipped recipe.

    Raises
    ------
    UnknownName
        If there is none of this name.
    """
    if name not in shipped_recipes():
        raise UnknownName("recipe", name, shipped_recipes())
    return Path(str(_shelf() / f"{name}.toml"))


def _shelf() -> Traversable:
    return resources.files(registry.PACKAGE) / "recipes"


def _place(recipe: str | os.PathLike[str]) -> Traversable:
    if isinstance(recipe, str) and recipe in shipped_recipes() and not Path(recipe).exists():
        return shipped_recipe(recipe)
    path = Path(recipe)
    if not path.is_dir():
        return path
    if (path / "recipe.toml").exists():
        return path / "recipe.toml"
    raise RecipeError(
        f"{path} is a folder without recipe.toml: a recipe is a TOML file, the folder of a run, or "
        "one of `netsci-dst list recipes`"
    )


def _read(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not file.name.endswith(".toml"):
            raise UnknownName("recipe", str(file), shipped_recipes()) from None
        raise RecipeError(f"there is no recipe at {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read the recipe {file}: {error}") from error
    except (ValueError, RecursionError) as error:
        deep = isinstance(error, RecursionError)
        why = "it is nested too deeply" if deep else in_one_line(error)
        raise RecipeError(f"{in_one_line(file)} is not valid TOML: {why}") from error


def _checked(table: Mapping[str, Any], origin: str) -> Recipe:
    for key in table:
        if key in Recipe.model_fields:
            continue
        group = {"hidden": "model"} | dict.fromkeys(MethodOptions.model_fields, "method")
        if (owner := group.get(key)) is not None:
            raise RecipeError(f"{origin}: {key} is an option of the {owner}: {owner}_options.{key}")
        raise UnknownName(f"key of {origin}", key, [*Recipe.model_fields, *group])
    try:
        return Recipe(**table)
    except ValidationError as error:
        raise RecipeError(f"{origin}: {one_line(error)}") from error
