"""Worker processes of joblib."""

from __future__ import annotations

import sys


def keep_worker() -> None:
    """Keep joblib from replacing this worker process when its memory has grown.

    Loading torch or compiled code looks like a leak to it, and the replacement of several workers
    at once can wait for itself for ever. Does nothing outside such a process.
    """
    module = sys.modules.get("joblib.externals.loky.process_executor")
    if module is not None and hasattr(module, "_USE_PSUTIL"):
        module._USE_PSUTIL = False
