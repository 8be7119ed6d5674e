"""Files of a run, at a local path or any fsspec URL, written so that none is ever half there."""

from __future__ import annotations

import builtins
import contextlib
import errno
import os
import posixpath
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import NetsciError, ReadOnly, RunError
from .local_folder import TEMPORARY, LocalFolder
from .reading import one_line

_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)


class Store:
    """A folder of files addressed by relative names with forward slashes.

    Parameters
    ----------
    url
        A local path, or an fsspec URL such as ``s3://bucket/run`` or ``memory://run``.
    """

    def __init__(self, url: str | os.PathLike[str]):
        text = os.fspath(url)
        self.url = text
        self._fs: Any = None
        if "\0" in text:
            raise RunError(f"{text!r} is no path")
        if "://" in text and not text.startswith("file://"):
            import fsspec

            try:
                self._fs, self._root = fsspec.core.url_to_fs(text)
            except Exception as error:
                # Each of fsspec's file systems raises what it likes.
                raise RunError(
                    f"cannot use {text!r} as a place for runs: {one_line(error)}"
                ) from error
            self._root = self._root.rstrip("/")
        else:
            self._root = str(Path(text.removeprefix("file://")).expanduser())
            self._local = LocalFolder(self._root)

    @property
    def is_local(self) -> bool:
        """Whether the files lie on this machine's own file system."""
        return self._fs is None

    def path(self, name: str = "") -> str:
        """Return the full path of ``name``; refuse names that lead out of the folder."""
        if name.startswith(("/", "\\")) or ".." in Path(name).parts or "\0" in name:
            raise RunError(f"{name!r} is not a name inside a run folder")
        if self.is_local:
            return os.path.join(self._root, name) if name else self._root
        return posixpath.join(self._root, name) if name else self._root

    def exists(self, name: str = "") -> bool:
        """Return whether the file or folder is there."""
        path = self.path(name)
        with self._said(f"look at {path}"):
            if not self.is_local:
                return bool(self._fs.exists(path))
            return self._local.kind(name) is not None if name else os.path.exists(path)

    def read(self, name: str) -> bytes:
        """Return a file's bytes; a missing or unreadable file is a `RunError`."""
        data = self.read_if_there(name)
        if data is None:
            raise RunError(f"{self.path(name)} is missing")
        return data

    def read_if_there(self, name: str) -> bytes | None:
        """Return a file's bytes, or None if there is none; an unreadable file is a `RunError`."""
        path = self.path(name)
        try:
            with self._said(f"read {path}"):
                return self._local.read(name) if self.is_local else self._fs.cat_file(path)
        except FileNotFoundError:
            return None

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a file so that readers see the old bytes or the new, never a part.

        Local files go to a temporary name, are flushed to the disk, then renamed.
        """
        path = self.path(name)
        with self._said(f"write {path}", missing=True):
            if self.is_local:
                self._local.write(name, data)
            else:
                # Object stores make a put visible only when it is complete.
                self._fs.pipe_file(path, bytes(data))

    def list(self, folder: str = "") -> list[str]:
        """Return the names of the finished files directly in ``folder``, sorted."""
        path = self.path(folder)
        try:
            with self._said(f"list {path}"):
                found = self._local.list(folder) if self.is_local else self._remote_names(path)
        except FileNotFoundError:
            return []
        return sorted(name for name in found if TEMPORARY not in name)

    def walk(self) -> builtins.list[str]:
        """Return the relative names of all finished files, in folders too, sorted."""
        with self._said(f"list {self.path()}"):
            if self.is_local:
                root = Path(self._root)
                found = [
                    (Path(folder) / name).relative_to(root).as_posix()
                    for folder, _, names in os.walk(root)
                    for name in names
                ]
            else:
                self._fs.invalidate_cache()
                start = self._root.rstrip("/") + "/"
                found = [_below(name, start) for name in self._fs.find(self._root)]
        return sorted(name for name in found if TEMPORARY not in name)

    def remove(self) -> None:
        """Delete the folder with all that is in it; what links point to stays."""
        with self._said(f"delete {self.path()}"):
            if self.is_local:
                shutil.rmtree(self._root)
            else:
                self._fs.rm(self._root, recursive=True)

    def _remote_names(self, path: str) -> builtins.list[str]:
        self._fs.invalidate_cache()
        entries = self._fs.ls(path, detail=True)
        return [posixpath.basename(entry["name"]) for entry in entries if entry["type"] == "file"]

    def state(self, name: str) -> Any:
        """Return something that changes when a file does; None where there is none."""
        if self.is_local:
            self.path(name)
            return self._local.state(name)
        data = self.read_if_there(name)
        return None if data is None else hash(data)

    def delete(self, name: str) -> None:
        """Delete a file if it is there."""
        path = self.path(name)
        with contextlib.suppress(FileNotFoundError), self._said(f"delete {path}"):
            if self.is_local:
                self._local.delete(name)
            else:
                self._fs.rm_file(path)

    def clean(self, only: str | None = None) -> None:
        """Remove what killed writers left behind, of all files or of one alone."""
        if self.is_local:
            folder, base = os.path.split(only) if only else ("", None)
            self._local.clean(folder, base)

    def is_locked(self) -> bool | None:
        """Whether a process holds the folder for writing; None where that cannot be told."""
        return self._local.is_locked() if self.is_local else None

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for writing; a second process gets `RunLocked`.

        The lock is the operating system's and vanishes with the process. On object stores and
        file systems that have no locks the caller is on its own; the latter is warned of.
        """
        if not self.is_local:
            yield
            return
        held = self._local.lock()
        with self._said(f"write to {self._root}", missing=True):
            held.__enter__()
        try:
            yield
        finally:
            held.__exit__(None, None, None)

    @contextlib.contextmanager
    def _said(self, what: str, missing: bool = False) -> Iterator[None]:
        """Turn what the system or an object store raises into one line."""
        try:
            yield
        except NetsciError:
            raise
        except FileNotFoundError as error:
            if missing:
                raise RunError(f"cannot {what}: {_reason(error)}") from error
            raise
        except OSError as error:
            kind = ReadOnly if error.errno in _DENIED else RunError
            raise kind(f"cannot {what}: {_reason(error)}") from error
        except Exception as error:
            if self.is_local:
                raise
            # Object stores raise errors of their own, for missing credentials for instance.
            raise RunError(f"cannot {what}: {one_line(error)}") from error


def _below(name: str, start: str) -> str:
    """Return a file's name below a folder, however a file system writes its first slash."""
    return name.lstrip("/").removeprefix(start.lstrip("/"))


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full; free some space and resume"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission denied"
    if error.errno == errno.EROFS:
        return "the file system is read-only"
    return error.strerror or one_line(error)
