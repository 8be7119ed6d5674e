"""Number types that the loops of the CSR format are compiled for."""

from typing import Any

import numpy as np
import torch

DTYPES: dict[torch.dtype, Any] = {torch.float32: np.float32, torch.float64: np.float64}
