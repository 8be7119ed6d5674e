"""What a network says about data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Predictions:
    """What a network says about each sample, and how right it is where that is known.

    Attributes
    ----------
    table
        One row for each sample (or line of text).
    evaluation
        ``n`` and, where there are labels or text, ``loss`` and ``accuracy`` or ``perplexity``.
    """

    table: pd.DataFrame
    evaluation: Mapping[str, float] = field(default_factory=dict)
