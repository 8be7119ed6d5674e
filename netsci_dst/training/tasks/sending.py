"""Data on their device: held there where they fit, else sent a batch at a time, never waiting."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..formats.choose import fits


def sent(array: np.ndarray | Tensor, device: torch.device | str) -> Tensor:
    """Return an array of the host on a device; a GPU that is busy is not waited for."""
    made = torch.from_numpy(np.ascontiguousarray(array)) if isinstance(array, np.ndarray) else array
    if torch.device(device).type != "cuda":
        return made.to(device)
    return made.pin_memory().to(device, non_blocking=True)


class Held:
    """An array of which rows are drawn: on the device if it fits there, else on the host.

    Attributes
    ----------
    on_device
        Whether it lies on the device.
    """

    def __init__(self, array: Any, device: torch.device | str) -> None:
        self.device: torch.device = torch.device(device)
        made = torch.from_numpy(np.ascontiguousarray(array))
        self.on_device: bool = self.device.type == "cpu" or fits(made.nbytes, self.device)
        self.data: torch.Tensor = made.to(self.device) if self.on_device else made

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, places: np.ndarray) -> Tensor:
        """Return entries along the first axis, shape ``(*places.shape, ...)``, on the device."""
        flat = places.reshape(-1)
        if self.on_device:
            drawn = self.data.index_select(0, sent(flat, self.device))
        else:
            drawn = sent(self.data.index_select(0, torch.from_numpy(flat)), self.device)
        return drawn.view(*places.shape, *drawn.shape[1:])
