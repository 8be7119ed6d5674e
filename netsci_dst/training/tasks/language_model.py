"""Language modelling: the next token's cross-entropy, and perplexity on a held-out split."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from torch import Tensor, nn
from torch.nn import functional

from ...errors import DataError, RecipeError, UnknownName
from ...registry import register
from .build import build_model
from .modes import evaluating, precise
from .order import n_batches, part, shuffled
from .sending import Held
from .task import PROBE_SEQUENCES, Batch, Batches, BatchOptions, Loss, Task
from .token_loss import TokenLoss


@register("task", "language-model", source="CHTss section 4.3")
class LanguageModel(Task):
    """Predict each token of a text from those before it.

    Parameters
    ----------
    sequence_length
        Tokens predicted per sequence (256 in CHTss, table 6).
    evaluation_sequences
        At most so many sequences are evaluated, evenly spread over the split; all by default.
    """

    name = "language-model"
    metric = "perplexity"
    higher_is_better = False

    def __init__(self, sequence_length: int = 256, evaluation_sequences: int | None = None) -> None:
        if sequence_length < 1 or (evaluation_sequences is not None and evaluation_sequences < 1):
            raise RecipeError("a language model needs sequences of at least one token")
        self.sequence_length = sequence_length
        self.evaluation_sequences = evaluation_sequences
        self._token_loss = TokenLoss()

    def build(
        self, model: str, options: Mapping[str, Any], dataset: Any, seed: int = 0
    ) -> nn.Module:
        """Build a model for ``dataset.vocabulary`` tokens."""
        return build_model(model, options, seed, vocabulary=int(dataset.vocabulary))

    def prepare(self, dataset: Any, options: BatchOptions) -> TokenBatches:
        """Hold the tokens on the device, cut into sequences."""
        if getattr(dataset, "kind", None) != "text":
            raise DataError(
                f"data of kind {getattr(dataset, 'kind', None)!r} is no text; a language model "
                "needs a text file, or a data set of kind 'text'"
            )
        return TokenBatches(dataset, options, self.sequence_length, self.evaluation_sequences)

    def forward(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return logits, shape ``(samples, length, vocabulary)``."""
        output = model(batch.tensors[0])
        return getattr(output, "logits", output)

    def loss(self, model: nn.Module, batch: Batch, label_smoothing: float = 0.0) -> Loss:
        """Return the mean cross-entropy per token."""
        logits = self.forward(model, batch)
        value, shown = self._token_loss(logits, batch.tensors[1], label_smoothing)
        return Loss(value, self.weight(batch), shown)

    def compile(self, one_shape: bool) -> None:
        """Compile the cross-entropy."""
        self._token_loss.compile(one_shape)

    def weight(self, batch: Batch) -> int:
        """Return the number of tokens to predict."""
        return batch.tensors[1].numel()

    def evaluate(
        self, model: nn.Module, batches: Batches, split: str | None = None
    ) -> dict[str, float]:
        """Return mean ``loss`` (nats per token) and ``perplexity`` on a held-out split."""
        total, n = 0.0, 0
        with evaluating(model):
            for batch in batches.evaluation(split):
                logits = precise(self.forward(model, batch).flatten(0, 1))
                targets = batch.tensors[1].flatten()
                total += float(functional.cross_entropy(logits, targets, reduction="sum"))
                n += targets.numel()
        loss = total / n
        return {"loss": loss, "perplexity": math.exp(min(loss, 700.0))}


class TokenBatches(Batches):
    """Token streams cut into sequences, each with its successor tokens as targets.

    Sequences do not overlap; what is left over at the end of a split is not used. A split shorter
    than one sequence is one short sequence when evaluated.
    """

    def __init__(
        self,
        dataset: Any,
        options: BatchOptions,
        length: int,
        evaluation_sequences: int | None,
    ) -> None:
        options.refuse("text", "augment")
        self.options = options
        self.length = length
        self.evaluation_sequences = evaluation_sequences
        self._tokens: dict[str, Held] = {}
        for split in ("train", "validation", "test"):
            tokens = getattr(dataset, f"x_{split}", None)
            if tokens is not None and len(tokens) > 1:
                self._tokens[split] = Held(_signed(tokens), options.device)
        if "train" not in self._tokens or self.n_train < 1:
            raise DataError(
                f"the training text has fewer than the {length + 1} tokens of one sequence; "
                "choose a longer text or a shorter sequence_length"
            )
        self.splits: tuple[str, ...] = tuple(split for split in self._tokens if split != "train")
        if not self.splits:
            raise DataError("a text needs a validation or test split to evaluate on")

    @property
    def n_train(self) -> int:
        """Number of training sequences."""
        return (len(self._tokens["train"]) - 1) // self.length

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches in one epoch."""
        return n_batches(self.n_train, self.options.batch_size, self.options.drop_last)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """Yield batches ``(tokens, next tokens)``, each ``(samples, length)``."""
        options = self.options
        order = shuffled(self.n_train, options.seed, epoch)
        for step in range(start, self.steps_per_epoch):
            batch = order[step * options.batch_size : (step + 1) * options.batch_size]
            own, passed = part(batch, options.rank, options.world_size)
            share = own.size * options.world_size / batch.size
            yield self._batch("train", passed * self.length, self.length, share)

    def evaluation(self, split: str | None = None) -> Iterator[Batch]:
        """Yield batches of a held-out split in order."""
        name = split or self.splits[0]
        if name not in self._tokens:
            raise UnknownName("split", name, self._tokens)
        n_tokens = len(self._tokens[name]) - 1
        length = min(self.length, n_tokens)
        starts = np.arange(n_tokens // length) * length
        if self.evaluation_sequences is not None and len(starts) > self.evaluation_sequences:
            picks = np.linspace(0, len(starts) - 1, self.evaluation_sequences)
            starts = starts[picks.round().astype(np.int64)]
        size = self.options.evaluation_batch_size
        for begin in range(0, len(starts), size):
            yield self._batch(name, starts[begin : begin + size], length)

    def probe(self, size: int) -> Batch:
        """Return the first sequences of the evaluation split; ``size`` counts tokens."""
        n_tokens = len(self._tokens[self.splits[0]]) - 1
        length = min(self.length, n_tokens)
        n = max(PROBE_SEQUENCES, -(-size // length))
        starts = np.arange(n_tokens // length)[:n] * length
        return self._batch(self.splits[0], starts, length)

    def _batch(self, split: str, starts: np.ndarray, length: int, share: float = 1.0) -> Batch:
        drawn = self._tokens[split][starts[:, None] + np.arange(length + 1)].long()
        # As wholes: compiled code and recorded steps read them at aligned addresses.
        parts = drawn[:, :-1].contiguous(), drawn[:, 1:].contiguous()
        return Batch(parts, len(starts), share)


def _signed(tokens: np.ndarray) -> np.ndarray:
    # torch indexes with few unsigned types; int32 holds every vocabulary.
    return np.array(tokens, dtype=np.uint8 if tokens.dtype == np.uint8 else np.int32)
