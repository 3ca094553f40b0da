"""An XLSX workbook as it lies in its zip archive: its sheets, its texts, its number formats.

Read with the standard library's zip and XML parsers, part by part, never as a tree: a sheet may
claim a million rows and columns, and costs no more than what is written in it. What unpacks to more
than any workbook has, and a document type (with which entities would come), is refused.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, NoReturn, Protocol, TypeVar
from xml.parsers import expat

from app.errors import Unreadable, shown
from app.intake.readers.columns import LONGEST_CELL

MOST_SHEETS = 200
MOST_TEXTS = 2_000_000
LARGEST_MEMBER = 1024**3  # bytes unpacked: a full sheet of a million rows
LARGEST_TOTAL = 3 * 1024**3 // 2
LARGEST_TEXTS = 128 * 1024**2
LARGEST_LIST = 16 * 1024**2  # sheets, formats
LARGEST_DIRECTORY = 4 * 1024**2
MOST_RATIO = 400  # a sheet of equal rows shrinks to a hundredth; zip bombs to a thousandth
_SMALL = 1024**2  # may shrink as it likes
_PART = 64 * 1024
_LONGEST_TOKEN = 1_000_000
_DEEPEST = 100  # elements in one another
_MOST_NAMES = 10_000  # of elements and attributes
_LONGEST_FORMAT = 255
_END_OF_DIRECTORY = b"PK\x05\x06"
_PACKINGS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}  # others may need gigabytes to unpack
_OLE = b"\xd0\xcf\x11\xe0"


class Shape(Enum):
    """How a number format shows a number."""

    PLAIN = "plain"
    PERCENT = "percent"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


_BUILT_IN = {
    9: Shape.PERCENT,
    10: Shape.PERCENT,
    17: Shape.MONTH,
    **dict.fromkeys((14, 15, 16, 22, *range(27, 32), 36, *range(50, 59)), Shape.DAY),
}  # ECMA-376 part 1, 18.8.30
_UNSHOWN = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet and where it lies."""

    name: str
    member: str


@dataclass(frozen=True, slots=True)
class Workbook:
    """What the cells of a workbook refer to."""

    archive: zipfile.ZipFile
    sheets: tuple[Sheet, ...]
    texts: list[str]
    shapes: list[Shape]
    since_1904: bool


class Sink(Protocol):
    """Takes in an XML document; `done` when the rest does not matter."""

    done: bool

    def start(self, tag: str, attributes: dict[str, str]) -> None: ...
    def end(self, tag: str) -> None: ...
    def text(self, text: str) -> None: ...


@contextmanager
def opened(path: Path) -> Iterator[Workbook]:
    """The workbook in a file. Raises Unreadable; what zip and XML raise is left to the caller."""
    with path.open("rb") as file:
        _refuse_other_kinds(file)
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                _refuse_bomb(info)
            total = sum(info.file_size for info in archive.infolist())
            if total > LARGEST_TOTAL:
                raise Unreadable(f"it unpacks to {total:,} bytes; send it as CSV")
            yield _workbook(archive)


def _refuse_other_kinds(file: BinaryIO) -> None:
    start = file.read(4)
    if start == _OLE:
        raise Unreadable("it is an old .xls or is protected by a password; save it as plain .xlsx")
    size = file.seek(0, 2)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    where = tail.rfind(_END_OF_DIRECTORY)
    if not start.startswith(b"PK") or where < 0 or len(tail) - where < 22:
        raise Unreadable("it is no XLSX workbook, or only a part of one; save it again as .xlsx")
    (directory,) = struct.unpack_from("<L", tail, where + 12)
    if directory > LARGEST_DIRECTORY:
        raise Unreadable("it has more parts than any workbook; save the sheet in a new one")


def _refuse_bomb(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & 1:
        raise Unreadable("it is protected by a password; save it without one")
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > LARGEST_MEMBER or (info.file_size > _SMALL and ratio > MOST_RATIO):
        name = shown(info.filename)
        raise Unreadable(f'"{name}" in it unpacks to {info.file_size:,} bytes; send it as CSV')


def _member(archive: zipfile.ZipFile, name: str, most: int) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise Unreadable(f'it is no XLSX workbook: "{shown(name)}" is missing') from None
    if info.compress_type not in _PACKINGS:
        raise Unreadable(f'"{shown(name)}" is packed in a way no spreadsheet packs; save it again')
    if info.file_size > most:
        text = f"{info.file_size:,} bytes; at most {most:,}. Send it as CSV"
        raise Unreadable(f'"{shown(name)}" in it has {text}')
    return info


def parse(
    archive: zipfile.ZipFile, name: str, sink: Sink, most: int = LARGEST_MEMBER
) -> Iterator[None]:
    """Hand a member of the archive to `sink`, part by part.

    What the XML parser would keep of it to the end (open elements, names) is bounded.
    """
    names: dict[str, str] = {}
    parser = expat.ParserCreate(namespace_separator=" ", intern=names)
    parser.buffer_text = True
    depth = spaces = fed = 0
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.CharacterDataHandler = sink.text

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise _damaged(name)
        sink.start(tag.rpartition(" ")[2], attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        sink.end(tag.rpartition(" ")[2])

    def declare(*_: object) -> None:
        nonlocal spaces
        spaces += 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartNamespaceDeclHandler = declare
    with archive.open(_member(archive, name, most)) as file:
        while not sink.done and (part := file.read(_PART)):
            parser.Parse(part, False)
            fed += len(part)
            unread = fed - parser.CurrentByteIndex
            if unread > _LONGEST_TOKEN or len(names) + spaces > _MOST_NAMES:
                raise _damaged(name)
            yield
        if not sink.done:
            parser.Parse(b"", True)
            yield


def _damaged(name: str) -> Unreadable:
    return Unreadable(f'"{shown(name)}" in it is damaged; save the workbook again')


def _refuse_document_type(*_: object) -> NoReturn:
    raise Unreadable("its XML declares a document type, as no spreadsheet does; save it again")


Taker = TypeVar("Taker", bound=Sink)


def _taken(archive: zipfile.ZipFile, name: str, sink: Taker, most: int = LARGEST_LIST) -> Taker:
    for _ in parse(archive, name, sink, most):
        pass
    return sink


def _workbook(archive: zipfile.ZipFile) -> Workbook:
    home = next(iter(_relations(archive, "", "officeDocument").values()), "xl/workbook.xml")
    book = _taken(archive, home, _Book())
    members = _relations(archive, home, "worksheet")
    names = {members[key]: name for name, key in reversed(book.sheets) if key in members}
    sheets = tuple(Sheet(name, member) for member, name in reversed(names.items()))
    if not sheets:
        raise Unreadable("the workbook has no sheet of cells")
    if len(sheets) > MOST_SHEETS:
        raise Unreadable(f"the workbook has {len(sheets)} sheets; at most {MOST_SHEETS}")
    texts, styles = _Texts(), _Styles()
    for member in _relations(archive, home, "sharedStrings").values():
        _taken(archive, member, texts, LARGEST_TEXTS)
    for member in _relations(archive, home, "styles").values():
        _taken(archive, member, styles)
    return Workbook(archive, sheets, texts.texts, styles.shapes(), book.since_1904)


def _relations(archive: zipfile.ZipFile, name: str, kind: str) -> dict[str, str]:
    """The members of one kind that a member refers to, by the id it does so with."""
    home, base = posixpath.split(name)
    links = posixpath.join(home, "_rels", f"{base}.rels")
    if links not in archive.NameToInfo:
        return {}
    found = _taken(archive, links, _Relations()).targets
    return {
        key: posixpath.normpath(posixpath.join("/", home, target)).lstrip("/")
        for key, (what, target) in found.items()
        if what.endswith(f"/{kind}")
    }


class _Relations:
    done = False

    def __init__(self) -> None:
        self.targets: dict[str, tuple[str, str]] = {}

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            target = attributes.get("Type", ""), attributes.get("Target", "")
            self.targets[attributes.get("Id", "")] = target

    def end(self, tag: str) -> None: ...
    def text(self, text: str) -> None: ...


class _Book:
    done = False

    def __init__(self) -> None:
        self.sheets: list[tuple[str, str]] = []
        self.since_1904 = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            key = next((v for name, v in attributes.items() if name.endswith(" id")), "")
            self.sheets.append((attributes.get("name", ""), key))
        elif tag == "workbookPr":
            self.since_1904 = attributes.get("date1904") in {"1", "true"}

    def end(self, tag: str) -> None: ...
    def text(self, text: str) -> None: ...


class _Texts:
    """The texts that cells share, without how they are read aloud."""

    done = False

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._said: list[str] = []
        self._size = 0
        self._in_text = self._aloud = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "si":
            self._said, self._size = [], 0
        elif tag == "rPh":
            self._aloud = True
        self._in_text = tag == "t" and not self._aloud

    def end(self, tag: str) -> None:
        self._in_text = False
        if tag == "rPh":
            self._aloud = False
        elif tag == "si":
            self.texts.append("".join(self._said))
            if len(self.texts) > MOST_TEXTS:
                raise Unreadable(f"it has more than {MOST_TEXTS:,} different texts; send CSV")

    def text(self, text: str) -> None:
        if self._in_text and self._size <= LONGEST_CELL:
            self._said.append(text)
            self._size += len(text)


class _Styles:
    """The number formats, in the order that cells refer to them."""

    done = False

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._used: list[str] = []
        self._of_cells = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif tag == "cellXfs":
            self._of_cells = True
        elif tag == "xf" and self._of_cells:
            self._used.append(attributes.get("numFmtId", ""))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self._of_cells = False

    def text(self, text: str) -> None: ...

    def shapes(self) -> list[Shape]:
        """What each of them makes of a number."""
        known = {key: shape_of(code) for key, code in self._codes.items()}
        known |= {str(key): shape for key, shape in _BUILT_IN.items() if str(key) not in known}
        return [known.get(key, Shape.PLAIN) for key in self._used]


def shape_of(code: str) -> Shape:
    """What a number format shows: a date as exactly as it does, a share of a hundred, or a number.

    >>> shape_of("mmm\\\\-yy"), shape_of("0.0%"), shape_of('0.00" mg/day"')
    (<Shape.MONTH: 'month'>, <Shape.PERCENT: 'percent'>, <Shape.PLAIN: 'plain'>)
    """
    letters = _UNSHOWN.sub("", code[:_LONGEST_FORMAT].partition(";")[0]).lower()
    if letters == "general":
        return Shape.PLAIN
    if "d" in letters:
        return Shape.DAY
    if "y" in letters:
        return Shape.MONTH if "m" in letters else Shape.YEAR
    return Shape.PERCENT if "%" in letters else Shape.PLAIN
