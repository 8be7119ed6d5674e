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
    PyTorch reaches at these densities. On one thread of a CPU, truly sparse work costs about as
    much as dense work at densities of 0.7 (batch 32, where the optimizer's pass over a dense weight
    counts too) to 0.45 (batch 512); a dense product can use more threads.
    """
    if torch.device(device).type != "cpu":
        return "masked"
    if n_source * n_target > 2**28:
        return "csr"
    threads = torch.get_num_threads() if threads is None else threads
    return "csr" if density * threads <= (0.6 if batch <= 64 else 0.4) else "masked"
