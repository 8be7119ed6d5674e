"""The one boundary between readers of files and the rest: foreign errors become our own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .errors import FormatError, MissingDependency, NetsciError, visible
from .limits import TooLarge

LONGEST = 300


def is_number(value: Any) -> bool:
    """Whether a value is a number, or text that spells one."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return False
    try:
        float(value)
    except ValueError:
        return False
    return True


@contextlib.contextmanager
def reading(
    origin: object, what: str = "", raises: type[NetsciError] = FormatError
) -> Iterator[None]:
    """Turn whatever a reader raises into one line of our own.

    Parameters
    ----------
    origin
        What is read, as the message begins.
    what
        What it should have been, such as ``"a readable npz file"``; by default it "is corrupt".
    raises
        The error to raise.

    Raises
    ------
    NetsciError
        For every exception of the block but missing packages and interruptions; one of our own
        that names the origin passes as it is.
    """
    try:
        yield
    except (ImportError, MissingDependency):
        raise
    except NetsciError as error:
        if str(origin) in str(error):
            raise
        corrupt = "" if isinstance(error, TooLarge) else " is corrupt"
        raise raises(f"{origin}{corrupt}: {error}") from error
    except MemoryError as error:
        raise raises(f"{origin} asks for more memory than there is") from error
    except RecursionError as error:
        raise raises(f"{origin} is nested too deeply") from error
    except Exception as error:
        raise raises(_message(origin, what, error)) from error
    except BaseException as error:
        # Readers written in Rust raise their assertions past `Exception`.
        if type(error).__name__ != "PanicException":
            raise
        raise raises(_message(origin, what, error)) from error


def one_line(text: object, longest: int = LONGEST) -> str:
    """Return a text in one line without characters that command a terminal.

    Examples
    --------
    >>> one_line("a" + chr(27) + "[2J" + chr(10) + "b")
    'a\\\\x1b[2J b'
    """
    # torch adds where in its own code an error was raised, on many lines.
    line = " ".join(str(text).partition("\nException raised from")[0].split())
    line = visible(line)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _message(origin: object, what: str, error: BaseException) -> str:
    text = one_line(error) or type(error).__name__
    if isinstance(error, KeyError):
        text = f"{text} is missing"
    elif isinstance(error, OSError) and error.strerror:
        text = error.strerror
    return f"{origin} is {f'not {what}' if what else 'corrupt'}: {text}"
