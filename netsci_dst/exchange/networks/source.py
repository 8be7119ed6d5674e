"""The bytes of a file, from the disk, a URL or the standard input, out of any compression."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import posixpath
import stat
import sys
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import DataError
from ...limits import check_size, largest_file

STANDARD_INPUT = ("-", "/dev/stdin")
_CHUNK = 2**20
_DEEPEST = 4
_BESIDE = ("readme", "meta.", "license", "licence", "ent.", "__macosx", ".", "citation")


@dataclass(frozen=True)
class Source:
    """Bytes, what they are called in messages, and the ending of the name."""

    origin: str
    data: bytes
    ending: str
    file_size: int = 0  # of the file before it was unpacked; 0 where it was not

    @property
    def size(self) -> int:
        """How large the file is that this came from, which says how much it may ask for."""
        return self.file_size or len(self.data)


def load(path: str | os.PathLike[str]) -> Source:
    """Return the bytes of a file; ``-`` is the standard input.

    gzip, bzip2, xz, zip and tar are undone, told by their bytes; an archive must hold one network.

    Raises
    ------
    DataError
        If there is no such file, or it is too large, or an archive holds several.
    """
    name = os.fspath(path)
    if name in STANDARD_INPUT:
        return _unpack(Source("standard input", _limited(sys.stdin.buffer, "standard input"), ""))
    return _unpack(Source(name, _bytes(name), ending_of(name)))


def _bytes(name: str) -> bytes:
    if "://" in name:
        from ...store import Store

        folder, base = posixpath.split(name)
        return Store(folder).read(base)
    file = Path(name).expanduser()
    try:
        kind = file.stat().st_mode
    except OSError as error:
        raise DataError(f"{name} is not a file that can be read: {error.strerror}") from error
    if stat.S_ISDIR(kind):
        raise DataError(f"{name} is not a file but a folder")
    if not (stat.S_ISREG(kind) or stat.S_ISFIFO(kind)):
        raise DataError(f"{name} is not a file but a device")
    try:
        with file.open("rb") as stream:
            return _limited(stream, name)
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}") from error


def _limited(stream: Any, origin: str) -> bytes:
    most, parts, size = largest_file(), [], 0
    while part := stream.read(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > most:
            raise DataError(f"{origin} is larger than the memory of this machine")
    return b"".join(parts)


def ending_of(base: str) -> str:
    """Return the ending without those of compressions: ``.csv`` of ``a.csv.gz``."""
    base = base.rstrip("/").rsplit("/", 1)[-1]
    while base.lower().endswith((".gz", ".bz2", ".xz", ".zip", ".tgz", ".tar", ".lzma")):
        base = base.rpartition(".")[0]
    return os.path.splitext(base)[1].lower()


def _unpack(source: Source) -> Source:
    for _ in range(_DEEPEST):
        inner = _once(source)
        if inner is None:
            return source
        source = inner
    raise DataError(f"{source.origin} is compressed more than {_DEEPEST} times")


def _once(source: Source) -> Source | None:
    data = source.data
    stream = _decompressor(data)
    if stream is not None:
        return _of(source, stream, source.ending)
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
            names = {info.filename for info in members}
            if {"xl/workbook.xml", "content.xml"} & names:
                raise DataError(
                    f"{source.origin} is a workbook, not a text file: save the sheet as CSV"
                )
            if members and all(info.filename.endswith(".npy") for info in members):
                return None
            chosen = _only(source, [info.filename for info in members])
            with archive.open(chosen) as file:
                return _of(source, file, ending_of(chosen))
    if data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            files = {item.name: item for item in archive.getmembers() if item.isfile()}
            chosen = _only(source, list(files))
            file = archive.extractfile(files[chosen])
            # Also a member of a tar may be larger than the archive: its holes are not stored.
            return _of(source, io.BytesIO() if file is None else file, ending_of(chosen))
    return None


def _of(source: Source, stream: Any, ending: str) -> Source:
    return Source(source.origin, _inflated(stream, source), ending, source.size)


def _only(source: Source, names: list[str]) -> str:
    found = [name for name in names if not posixpath.basename(name).lower().startswith(_BESIDE)]
    found = [name for name in found if not name.lower().startswith("__macosx")]
    found = [name for name in found if not name.lower().endswith((".html", ".md", ".pdf"))]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(f"{source.origin} is an archive that holds no network")
    listed = ", ".join(found[:4]) + (", …" if len(found) > 4 else "")
    raise DataError(
        f"{source.origin} is an archive of {len(found)} files ({listed}): unpack it and name one"
    )


def _decompressor(data: bytes) -> Any:
    if data.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=io.BytesIO(data))
    if data.startswith(b"BZh"):
        return bz2.BZ2File(io.BytesIO(data))
    if data.startswith(b"\xfd7zXZ\x00"):
        return lzma.LZMAFile(io.BytesIO(data))
    return None


def _inflated(stream: Any, source: Source) -> bytes:
    parts, size = [], 0
    try:
        while part := stream.read(_CHUNK):
            parts.append(part)
            size += len(part)
            check_size(size, source.size, source.origin)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise DataError(f"{source.origin} is compressed, but damaged: {error}") from error
    return b"".join(parts)
