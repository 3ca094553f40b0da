"""Text as spreadsheets and instruments write it: its encoding, and its lines within bounds."""

from __future__ import annotations

import codecs
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

LONGEST_ROW = 1_000_000  # characters; a structure may have 100,000
LOST = "\ufffd"  # stands where a byte is not of the encoding
_PART = 64 * 1024
_CREDIT = 16 * LONGEST_ROW
_HEAD = 256  # bytes of the header, enough to see whether every second one is NUL


class TooLong(Exception):
    """A row goes on for longer than any row may."""


def encoding_of(path: Path) -> str:
    """The encoding a spreadsheet wrote a text file in: UTF-8, UTF-16 or Windows-1252.

    Only text outside ASCII tells UTF-8 from Windows-1252, and it may come late, so as much is read
    as it takes; a few damaged bytes among sound UTF-8 do not make it another encoding.
    """
    with path.open("rb") as file:
        part = file.read(_PART)
        if part.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if part.startswith(codecs.BOM_UTF8):
            return "utf-8-sig"
        if wide := _utf_16(part[:_HEAD]):
            return wide
        while part and part.isascii():
            part = file.read(_PART)
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(part)
    broken = text.count(LOST)
    sound = len(text) - len(text.encode("ascii", "ignore")) - broken
    return "utf-8" if sound >= broken else "cp1252"


def _utf_16(head: bytes) -> str | None:
    """Which UTF-16 a header without a mark is in: every second byte of plain letters is NUL."""
    half = len(head) // 2
    first, second = head[0::2].count(0), head[1::2].count(0)
    if second > 0.7 * half and first < 0.1 * half:
        return "utf-16-le"
    if first > 0.7 * half and second < 0.1 * half:
        return "utf-16-be"
    return None


class Lines:
    """The lines of a text, with their ends; those of one row can be given back.

    `taken` are the lines since `begin`; None stands for one that is too long, of which `cut` holds
    the beginning. A file of quotes that do not close cannot make it read the same lines for ever:
    what may be read again is as much as the file is long, and a little more.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._returned: deque[str | None] = deque()
        self.taken: list[str | None] = []
        self.cut = ""
        self._credit = _CREDIT

    def begin(self) -> None:
        """What is read from here on is another row."""
        self.taken.clear()

    def give_back(self, kept: int = 1) -> None:
        """All lines of this row but the first `kept` will be read again."""
        again = self.taken[kept:]
        self._credit -= sum(len(line) for line in again if line)
        self._returned.extendleft(reversed(again))
        del self.taken[kept:]

    def feed(self) -> Iterator[str]:
        """The lines from here on.

        Raises TooLong at one that is longer than LONGEST_ROW, and when the lines of a row together
        are; another feed goes on behind it.
        """
        read, taken, returned = self._text.readline, self.taken, self._returned
        size = 0
        while True:
            if returned:
                line = returned.popleft()
            else:
                line = self._whole(read(LONGEST_ROW + 1))
                self._credit += len(line or "")
            if line == "":
                return
            size = size if taken else 0
            taken.append(line)
            if line is None:
                raise TooLong
            size += len(line)
            if size > LONGEST_ROW or (size > self._credit and len(taken) > 1):
                raise TooLong
            yield line

    def _whole(self, line: str) -> str | None:
        if len(line) <= LONGEST_ROW:
            return line
        self.cut = line[:_PART]
        while line and not line.endswith(("\n", "\r")):
            line = self._text.readline(_PART)
        if line.endswith("\r"):  # the bound may have fallen between the two marks of a line's end
            after = self._text.readline(LONGEST_ROW + 1)
            if after != "\n":
                self._returned.append(after)
        return None
