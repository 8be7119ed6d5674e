"""What an allocation that failed asked for, from the errors torch and numpy really raise."""

import numpy as np
import pytest

from netsci_dst.errors import memory_asked

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: torch.empty(10**12), "4 TB"),
        (lambda: torch.empty(2 * 10**6, 10**7, dtype=torch.float64), "160 TB"),
        (lambda: torch.empty(10**10, 10**10), "more than there is"),
        (lambda: np.empty(10**15), "7.11 PiB"),
    ],
)
def test_real_errors(ask, said):
    with pytest.raises((RuntimeError, MemoryError)) as raised:
        ask()
    assert memory_asked(raised.value) == said


def test_texts_of_a_gpu_and_of_python():
    text = "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 8 GiB"
    assert memory_asked(RuntimeError(text)) == "20.00 GiB"
    assert memory_asked(MemoryError()) == "more than there is"


def test_other_errors_are_not_about_memory():
    with pytest.raises(RuntimeError) as raised:
        torch.ones(2) @ torch.ones(3)
    assert memory_asked(raised.value) is None
