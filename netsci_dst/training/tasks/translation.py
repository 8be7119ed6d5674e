"""Translation: the next target token's cross-entropy, and BLEU of beam search."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import DataError, MissingDependency, RecipeError
from ...registry import register
from .build import build_model
from .modes import evaluating, precise
from .pairs import PairBatches
from .task import Batch, Batches, BatchOptions, Loss, Task
from .token_loss import TokenLoss

PAD, UNKNOWN, BEGIN, END = range(4)


@register("task", "translation", source="CHTss section 4.2")
class Translation(Task):
    """Translate sentences; ``batch_size`` counts tokens.

    Parameters
    ----------
    beam
        Width of the beam search (2 in CHTss, section 4.3).
    evaluation_pairs
        At most so many pairs of a split are evaluated; all by default.
    longest
        A translation ends after ``longest`` times the tokens of its source, plus ten.
    """

    name = "translation"
    metric = "bleu"
    higher_is_better = True

    def __init__(
        self, beam: int = 2, evaluation_pairs: int | None = None, longest: float = 2.0
    ) -> None:
        if beam < 1 or longest <= 0 or (evaluation_pairs is not None and evaluation_pairs < 1):
            raise RecipeError("translation needs a beam, a number of pairs and a length above 0")
        self.beam = beam
        self.evaluation_pairs = evaluation_pairs
        self.longest = longest
        self._token_loss = TokenLoss()

    def build(
        self, model: str, options: Mapping[str, Any], dataset: Any, seed: int = 0
    ) -> nn.Module:
        """Build a model for ``dataset.vocabulary`` tokens, by default shared by both languages."""
        facts = {"vocabulary": int(dataset.vocabulary)}
        if (own := getattr(dataset, "source_vocabulary", None)) is not None:
            facts["source_vocabulary"] = int(own)
        return build_model(model, options, seed, **facts)

    def prepare(self, dataset: Any, options: BatchOptions) -> PairBatches:
        """Cut the pairs into batches of about equal numbers of tokens."""
        if getattr(dataset, "kind", None) != "pairs":
            raise DataError(
                f"data of kind {getattr(dataset, 'kind', None)!r} holds no sentence pairs to "
                "translate; choose a data set of kind 'pairs'"
            )
        return PairBatches(dataset, options, (PAD, BEGIN, END), self.evaluation_pairs)

    def forward(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return logits of the target tokens, shape ``(samples, length, vocabulary)``."""
        source, before, _ = batch.tensors
        present = source != PAD
        output = model(
            input_ids=source,
            # In the form that attention takes: else a GPU is asked whether anything is masked.
            attention_mask=present[:, None, None] if source.is_cuda else present.long(),
            decoder_input_ids=before,
            use_cache=False,
        )
        return output.logits

    def loss(self, model: nn.Module, batch: Batch, label_smoothing: float = 0.0) -> Loss:
        """Return the mean cross-entropy per target token."""
        logits = self.forward(model, batch)
        value, shown = self._token_loss(logits, batch.tensors[2], label_smoothing, PAD)
        return Loss(value, self.weight(batch), shown)

    def compile(self, one_shape: bool) -> None:
        """Compile the cross-entropy."""
        self._token_loss.compile(one_shape)

    def weight(self, batch: Batch) -> int:
        """Return the number of target tokens, without padding."""
        if batch.items is not None:
            return batch.items
        return int((batch.tensors[2] != PAD).sum())

    def evaluate(
        self, model: nn.Module, batches: Batches, split: str | None = None
    ) -> dict[str, float]:
        """Return mean ``loss`` (nats per token) and ``bleu`` (0 to 100, sacrebleu's tokens)."""
        assert isinstance(batches, PairBatches)
        split = split or batches.splits[0]
        total, n, hypotheses = 0.0, 0, []
        with evaluating(model):
            for batch in batches.evaluation(split):
                logits = precise(self.forward(model, batch).flatten(0, 1))
                targets = batch.tensors[2].flatten()
                total += float(
                    functional.cross_entropy(logits, targets, ignore_index=PAD, reduction="sum")
                )
                n += int((targets != PAD).sum())
                tokens = self.translate(model, batch.tensors[0])
                hypotheses += [batches.decode(row) for row in tokens]
        return {"loss": total / n, "bleu": bleu(hypotheses, batches.references[split])}

    @torch.no_grad()
    def translate(self, model: nn.Module, source: Tensor) -> list[list[int]]:
        """Return the best translation of each row of ``source`` by beam search, as tokens."""
        machine: Any = getattr(model, "module", model)
        limit = machine.config.max_position_embeddings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            rows = machine.generate(
                input_ids=source,
                attention_mask=(source != PAD).long(),
                num_beams=self.beam,
                do_sample=False,
                early_stopping=True,
                max_length=int(min(limit, self.longest * source.shape[1] + 10)),
                use_cache=True,
            )
        special = {PAD, BEGIN, END}
        return [[token for token in row if token not in special] for row in rows.tolist()]


def bleu(hypotheses: list[str], references: list[str]) -> float:
    """Return the corpus BLEU of sacrebleu with its default tokens.

    Raises
    ------
    MissingDependency
        If sacrebleu is not installed.
    """
    try:
        import sacrebleu
    except ImportError as error:
        raise MissingDependency("sacrebleu", "hf", "BLEU") from error
    return float(sacrebleu.corpus_bleu(hypotheses, [references]).score)
