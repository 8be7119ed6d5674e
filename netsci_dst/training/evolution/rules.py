"""What rules of evolution are given and say of themselves, for rules from outside."""

from __future__ import annotations

from .layer import EvolvingLayer
from .links import Links
from .ranges import AboveZero, BelowOne, NotNegative, Positive, Share
from .step_hook import StepHook
from .work import LayerUpdate

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
