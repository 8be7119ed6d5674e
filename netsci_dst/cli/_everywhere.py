"""The options that every command has."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from . import _console

_PANEL = "Everywhere"
_OPTIONS = {
    "quiet": Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="No messages and no progress, only errors.",
            rich_help_panel=_PANEL,
        ),
    ],
    "debug": Annotated[
        bool,
        typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=_PANEL),
    ],
}


def with_options_of_all(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--quiet`` and ``--debug``."""
    keyword = inspect.Parameter.KEYWORD_ONLY
    own = inspect.signature(command, eval_str=True).parameters.values()
    more = [
        inspect.Parameter(name, keyword, default=False, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]

    def wrapper(*, quiet: bool, debug: bool, **given: Any) -> Any:
        _console.be_quiet(quiet)
        return command(**given)

    signature = inspect.Signature([*(one.replace(kind=keyword) for one in own), *more])
    wrapper.__doc__, wrapper.__name__ = command.__doc__, command.__name__
    wrapper.__signature__ = signature  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return wrapper
