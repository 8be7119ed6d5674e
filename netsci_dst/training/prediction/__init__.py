"""What a trained run says about data."""

from .predict import Predictions, predict

__all__ = ["Predictions", "predict"]
