"""Which format serves a layer best."""

from __future__ import annotations

import torch

# Weight, gradient and two moments of an optimizer, for every position.
_COPIES = 4
# Of the memory that is free, what one layer's dense copies may take.
_SHARE = 0.5


def choose_format(
    n_source: int,
    n_target: int,
    density: float,
    batch: int = 32,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    bytes_per_number: int = 4,
) -> str:
    """Return ``"csr"`` or ``"masked"``, whichever trains a plain linear layer better.

    A dense weight that does not fit, with its gradient and the optimizer's state, can only be kept
    as links. Where it fits, a GPU computes it at the speed of the dense one, which no sparse
    product of PyTorch reaches at these densities; on one thread of a CPU, truly sparse work costs
    about as much as dense work at densities of 0.7 (batch 32, where the optimizer's pass over a
    dense weight counts too) to 0.45 (batch 512); a dense product can use more threads.
    """
    if not fits(n_source * n_target * bytes_per_number * _COPIES, device):
        return "csr"
    if torch.device(device).type != "cpu":
        return "masked"
    threads = torch.get_num_threads() if threads is None else threads
    return "csr" if density * threads <= (0.6 if batch <= 64 else 0.4) else "masked"


def fits(n_bytes: float, device: torch.device | str = "cpu") -> bool:
    """Return whether so many bytes are a reasonable part of a device's free memory."""
    return n_bytes <= _SHARE * _free(torch.device(device))


def _free(device: torch.device) -> float:
    if device.type == "cuda" and torch.cuda.is_available():
        return torch.cuda.mem_get_info(device)[0]
    if device.type != "cpu":
        return float("inf")
    try:
        with open("/proc/meminfo") as file:
            facts = dict(line.split(":", 1) for line in file)
        return int(facts["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return 2.0**34
