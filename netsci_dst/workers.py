"""Worker processes of joblib."""

from __future__ import annotations

import functools
import multiprocessing
import os
import sys
import threading
import time


def keep_worker() -> None:
    """Keep joblib from replacing this worker process, and end it when its parent is gone.

    Loading torch or compiled code looks like a leak to joblib, and the replacement of several
    workers at once can wait for itself for ever. A worker whose parent was killed would wait for
    work that never comes. Does nothing outside such a process.
    """
    module = sys.modules.get("joblib.externals.loky.process_executor")
    if module is None or not multiprocessing.current_process().name.startswith("LokyProcess"):
        return
    if hasattr(module, "_USE_PSUTIL"):
        module._USE_PSUTIL = False  # type: ignore[attr-defined]
    _end_with_parent(os.getppid())


@functools.cache
def _end_with_parent(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent").start()
