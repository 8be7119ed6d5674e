"""Files below a folder that may come from a stranger: real folders and regular files alone.

Each part of a name is opened relative to the folder before it, and no link is followed: what leads
out of the folder, waits for ever (a pipe) or never ends (a device) is refused. The folder itself is
the caller's choice and may be reached through links.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
import uuid
import warnings
from collections.abc import Iterator

from .errors import FormatError, RunError, RunLocked
from .limits import largest_file, size_text

TEMPORARY = ".tmp-"
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)
_DAY_S = 86_400


class LocalFolder:
    """A folder of this machine whose files are read and written without following links."""

    def __init__(self, root: str):
        self.root = root

    def kind(self, name: str) -> str | None:
        """Return ``file``, ``folder`` or what else lies there; None for nothing."""
        try:
            with self._parent(name) as (folder, base):
                found = os.stat(base, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return _kind(found.st_mode)

    def read(self, name: str) -> bytes:
        """Return the bytes of a regular file; `FileNotFoundError` where there is none."""
        path = os.path.join(self.root, name)
        with self._parent(name) as (folder, base):
            descriptor = _open(base, _READ, folder, path)
        with open(descriptor, "rb") as file:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise _foreign(path, found.st_mode)
            if found.st_size > largest_file():
                raise FormatError(
                    f"{path} has {size_text(found.st_size)}, more than this machine can take; "
                    "set NETSCI_DST_MAX_BYTES to read it all the same"
                )
            # One byte more than it says, to notice a file that grows while it is read.
            return file.read(found.st_size + 1)[: found.st_size]

    def write(self, name: str, data: bytes | memoryview) -> None:
        """Write a file to a temporary name, flush it to the disk, rename it into place."""
        try:
            self._write(name, data)
        except FileNotFoundError:
            # Another process took the temporary file for abandoned before it was locked.
            self._write(name, data)

    def _write(self, name: str, data: bytes | memoryview) -> None:
        with self._parent(name, make=True) as (folder, base):
            temporary = f".{base}{TEMPORARY}{os.getpid()}-{uuid.uuid4().hex[:8]}"
            try:
                with open(os.open(temporary, _NEW, 0o666, dir_fd=folder), "wb") as file:
                    # What cleans up tells by this lock that the writer lives.
                    with contextlib.suppress(OSError):
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                    os.replace(temporary, base, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
                raise
            with contextlib.suppress(OSError):
                os.fsync(folder)

    def list(self, name: str) -> list[str]:
        """Return the names of the regular files directly in a folder."""
        with self._folder(name) as folder, os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]

    def delete(self, name: str) -> None:
        """Delete a file, or a link itself."""
        with self._parent(name) as (folder, base):
            os.unlink(base, dir_fd=folder)

    def state(self, name: str) -> tuple[int, int] | None:
        """Return what changes when a file does: its time and its size; None without a file."""
        try:
            with self._parent(name) as (folder, base):
                found = os.stat(base, dir_fd=folder, follow_symlinks=False)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size

    def clean(self, name: str = "", only: str | None = None) -> None:
        """Remove what killed writers left in a folder and, unless ``only`` is given, below it.

        ``only`` is the name of the file whose leftovers go. What a living writer has open stays.
        """
        try:
            with self._folder(name) as folder:
                with os.scandir(folder) as found:
                    entries = list(found)
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        start = f".{only}{TEMPORARY}" if only else "."
                        if TEMPORARY in entry.name and entry.name.startswith(start):
                            _remove_abandoned(entry.name, folder)
                    elif entry.is_dir(follow_symlinks=False) and only is None:
                        self.clean(os.path.join(name, entry.name))
        except (OSError, FormatError):
            return

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for writing; `RunLocked` where another process does."""
        os.makedirs(self.root, exist_ok=True)
        path = os.path.join(self.root, "lock")
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with self._parent("lock") as (folder, base):
            file = _open(base, flags, folder, path, 0o644)
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise _foreign(path, found.st_mode)
            if found.st_nlink > 1 or found.st_size > 64:
                raise FormatError(f"{path} is not the lock of a run; remove it")
            self._take(file)
            with contextlib.suppress(OSError):
                os.ftruncate(file, 0)
                os.pwrite(file, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(file)

    def is_locked(self) -> bool:
        """Whether a process holds the folder for writing, as far as the file system tells."""
        try:
            with self._parent("lock") as (folder, base):
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                file = os.open(base, flags, dir_fd=folder)
        except OSError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(file)
        return False

    def _take(self, file: int) -> None:
        try:
            _flock(file)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                warnings.warn(
                    f"the file system of {self.root} has no locks: see to it that one process "
                    "alone writes there",
                    stacklevel=2,
                )
                return
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            holder = os.pread(file, 64, 0).decode("ascii", "replace").strip()
            who = f" (process {holder})" if holder.isdigit() else ""
            raise RunLocked(
                f"{self.root} is being written by another process{who}; "
                "wait for it to end, or choose another folder"
            ) from error

    @contextlib.contextmanager
    def _parent(self, name: str, make: bool = False) -> Iterator[tuple[int, str]]:
        folder, base = os.path.split(name)
        with self._folder(folder, make) as descriptor:
            yield descriptor, base

    @contextlib.contextmanager
    def _folder(self, name: str, make: bool = False) -> Iterator[int]:
        if make:
            os.makedirs(self.root, exist_ok=True)
        here = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            path = self.root
            for part in [part for part in name.split("/") if part not in ("", ".")]:
                path = os.path.join(path, part)
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=here)
                following = _open(part, _FOLDER, here, path)
                os.close(here)
                here = following
            yield here
        finally:
            os.close(here)


def _open(base: str, flags: int, folder: int, path: str, mode: int = 0o666) -> int:
    try:
        return os.open(base, flags, mode, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK, errno.ENXIO):
            with contextlib.suppress(OSError):
                found = os.stat(base, dir_fd=folder, follow_symlinks=False)
                if not stat.S_ISREG(found.st_mode):
                    raise _foreign(path, found.st_mode) from error
        raise


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFREG: "file",
        stat.S_IFDIR: "folder",
        stat.S_IFLNK: "symbolic link",
        stat.S_IFIFO: "pipe",
        stat.S_IFSOCK: "socket",
    }
    return kinds.get(stat.S_IFMT(mode), "device")


def _foreign(path: str, mode: int) -> RunError:
    return RunError(
        f"{path} is a {_kind(mode)}; in a run folder only regular files and real folders are used"
    )


def _remove_abandoned(name: str, folder: int) -> None:
    """Remove a temporary file unless its writer still holds it."""
    with contextlib.suppress(OSError):
        file = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Without locks only age tells.
            found = os.fstat(file)
            if error.errno not in _NO_LOCKS or abs(time.time() - found.st_mtime) < _DAY_S:
                return
        finally:
            os.close(file)
        os.unlink(name, dir_fd=folder)


def _flock(file: int) -> None:
    """Take a lock; `is_locked` of another process may hold it for an instant."""
    for pause in (0.02, 0.1, 0.0):
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not pause:
                raise
        time.sleep(pause)
