"""What rules of evolution are given and say of themselves, for rules from outside."""

from __future__ import annotations

from ._layer import EvolvingLayer
from ._links import Links
from ._ranges import AboveZero, BelowOne, NotNegative, Positive, Share
from ._work import LayerUpdate
from .step_hook import StepHook

__all__ = [
    "AboveZero",
    "BelowOne",
    "EvolvingLayer",
    "LayerUpdate",
    "Links",
    "NotNegative",
    "Positive",
    "Share",
    "StepHook",
]
