"""What a method is: a choice of parts and their options, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .. import registry
from ..errors import RecipeError, UnknownName

# kind of part, the field that names it, the field of its options
PARTS: tuple[tuple[str, str, str | None], ...] = (
    ("removal", "removal", "removal_options"),
    ("regrowth", "regrowth", "regrowth_options"),
    ("density schedule", "density", "density_options"),
    ("zeta schedule", "zeta_schedule", None),
    ("softness", "removal_softness", "removal_softness_options"),
    ("new weights", "new_weights", "new_weights_options"),
    ("removal", "density_criterion", None),
    ("step hook", "step_hook", "step_hook_options"),
    ("initialiser", "initialiser", "initialiser_options"),
    ("initialiser", "initialiser_elsewhere", None),
    ("allocation", "allocation", None),
    ("initial weights", "weights", None),
    ("initial weights", "weights_elsewhere", None),
)
_OF_ALL = ("name", "sparse")
_OF_REMOVAL = (
    "zeta",
    "zeta_schedule",
    "update_end",
    "removal_scope",
    "removal_softness",
    "percolation",
    "regrowth",
    "regrowth_delta",
    "regrowth_scope",
    "new_weights",
    "retain_regrown_state",
    "early_stop",
)
_NULLABLE = (
    "initialiser_elsewhere",
    "removal",
    "removal_softness",
    "regrowth",
    "initial_sparsity",
    "early_stop",
    "step_hook",
)


class Phase(BaseModel):
    """From when on links are regrown in another way (Survival app. E).

    Examples
    --------
    >>> Phase(start=0.5, regrowth="random").delta
    1.0
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False
    )

    start: float = Field(ge=0, le=1, description="Share of training at which the phase begins.")
    regrowth: str = Field(description="Regrowth rule of the phase.")
    options: dict[str, Any] = Field({}, description="Options of the rule.")
    delta: float = Field(1.0, ge=0, le=1, description="1: top-k; 0.5: sampled by score.")


class MethodOptions(BaseModel):
    """A training method as data: which parts, with which options.

    Every field can be overridden in a recipe under ``method_options``.

    Examples
    --------
    >>> from netsci_dst.methods import options_of
    >>> options = options_of("set")
    >>> options.removal, options.regrowth, options.zeta
    ('magnitude', 'random', 0.3)
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False
    )

    name: str = Field("custom", description="Name of the method.")
    sparse: bool = Field(True, description="False: the fully connected baseline.")

    initialiser: str = Field("uniform", description="How the initial topology is drawn.")
    initialiser_options: dict[str, Any] = Field({}, description="Options of the initialiser.")
    initialiser_elsewhere: str | None = Field(
        None, description="Initialiser where the first needs input features and there are none."
    )
    allocation: str = Field("uniform", description="How links are shared out among layers.")
    weights: str = Field(
        "kaiming", description="Initial weights in multilayer perceptrons and heads with ReLU."
    )
    weights_elsewhere: str = Field(
        "model",
        description="Initial weights in all other models; `model` keeps those the model has.",
    )

    zeta: float = Field(0.3, ge=0, le=1, description="Share of links removed at an update.")
    zeta_schedule: str = Field("constant", description="How ζ changes during training.")
    update_end: float = Field(
        1.0, ge=0, le=1, description="Share of training after which removal and regrowth stop."
    )

    removal: str | None = Field(None, description="Removal score; none: links are never removed.")
    removal_options: dict[str, Any] = Field({}, description="Options of the removal score.")
    removal_scope: Literal["layer", "network", "neuron"] = Field(
        "layer",
        description="The share of links that goes is taken from each layer, from each target "
        "neuron, or from all layers ranked together.",
    )
    removal_softness: str | None = Field(
        None, description="Sample the kept links by score^e, e growing by this ramp; none: top-k."
    )
    removal_softness_options: dict[str, Any] = Field({}, description="Start and end of the ramp.")

    percolation: bool = Field(False, description="Remove the links of inactive neurons.")

    regrowth: str | None = Field(None, description="Regrowth rule.")
    regrowth_options: dict[str, Any] = Field({}, description="Options of the regrowth rule.")
    regrowth_delta: float = Field(1.0, ge=0, le=1, description="1: top-k; 0.5: sampled by score.")
    regrowth_scope: Literal["layer", "network", "neuron"] = Field(
        "layer",
        description="Each layer regrows what it lost, or each target neuron does, or all losses "
        "are shared out over the layers in proportion to the links that survived.",
    )
    phases: tuple[Phase, ...] = Field((), description="Later regrowth rules, by when they begin.")

    new_weights: str = Field("zero", description="Weights of regrown links.")
    new_weights_options: dict[str, Any] = Field({}, description="Options of that rule.")
    retain_regrown_state: bool = Field(
        False,
        description="A link that an update removes and regrows keeps its weight and its optimizer "
        "state; only links that it did not have before get new ones (CHT, algorithm 1; programs of "
        "CHT and RigL).",
    )

    density: str = Field("constant", description="Density schedule.")
    density_options: dict[str, Any] = Field({}, description="Options of the density schedule.")
    initial_sparsity: float | None = Field(
        None, ge=0, lt=1, description="Sparsity at the start of a density schedule."
    )
    density_criterion: str = Field(
        "magnitude", description="Removal score by which a density step prunes."
    )
    prune_from_history: bool = Field(
        False,
        description="Density steps rank every link that ever was by its last weight, so that a "
        "pruned link can return (GMP).",
    )

    early_stop: float | None = Field(
        None, gt=0, le=1, description="A layer stops evolving above this overlap."
    )
    early_stop_scope: Literal["layer", "network"] = Field(
        "layer",
        description="Whether each layer stops on its own, or all together once each has been above "
        "that overlap.",
    )
    overlap_threshold: float = Field(
        0.9, gt=0, le=1, description="Overlap from which a layer is in a local minimum (ELM)."
    )
    heads: int = Field(1, ge=1, description="Attention heads that evolve each on its own.")
    head_layers: tuple[str, ...] = Field(
        ("*q_proj", "*k_proj", "*v_proj", "*.q", "*.k", "*.v"),
        description="Layers that are split into heads.",
    )
    step_hook: str | None = Field(None, description="What else happens at every step.")
    step_hook_options: dict[str, Any] = Field({}, description="Options of the per-step hook.")

    @model_validator(mode="before")
    @classmethod
    def _none_as_text(cls, table: Any) -> Any:
        # TOML has no null, and a method's choice must be possible to switch off in a recipe.
        if not isinstance(table, dict):
            return table
        return {k: None if v == "none" and k in _NULLABLE else v for k, v in table.items()}

    @model_validator(mode="after")
    def _parts_exist(self) -> MethodOptions:
        for kind, field, options in PARTS:
            name = getattr(self, field)
            if name is not None:
                registry.about(kind, name)
            elif options and getattr(self, options):
                raise RecipeError(f"{options} is given, but no {kind} is chosen")
        for phase in self.phases:
            registry.about("regrowth", phase.regrowth)
        for problem in self._contradictions():
            raise RecipeError(f"it {problem}")
        return self

    def _contradictions(self) -> Iterator[str]:
        """Say which parts do not go together."""
        if self.removal is not None and self.regrowth is None:
            yield "removes links but says no regrowth"
        if self.phases and self.regrowth is None:
            yield "has phases but no regrowth to begin with"
        schedule = registry.about("density schedule", self.density).metadata
        if schedule.get("decays") and self.initial_sparsity is None:
            yield f"has the density schedule {self.density!r}, which needs initial_sparsity"
        denser = bool(schedule.get("decays")) or self._of_hook("begins_denser", False)
        if not denser and self.initial_sparsity is not None:
            yield f"has initial_sparsity, of no use with the density schedule {self.density!r}"
        if self.elastic and "neuron" in (self.removal_scope, self.regrowth_scope):
            yield f"has the density schedule {self.density!r}, which counts links layer by layer"
        if self.elastic and self.removal is None:
            yield f"has the density schedule {self.density!r}, which needs a removal"
        if self.prune_from_history and self.removal is not None:
            yield "has prune_from_history, with which links cannot be removed and regrown as well"
        if _scope(self.density_criterion) == "network":
            yield f"has density_criterion {self.density_criterion!r}, which ranks no single layer"
        rule = self.step_hook
        if self._of_hook("begins_denser", False) and self.initial_sparsity is None:
            yield f"has the per-step hook {rule!r}, which needs initial_sparsity"
        if self.hook_moves_links and (self.removal is not None or self.density != "constant"):
            yield f"moves links by the per-step hook {rule!r}: no removal or density goes with that"
        for phase in self.all_phases():
            if phase.options.get("sub_ranking") and phase.delta < 1:
                yield "has sub_ranking of ties, but draws links by score (delta below 1)"

    def without_use(self) -> Iterator[tuple[str, str]]:
        """Say which options have another value than the method's own, and why to no effect."""
        known = self.name in registry.names("method")
        table = registry.get("method", self.name).target if known else {}
        own = MethodOptions(**{**table, "name": self.name})
        for fields, why in self._idle():
            for field in fields:
                if getattr(self, field) != getattr(own, field):
                    yield field, why
        for phase in self.phases:
            if phase.delta < 1 and not _scores(phase.regrowth):
                yield "phases.delta", f"regrowth {phase.regrowth!r} does not score links"

    def _idle(self) -> Iterator[tuple[Iterable[str], str]]:
        """Return fields that nothing reads, with the reason."""
        if not self.sparse:
            fields = [field for field in MethodOptions.model_fields if field not in _OF_ALL]
            yield fields, "the network is fully connected"
            return
        if self.removal is None:
            used = self._of_hook("uses", ())
            yield (
                [field for field in _OF_REMOVAL if field not in used],
                "no links are removed and regrown",
            )
        elif _scope(self.removal) == "network":
            yield ("removal_softness",), f"removal {self.removal!r} goes by a threshold"
        if self.elastic:
            yield ("zeta", "zeta_schedule"), f"density schedule {self.density!r} says how many go"
        if self.regrowth and not _scores(self.regrowth):
            yield ("regrowth_delta",), f"regrowth {self.regrowth!r} does not score links"
        if self.early_stop is None:
            yield ("early_stop_scope",), "there is no early_stop"
        if self.density == "constant":
            yield ("density_criterion", "prune_from_history"), "the density is constant"
        elif self.prune_from_history:
            yield ("density_criterion",), "prune_from_history ranks by the last weights"
        if self.draws_weights:
            drawn = ("initialiser", "initialiser_options")
            yield drawn, f"per-step hook {self.step_hook!r} begins with the largest of all weights"
        if registry.about("initialiser", self.initialiser).metadata.get("whole_network"):
            yield ("allocation",), f"initialiser {self.initialiser!r} shares out the links"
        if self.heads == 1:
            yield ("head_layers",), "heads is 1"

    def to_table(self) -> dict[str, Any]:
        """Return every option but the name, as TOML can hold it: ``none`` is text."""
        options = self.model_dump(mode="json", exclude={"name"})
        return {key: "none" if value is None else value for key, value in options.items()}

    @property
    def evolves(self) -> bool:
        """Whether the topology ever changes."""
        return (
            self.removal is not None or self.density != "constant" or self.hook_moves_links
        ) and self.sparse

    @property
    def elastic(self) -> bool:
        """Whether the density schedule says how many links are removed, not ζ."""
        return bool(registry.about("density schedule", self.density).metadata.get("elastic"))

    @property
    def draws_weights(self) -> bool:
        """Whether a per-step hook keeps all weights and begins with the largest as links."""
        return bool(self._of_hook("draws_weights", False))

    @property
    def hook_moves_links(self) -> bool:
        """Whether a per-step hook moves links itself, in place of removal and regrowth."""
        return self.step_hook is not None and bool(self._of_hook("moves_links", True))

    @property
    def hook_needs_length(self) -> bool:
        """Whether a per-step hook goes by the share of training that is over."""
        return bool(self._of_hook("needs_length", False))

    def _of_hook(self, fact: str, otherwise: Any) -> Any:
        if self.step_hook is None:
            return otherwise
        return registry.about("step hook", self.step_hook).metadata.get(fact, otherwise)

    def all_phases(self) -> list[Phase]:
        """Return the regrowth rules in the order in which they come into force."""
        if self.regrowth is None:
            return []
        first = Phase(
            start=0.0,
            regrowth=self.regrowth,
            options=self.regrowth_options,
            delta=self.regrowth_delta,
        )
        return [first, *sorted(self.phases, key=lambda phase: phase.start)]

    def regrowth_at(self, time: float) -> Phase | None:
        """Return the regrowth rule in force at a share of training."""
        begun = [phase for phase in self.all_phases() if phase.start <= time]
        return begun[-1] if begun else None


def _scope(removal: str) -> str:
    return registry.about("removal", removal).metadata.get("scope", "layer")


def _scores(regrowth: str) -> bool:
    return bool(registry.about("regrowth", regrowth).metadata.get("scores", True))


def validated(table: dict[str, Any], origin: str) -> MethodOptions:
    """Return options from a table; a wrong key or value is a `RecipeError` in one line."""
    for key in table:
        if key not in MethodOptions.model_fields:
            raise UnknownName(f"option of {origin}", key, MethodOptions.model_fields)
    try:
        return MethodOptions(**table)
    except ValidationError as error:
        raise RecipeError(f"{origin}: {one_line(error)}") from error


def one_line(error: ValidationError) -> str:
    """Say a pydantic error in one line."""
    said = []
    for item in error.errors():
        cause = item.get("ctx", {}).get("error")
        where = ".".join(str(part) for part in item["loc"])
        if cause is not None:
            said.append(str(cause) if not where else f"{where}: {cause}")
        else:
            text = item["msg"][0].lower() + item["msg"][1:]
            # Of a missing or unknown key the input is the whole table around it.
            value = "" if isinstance(item["input"], (dict, list)) else f" = {item['input']!r}"
            said.append(f"{where}{value}: {text}" if where else text)
    return "; ".join(said)
