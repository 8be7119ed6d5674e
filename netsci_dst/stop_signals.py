"""What a cluster sends before it takes a machine away, treated as Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

NAMES = ("SIGTERM", "SIGUSR1")
received: list[int] = []


@contextlib.contextmanager
def stopped_by(*names: str) -> Iterator[None]:
    """Treat signals as Ctrl-C while the block runs: a training writes a checkpoint and ends.

    The first signal counts; a scheduler may send it several times. The command line does this for
    SIGTERM (preemption, ``scancel``) and SIGUSR1 (``#SBATCH --signal=USR1@120``); a program of
    your own asks for it, and gets a ``KeyboardInterrupt``.

    Parameters
    ----------
    names
        Names of signals; by default SIGTERM and SIGUSR1.

    Returns
    -------
    contextlib.AbstractContextManager
        For a ``with`` statement.

    Examples
    --------
    >>> import netsci_dst as nd
    >>> with nd.stopped_by("SIGTERM"):
    ...     pass  # nd.train(...)
    """
    received.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    owner, before = os.getpid(), {}

    def handle(number: int, frame: Any) -> None:
        if os.getpid() != owner:  # a process forked from this one ends as it would have
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        elif not received:
            received.append(number)
            if not callable(signal.getsignal(signal.SIGINT)):
                # A shell that starts a job in the background has it ignore Ctrl-C, not this.
                raise KeyboardInterrupt
            signal.raise_signal(signal.SIGINT)

    for name in names or NAMES:
        number = getattr(signal, name, None)
        if number is not None:
            before[number] = signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
