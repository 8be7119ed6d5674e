"""The application: which commands there are, and what becomes of errors."""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from .. import __version__, stop_signals
from ..errors import NetsciError, RecipeError, UnknownName, memory_asked
from ..reading import one_line
from ._everywhere import with_options_of_all

# What shells set when they ask how a word may end.
COMPLETE = "_NETSCI_DST_COMPLETE"
DONE, FAILED, USAGE = 0, 1, 2
_EXTRAS = {
    "torch": "train",
    **dict.fromkeys(("plotly", "jinja2", "markupsafe", "matplotlib", "PIL"), "report"),
    **dict.fromkeys(("transformers", "tokenizers", "datasets", "accelerate", "sacrebleu"), "hf"),
    **dict.fromkeys(("dask", "distributed", "dask_jobqueue", "s3fs"), "cluster"),
    **dict.fromkeys(("h5py", "onnx"), "exchange"),
    "lightning": "lightning",
}


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"netsci-dst {__version__}")
        raise typer.Exit


def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Train sparse networks whose topology evolves, record that topology, study it."""


def application(arguments: list[str] | None = None, *, full: bool = False) -> typer.Typer:
    """Return the application with the command that the arguments name, or with all of them.

    A command is the function ``command`` of a public module here; its name is the module's, with
    hyphens. One whose options take time to find out has them in ``full_command``, which the list
    of commands does without unless ``full``.
    """
    app = typer.Typer(
        name="netsci-dst",
        no_args_is_help=True,
        add_completion=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    package = importlib.import_module("netsci_dst.cli")
    modules = [m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_"]
    asked = next((a for a in arguments or () if not a.startswith("-")), None)
    chosen = [m for m in modules if _spoken(m) == asked] or modules
    for module in sorted(chosen):
        loaded = importlib.import_module(f"{package.__name__}.{module}")
        function = loaded.command
        if hasattr(loaded, "full_command"):
            function = loaded.full_command() if full or len(chosen) == 1 else _named(function)
        app.command(_spoken(module), rich_help_panel=loaded.PANEL)(with_options_of_all(function))
    return app


def _spoken(module: str) -> str:
    return module.rstrip("_").replace("_", "-")


def _named(function: Callable[..., object]) -> Callable[[], None]:
    def nothing() -> None: ...

    nothing.__doc__ = function.__doc__
    return nothing


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exit with 0 (done), 1 (failed), 2 (wrong usage) or 128 + a signal.

    SIGTERM and SIGUSR1 do what Ctrl-C does: a training leaves a checkpoint and can be resumed.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    _tolerant_streams()
    try:
        with stop_signals.stopped_by():
            application(arguments or _completed())(arguments, prog_name="netsci-dst")
    except NetsciError as error:
        _refuse(error, str(error), arguments)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("netsci_dst"):
            raise
        package = (error.name or "").partition(".")[0]
        hint = f"pip install 'netsci-dst[{_EXTRAS.get(package, 'all')}]'"
        _refuse(
            error,
            f"this needs {package}, which is not installed; install it with: {hint}",
            arguments,
        )
    except MemoryError as error:
        _refuse(error, _memory(error), arguments)
    except KeyboardInterrupt:
        raise SystemExit(_interrupted()) from None
    except SystemExit as ended:
        # Typer ends by itself after Ctrl-C.
        raise SystemExit(
            _interrupted() if ended.code == 128 + signal.SIGINT else ended.code
        ) from None
    except BrokenPipeError:
        # The reader of a pipe, such as `head`, has seen enough.
        sys.stderr.close()
        raise SystemExit(DONE) from None
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        _refuse(error, f"{name}{error.strerror or one_line(error)}", arguments)
    except Exception as error:
        if memory_asked(error) is not None:
            _refuse(error, _memory(error), arguments)
        kind = type(error).__name__
        told = "netsci-dst --debug … shows where; please report it"
        _refuse(error, f"internal error: {kind}: {one_line(error)} ({told})", arguments)


def _completed() -> list[str]:
    """Return the words of the command line that a shell asks to complete."""
    if COMPLETE not in os.environ:
        return []
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or ""
    return line.split()[1:]


def _interrupted() -> int:
    """Return 128 and the number of the signal that stopped the command."""
    return 128 + (stop_signals.received[0] if stop_signals.received else signal.SIGINT)


def _memory(error: BaseException) -> str:
    return f"out of memory: it takes {memory_asked(error)}; ask for less at once"


def _tolerant_streams() -> None:
    """Write what a stream's encoding cannot hold with backslashes instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _refuse(error: Exception, message: str, arguments: list[str]) -> None:
    if "--debug" in arguments:
        raise error
    message = one_line(message, 2_000)
    typer.secho(f"error: {message}", fg="red", err=True)
    raise SystemExit(USAGE if isinstance(error, (UnknownName, RecipeError)) else FAILED) from None
