"""A trained language model as the LM Evaluation Harness (``lm-eval``) sees one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch

from ...errors import MissingDependency, NetsciError

try:
    from lm_eval.api.model import TemplateLM
    from lm_eval.utils import get_rolling_token_windows, make_disjoint_window
except ImportError:
    raise MissingDependency("lm_eval", "lm-eval", "zero-shot evaluation") from None

from ..data.tokenizers import PairTokenizer, Tokenizer
from ..tasks.modes import evaluating, precise

_NEWLINE = ord("\n")


class EvaluatedModel(TemplateLM):
    """Scores text by a model that predicts the next token.

    Parameters
    ----------
    model
        Takes tokens ``(samples, length)``; returns logits ``(samples, length, vocabulary)``, or an
        object that has them as ``logits``.
    tokens
        From text to tokens and back.
    length
        Tokens that the model was trained to see at once; longer contexts lose their beginning.
    batch_size
        Sequences per forward pass.

    References
    ----------
    Gao et al., The language model evaluation harness (2024).
    """

    def __init__(
        self, model: torch.nn.Module, tokens: Tokenizer, length: int, batch_size: int = 32
    ) -> None:
        super().__init__()
        self.model = model
        self.tokens = tokens
        self.length = length
        self.batch_size = batch_size
        self._device = next(model.parameters()).device

    @property
    def eot_token_id(self) -> int:
        """The token before an empty context: that of a document's end, or a line's for bytes."""
        return 3 if isinstance(self.tokens, PairTokenizer) else _NEWLINE

    @property
    def tokenizer_name(self) -> str:
        """A name for caches."""
        return type(self.tokens).__name__

    def tok_encode(
        self, string: str, add_special_tokens: bool | None = None, **kwargs: Any
    ) -> list[int]:
        """Return the tokens of a text, none of them special."""
        return next(iter(self.tokens.encode([string]))).tolist()

    def _loglikelihood_tokens(
        self,
        requests: Sequence[tuple[Any, list[int], list[int]]],
        disable_tqdm: bool = False,
        **kwargs: Any,
    ) -> list[tuple[float, bool]]:
        """Return, for each continuation, its log-probability and whether it is the greedy one."""
        found: list[tuple[float, bool]] = [(0.0, True)] * len(requests)
        # Of like length together: little of a batch is padding.
        order = sorted(range(len(requests)), key=lambda i: -sum(map(len, requests[i][1:])))
        for begin in range(0, len(order), self.batch_size):
            places = order[begin : begin + self.batch_size]
            pairs = [self._fitting(*requests[i][1:]) for i in places]
            for i, (row, n) in zip(places, self._log_probabilities(pairs)):
                if n:
                    wanted = torch.tensor(requests[i][2][-n:], device=row.device)
                    own = row.gather(1, wanted[:, None]).sum()
                    found[i] = float(own), bool((row.argmax(1) == wanted).all())
        return found

    def _fitting(self, context: list[int], continuation: list[int]) -> tuple[list[int], int]:
        """Return the tokens to feed, and of how many of the last ones the successor counts."""
        whole = [*context, *continuation][-(self.length + 1) :]
        return whole[:-1], min(len(continuation), len(whole) - 1)

    def _log_probabilities(
        self, pairs: Sequence[tuple[list[int], int]]
    ) -> Iterable[tuple[torch.Tensor, int]]:
        longest = max(len(tokens) for tokens, _ in pairs)
        fed = torch.zeros(len(pairs), longest, dtype=torch.long, device=self._device)
        for i, (tokens, _) in enumerate(pairs):  # padding behind: no token looks ahead
            fed[i, : len(tokens)] = torch.tensor(tokens)
        with evaluating(self.model):
            output = self.model(fed)
        logits = getattr(output, "logits", output)
        for i, (tokens, n) in enumerate(pairs):
            row = precise(logits[i, len(tokens) - n : len(tokens)])
            yield row.log_softmax(-1), n

    def loglikelihood_rolling(
        self, requests: Sequence[Any], disable_tqdm: bool = False
    ) -> list[float]:
        """Return the log-probability of whole texts, in windows of the model's length."""
        found = []
        for request in requests:
            windows = [
                (None, *make_disjoint_window(window))
                for window in get_rolling_token_windows(
                    token_list=self.tok_encode(request.args[0]),
                    prefix_token=self.prefix_token_id,
                    max_seq_len=self.length,
                    context_len=1,
                )
            ]
            found.append(sum(value for value, _ in self._loglikelihood_tokens(windows)))
        return found

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        """Continue texts by the likeliest token each time, until a given word or length."""
        return [self._continued(*request.args) for request in requests]

    def _continued(self, context: str, options: dict[str, Any]) -> str:
        if options.get("do_sample") or options.get("temperature"):
            raise NetsciError("texts are continued by the likeliest token, not by sampling")
        until = options.get("until") or []
        until = [until] if isinstance(until, str) else until
        tokens = self.tok_encode(context) or [self.eot_token_id]
        begun = len(tokens)
        for _ in range(int(options.get("max_gen_toks", self.length))):
            ((row, _),) = self._log_probabilities([(tokens[-self.length :], 1)])
            tokens.append(int(row[0].argmax()))
            text = self.tokens.decode(tokens[begun:])
            if tokens[-1] == self.eot_token_id or any(word in text for word in until):
                break
        text = self.tokens.decode(tokens[begun:])
        for word in until:
            text = text.partition(word)[0]
        return text
