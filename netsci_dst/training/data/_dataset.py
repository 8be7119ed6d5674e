"""What every data set is once it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...errors import DataError
from ._fingerprint import fingerprint_of

# Samples that stand for a set that is decoded on demand, and samples per step of a sum.
_CHUNK = 8192
_BLOCK = 64


@dataclass(frozen=True)
class Dataset:
    r"""A training and a test part, and what a model needs to know about them.

    Attributes
    ----------
    name
        What to call it in tables.
    kind
        ``image``, ``text`` or ``pairs``.
    x_train, x_test
        Samples: uint8 (pixels, 255 is 1.0) or float32, shape (n, \*shape); images are
        (channels, height, width). Very large image sets are array-likes that decode the samples
        they are indexed with. For text, token ids of shape (n,).
    y_train, y_test
        int64 labels, shape (n,). Empty for text.
    n_classes
        Number of classes; for text the size of the vocabulary.
    shape
        Shape of one sample.
    mean, std
        Per channel, of the training samples in units of 1.0; empty where it does not apply.
    fingerprint
        sha256 in hexadecimal of the content, whatever files it came from.
    classes
        Names of the classes, where known.
    notes
        What a reader of results must know, such as a lossy re-encoding.
    augment
        ``augment(images, generator) -> images``: what training does to each batch of raw images
        by default, or None.
    extra
        Anything a loader adds for its kind, such as a tokenizer.

    Examples
    --------
    >>> from netsci_dst.training.data import load
    >>> digits = load("digits")
    >>> digits.kind, digits.x_train.shape, digits.n_classes, digits.shape
    ('image', (1437, 1, 8, 8), 10, (1, 8, 8))
    """

    name: str
    kind: str
    x_train: Any
    y_train: np.ndarray
    x_test: Any
    y_test: np.ndarray
    n_classes: int
    shape: tuple[int, ...]
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    fingerprint: str = ""
    classes: tuple[str, ...] = ()
    notes: str = ""
    augment: Callable[[Any, Any], Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_features(self) -> int:
        """Number of values of one sample."""
        return int(np.prod(self.shape))

    def normalised(self, part: str = "train", indices: Any = slice(None)) -> np.ndarray:
        """Return samples as float32 with mean 0 and deviation 1 per channel of the training part.

        Parameters
        ----------
        part
            ``train`` or ``test``.
        indices
            Which samples; all of them by default.
        """
        from .augment import normalise

        samples = {"train": self.x_train, "test": self.x_test}
        if part not in samples:
            raise DataError(f"{part!r} is no part of a data set; choose train or test")
        return normalise(np.asarray(samples[part][indices]), self.mean, self.std)

    def limited(self, train: int | None = None, test: int | None = None, seed: int = 0) -> Dataset:
        """Return the data set with at most so many samples, drawn once by the seed.

        The drawn samples keep their order.
        """
        x_train, y_train = _draw(self.x_train, self.y_train, train, seed)
        x_test, y_test = _draw(self.x_test, self.y_test, test, seed)
        mark = fingerprint_of([self.fingerprint, str(train), str(test), str(seed)])
        return replace(
            self, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test, fingerprint=mark
        )

    def __repr__(self) -> str:
        return (
            f"Dataset({self.name}: {len(self.x_train)} + {len(self.x_test)} samples of "
            f"{'x'.join(map(str, self.shape))}, {self.n_classes} classes)"
        )


def _draw(x: Any, y: np.ndarray, n: int | None, seed: int) -> tuple[Any, np.ndarray]:
    if n is None or n >= len(x):
        return x, y
    if n < 1:
        raise DataError(f"a data set limited to {n} samples is empty; give at least 1")
    chosen = np.sort(np.random.default_rng(seed).choice(len(x), n, replace=False))
    return (x.limited(chosen) if hasattr(x, "limited") else x[chosen]), y[chosen]


def image_dataset(
    name: str,
    train: tuple[Any, np.ndarray],
    test: tuple[Any, np.ndarray],
    *,
    classes: Sequence[str] = (),
    n_classes: int | None = None,
    notes: str = "",
) -> Dataset:
    """Check the parts of an image data set against each other and complete it.

    Parameters
    ----------
    name
        What to call it in tables.
    train, test
        Images (uint8 or float32, shape (n, channels, height, width)) and labels.
    classes
        Names of the classes, where known.
    n_classes
        Number of classes; by default one more than the largest label.
    notes
        What a reader of results must know.

    Returns
    -------
    Dataset
        Of kind ``image``.

    Raises
    ------
    DataError
        When a part is empty, its counts, shapes or types differ, a label is out of range or a
        value is NaN or infinite.

    Examples
    --------
    >>> pixels = np.zeros((10, 1, 4, 4), dtype=np.uint8)
    >>> labels = np.arange(10) % 2
    >>> dataset = image_dataset("mine", (pixels, labels), (pixels, labels))
    >>> dataset.n_classes, dataset.shape
    (2, (1, 4, 4))
    """
    for part, (x, y) in (("training", train), ("test", test)):
        _check_part(name, part, x, y)
    if train[0].shape[1:] != test[0].shape[1:]:
        raise DataError(
            f"{name}: training images are {_by(train[0].shape[1:])} but test images "
            f"{_by(test[0].shape[1:])} (channels × height × width); they must be equal"
        )
    (x_train, y_train), (x_test, y_test) = train, test
    if n_classes is None:
        n_classes = len(classes) or 1 + int(max(y_train.max(), y_test.max()))
    for part, y in (("training", y_train), ("test", y_test)):
        if y.min() < 0 or y.max() >= n_classes:
            wrong = int(y.min() if y.min() < 0 else y.max())
            raise DataError(
                f"{name}: a {part} label is {wrong}; labels of {n_classes} classes "
                f"go from 0 to {n_classes - 1}"
            )
    _check_classes(name, y_train, y_test, n_classes, bool(classes))
    mean, std = channel_statistics(x_train)
    return Dataset(
        name=name,
        kind="image",
        x_train=x_train,
        y_train=np.ascontiguousarray(y_train, np.int64),
        x_test=x_test,
        y_test=np.ascontiguousarray(y_test, np.int64),
        n_classes=n_classes,
        shape=tuple(int(n) for n in x_train.shape[1:]),
        mean=mean,
        std=std,
        fingerprint=fingerprint_of([x_train, y_train, x_test, y_test]),
        classes=tuple(classes),
        notes=notes,
    )


def _check_part(name: str, part: str, x: Any, y: np.ndarray) -> None:
    if len(x) == 0:
        raise DataError(f"{name}: the {part} part has no samples")
    if len(x) != len(y):
        raise DataError(f"{name}: {len(x)} {part} images but {len(y)} labels")
    if len(x.shape) != 4:
        raise DataError(
            f"{name}: {part} images have shape {tuple(x.shape)}; "
            "expected (n, channels, height, width)"
        )
    if x.dtype not in (np.uint8, np.float32):
        raise DataError(f"{name}: {part} images are {x.dtype}; expected uint8 or float32")
    if np.ndim(y) != 1:
        raise DataError(
            f"{name}: {part} labels have shape {np.shape(y)}; expected one number per sample, "
            f"shape ({len(x)},)"
        )
    if not np.issubdtype(y.dtype, np.integer):
        raise DataError(f"{name}: {part} labels are {y.dtype}; expected whole numbers")
    if x.dtype == np.float32 and not np.isfinite(x).all():
        where = int(np.flatnonzero(~np.isfinite(x).reshape(len(x), -1).all(axis=1))[0])
        raise DataError(f"{name}: {part} image {where} holds NaN or infinity; clean the data first")


def _check_classes(
    name: str, y_train: np.ndarray, y_test: np.ndarray, n_classes: int, named: bool
) -> None:
    """Refuse labels that make outputs nobody trains, and test labels that nothing can predict."""
    there = np.unique(y_train)
    if not named and n_classes > 2 * len(there) + 2:
        raise DataError(
            f"{name}: labels go up to {n_classes - 1}, but only {len(there)} different ones occur "
            f"in training; number them from 0 to {len(there) - 1}"
        )
    unseen = np.setdiff1d(y_test, there)
    if unseen.size:
        raise DataError(
            f"{name}: test label {int(unseen[0])} does not occur in training, so it can never be "
            "predicted; leave these samples out or add it to the training part"
        )


def channel_statistics(x: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel, in units where a pixel of 255 is 1.

    Sets that are decoded on demand are judged by at most 8192 samples, evenly spaced.
    """
    if not isinstance(x, np.ndarray):
        x = x[np.unique(np.linspace(0, len(x) - 1, min(len(x), _CHUNK)).astype(np.int64))]
    unit = 255.0 if x.dtype == np.uint8 else 1.0
    mean, std = [], []
    for channel in range(x.shape[1]):
        n = total = squares = 0.0
        for start in range(0, len(x), _BLOCK):
            values = x[start : start + _BLOCK, channel].astype(np.float64).reshape(-1)
            n, total, squares = (
                n + len(values),
                total + values.sum(),
                squares + np.square(values).sum(),
            )
        mean.append(float(total / n / unit))
        std.append(float(max(squares / n - (total / n) ** 2, 0.0)) ** 0.5 / unit)
    return tuple(mean), tuple(std)


def _by(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))
