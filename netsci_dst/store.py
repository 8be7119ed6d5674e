"""Files of a run, at a local path or any fsspec URL, written so that none is ever half there."""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import RunError, RunLocked

_TEMPORARY = ".tmp-"


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
        if "://" in text and not text.startswith("file://"):
            import fsspec

            try:
                self._fs, self._root = fsspec.core.url_to_fs(text)
            except (ImportError, ValueError) as error:
                raise RunError(f"cannot use {text!r} as a place for runs: {error}") from error
            self._root = self._root.rstrip("/")
        else:
            self._root = str(Path(text.removeprefix("file://")).expanduser())

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
        return os.path.exists(path) if self.is_local else self._fs.exists(path)

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
            return Path(path).read_bytes() if self.is_local else self._fs.cat_file(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RunError(f"cannot read {path}: {_reason(error)}") from error

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a file so that readers see the old bytes or the new, never a part.

        Local files go to a temporary name, are flushed to the disk, then renamed.
        """
        path = self.path(name)
        if not self.is_local:
            # Object stores make a put visible only when it is complete.
            try:
                if self._fs.protocol in ("file", ("file", "local")):  # pragma: no cover
                    self._fs.makedirs(posixpath.dirname(path), exist_ok=True)
                self._fs.pipe_file(path, bytes(data))
            except OSError as error:
                raise RunError(f"cannot write {path}: {_reason(error)}") from error
            return
        folder, base = os.path.split(path)
        temporary = os.path.join(folder, f".{base}{_TEMPORARY}{os.getpid()}-{uuid.uuid4().hex[:8]}")
        try:
            os.makedirs(folder, exist_ok=True)
            with open(temporary, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
            _flush_folder(folder)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise RunError(f"cannot write {path}: {_reason(error)}") from error

    def list(self, folder: str = "") -> list[str]:
        """Return the names of the finished files directly in ``folder``, sorted."""
        path = self.path(folder)
        try:
            if self.is_local:
                found = [entry.name for entry in os.scandir(path) if entry.is_file()]
            else:
                self._fs.invalidate_cache()
                found = [
                    posixpath.basename(item["name"])
                    for item in self._fs.ls(path, detail=True)
                    if item["type"] == "file"
                ]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RunError(f"cannot list {path}: {_reason(error)}") from error
        return sorted(name for name in found if _TEMPORARY not in name)

    def delete(self, name: str) -> None:
        """Delete a file if it is there."""
        path = self.path(name)
        try:
            if self.is_local:
                os.unlink(path)
            else:
                self._fs.rm_file(path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise RunError(f"cannot delete {path}: {_reason(error)}") from error

    def clean(self) -> None:
        """Remove what interrupted writes left behind; the caller must hold the lock."""
        if self.is_local and os.path.isdir(self._root):
            for folder, _, files in os.walk(self._root):
                for name in files:
                    if _TEMPORARY in name and name.startswith("."):
                        with contextlib.suppress(OSError):
                            os.unlink(os.path.join(folder, name))

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for writing; a second process gets `RunLocked`.

        The lock is the operating system's and vanishes with the process. On object stores, which
        have no locks, the caller is on its own.
        """
        if not self.is_local:
            yield
            return
        import fcntl

        path = self.path("lock")
        try:
            os.makedirs(self._root, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise RunError(f"cannot write to {self._root}: {_reason(error)}") from error
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = os.pread(file, 64, 0).decode("ascii", "replace").strip()
                who = f" (process {holder})" if holder else ""
                raise RunLocked(
                    f"{self._root} is being written by another process{who}; "
                    "wait for it to end, or choose another folder"
                ) from error
            with contextlib.suppress(OSError):
                os.ftruncate(file, 0)
                os.pwrite(file, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(file)


def _flush_folder(folder: str) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full; free some space and resume"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission denied"
    if error.errno == errno.EROFS:
        return "the file system is read-only"
    return error.strerror or str(error)
