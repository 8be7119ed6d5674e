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
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from . import registry
from .errors import RecipeError, UnknownName
from .methods import is_file, options_of
from .methods.check import check_options
from .methods.options import one_line

if TYPE_CHECKING:
    from .methods import MethodOptions


_Moment = Annotated[float, Field(ge=0, lt=1)]


class Recipe(BaseModel):
    """What to train on what, by which method. The defaults are those of CHTss for MLPs."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

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
    method: str = Field("chts", description="Training method.")
    method_options: dict[str, Any] = Field({}, description="Changes to the method's parts.")
    sparsity: float = Field(0.99, ge=0, lt=1, description="One minus density, at the end.")
    sparse_layers: tuple[str, ...] | None = Field(
        None,
        description="Patterns of layers to be sparse, by default the model's; `!` excludes, from "
        "the model's where it comes first.",
    )
    backend: Literal["auto", "masked", "csr"] = Field(
        "auto", description="How sparse layers compute."
    )
    init_from: str | None = Field(
        None, description="A run whose final topology and initial weights to start from."
    )
    calibration_samples: int = Field(
        10_000, ge=2, description="Training samples an initialiser may look at."
    )

    # how long
    epochs: float = Field(100, gt=0, description="Passes over the training data.")
    steps: int | None = Field(None, ge=1, description="Optimizer steps, instead of epochs.")
    update_epochs: float = Field(1.0, gt=0, description="Epochs between topology updates.")
    update_steps: int | None = Field(
        None, ge=1, description="Steps between topology updates, instead of epochs."
    )
    evaluate_epochs: float = Field(1.0, gt=0, description="Epochs between evaluations.")
    evaluate_steps: int | None = Field(
        None, ge=1, description="Steps between evaluations, instead of epochs."
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
    optimizer: Literal["sgd", "adam", "adamw"] = Field("sgd", description="Optimizer.")
    lr: float = Field(0.025, gt=0, description="Learning rate at the start.")
    lr_schedule: Literal["constant", "linear", "multistep", "cosine", "noam", "inoam"] = Field(
        "linear", description="How the learning rate changes."
    )
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

    # where
    seed: int = Field(0, ge=0, description="Seed of everything that is random.")
    device: str = Field("auto", description="cpu, cuda, or auto.")
    dtype: Literal["float32", "float64", "bfloat16"] = Field(
        "float32", description="bfloat16: mixed precision."
    )
    tf32: bool = Field(True, description="Let a GPU multiply in TF32.")
    compile: bool = Field(False, description="Compile the model (GPU).")
    threads: int | None = Field(
        None, ge=1, description="CPU threads; by default one for small sparse layers."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        method = self.resolved_method()
        if not method.sparse and (self.sparse_layers is not None or self.backend != "auto"):
            raise RecipeError(
                f"method {self.method!r} is fully connected: leave out sparse_layers and backend"
            )
        if self.nesterov and (self.optimizer != "sgd" or not self.momentum):
            raise RecipeError("nesterov needs optimizer = 'sgd' with momentum")
        return self

    def without_use(self) -> Iterator[tuple[str, str]]:
        """Say which fields have another value than the default, and why to no effect."""
        method = self.resolved_method()
        for field, why in method.without_use():
            yield f"method_options.{field}", why
        own = options_of(self.method)
        if self.init_from is not None and method.initialiser != own.initialiser:
            yield "method_options.initialiser", "init_from says where the first links are"
        if method.sparse and self.has_relu and method.weights_elsewhere != own.weights_elsewhere:
            yield "method_options.weights_elsewhere", f"model {self.model!r} is one with ReLU"
        if method.sparse and not self.has_relu and method.weights != own.weights:
            yield (
                "method_options.weights",
                f"model {self.model!r} has weights of its own: set weights_elsewhere",
            )
        schedule, optimizer = f"lr_schedule is {self.lr_schedule!r}", self.optimizer
        idle: list[tuple[bool, tuple[str, ...], str]] = [
            (self.lr_schedule not in ("linear", "cosine"), ("lr_end", "lr_decay_epochs"), schedule),
            (self.lr_schedule != "multistep", ("lr_milestones", "lr_gamma"), schedule),
            (
                self.lr_schedule not in ("noam", "inoam"),
                ("lr_model_dimension", "lr_is_peak"),
                schedule,
            ),
            (self.lr_schedule != "inoam", ("iterative_warmup_steps",), schedule),
            (optimizer == "sgd", ("betas",), "the optimizer is 'sgd'"),
            (optimizer != "sgd", ("momentum",), f"the optimizer is {optimizer!r}"),
        ]
        for is_idle, fields, why in idle:
            for field in fields:
                if is_idle and getattr(self, field) != Recipe.model_fields[field].default:
                    yield field, why

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


def load_recipe(
    recipe: Recipe | Mapping[str, Any] | str | os.PathLike[str] | None = None, **changes: Any
) -> Recipe:
    """Return a checked recipe.

    Parameters
    ----------
    recipe
        A `Recipe`, a table, the path of a TOML file, the name of a shipped recipe such as
        ``"chtss/mnist-mlp"``, or None for the defaults.
    changes
        Fields to change. ``method_options``, ``model_options``, ``data_options`` and
        ``task_options`` are merged into those of the recipe; another ``method`` drops the recipe's
        ``method_options``.

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
    if isinstance(recipe, Recipe):
        table, origin = recipe.model_dump(exclude_none=True), "recipe"
    elif recipe is None:
        table, origin = {}, "recipe"
    elif isinstance(recipe, Mapping):
        table, origin = dict(recipe), "recipe"
    else:
        table, origin = _read(_place(recipe)), os.fspath(recipe)
    if changes.get("method", table.get("method")) != table.get("method"):
        table.pop("method_options", None)
    for field in ("method_options", "model_options", "data_options", "task_options"):
        if field in changes and isinstance(changes[field], Mapping):
            changes[field] = {**table.get(field, {}), **changes[field]}
    checked = _checked(_with_method_of_file({**table, **changes}), origin)
    check_options(checked.resolved_method())
    refuse_without_use(checked)
    return checked


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
        raise RecipeError(
            f"of no effect: {', '.join(idle)}; leave {'it' if len(idle) == 1 else 'them'} out"
        )


def shipped_recipes() -> list[str]:
    """Return the names of the recipes that ship, as ``paper/experiment``."""
    return sorted(
        f"{paper.name}/{file.name.removesuffix('.toml')}"
        for paper in _shelf().iterdir()
        if paper.is_dir()
        for file in paper.iterdir()
        if file.name.endswith(".toml")
    )


def shipped_recipe(name: str) -> Traversable:
    """Return the file of a shipped recipe.

    Raises
    ------
    UnknownName
        If there is none of this name.
    """
    if name not in shipped_recipes():
        raise UnknownName("recipe", name, shipped_recipes())
    return _shelf() / f"{name}.toml"


def _shelf() -> Traversable:
    return resources.files(__package__) / "recipes"


def _place(recipe: str | os.PathLike[str]) -> Traversable:
    if isinstance(recipe, str) and recipe in shipped_recipes() and not Path(recipe).exists():
        return shipped_recipe(recipe)
    return Path(recipe)


def _read(file: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if not file.name.endswith(".toml"):
            raise UnknownName("recipe", str(file), shipped_recipes()) from None
        raise RecipeError(f"there is no recipe at {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"cannot read the recipe {file}: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RecipeError(f"{file} is not valid TOML: {error}") from error


def _checked(table: Mapping[str, Any], origin: str) -> Recipe:
    for key in table:
        if key not in Recipe.model_fields:
            raise UnknownName(f"key of {origin}", key, Recipe.model_fields)
    try:
        return Recipe(**table)
    except ValidationError as error:
        raise RecipeError(f"{origin}: {one_line(error)}") from error
