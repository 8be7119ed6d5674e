"""What a link predictor takes and returns: array for array, tensor for tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import scipy.sparse
    from torch import Tensor

    Matrix = ArrayLike | scipy.sparse.sparray | scipy.sparse.spmatrix


class Predictor(Protocol):
    """A function that scores the absent links of a layer, as all of this package's do.

    Examples
    --------
    >>> from netsci_dst.link_prediction import Predictor, cn_l3
    >>> def number_of_positive_scores(predictor: Predictor, layer: np.ndarray) -> int:
    ...     return int((predictor(layer) > 0).sum())
    >>> number_of_positive_scores(cn_l3, np.array([[1, 1, 0], [0, 1, 1]]))
    2
    """

    __name__: str

    @overload
    def __call__(self, adjacency: Tensor, *, threads: int | None = None) -> Tensor: ...
    @overload
    def __call__(self, adjacency: Matrix, *, threads: int | None = None) -> NDArray[np.float64]: ...


def predictor(function: Callable[..., Any]) -> Predictor:
    """Declare that a function returns scores of the kind of matrix that it is given."""
    return cast(Predictor, function)
