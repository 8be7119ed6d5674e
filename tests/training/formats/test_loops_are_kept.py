"""Compiled loops are found again by the next process.

numba keeps what it compiled under the name of a function and the values it closes over; a compiled
function among these is another value in every process, and everything is compiled anew.
"""

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from netsci_dst.training.formats.csr import forward_only, kernels, rows, whole
from netsci_dst.training.optimizers import sgd_loop

LOOPS = {
    "rows forward": lambda dtype: rows.forward(dtype),
    "rows backward": lambda dtype: rows.backward(dtype),
    "gather": lambda dtype: kernels.gather(dtype, 8),
    "forward": lambda dtype: kernels.forward(dtype, 8),
    "backward": lambda dtype: kernels.backward(dtype, 8),
    "flip": lambda dtype: kernels.flip(dtype),
    "one row": lambda dtype: forward_only._loop(dtype, 1),
    "few rows": lambda dtype: forward_only._loop(dtype, 8),
    "passes": lambda dtype: whole.passes(dtype),
    "merge": lambda dtype: whole.merge(dtype),
    "sgd": lambda dtype: sgd_loop.loop(dtype),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", LOOPS)
def test_no_loop_closes_over_a_compiled_function(name, dtype):
    loop = LOOPS[name](dtype)
    assert loop.stats.cache_path is not None, "the loop is not kept at all"
    cells = loop.py_func.__closure__ or ()
    assert not [cell for cell in cells if isinstance(cell.cell_contents, Dispatcher)]
