"""Everything a training needs, built from a recipe: data, model, optimizer, engine."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import registry
from ..errors import FormatError, RecipeError
from . import checkpoint
from .compiling import compiled, wants_compile
from .controller import Controller
from .distributed import World
from .evolution.clock import Clock
from .initialisation.scores import Look
from .make_sparse import Sparsity
from .optimizers import make_optimizers
from .optimizers.device_rates import put_rates_on_device, set_rate
from .schedules import Rate, learning_rate
from .tasks import get_task
from .tasks.pieces import pieces
from .tasks.task import BatchOptions
from .wiring import of as wiring_of

if TYPE_CHECKING:
    from ..methods.options import MethodOptions
    from ..recipe import Recipe
    from .tasks.task import Batch, Batches, Task
    from .wiring import Wiring

_DTYPES = {"float32": torch.float32, "float64": torch.float64, "bfloat16": torch.float32}


class Training:
    """Everything a training needs, built from a recipe: data, task, model, controller, optimizer.

    Attributes
    ----------
    batches
        The data set on its device.
    rate
        Learning rate of an optimizer step, counted from 1.
    evaluate_every
        Steps between evaluations.

    Parameters
    ----------
    dataset
        The data set, else the recipe's.
    steps_per_epoch
        Of the training, where ``dataset`` only stands for the one it had.
    """

    def __init__(
        self,
        recipe: Recipe,
        world: World,
        dataset: Any = None,
        steps_per_epoch: int | None = None,
    ):
        self.recipe = recipe
        self.world = world
        self.method: MethodOptions = recipe.resolved_method()
        self.device: torch.device = device_of(recipe.device, world)
        wants_compile(recipe, self.device, 0)  # refuse before data are loaded
        self.dataset: Any = limited(load_data(recipe) if dataset is None else dataset, recipe)
        self.task: Task = get_task(_task_name(recipe), **recipe.task_options)
        self.dtype: torch.dtype = _DTYPES[recipe.dtype]
        torch.manual_seed(recipe.seed)
        self.batches: Batches = self.task.prepare(self.dataset, self.batch_options())
        self.steps_per_epoch: int = steps_per_epoch or self.batches.steps_per_epoch
        self.total_steps: int = recipe.steps or max(1, round(recipe.epochs * self.steps_per_epoch))
        self.model: nn.Module = self.task.build(
            recipe.model, recipe.model_options, self.dataset, recipe.seed
        )
        self.model.to(device=self.device, dtype=self.dtype)
        world.broadcast_module(self.model)
        interval = _steps(recipe.update_steps, recipe.update_epochs, self.steps_per_epoch)
        self.evaluate_every: int = _steps(
            recipe.evaluate_steps, recipe.evaluate_epochs, self.steps_per_epoch
        )
        self.rate: Rate = learning_rate(recipe, self.total_steps, self.steps_per_epoch, interval)
        self.controller: Controller = Controller(
            self.model,
            wiring_of(self.model, self.batches.probe(2).tensors[0]),
            self.method,
            Sparsity(
                recipe.sparsity,
                recipe.sparse_layers,
                recipe.sparse_layers or (),
                recipe.format,
                self._batch,
                recipe.threads or 1,
            ),
            Clock(self.total_steps, interval, self.steps_per_epoch),
            recipe.seed,
            world=world,
            features=lambda: self.batches.calibration(recipe.calibration_samples),
            start=self._start(),
            weights=recipe.initial_weights,
            look=Look(self._losses, self.batches.probe(1).tensors[0][:1], self._samples),
        )
        self.controller.forget_original()
        self.optimizers: list[Any] = make_optimizers(recipe, self.model)
        self.needs_closure: bool = any(
            registry.about("optimizer", name).metadata.get("needs_closure")
            for name in recipe.optimizers
        )
        if self.needs_closure and len(self.optimizers) > 1:
            raise RecipeError(
                "an optimizer that makes several passes a step goes with no other: give all "
                "parameter groups the same one"
            )
        put_rates_on_device(self.optimizers, self.device)
        self._rates: list[float] = []
        self.controller.attach(*self.optimizers)
        if world.size > 1:
            self.reseed(0)

    @property
    def _batch(self) -> int:
        return max(1, self.recipe.batch_size // (self.recipe.accumulate * self.world.size))

    @property
    def wiring(self) -> Wiring:
        """Populations of the model."""
        return self.controller.wiring

    def reseed(self, step: int) -> None:
        """Give each process random numbers of its own, for dropout."""
        words = np.random.SeedSequence([self.recipe.seed, 3, self.world.rank, step])
        torch.manual_seed(int(words.generate_state(1, np.uint64)[0] >> 1))

    def batch_options(self) -> BatchOptions:
        """Return how the data are cut into batches."""
        recipe = self.recipe
        return BatchOptions(
            batch_size=recipe.batch_size,
            evaluation_batch_size=recipe.evaluation_batch_size,
            device=self.device,
            dtype=self.dtype,
            seed=recipe.seed,
            rank=self.world.rank,
            world_size=self.world.size,
            drop_last=recipe.drop_last,
            augment=_augmentation(recipe, self.dataset),
        )

    def _losses(self, n: int) -> Iterator[Tensor]:
        """Yield the losses of the first training batches, for initialisers that score by them."""
        for batch in itertools.islice(self.batches.epoch(0), n):
            yield self.task.loss(self.model, batch).value

    def _samples(self) -> Tensor | None:
        """Return training samples as the model takes them."""
        found = self.batches.calibration(self.recipe.calibration_samples)
        shape = self.batches.probe(1).tensors[0].shape[1:]
        return None if found is None else torch.from_numpy(found).reshape(-1, *shape)

    def _start(self) -> Any:
        if self.recipe.init_from is None:
            return None
        from ..run import load_run

        return load_run(self.recipe.init_from)

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The parameters the optimizers change."""
        return [p for group in self.groups for p in group["params"]]

    @property
    def groups(self) -> list[dict[str, Any]]:
        """The parameter groups of all optimizers."""
        return [group for one in self.optimizers for group in one.param_groups]

    def set_rates(self, step: int) -> None:
        """Give the optimizers the learning rates of a step, counted from 1."""
        rate, groups = self.rate(step), self.groups
        rates = [rate * group.get("lr_scale", 1.0) for group in groups]
        if rates == self._rates:
            return
        for group, own in zip(groups, rates):
            set_rate(group, own)
        self._rates = rates

    def compiled_model(self, loss: Callable[[nn.Module, Batch], Any]) -> nn.Module:
        """Return the model as steps call it.

        Operations are counted on one pass of the model as it is, which leaves nothing behind.

        Parameters
        ----------
        loss
            Makes that pass.
        """
        if not wants_compile(self.recipe, self.device, self.total_steps):
            return self.model
        self.count_operations(loss)
        self.task.compile(self.batches.one_shape)
        return compiled(self.model, self.batches.one_shape)

    def count_operations(self, loss: Callable[[nn.Module, Batch], Any]) -> None:
        """Make one forward pass of the model as it is, which is counted and leaves nothing behind.

        Parameters
        ----------
        loss
            Makes that pass.
        """
        buffers = [(buffer, buffer.clone()) for buffer in self.model.buffers()]
        first = next(iter(self.batches.epoch(0)))
        cuda = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=cuda):
            loss(self.model, pieces(self.task, first, self.recipe.accumulate)[0])
        for buffer, before in buffers:
            buffer.copy_(before)
        self.controller.compute.forget_passes()

    @property
    def held_out(self) -> int:
        """The samples of the split that runs are evaluated on."""
        return sum(batch.samples for batch in self.batches.evaluation())

    def artefacts(self) -> dict[str, str]:
        """Return files to keep with the run, such as the tokenizer: name -> content."""
        kept = getattr(self.dataset, "artefacts", None)
        found: Any = kept() if callable(kept) else {}
        return dict(found)

    # --- state --------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return all that is needed to continue bit for bit."""
        optimizers, optimizer_facts = checkpoint.optimizer_states(self.optimizers)
        controller, controller_facts = self.controller.state()
        tensors = {
            **checkpoint.nested("model", self.model.state_dict()),
            **optimizers,
            **checkpoint.nested("controller", controller),
            "random/cpu": torch.get_rng_state(),
        }
        if self.device.type == "cuda":
            tensors["random/cuda"] = torch.cuda.get_rng_state(self.device)
        return tensors, {"optimizers": optimizer_facts, "controller": controller_facts}

    def load(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        try:
            self.load_model(tensors, facts)
            checkpoint.load_optimizers(self.optimizers, tensors, facts["optimizers"])
            self._rates = []
            self.controller.load(checkpoint.part("controller", tensors), facts["controller"])
            torch.set_rng_state(tensors["random/cpu"])
            if self.device.type == "cuda" and "random/cuda" in tensors:
                torch.cuda.set_rng_state(tensors["random/cuda"], self.device)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            if isinstance(error, FormatError):
                raise
            raise FormatError(f"the checkpoint does not fit the recipe: {error}") from error

    def load_model(self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
        """Load links and weights alone, of any checkpoint of the run."""
        self.controller.restore_links(
            checkpoint.part("controller", tensors), facts.get("controller", {})
        )
        checkpoint.load_module(self.model, checkpoint.part("model", tensors))

    def model_state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return links and weights alone, for `load_model`."""
        links, formats = self.controller.links()
        tensors = {
            **checkpoint.nested("model", self.model.state_dict()),
            **checkpoint.nested("controller", links),
        }
        return tensors, {"controller": formats}


@contextmanager
def surroundings(recipe: Recipe, device: torch.device) -> Iterator[None]:
    """Set threads and precision, keep the caller's random state; put all back afterwards."""
    with ExitStack() as stack:
        cuda = [device] if device.type == "cuda" else []
        stack.enter_context(torch.random.fork_rng(devices=cuda))
        if device.type == "cpu" and (recipe.threads or _is_small(recipe)):
            before = torch.get_num_threads()
            stack.callback(torch.set_num_threads, before)
            torch.set_num_threads(recipe.threads or 1)
        if device.type == "cuda":
            before_tf32 = torch.backends.cuda.matmul.allow_tf32
            stack.callback(setattr, torch.backends.cuda.matmul, "allow_tf32", before_tf32)
            torch.backends.cuda.matmul.allow_tf32 = recipe.tf32
        yield


def _is_small(recipe: Recipe) -> bool:
    method = recipe.resolved_method()
    return method.sparse and recipe.sparsity >= 0.5 and recipe.model == "mlp"


def device_of(name: str, world: World) -> torch.device:
    """Return the device of a recipe on this process."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise RecipeError(f"device {name!r} is unknown; use cpu, cuda or auto") from None
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise RecipeError("device is cuda, but PyTorch finds no GPU here; use cpu or auto")
        if device.index is None:
            device = torch.device("cuda", world.local_rank)
    return device


def load_data(recipe: Recipe) -> Any:
    """Return the data set of a recipe."""
    from .data import load

    return load(recipe.data, **recipe.data_options)


def limited(dataset: Any, recipe: Recipe) -> Any:
    """Return at most as many samples of a data set as the recipe says."""
    if recipe.train_samples is None and recipe.test_samples is None:
        return dataset
    return dataset.limited(recipe.train_samples, recipe.test_samples, recipe.seed)


def _augmentation(recipe: Recipe, dataset: Any) -> Any:
    found = _default_augmentation(recipe, dataset)
    if recipe.augment_border == "zeros":
        return found
    from .data.augment import CropAndFlip

    if not isinstance(found, CropAndFlip):
        raise RecipeError(
            f"data {recipe.data!r} are not cropped in training: set augment = true for images, or "
            "augment_border = 'zeros'"
        )
    return replace(found, border=recipe.augment_border)


def _default_augmentation(recipe: Recipe, dataset: Any) -> Any:
    if recipe.augment is False:
        return None
    found = getattr(dataset, "augment", None)
    if recipe.augment and found is None:
        shape = getattr(dataset, "shape", ())
        if len(shape) != 3:
            raise RecipeError(f"data {recipe.data!r} are no images; set augment = false")
        from .data.augment import CropAndFlip

        return CropAndFlip(max(1, min(shape[1:]) // 8))  # 4 of 32 pixels, as for CIFAR
    return found


def _task_name(recipe: Recipe) -> str:
    declared = registry.about("model", recipe.model).metadata.get("task", "classification")
    return recipe.task or declared


def _steps(steps: int | None, epochs: float, steps_per_epoch: int) -> int:
    return steps or max(1, round(epochs * steps_per_epoch))
