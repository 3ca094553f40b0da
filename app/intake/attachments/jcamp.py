"""Reading JCAMP-DX: infrared, Raman, UV, NMR and mass spectra, alone or linked in one file.

After JCAMP-DX 4.24 (Appl. Spectrosc. 42 (1988) 151), 5.01 for NMR (Appl. Spectrosc. 47 (1993)
1093) and 5.00 for mass spectra (Appl. Spectrosc. 48 (1994) 1545). Read are XYDATA in all its forms,
XYPOINTS, PEAK TABLE and simple NTUPLES; what a file holds beside them is left aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from app.intake.attachments.asdf import Ordinates, numbers_of
from app.intake.attachments.spectrum import (
    MOST_POINTS,
    MOST_POINTS_IN_FILE,
    MOST_SPECTRA,
    IonMode,
    Numbers,
    Spectrum,
    Technique,
    ascending,
    is_exact,
    malformed,
    number,
    peaks,
    tidy,
    too_many_points,
    too_many_spectra,
)

TABLES = {"XYDATA", "XYPOINTS", "PEAKTABLE", "DATATABLE"}
KINDS = (  # what the DATA TYPE speaks of, most particular first
    ("MASS", Technique.MS), ("RAMAN", Technique.RAMAN), ("INFRARED", Technique.IR),
    ("NMR", Technique.NMR), ("UV", Technique.UV),
)  # fmt: skip
_LABEL = re.compile(r"##([^=]*)=(.*)")
_MOST_RECORDS = 20_000


@dataclass(slots=True)
class Record:
    """One labelled record: what stands after its `=`, and the lines up to the next."""

    label: str
    value: str
    line: int
    lines: list[tuple[int, str]]


@dataclass(slots=True)
class Block:
    """What one block says of itself, and its tables."""

    said: dict[str, Record] = field(default_factory=dict)
    tables: list[Record] = field(default_factory=list)

    def text(self, label: str) -> str:
        """The value of a label; "" where it is not said."""
        return self.said[label].value if label in self.said else ""

    def figure(self, label: str, default: float | None = None) -> float:
        """The number of a label. Raises Unreadable when it is none, or missing and needed."""
        record = self.said.get(label)
        if record is None or not record.value:
            if default is None:
                raise malformed(f"##{label} is missing")
            return default
        return number(record.value.split()[0], f"##{label}", record.line)


def read_jcamp(text: str) -> list[Spectrum]:
    """The spectra of a file, in its order. Raises Unreadable, naming the line."""
    found: list[Spectrum] = []
    points = 0
    for block in _blocks(text):
        for table in block.tables:
            found.append(_spectrum(block, table))
            points += len(found[-1].x)
            if len(found) > MOST_SPECTRA:
                raise too_many_spectra(table.line)
            if points > MOST_POINTS_IN_FILE:
                raise malformed(f"more than {MOST_POINTS_IN_FILE:,} points in one file", table.line)
    return found


def _records(text: str) -> Iterator[Record]:
    record: Record | None = None
    for at, raw in enumerate(text.splitlines(), 1):
        line = raw.split("$$", 1)[0].rstrip()
        if label := _LABEL.match(line.lstrip()):
            if record:
                yield record
            name = re.sub(r"[\s\-/_]", "", label[1]).upper()
            record = Record(name, label[2].strip(), at, [])
        elif line and record:
            record.lines.append((at, line))
        elif line:
            raise malformed("a JCAMP-DX file begins with ##TITLE=", at)
    if record:
        yield record


def _blocks(text: str) -> Iterator[Block]:
    """Every block with what it says; an inner one does not inherit, as the form has it.

    Raises Unreadable for a block that never ends: the file was cut short.
    """
    open_blocks: list[Block] = []
    opened: list[int] = []
    for count, record in enumerate(_records(text)):
        if count > _MOST_RECORDS:
            raise malformed("more labels than any spectrum needs", record.line)
        if record.label == "TITLE":
            open_blocks.append(Block())
            opened.append(record.line)
        if not open_blocks:
            raise malformed("a JCAMP-DX file begins with ##TITLE=", record.line)
        if record.label == "END":
            opened.pop()
            yield open_blocks.pop()
        elif record.label in TABLES:
            open_blocks[-1].tables.append(record)
        elif record.label == "PAGE" or record.label not in open_blocks[-1].said:
            open_blocks[-1].said[record.label] = record
        if len(open_blocks) > MOST_SPECTRA:
            raise malformed("blocks within blocks without end", record.line)
    if open_blocks:
        raise malformed(
            "the block that begins here has no ##END=; the file is cut short", opened[-1]
        )


def _spectrum(block: Block, table: Record) -> Spectrum:
    technique = _technique(block, table.line)
    sticks = table.label == "PEAKTABLE"
    if "NTUPLES" in block.said or table.label == "DATATABLE":
        x, y, x_unit, y_unit, sticks = _ntuple(block, table)
    else:
        x_unit, y_unit = block.text("XUNITS").upper(), block.text("YUNITS").upper()
        x, y = _xydata(block, table) if table.label == "XYDATA" else _pairs(block, table)
    if technique.mass:
        return _mass_spectrum(block, table, x, y)
    x, unit = _abscissa(block, technique, x, x_unit, table.line)
    x, y = ascending(x, y)
    said = tidy(block.text("TITLE")), _instrument(block)
    return Spectrum(technique, x, y, unit, _ordinate(y_unit), sticks, *said)


def _instrument(block: Block) -> str:
    return tidy(block.text("SPECTROMETERDATASYSTEM") or block.text("INSTRUMENTALPARAMETERS"))


def _technique(block: Block, line: int) -> Technique:
    kind = block.text("DATATYPE").upper()
    if "FID" in kind.split():
        raise malformed("an FID is no spectrum yet; export the transformed one", line)
    technique = next((technique for word, technique in KINDS if word in kind), None)
    if technique is None:
        known = "INFRARED, RAMAN, UV, NMR or MASS SPECTRUM"
        raise malformed(f'##DATA TYPE= is "{tidy(kind)}"; it must be {known}', line)
    if technique is not Technique.MS:
        return technique
    ionised = f"{block.text('.IONIZATIONMODE')} {block.text('.SPECTROMETERTYPE')}".upper()
    if re.search(r"\bE\.?I\b|ELECTRON I", ionised):
        return Technique.EI_MS
    return Technique.ESI_MSN if re.search(r"\b(ESI|APCI|DART|MALDI)\b", ionised) else Technique.MS


def _mass_spectrum(block: Block, table: Record, x: Numbers, y: Numbers) -> Spectrum:
    ionised = block.text(".IONIZATIONMODE").upper()
    sign = re.search(r"[+-]\s*$|POSITIVE|NEGATIVE", ionised)
    mode = None
    if sign:
        mode = IonMode.NEGATIVE if sign[0].strip() in {"-", "NEGATIVE"} else IonMode.POSITIVE
    x, y = peaks(x, y, what="the peaks", line=table.line)
    return Spectrum(
        _technique(block, table.line),
        x,
        y,
        "m/z",
        "relative abundance",
        True,
        tidy(block.text("TITLE")),
        _instrument(block),
        mode,
        exact=is_exact(x),
    )


def _xydata(block: Block, table: Record) -> tuple[Numbers, Numbers]:
    """Evenly spaced ordinates: (X++(Y..Y)). The number promised must be there."""
    if re.sub(r"\s", "", table.value) != "(X++(Y..Y))":
        raise malformed(f'"{tidy(table.value)}" is not read; use (X++(Y..Y))', table.line)
    y = _ordinates(table) * block.figure("YFACTOR", 1.0)
    promised = block.figure("NPOINTS", float(len(y)))
    if promised != len(y):
        raise malformed(f"##NPOINTS= promises {promised:g}; {len(y)} are there", table.line)
    if "LASTX" in block.said:
        first, last = block.figure("FIRSTX"), block.figure("LASTX")
    else:
        first = block.figure("FIRSTX")
        last = first + block.figure("DELTAX") * (len(y) - 1)
    return _spaced(first, last, len(y), table.line), y


def _ordinates(table: Record) -> Numbers:
    taken = Ordinates()
    for at, line in table.lines:
        taken.add_line(line, at)
    if not taken.values:
        raise malformed("the table is empty", table.line)
    return np.array(taken.values)


def _spaced(first: float, last: float, count: int, line: int) -> Numbers:
    if count > 1 and first == last:
        raise malformed("##FIRSTX= and ##LASTX= are the same", line)
    return np.linspace(first, last, count)


def _pairs(block: Block, table: Record) -> tuple[Numbers, Numbers]:
    """Points one by one: (XY..XY), with a width after each in (XYW..XYW)."""
    form = re.sub(r"[\s,]", "", table.value.upper())
    together = {"(XY..XY)": 2, "(XYW..XYW)": 3}.get(form)
    if together is None:
        raise malformed(f'"{tidy(table.value)}" is not read; use (XY..XY)', table.line)
    values = _flat(table)
    if not values or len(values) % together:
        raise malformed(f"{len(values)} numbers do not make whole points", table.line)
    flat = np.array(values).reshape(-1, together)
    promised = block.figure("NPOINTS", float(len(flat)))
    if promised != len(flat):
        raise malformed(f"##NPOINTS= promises {promised:g}; {len(flat)} are there", table.line)
    x, y = flat[:, 0] * block.figure("XFACTOR", 1.0), flat[:, 1] * block.figure("YFACTOR", 1.0)
    return x, y


def _flat(table: Record) -> list[float]:
    values: list[float] = []
    for at, line in table.lines:
        values += [number(token, "a value", at) for token in numbers_of(line, at)]
        if len(values) > 3 * MOST_POINTS:
            raise too_many_points(at)
    return values


def _ntuple(block: Block, table: Record) -> tuple[Numbers, Numbers, str, str, bool]:
    """One page of NTUPLES: a curve over its first variable, or a list of peaks."""
    shape = re.match(
        r"\(?\s*(?:\((\w)(\w)\.\.\1\2\)|\((\w)\+\+\((\w)\.\.\4\)\))", table.value.replace(" ", "")
    )
    if shape is None:
        raise malformed(f'"{tidy(table.value)}" is not read; use (XY..XY)', table.line)
    across, up = (shape[1], shape[2]) if shape[1] else (shape[3], shape[4])
    x_at, y_at = _variable(block, across, table.line), _variable(block, up, table.line)
    y_factor, units = _of(block, "FACTOR", y_at, 1.0), (_word(block, x_at), _word(block, y_at))
    sticks = "PEAK" in table.value.upper()
    if shape[3]:
        y = _ordinates(table) * y_factor
        first, last = _of(block, "FIRST", x_at), _of(block, "LAST", x_at)
        return _spaced(first, last, len(y), table.line), y, *units, sticks
    values = _flat(table)
    if not values or len(values) % 2:
        raise malformed(f"{len(values)} numbers do not make whole points", table.line)
    flat = np.array(values).reshape(-1, 2)
    return flat[:, 0] * _of(block, "FACTOR", x_at, 1.0), flat[:, 1] * y_factor, *units, sticks


def _listed(block: Block, label: str) -> list[str]:
    record = block.said.get(label)
    if record is None:
        return []
    whole = " ".join([record.value, *(line for _, line in record.lines)])
    return [part.strip() for part in whole.split(",")]


def _variable(block: Block, symbol: str, line: int) -> int:
    symbols = [word.upper() for word in _listed(block, "SYMBOL")]
    if symbol.upper() not in symbols:
        raise malformed(f"##SYMBOL= does not name {symbol}", line)
    return symbols.index(symbol.upper())


def _of(block: Block, label: str, at: int, default: float | None = None) -> float:
    values = _listed(block, label)
    if at >= len(values) or not values[at]:
        if default is None:
            raise malformed(f"##{label}= says nothing of variable {at + 1}")
        return default
    return number(values[at], f"##{label}", block.said[label].line)


def _word(block: Block, at: int) -> str:
    units = _listed(block, "UNITS")
    return units[at].upper() if at < len(units) else ""


def _abscissa(
    block: Block, technique: Technique, x: Numbers, unit: str, line: int
) -> tuple[Numbers, str]:
    """The abscissa in the unit of its technique: 1/cm, nm, ppm."""
    unit = unit.replace(" ", "")
    if technique in {Technique.IR, Technique.RAMAN}:
        if unit.startswith("MICROMET"):
            if np.any(x <= 0):
                raise malformed("a wavelength must be above zero", line)
            return 1e4 / x, "1/cm"
        if unit in {"1/CM", "CM-1", "CM^-1", ""}:
            return x, "1/cm"
    if technique is Technique.UV and (unit.startswith(("NANOMET", "NM")) or not unit):
        return x, "nm"
    if technique is Technique.NMR:
        if unit == "HZ":
            observed = block.figure(".OBSERVEFREQUENCY")
            if observed <= 0:
                raise malformed("##.OBSERVE FREQUENCY= must be above zero", line)
            return x / observed, "ppm"
        if unit in {"PPM", ""}:
            return x, "ppm"
    raise malformed(f'{technique.value} over "{tidy(unit)}" is not read', line)


def _ordinate(unit: str) -> str:
    for word in ("transmittance", "absorbance", "reflectance", "kubelka-munk"):
        if word.upper() in unit:
            return word
    return "intensity"
