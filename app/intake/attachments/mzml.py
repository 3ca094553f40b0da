"""Reading mzML 1.1 (HUPO-PSI): bounded, and deaf to what XML can do beside holding data.

Expat tells of elements as they come, so nothing is built that the file could blow up; a document
type, and with it every entity, is refused before it is read. Binary arrays are unpacked up to the
number of points a spectrum may have, and no further.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass, field
from typing import ClassVar
from xml.parsers import expat

import numpy as np

from app.intake.attachments.spectrum import (
    LARGEST,
    MOST_POINTS,
    MOST_POINTS_IN_FILE,
    MOST_SPECTRA,
    IonMode,
    Numbers,
    Spectrum,
    Technique,
    is_exact,
    malformed,
    number,
    peaks,
    tidy,
    too_many_points,
    too_many_spectra,
)

# terms of the PSI mass spectrometry vocabulary (psi-ms.obo)
MZ_ARRAY, INTENSITY_ARRAY = "MS:1000514", "MS:1000515"
TYPES = {"MS:1000521": "<f4", "MS:1000523": "<f8", "MS:1000519": "<i4", "MS:1000522": "<i8"}
ZLIB, UNCOMPRESSED = "MS:1000574", "MS:1000576"
MS_LEVEL, SELECTED_MZ = "MS:1000511", "MS:1000744"
POSITIVE, NEGATIVE = "MS:1000130", "MS:1000129"
PROFILE = "MS:1000128"
EI = "MS:1000389"
SOFT = {"MS:1000073", "MS:1000070", "MS:1000075", "MS:1000398"}  # ESI, APCI, MALDI, nanoESI
_DEEPEST = 40
_MOST_TERMS = 60  # of a group, which may be referred to many times

Terms = dict[str, str]  # accession -> value


@dataclass(slots=True)
class Scan:
    """What one <spectrum> says before it is made into a spectrum."""

    line: int
    id: str
    terms: Terms = field(default_factory=dict)
    arrays: dict[str, Numbers] = field(default_factory=dict)


def read_mzml(content: bytes) -> list[Spectrum]:
    """The spectra of an mzML file; chromatograms are left aside. Raises Unreadable with a line."""
    reader = _Reader()
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code) or "not well-formed"
        raise malformed(f"this is no XML: {reason}", error.lineno) from None
    except (LookupError, ValueError) as error:  # an encoding that does not exist
        raise malformed(f"this is no XML: {tidy(str(error))}", reader.line) from None
    return reader.found


class _Reader:
    """Follows the elements of one file and keeps what a spectrum needs."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.found: list[Spectrum] = []
        self._path: list[str] = []
        self._groups: dict[str, Terms] = {}
        self._group: str | None = None
        self._instrument: Terms = {}
        self._model = ""
        self._scan: Scan | None = None
        self._array: Terms | None = None
        self._binary: list[str] = []
        self._unpacked = 0  # numbers, of both arrays

    @property
    def line(self) -> int:
        """The line the parser stands at."""
        return self.parser.CurrentLineNumber

    def _refuse(self, *_: object) -> None:
        raise malformed("a document type or entity has no place in mzML", self.line)

    def _start(self, name: str, said: dict[str, str]) -> None:
        name = name.rsplit(":", 1)[-1]
        if not self._path and name not in {"mzML", "indexedmzML"}:
            raise malformed(f"this is <{tidy(name)[:40]}>, not mzML", self.line)
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise malformed("elements within elements without end", self.line)
        if handler := self._OPENS.get(name):
            handler(self, said)

    def _opens_group(self, said: dict[str, str]) -> None:
        self._group = said.get("id", "")

    def _opens_scan(self, said: dict[str, str]) -> None:
        if len(self.found) >= MOST_SPECTRA:
            raise too_many_spectra(self.line)
        self._scan = Scan(self.line, said.get("id", ""))

    def _opens_array(self, _: dict[str, str]) -> None:
        self._array, self._binary = {}, []

    def _term(self, said: dict[str, str]) -> None:
        accession, value = said.get("accession", ""), said.get("value", "")
        if "instrumentConfiguration" in self._path and not self._model and not value:
            parent = self._path[-2]
            self._model = said.get("name", "") if parent == "instrumentConfiguration" else ""
        self._say({accession: value})

    def _refers(self, said: dict[str, str]) -> None:
        self._say(self._groups.get(said.get("ref", ""), {}))

    def _say(self, terms: Terms) -> None:
        """Terms belong to the innermost thing that is open."""
        if self._group is not None:
            group = self._groups.setdefault(self._group, {})
            group.update(terms)
            if len(group) > _MOST_TERMS:
                raise malformed("a group of terms larger than any instrument needs", self.line)
        elif self._array is not None:
            self._array.update(terms)
        elif self._scan is not None:
            for accession, value in terms.items():
                self._scan.terms.setdefault(accession, value)
        elif "instrumentConfigurationList" in self._path:
            self._instrument.update(terms)

    _OPENS: ClassVar = {
        "referenceableParamGroup": _opens_group,
        "referenceableParamGroupRef": _refers,
        "spectrum": _opens_scan,
        "binaryDataArray": _opens_array,
        "cvParam": _term,
    }

    def _text(self, text: str) -> None:
        if self._path and self._path[-1] == "binary" and self._array is not None:
            self._binary.append(text)

    def _end(self, _: str) -> None:
        name = self._path.pop()
        if name == "referenceableParamGroup":
            self._group = None
        elif name == "binaryDataArray" and self._array is not None:
            self._unpack(self._array)
            self._array = None
        elif name == "spectrum" and self._scan is not None:
            self._close(self._scan)
            self._scan = None

    def _unpack(self, terms: Terms) -> None:
        kind = next((word for word in (MZ_ARRAY, INTENSITY_ARRAY) if word in terms), None)
        if self._scan is None or kind is None:
            return
        form = next((TYPES[word] for word in TYPES if word in terms), None)
        if form is None:
            raise malformed("an array does not say whether it is of 32 or 64 bits", self.line)
        if ZLIB not in terms and UNCOMPRESSED not in terms:
            raise malformed("an array is packed in a way that is not read; use zlib", self.line)
        try:
            packed = base64.b64decode("".join("".join(self._binary).split()), validate=True)
        except binascii.Error:
            raise malformed("an array is no base64", self.line) from None
        plain = _inflated(packed, self.line) if ZLIB in terms else packed
        size = np.dtype(form).itemsize
        if len(plain) % size:
            raise malformed("an array ends in the middle of a number", self.line)
        if len(plain) // size > MOST_POINTS:
            raise too_many_points(self.line)
        values = np.frombuffer(plain, dtype=form).astype(np.float64)
        if not np.all(np.abs(values) <= LARGEST):
            raise malformed("an array holds a value beyond all measure", self.line)
        self._unpacked += len(values)
        if self._unpacked > 2 * MOST_POINTS_IN_FILE:
            raise malformed(f"more than {MOST_POINTS_IN_FILE:,} points in one file", self.line)
        self._scan.arrays[kind] = values

    def _close(self, scan: Scan) -> None:
        x, y = scan.arrays.get(MZ_ARRAY), scan.arrays.get(INTENSITY_ARRAY)
        if x is None or y is None or len(x) != len(y):
            raise malformed("m/z and intensities do not come in pairs", scan.line)
        x, y = peaks(x, y, what=f"spectrum {tidy(scan.id)[:60]}", line=scan.line)
        if PROFILE in scan.terms:
            x, y = summits(x, y)
        before = scan.terms.get(SELECTED_MZ)
        precursor = number(before, "the selected ion", scan.line) if before else None
        self.found.append(
            Spectrum(
                self._technique(scan.terms),
                x,
                y,
                "m/z",
                "intensity",
                True,
                tidy(scan.id),
                tidy(self._model),
                _mode(scan.terms),
                precursor,
                is_exact(x),
            )
        )

    def _technique(self, terms: Terms) -> Technique:
        said = self._instrument.keys() | terms.keys()
        if EI in said:
            return Technique.EI_MS
        level = terms.get(MS_LEVEL, "")
        if said & SOFT or SELECTED_MZ in terms or (level.isdecimal() and level != "1"):
            return Technique.ESI_MSN
        return Technique.MS


def _mode(terms: Terms) -> IonMode | None:
    if POSITIVE in terms:
        return IonMode.POSITIVE
    return IonMode.NEGATIVE if NEGATIVE in terms else None


def _inflated(packed: bytes, line: int) -> bytes:
    """What zlib packed, up to the bytes of the most points and one more."""
    most = 8 * MOST_POINTS + 8
    machine = zlib.decompressobj()
    try:
        plain = machine.decompress(packed, most)
    except zlib.error:
        raise malformed("an array is no zlib stream", line) from None
    if machine.unconsumed_tail or len(plain) >= most:
        raise too_many_points(line)
    if not machine.eof:
        raise malformed("a zlib stream is cut short", line)
    return plain


def summits(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """The tops of a profile: points not lower than their left and higher than their right.

    >>> summits(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 5.0, 2.0, 3.0]))
    (array([2., 4.]), array([5., 3.]))
    """
    left = np.concatenate(([0.0], y[:-1]))
    right = np.concatenate((y[1:], [0.0]))
    tops = (y >= left) & (y > right)
    return x[tops], y[tops]
