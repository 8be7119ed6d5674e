"""The command line: ``netsci-dst``, one thin file per command."""

from __future__ import annotations

from ._app import main

__all__ = ["main"]
