"""The application: which commands there are, and what becomes of errors."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from .. import __version__
from ..errors import MissingDependency, NetsciError, RecipeError, UnknownName

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

app = typer.Typer(
    name="netsci-dst",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train sparse networks whose topology evolves, record that topology, study it.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"netsci-dst {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Options before the command."""


def add_commands(arguments: list[str] | None = None, *, full: bool = False) -> None:
    """Load the command that the arguments name, or all of them when they name none.

    A command is the function ``command`` of a public module here; its name is the module's. One
    whose options take time to find out has them in ``full_command``, which the list of commands
    does without.
    """
    import importlib
    import pkgutil

    import netsci_dst.cli as package

    modules = [m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_"]
    asked = next((a for a in arguments or () if not a.startswith("-")), None)
    chosen = [m for m in modules if m.rstrip("_") == asked] or modules
    for module in sorted(chosen):
        loaded = importlib.import_module(f"{package.__name__}.{module}")
        function = loaded.command
        if hasattr(loaded, "full_command"):
            function = loaded.full_command() if full or len(chosen) == 1 else _named(function)
        app.command(module.rstrip("_"), rich_help_panel=loaded.PANEL)(function)


def _named(function: Callable[..., object]) -> Callable[[], None]:
    def nothing() -> None: ...

    nothing.__doc__ = function.__doc__
    return nothing


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with 0 (done), 1 (failed), 2 (wrong usage) or 130 (Ctrl-C)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    add_commands(arguments)
    try:
        app(arguments)
    except NetsciError as error:
        if "--debug" in arguments:
            raise
        typer.secho(f"error: {error}", fg="red", err=True)
        usage = isinstance(error, (UnknownName, RecipeError)) and not isinstance(
            error, MissingDependency
        )
        raise SystemExit(USAGE if usage else FAILED) from None
    except ModuleNotFoundError as error:
        if "--debug" in arguments or (error.name or "").startswith("netsci_dst"):
            raise
        extra = {"torch": "train", "plotly": "report", "jinja2": "report", "matplotlib": "report"}
        hint = f"pip install 'netsci-dst[{extra.get(error.name or '', 'all')}]'"
        typer.secho(f"error: this needs {error.name}; install it with: {hint}", fg="red", err=True)
        raise SystemExit(FAILED) from None
    except MemoryError:
        if "--debug" in arguments:
            raise
        typer.secho("error: out of memory; ask for less at once", fg="red", err=True)
        raise SystemExit(FAILED) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has seen enough.
        sys.stderr.close()
        raise SystemExit(DONE) from None
