"""What a task is: how a batch becomes a loss, and how evaluation becomes a metric."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ...errors import RecipeError

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn


class Batch(NamedTuple):
    """Tensors of one step on one process.

    Attributes
    ----------
    tensors
        What the task's `Task.forward` and `Task.loss` read; inputs first.
    samples
        Number of samples (images, sequences, sentence pairs) on this process.
    share
        ``world_size`` times this process's part of the global batch's loss weight. The mean over
        processes of ``share * loss`` is the loss of the global batch, also when parts are unequal;
        exactly 1.0 on one process, 0.0 where a process for which no sample is left stands in with
        one of another's.
    items
        Over how many items the loss is a mean, where the data know it; else the task counts.

    Examples
    --------
    >>> import torch
    >>> Batch((torch.zeros(8, 64), torch.zeros(8, dtype=torch.long)), samples=8).share
    1.0
    """

    tensors: tuple[Tensor, ...]
    samples: int
    share: float = 1.0
    items: int | None = None


class Loss(NamedTuple):
    """What a step yields.

    Attributes
    ----------
    value
        Scalar to call ``backward`` on: a mean over ``weight`` items.
    weight
        Number of items (samples or tokens) behind the mean.
    shown
        Number to record as training loss, without label smoothing; as a tensor, detached.
    correct
        Number of right predictions among the items, or None where it has no meaning.

    Examples
    --------
    >>> import torch
    >>> value = torch.tensor(0.7, requires_grad=True)
    >>> Loss(value, weight=8, shown=value.detach()).weight
    8
    """

    value: Tensor
    weight: int
    shown: Tensor | float
    correct: Tensor | int | None = None


@dataclass(frozen=True)
class BatchOptions:
    """How a data set is cut into batches.

    Attributes
    ----------
    batch_size
        Samples per optimizer step, over all processes together (tokens where the task says so).
    evaluation_batch_size
        Samples per forward pass when evaluating.
    device, dtype
        Where the data is held, and the floating type of the inputs.
    seed
        Decides the order of the samples together with the epoch.
    rank, world_size
        This process among those that share each batch.
    drop_last
        Leave out the last batch of an epoch when it is smaller than the others.
    augment
        Task-specific: for images ``augment(images, generator) -> images``, or None.
    """

    batch_size: int = 32
    evaluation_batch_size: int = 500
    device: str | torch.device = "cpu"
    dtype: torch.dtype | None = None
    seed: int = 0
    rank: int = 0
    world_size: int = 1
    drop_last: bool = False
    augment: Any = None

    def refuse(self, what: str, *fields: str) -> None:
        """Raise where fields are set that have no meaning for a kind of data.

        Raises
        ------
        RecipeError
            Naming the first such field.
        """
        for name in fields:
            if getattr(self, name):
                raise RecipeError(f"{name} has no meaning for {what}; remove it")


# Fewer sequences than this are too much alike to say what neurons do.
PROBE_SEQUENCES = 8


class Batches(ABC):
    """A data set on its device, cut into batches.

    The whole state is (epoch, position): the batches of an epoch depend on nothing but the seed
    and the epoch, so ``epoch(e, start=k)`` continues bit for bit after k batches.

    Examples
    --------
    >>> from netsci_dst import registry
    >>> registry.names("task")
    ['classification', 'contrastive-divergence', 'language-model', 'translation']
    """

    splits: tuple[str, ...] = ("test",)
    # Whether batches have one shape, but for the last of an epoch.
    one_shape: ClassVar[bool] = True

    @property
    @abstractmethod
    def steps_per_epoch(self) -> int:
        """Number of batches in one epoch."""

    @abstractmethod
    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield this process's batches of an epoch, leaving out the first ``start``."""

    @abstractmethod
    def evaluation(self, split: str | None = None) -> Iterator[Batch]:
        """Yield batches of a held-out split in order (default: the first of `splits`)."""

    @abstractmethod
    def probe(self, size: int) -> Batch:
        """Return the first samples of the evaluation split: the fixed probe batch.

        Every token of a text is a sample of what neurons do: of text there are as many sequences
        as hold ``size`` tokens, but at least eight.
        """

    def calibration(self, size: int | None = None) -> np.ndarray | None:
        """Return input features of training samples (all without ``size``), ``(n, n_features)``.

        What correlated sparse topological initialisation takes; None where the inputs of the
        first layer are not features of the data (text).
        """
        return None


class Task(ABC):
    """One kind of problem: classification, language modelling, translation, contrastive divergence.

    Attributes
    ----------
    name
        By which models and recipes refer to it.
    metric
        Key of the main metric in what `evaluate` returns.
    higher_is_better
        Whether a larger metric is better.

    Examples
    --------
    >>> from netsci_dst import registry
    >>> task = registry.get("task", "classification").target()
    >>> task.name, task.metric, task.better(0.9, 0.8)
    ('classification', 'accuracy', True)
    """

    name: ClassVar[str]
    metric: ClassVar[str]
    higher_is_better: ClassVar[bool]

    @abstractmethod
    def build(
        self, model: str, options: Mapping[str, Any], dataset: Any, seed: int = 0
    ) -> nn.Module:
        """Build the registered model for a data set; ``options`` are those of the model.

        Initial weights depend on ``seed`` alone; torch's own random state is left as it was.
        """

    @abstractmethod
    def prepare(self, dataset: Any, options: BatchOptions) -> Batches:
        """Put a data set on its device and cut it into batches."""

    @abstractmethod
    def forward(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return the model's output for a batch."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Batch, label_smoothing: float = 0.0) -> Loss:
        """Return the loss of a batch in training."""

    def weight(self, batch: Batch) -> int:
        """Return over how many items the loss of a batch is a mean: its samples, or its tokens."""
        return batch.samples

    def compile(self, one_shape: bool) -> None:
        """Compile what the loss takes besides the model, for inputs of one shape or of many."""
        return

    def generators(self, batch: Batch) -> list[torch.Generator]:
        """Return generators that the loss of a batch draws from, besides torch's own."""
        return []

    def reseed(self, batch: Batch) -> None:
        """Seed the generators for a batch."""
        return

    @abstractmethod
    def evaluate(
        self, model: nn.Module, batches: Batches, split: str | None = None
    ) -> dict[str, float]:
        """Return ``loss`` and the metric (a fraction, a perplexity, a BLEU) on a held-out split.

        The model is put into evaluation mode and back.
        """

    def better(self, new: float, old: float) -> bool:
        """Return whether ``new`` is a better value of the metric than ``old``."""
        return new > old if self.higher_is_better else new < old
