"""Reading lists of peaks: MSP as NIST and MassBank write it, MassBank's records, bare lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from app.intake.attachments.spectrum import (
    MOST_POINTS,
    MOST_POINTS_IN_FILE,
    MOST_SPECTRA,
    IonMode,
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

Line = tuple[int, str]
Pairs = list[tuple[float, float]]

_FIELD = re.compile(r"([A-Za-z][\w $/.\-]{0,60}?)\s*[:=]\s*(.*)")
_NUM_PEAKS = re.compile(r"num\s*peaks\s*:", re.IGNORECASE)
_PAIR = re.compile(r"\s*([^\s,;:]+)[\s,:]+([^\s,;:]+)")
_QUOTED = re.compile(r'"[^"]*"?')
_MOST_FIELDS = 2_000
_LONGEST_LINE = 100_000


def read_msp(text: str) -> list[Spectrum]:
    """The spectra of an MSP file. Raises Unreadable, naming the line."""
    found: list[Spectrum] = []
    said: dict[str, str] = {}
    points, lines = 0, iter(enumerate(text.splitlines(), 1))
    for at, line in lines:
        if _NUM_PEAKS.match(line.strip()):
            wanted = _promised(line.partition(":")[2], at)
            found.append(_from_fields(said, _take(lines, wanted, at), at))
            said, points = {}, points + wanted
            if len(found) > MOST_SPECTRA:
                raise too_many_spectra(at)
            if points > MOST_POINTS_IN_FILE:
                raise malformed(f"more than {MOST_POINTS_IN_FILE:,} peaks in one file", at)
        elif field := _FIELD.match(line.strip()):
            key = re.sub(r"[\s_\-/]", "", field[1]).lower()
            said.setdefault(key, field[2])
            if len(said) > _MOST_FIELDS:
                raise malformed("more fields than any spectrum needs", at)
        elif line.strip():
            raise malformed(f'"{tidy(line)[:40]}" is neither "Field: value" nor a peak', at)
    if said:
        raise malformed('the last spectrum has no "Num Peaks:"; the file is cut short')
    return found


def _promised(text: str, at: int) -> int:
    count = text.strip()
    if not count.isdecimal() or not 0 < len(count) <= 9 or int(count) == 0:
        raise malformed(f'Num Peaks is "{tidy(count)[:20]}"; it must be a number above zero', at)
    if int(count) > MOST_POINTS:
        raise too_many_points(at)
    return int(count)


def _take(lines: Iterator[Line], wanted: int, at: int) -> Pairs:
    """The peaks after `Num Peaks:`: one or several a line, with or without a comment in quotes."""
    found: Pairs = []
    while len(found) < wanted:
        try:
            here, line = next(lines)
        except StopIteration:
            line, here = "", at
        if not line.strip():
            raise malformed(f"Num Peaks promises {wanted}; {len(found)} are there", here)
        found += _pairs(line, here)
    if len(found) > wanted:
        raise malformed(f"Num Peaks promises {wanted}; {len(found)} are there", here)
    return found


def _pairs(line: str, at: int) -> Pairs:
    """Pairs of m/z and intensity: `41 23; 42 100;`, or one pair and what else its line says."""
    if len(line) > _LONGEST_LINE:
        raise malformed("the line is longer than any list of peaks on one line", at)
    bare = _QUOTED.sub("", line).strip()
    if "," in bare and ";" not in bare and len(re.split(r"[\s,:]+", bare)) != 2:
        raise malformed(f'"{tidy(line)[:40]}": write decimals with a point, not a comma', at)
    parts = [part for part in bare.split(";") if part.strip()] if ";" in bare else [bare]
    if len(parts) == 1 and not bare.endswith(";") and (several := _several(bare)):
        return several
    found = []
    for part in parts:
        pair = _PAIR.match(part)
        if pair is None:
            raise malformed(f'"{tidy(part)[:40]}" is no pair of m/z and intensity', at)
        found.append((number(pair[1], "m/z", at), number(pair[2], "an intensity", at)))
    return found


def _several(line: str) -> Pairs:
    """Several pairs on one line, held apart by white space or `m/z:intensity`; [] if it is not so.

    A third number alone after a pair is what MassBank's records call the relative intensity.
    """
    words = re.split(r"[\s,:]+", line)
    if len(words) < 4 or len(words) % 2:
        return []
    try:
        values = [float(word) for word in words]
    except ValueError:
        return []
    if not all(abs(value) < 1e30 for value in values):
        return []
    return list(zip(values[::2], values[1::2], strict=True))


def _from_fields(said: dict[str, str], pairs: Pairs, at: int) -> Spectrum:
    kind = " ".join(said.get(key, "") for key in ("instrumenttype", "ionization", "spectrumtype"))
    return _spectrum(
        pairs,
        at,
        kind=f"{kind} {said.get('mslevel', '')}",
        name=said.get("name", ""),
        instrument=said.get("instrument") or said.get("instrumenttype", ""),
        mode=said.get("ionmode", ""),
        precursor=said.get("precursormz") or said.get("pepmass", ""),
    )


def _spectrum(
    pairs: Pairs, at: int, *, kind: str, name: str, instrument: str, mode: str, precursor: str
) -> Spectrum:
    flat = np.array(pairs, dtype=np.float64)
    x, y = peaks(flat[:, 0], flat[:, 1], line=at)
    sign = {"p": IonMode.POSITIVE, "+": IonMode.POSITIVE, "1": IonMode.POSITIVE,
            "n": IonMode.NEGATIVE, "-": IonMode.NEGATIVE}  # fmt: skip
    first = re.match(r"[\d.]+", precursor.strip())
    before = number(first[0], "the precursor", at) if first else None
    return Spectrum(
        technique_of(kind, before),
        x,
        y,
        "m/z",
        "relative abundance",
        True,
        tidy(name),
        tidy(instrument),
        sign.get(mode.strip()[:1].lower()),
        before,
        is_exact(x),
    )


def technique_of(kind: str, precursor: float | None) -> Technique:
    """The technique that an instrument type and MS level speak of; a precursor means MSn."""
    words = kind.upper()
    if re.search(r"\bESI\b|\bLC-|\bAPCI\b|\bMALDI\b|\bDART\b|\bMS[2-9]\b", words):
        return Technique.ESI_MSN
    if re.search(r"\bEI\b|ELECTRON IONI[SZ]ATION|\bGC-(?!CI|APCI)", words):
        return Technique.EI_MS
    return Technique.ESI_MSN if precursor is not None else Technique.MS


def read_massbank(text: str) -> list[Spectrum]:
    """The records of MassBank in a file, each closed by `//`. Raises Unreadable, with the line."""
    found: list[Spectrum] = []
    said: dict[str, str] = {}
    pairs: Pairs = []
    in_peaks, points = False, 0
    for at, line in enumerate(text.splitlines(), 1):
        if line.strip() == "//":
            found.append(_from_record(said, pairs, at))
            points += len(pairs)
            said, pairs, in_peaks = {}, [], False
            if len(found) > MOST_SPECTRA:
                raise too_many_spectra(at)
            if points > MOST_POINTS_IN_FILE:
                raise malformed(f"more than {MOST_POINTS_IN_FILE:,} peaks in one file", at)
        elif in_peaks and line.startswith(" "):
            pairs += [
                (number(a, "m/z", at), number(b, "an intensity", at)) for a, b in _two(line, at)
            ]
            if len(pairs) > MOST_POINTS:
                raise too_many_points(at)
        elif line.strip():
            label, _, value = line.partition(":")
            in_peaks = label == "PK$PEAK"
            if label in {"AC$MASS_SPECTROMETRY", "MS$FOCUSED_ION"}:
                word, _, value = value.strip().partition(" ")
                label = f"{label} {word}"
            if len(said) < _MOST_FIELDS:
                said.setdefault(label, value.strip())
    if said:
        raise malformed('the last record does not end with "//"; the file is cut short')
    return found


def _two(line: str, at: int) -> list[tuple[str, str]]:
    words = line.split(None, 2)
    if len(words) < 2:
        raise malformed(f'"{tidy(line)[:40]}" is no pair of m/z and intensity', at)
    return [(words[0], words[1])]


def _from_record(said: dict[str, str], pairs: Pairs, at: int) -> Spectrum:
    promised = said.get("PK$NUM_PEAK", "")
    if not pairs or (promised.isdecimal() and promised != str(len(pairs))):
        raise malformed(f"PK$NUM_PEAK promises {promised or 'peaks'}; {len(pairs)} are there", at)
    level = said.get("AC$MASS_SPECTROMETRY MS_TYPE", "")
    return _spectrum(
        pairs,
        at,
        kind=f"{said.get('AC$INSTRUMENT_TYPE', '')} {level}",
        name=said.get("CH$NAME", "") or said.get("RECORD_TITLE", ""),
        instrument=said.get("AC$INSTRUMENT", ""),
        mode=said.get("AC$MASS_SPECTROMETRY ION_MODE", ""),
        precursor=said.get("MS$FOCUSED_ION PRECURSOR_M/Z", ""),
    )


def read_bare(text: str) -> list[Spectrum]:
    """Lines of m/z and intensity, as pasted from a screen. Raises Unreadable, naming the line."""
    pairs: Pairs = []
    for at, line in enumerate(text.splitlines(), 1):
        if line.strip():
            pairs += _pairs(line, at)
        if len(pairs) > MOST_POINTS:
            raise too_many_points(at)
    if not pairs:
        raise malformed("no peaks in it")
    return [_spectrum(pairs, 1, kind="", name="", instrument="", mode="", precursor="")]
