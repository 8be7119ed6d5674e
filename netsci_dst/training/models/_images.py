"""What convolutional models need of their input."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import RecipeError


def channels_of(model: str, input_shape: Sequence[int], smallest: int = 1) -> int:
    """Return the number of channels of images ``(c, h, w)`` or ``(h, w)``.

    Raises
    ------
    RecipeError
        If the input is not an image, or is smaller than the model can take.
    """
    if len(input_shape) not in (2, 3):
        raise RecipeError(
            f"model {model!r} needs images (channels, height, width), "
            f"not inputs of shape {tuple(input_shape)}"
        )
    if min(input_shape[-2:]) < smallest:
        raise RecipeError(
            f"model {model!r} needs images of at least {smallest}x{smallest} pixels, "
            f"not {input_shape[-2]}x{input_shape[-1]}"
        )
    return int(input_shape[0]) if len(input_shape) == 3 else 1


def scaled(model: str, channels: int, width: float) -> int:
    """Return a number of channels times ``width``, at least 1."""
    if not width > 0:
        raise RecipeError(f"the width of model {model!r} must be positive, not {width}")
    return max(1, round(channels * width))
