"""Signatures of the reference name types as people know them."""

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
if str(DOCS) not in sys.path:
    sys.path.append(str(DOCS))
named = pytest.importorskip("_signatures").named

ARRAY_LIKE = (
    "numpy._typing._array_like._Buffer | numpy._typing._array_like._SupportsArray[dtype[Any]] | "
    "numpy._typing._nested_sequence._NestedSequence[numpy._typing._array_like._SupportsArray"
    "[dtype[Any]]] | complex | bytes | str | "
    "numpy._typing._nested_sequence._NestedSequence[complex | bytes | str]"
)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (f"(values: {ARRAY_LIKE}, n: int = 1)", "(values: ArrayLike, n: int = 1)"),
        ("(path: str | os.PathLike[str])", "(path: str | PathLike)"),
        ("(run: netsci_dst.run.Run)", "(run: netsci_dst.Run)"),
        (
            "netsci_dst.analysis.geometry.embedding.Embedding | None",
            "netsci_dst.analysis.Embedding | None",
        ),
        (
            "(a: Annotated[float, annotated_types.Ge(ge=0), annotated_types.Le(le=1)], b: int)",
            "(a: float, b: int)",
        ),
        ("types.Annotated[dict[str, Any] | None, Ge(ge=0)] = None", "dict[str, Any] | None = None"),
        ("numpy.ndarray[tuple[Any, ...], numpy.dtype[numpy.float64]]", "NDArray[float64]"),
    ],
)
def test_types_are_named_as_people_know_them(given, told):
    assert named(given) == told
