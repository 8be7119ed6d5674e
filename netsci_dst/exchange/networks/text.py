"""Text out of bytes: encodings, byte-order marks, comment lines."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ...errors import DataError

# UTF-32's mark begins as UTF-16's does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_OTHERS = (
    (b"\x80\x02", "a pickle"), (b"\x80\x03", "a pickle"), (b"\x80\x04", "a pickle"),
    (b"\x80\x05", "a pickle"), (b"RDX2\n", "data of R"), (b"RDX3\n", "data of R"),
    (b"SQLite format 3", "a database"), (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"%PDF", "a PDF document"), (b"\x89PNG", "a picture"), (b"\xff\xd8\xff", "a picture"),
    (b"ARROW1\0", "an Arrow table"), (b"PK\x03\x04", "an archive"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"), (b"7z\xbc\xaf", "compressed by 7-Zip"),
    (b"Rar!\x1a", "compressed by RAR"),
)  # fmt: skip


@dataclass
class Text:
    """The text of a file, what it is called in messages, and the ending of its name."""

    origin: str
    text: str
    ending: str = ""
    notes: list[str] = field(default_factory=list)

    def error(self, what: str, line: int | None = None) -> DataError:
        """Return an error that names the file and the line."""
        place = self.origin if line is None else f"{self.origin}, line {line}"
        return DataError(f"{place}: {what}")


def decode(data: bytes, origin: str, ending: str = "") -> Text:
    """Return the text: by its byte-order mark, as UTF-8, else as Windows-1252 or Latin-1.

    Raises
    ------
    DataError
        If the bytes are no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return Text(origin, _lines(data[len(mark) :].decode(encoding)), ending)
            except UnicodeDecodeError as error:
                raise DataError(f"{origin} is no text file: {error.reason}") from error
    data = data.removesuffix(b"\x1a")  # the end of a file under DOS
    for begin, what in _OTHERS:
        if data.startswith(begin):
            raise DataError(
                f"{origin} is {what}, which is not read here: write the links to a text file"
            )
    if b"\0" in data:
        return _of_two_bytes(data, origin, ending)
    try:
        return Text(origin, _lines(data.decode("utf-8")), ending)
    except UnicodeDecodeError:
        _refuse_other_scripts(data, origin)
        encoding = "cp1252" if re.search(rb"[\x80-\x9f]", data) else "latin-1"
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        spelt = {"cp1252": "Windows-1252", "latin-1": "Latin-1"}[encoding]
        return Text(origin, _lines(text), ending, [f"read as {spelt}"])


def _refuse_other_scripts(data: bytes, origin: str) -> None:
    """Refuse what is neither UTF-8 nor Latin: other scripts put bytes above 127 in runs."""
    alone = len(re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", data))
    together = sum(map(len, re.findall(rb"[\x80-\xff]{2,}", data)))
    if together > max(3, 2 * alone):
        raise DataError(
            f"{origin} is neither in UTF-8 nor in a Latin encoding (GBK, Shift JIS, KOI8, …?): "
            "save it as UTF-8, by `iconv -f ENCODING -t UTF-8`"
        )


def _of_two_bytes(data: bytes, origin: str, ending: str) -> Text:
    """Return UTF-16 without a byte-order mark, told by where its zero bytes stand."""
    start = data[:2_000]
    for encoding, zeros, others in (
        ("utf-16-le", start[1::2], start[::2]),
        ("utf-16-be", start[::2], start[1::2]),
    ):
        if len(data) % 2 == 0 and 0 not in others and zeros.count(0) > 0.5 * len(zeros):
            try:
                return Text(origin, _lines(data.decode(encoding)), ending, ["read as UTF-16"])
            except UnicodeDecodeError:
                break
    raise DataError(f"{origin} is no text file of a known form: it holds zero bytes")


def _lines(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Files joined one behind the other keep their byte-order marks.
    return text.replace("\n\ufeff", "\n") if "\n\ufeff" in text else text


def data_lines(text: Text, comments: str = "#%") -> Iterator[tuple[int, str]]:
    """Yield number and text of each line that is neither blank nor a comment."""
    for number, line in enumerate(text.text.split("\n"), start=1):
        stripped = line.strip()
        if stripped and stripped[0] not in comments:
            yield number, line


def first_lines(text: Text, most: int, comments: str = "#%") -> list[tuple[int, str]]:
    """Return the first data lines without splitting the whole text."""
    found: list[tuple[int, str]] = []
    start, number = 0, 0
    while start <= len(text.text) and len(found) < most:
        end = text.text.find("\n", start)
        end = len(text.text) if end < 0 else end
        number += 1
        line = text.text[start:end]
        stripped = line.strip()
        if stripped and stripped[0] not in comments:
            found.append((number, line))
        start = end + 1
    return found


def without_comments(text: Text, comments: str = "#%") -> tuple[str, int, list[str]]:
    """Return the text without comment lines, how many there were, and the first of them."""
    if not comments:
        return text.text, 0, []
    form = re.compile(rf"^[ \t]*[{re.escape(comments)}].*\n?", re.MULTILINE)
    found = [(match.start(), match.end()) for match in form.finditer(text.text)]
    if not found:
        return text.text, 0, []
    said = [text.text[a:b].strip() for a, b in found[:50]]
    parts, place = [], 0
    for a, b in found:
        parts.append(text.text[place:a])
        place = b
    return "".join([*parts, text.text[place:]]), len(found), said
