"""Number types that the loops of the CSR format are compiled for."""

import numpy as np
import torch

DTYPES = {torch.float32: np.float32, torch.float64: np.float64}
