"""Which backend is the faster one."""

from __future__ import annotations

import torch


def choose_backend(
    n_source: int,
    n_target: int,
    density: float,
    batch: int = 32,
    device: torch.device | str = "cpu",
    threads: int | None = None,
) -> str:
    """Return ``"csr"`` or ``"masked"``, whichever trains a linear layer faster.

    On a GPU the masked layer runs at the speed of the dense one, which no sparse product of
    PyTorch reaches at these densities. On a CPU truly sparse work pays below a density that falls
    with the number of threads a dense product can use.
    """
    if torch.device(device).type != "cpu":
        return "masked"
    if n_source * n_target > 2**28:
        return "csr"
    threads = torch.get_num_threads() if threads is None else threads
    return "csr" if density * threads <= 0.15 else "masked"
