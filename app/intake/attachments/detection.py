"""What a file is, decided by its content; its name may only agree.

Nothing is ever run, opened by a viewer or shown inside a page: documents and images are known by
their first bytes and never looked into further. What can carry scripts (HTML, SVG) is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.errors import Problem, Refused, shown
from app.intake.attachments.jcamp import read_jcamp
from app.intake.attachments.lines import read_massbank, read_msp
from app.intake.attachments.mzml import read_mzml
from app.intake.attachments.spectrum import Spectrum, malformed, within_bounds


class Kind(StrEnum):
    """What an attachment is to us."""

    SPECTRUM = "spectrum"
    DOCUMENT = "document"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Format:
    """A format that may be attached; its first ending is given to a file without one."""

    name: str
    kind: Kind
    media_type: str  # as served; from this list alone
    endings: tuple[str, ...]


JCAMP = Format(
    "JCAMP-DX", Kind.SPECTRUM, "chemical/x-jcamp-dx", ("jdx", "dx", "jcm", "jcamp", "txt")
)
MSP = Format("MSP", Kind.SPECTRUM, "text/plain", ("msp", "txt"))
MASSBANK = Format("MassBank record", Kind.SPECTRUM, "text/plain", ("txt",))
MZML = Format("mzML", Kind.SPECTRUM, "application/octet-stream", ("mzml", "xml"))
PDF = Format("PDF", Kind.DOCUMENT, "application/pdf", ("pdf",))
PNG = Format("PNG", Kind.IMAGE, "image/png", ("png",))
JPEG = Format("JPEG", Kind.IMAGE, "image/jpeg", ("jpg", "jpeg"))
TIFF = Format("TIFF", Kind.IMAGE, "image/tiff", ("tif", "tiff"))
WEBP = Format("WebP", Kind.IMAGE, "image/webp", ("webp",))
FORMATS = (JCAMP, MSP, MASSBANK, MZML, PDF, PNG, JPEG, TIFF, WEBP)
ACCEPTED = "JCAMP-DX, MSP, MassBank records, mzML, PDF, PNG, JPEG, TIFF and WebP"

_LONGEST_NAME = 120
_ENDING = re.compile(r"\.([A-Za-z0-9]{1,10})$")
_ACTIVE = re.compile(rb"<\s*(!doctype\s+html|html|svg|script|body|head)\b", re.IGNORECASE)
_MZML = re.compile(rb"<\s*(?:\w+:)?(?:indexed)?mzML\b")
_MSP = re.compile(r"^[ \t]*num[ \t]*peaks[ \t]*:", re.IGNORECASE | re.MULTILINE)
_HEAD = 4096
_MOST_LINES = 1_000_000
_LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def format_of(content: bytes) -> Format:
    """The format of a file. Raises Refused for what may not be attached."""
    if not content:
        raise _refused("the file is empty")
    if content.startswith(b"%PDF-"):
        return PDF
    if picture := _image(content):
        return picture
    head = content[:_HEAD]
    if _MZML.search(head):
        return MZML
    if _ACTIVE.search(head):
        raise _refused(
            "a web page or an SVG drawing can carry scripts and is not taken; send a PDF or a PNG"
        )
    text = text_of(content, strict=False)
    if text is not None:
        start = text.lstrip()[:20].upper().replace(" ", "")
        if start.startswith(("##TITLE=", "$$")):
            return JCAMP
        if start.startswith("ACCESSION:"):
            return MASSBANK
        if _MSP.search(text):
            return MSP
    raise _refused(f"this is none of the formats that may be attached: {ACCEPTED}")


def _image(content: bytes) -> Format | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith((b"II*\x00", b"MM\x00*")):
        return TIFF
    return WEBP if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def text_of(content: bytes, *, strict: bool = True) -> str | None:
    """A text file as text: UTF-8, UTF-16 with its mark, or Latin-1; None for one with a NUL."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            text = content.decode(encoding, "replace")
            break
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    if sum(map(text.count, _LINE_ENDS)) > _MOST_LINES:
        raise malformed(f"more than {_MOST_LINES:,} lines; no spectrum has so many")
    if "\x00" not in text:
        return text
    if strict:
        at = text.count("\n", 0, text.index("\x00")) + 1
        raise malformed("there is a NUL character in it", at)
    return None


def read(content: bytes, form: Format) -> list[Spectrum]:
    """The spectra of a file; none for a document or an image. Raises Unreadable, with a line."""
    if form.kind is not Kind.SPECTRUM:
        return []
    if form is MZML:
        return within_bounds(read_mzml(content))
    return within_bounds(_READERS[form.name](text_of(content) or ""))


_READERS: dict[str, Callable[[str], list[Spectrum]]] = {
    JCAMP.name: read_jcamp,
    MSP.name: read_msp,
    MASSBANK.name: read_massbank,
}


def file_name(given: str, form: Format) -> str:
    """The name a file is kept and given out under. Raises Refused when its ending says another
    format than its content.

    Only the last part of a path is kept, in characters that show; a name without an ending gets
    one.
    """
    last = re.split(r"[\\/]", given)[-1].strip()
    name = "".join("_" if c in '<>:"|?*%' or not c.isprintable() else c for c in last).lstrip(". ")
    ending = _ENDING.search(name)
    if ending and ending[1].lower() not in form.endings:
        ends = " or ".join(f".{e}" for e in form.endings)
        raise _refused(
            f'"{shown(name)}" says .{ending[1].lower()}, but its content is {form.name} ({ends}); '
            "send the right file or give it its right name"
        )
    stem = name[: ending.start()] if ending else name
    return f"{stem[:_LONGEST_NAME] or form.kind.value}.{ending[1] if ending else form.endings[0]}"


def _refused(sentence: str) -> Refused:
    return Refused(sentence, (Problem("file", sentence, code="format"),))
