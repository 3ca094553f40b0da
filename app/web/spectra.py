"""Spectra as numbers for drawing: pure functions from arrays to coordinates and words.

A mass spectrum is sticks over m/z with its main peaks named; a curve is a line, infrared and NMR
with the axis running to the left, as chemists read them. Two spectra stand mirrored over one axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from app.intake.attachments.similarity import strongest
from app.intake.attachments.spectrum import Numbers, Spectrum, Technique
from app.web.charts import WIDTHS, Tick
from app.web.wording import count, listing, number

HEIGHT = 240
TOP, BELOW, RIGHT = 32.0, 40.0, 12.0
LABEL_ROOM = 13.0  # px a label needs in height
LABELS = {"wide": 9, "narrow": 5}
ROWS = 20  # of the table behind a drawing
LEFTWARDS = (Technique.IR, Technique.NMR)
NAMES = {
    Technique.EI_MS: "EI mass spectrum",
    Technique.ESI_MSN: "MSn spectrum",
    Technique.MS: "mass spectrum",
    Technique.IR: "infrared spectrum",
    Technique.RAMAN: "Raman spectrum",
    Technique.NMR: "NMR spectrum",
    Technique.UV: "UV spectrum",
}
UNITS = {"1/cm": "cm⁻¹"}
BAND_GAP = 0.005  # of the width of a curve that two bands of the table lie apart at least


@dataclass(frozen=True, slots=True)
class Label:
    """The m/z of a main peak above (or, mirrored, below) its stick."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything one spectrum, or two mirrored, needs to be drawn."""

    name: str
    width: int
    height: int
    left: float
    right: float
    base: float
    path: str
    other: str  # of the mirrored or dashed one; "" where there is one spectrum only
    filled: bool  # sticks; a curve otherwise
    labels: tuple[Label, ...]
    columns: tuple[Tick, ...]
    rows: tuple[Tick, ...]
    across: str
    up: str


@dataclass(frozen=True, slots=True)
class Frame:
    """The piece of paper: where the axes are and what they span."""

    width: int
    left: float
    base: float
    low: float
    high: float
    leftwards: bool

    def x(self, value: Numbers) -> Numbers:
        """Where values of the abscissa stand."""
        part = (value - self.low) / (self.high - self.low)
        part = 1 - part if self.leftwards else part
        return self.left + part * (self.width - RIGHT - self.left)


def both_widths(name: str, spectrum: Spectrum) -> dict[str, Drawing]:
    """The same drawing for wide and for narrow screens, so that its words keep their size."""
    draw = _sticks if spectrum.sticks else _curve
    return {size: draw(f"{name}-{size}", spectrum, w, LABELS[size]) for size, w in WIDTHS.items()}


def mirrored(name: str, asked: Spectrum, found: Spectrum) -> dict[str, Drawing]:
    """Two spectra over one axis: peaks head to tail, curves laid over each other."""
    draw = _two_of_sticks if asked.sticks else _two_curves
    return {
        size: draw(f"{name}-{size}", asked, found, w, LABELS[size]) for size, w in WIDTHS.items()
    }


def _frame(spectra: list[Spectrum], width: int, base: float) -> Frame:
    low = min(float(s.x[0]) for s in spectra)
    high = max(float(s.x[-1]) for s in spectra)
    pad = 0.03 * (high - low) or max(abs(high) * 0.03, 1.0)
    if spectra[0].sticks or high == low:
        low, high = low - pad, high + pad
    return Frame(width, 44.0, base, low, high, spectra[0].technique in LEFTWARDS)


def _sticks(name: str, spectrum: Spectrum, width: int, labels: int) -> Drawing:
    base = HEIGHT - BELOW
    frame = _frame([spectrum], width, base)
    tall = base - TOP
    path, named = _stems(frame, spectrum, tall, labels, up=True)
    rows = [(base - tall * part, f"{part:.0%}"[:-1]) for part in (0, 0.5, 1)]
    return _drawing(
        name,
        frame,
        spectrum,
        height=HEIGHT,
        paths=(path, ""),
        labels=named,
        rows=rows,
        up="relative, %",
    )


def _two_of_sticks(name: str, asked: Spectrum, found: Spectrum, width: int, labels: int) -> Drawing:
    height = 2 * HEIGHT - 120
    tall = (height - BELOW - 2 * TOP) / 2
    frame = _frame([asked, found], width, TOP + tall)
    path, above = _stems(frame, asked, tall, labels, up=True)
    other, below = _stems(frame, found, tall, labels, up=False)
    rows = [(frame.base + tall * part, f"{abs(part):.0%}"[:-1]) for part in (-1, -0.5, 0, 0.5, 1)]
    return _drawing(
        name,
        frame,
        asked,
        height=height,
        paths=(path, other),
        labels=(*above, *below),
        rows=rows,
        up="relative, %",
    )


def _stems(
    frame: Frame, spectrum: Spectrum, tall: float, labels: int, *, up: bool
) -> tuple[str, tuple[Label, ...]]:
    """The sticks as one path, and the names of the highest where they do not run together."""
    mz, part = strongest(spectrum.x, spectrum.y, 600)
    at = np.round(frame.x(mz), 1)
    tops = np.round(frame.base - tall * part * (1 if up else -1), 1).tolist()
    path = "".join(f"M{x} {frame.base}V{y}" for x, y in zip(at.tolist(), tops, strict=True))
    named: list[Label] = []
    for n in np.argsort(-part, kind="stable").tolist():
        text = mass(float(mz[n]), spectrum.exact)
        room = 3.5 * len(text) + 3
        y = tops[n] - 4 if up else tops[n] + 11
        for shift in (0, -room, room):  # over its stick, or beside a taller one
            x = min(max(float(at[n]) + shift, room), frame.width - room)
            crossed = (np.abs(at - x) < room) & (part > part[n] + LABEL_ROOM / tall)
            beside = any(abs(x - one.x) < 2 * room and abs(y - one.y) < LABEL_ROOM for one in named)
            if not crossed.any() and not beside:
                named.append(Label(round(x, 1), round(y, 1), text))
                break
        if len(named) >= labels:
            break
    return path, tuple(named)


def mass(mz: float, exact: bool) -> str:
    """An m/z as people write it: 310.2016, or 91, or 91.1."""
    if exact:
        return f"{mz:.4f}"
    return f"{mz:.0f}" if abs(mz - round(mz)) < 0.05 else f"{mz:.1f}"


def _curve(name: str, spectrum: Spectrum, width: int, _: int) -> Drawing:
    base = HEIGHT - BELOW
    frame = _frame([spectrum], width, base)
    low, high = float(spectrum.y.min()), float(spectrum.y.max())
    marks = round_scale(low, high, 4)
    low, high = marks[0], marks[-1]
    path = _line(frame, spectrum, low, high, base - TOP)
    span = high - low or 1.0
    rows = [(base - (base - TOP) * (mark - low) / span, short(mark)) for mark in marks]
    return _drawing(
        name, frame, spectrum, height=HEIGHT, paths=(path, ""), rows=rows, up=spectrum.y_unit
    )


def _two_curves(name: str, asked: Spectrum, found: Spectrum, width: int, _: int) -> Drawing:
    base = HEIGHT - BELOW
    frame = _frame([asked, found], width, base)
    one, other = (
        _line(frame, s, float(s.y.min()), float(s.y.max()), base - TOP) for s in (asked, found)
    )
    own = "each on its own scale"
    return _drawing(name, frame, asked, height=HEIGHT, paths=(one, other), rows=[], up=own)


def _line(frame: Frame, spectrum: Spectrum, low: float, high: float, tall: float) -> str:
    """A curve as a path of no more than four points to the pixel: the lowest and highest there."""
    x, y = frame.x(spectrum.x), frame.base - tall * (spectrum.y - low) / ((high - low) or 1.0)
    if len(x) > 4 * frame.width:
        kept = _outline(x, y)
        x, y = x[kept], y[kept]
    points = zip(np.round(x, 1).tolist(), np.round(y, 1).tolist(), strict=True)
    return "M" + "L".join(f"{a} {b}" for a, b in points)


def _outline(x: Numbers, y: Numbers) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Of the points in each pixel column the lowest and the highest, in their order."""
    column = np.floor(x).astype(np.int64)
    order = np.lexsort((y, column))
    edges = np.flatnonzero(np.diff(column[order])) + 1
    first = order[np.concatenate(([0], edges))]
    last = order[np.concatenate((edges - 1, [len(order) - 1]))]
    return np.unique(np.concatenate((first, last)))


def _drawing(
    name: str,
    frame: Frame,
    spectrum: Spectrum,
    *,
    height: int,
    paths: tuple[str, str],
    rows: list[tuple[float, str]],
    up: str,
    labels: tuple[Label, ...] = (),
) -> Drawing:
    marks = round_numbers(frame.low, frame.high, 6 if frame.width > 400 else 4)
    at = frame.x(np.array(marks)).tolist()
    columns = tuple(Tick(round(x, 1), short(m)) for x, m in zip(at, marks, strict=True))
    return Drawing(
        name=name,
        width=frame.width,
        height=height,
        left=frame.left,
        right=frame.width - RIGHT,
        base=frame.base,
        path=paths[0],
        other=paths[1],
        filled=spectrum.sticks,
        labels=labels,
        columns=columns,
        rows=tuple(Tick(round(y, 1), text) for y, text in rows),
        across=UNITS.get(spectrum.x_unit, spectrum.x_unit),
        up=up,
    )


def round_numbers(low: float, high: float, about: int) -> list[float]:
    """Round numbers between two values, about so many.

    >>> round_numbers(40, 310, 6)
    [50.0, 100.0, 150.0, 200.0, 250.0, 300.0]
    """
    if not high > low:
        return [low]
    step = _step(low, high, about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{n * step:.12g}") for n in range(first, last + 1)]


def round_scale(low: float, high: float, about: int) -> list[float]:
    """Round numbers that hold two values between the first and the last of them.

    >>> round_scale(3.2, 89, 4)
    [0.0, 50.0, 100.0]
    """
    if not high > low:
        return [low]
    step = _step(low, high, about)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{n * step:.12g}") for n in range(first, last + 1)]


def _step(low: float, high: float, about: int) -> float:
    raw = (high - low) / about
    size = 10.0 ** math.floor(math.log10(raw))
    return next(size * m for m in (1, 2, 5, 10) if size * m >= raw * 0.999)


def short(value: float) -> str:
    """A mark of an axis in few letters."""
    if value and (abs(value) >= 1e6 or abs(value) < 1e-3):
        return f"{value:.0e}".replace("e+0", "e").replace("e-0", "e-")
    return f"{value:.10g}".replace("-", "−")


def said(spectrum: Spectrum) -> str:
    """What a drawing shows, in one or two sentences."""
    low, high = float(spectrum.x[0]), float(spectrum.x[-1])
    unit = UNITS.get(spectrum.x_unit, spectrum.x_unit)
    name = NAMES[spectrum.technique]
    name = name[:1].upper() + name[1:]
    sign = f" of {spectrum.ion_mode.value} ions" if spectrum.ion_mode else ""
    if not spectrum.technique.mass:
        across = f"{short(high)} to {short(low)}" if _leftwards(spectrum) else (
            f"{short(low)} to {short(high)}"
        )  # fmt: skip
        points = count(len(spectrum.x), "band" if spectrum.sticks else "point")
        return f"{name}, {across} {unit} in {points}, {spectrum.y_unit}."
    from_ = f" from m/z {mass(spectrum.precursor_mz, True)}" if spectrum.precursor_mz else ""
    main = [f"{mass(x, spectrum.exact)} ({round(100 * y)}\u00a0%)" for x, y in top(spectrum, 4)]
    peaks = count(len(spectrum.x), "peak")
    if len(main) == 1:
        return f"{name}{sign}{from_} with one peak, m/z {main[0].split()[0]}."
    return f"{name}{sign}{from_} with {peaks}; the highest: m/z {listing(main)}."


def _leftwards(spectrum: Spectrum) -> bool:
    return spectrum.technique in LEFTWARDS


def top(spectrum: Spectrum, most: int) -> list[tuple[float, float]]:
    """The highest peaks, the highest first, with their height relative to it."""
    order = np.argsort(-spectrum.y, kind="stable")[:most]
    heights = spectrum.y[order] / spectrum.y.max()
    return list(zip(spectrum.x[order].tolist(), heights.tolist(), strict=True))


def table(spectrum: Spectrum) -> tuple[tuple[str, str], list[tuple[str, str]]]:
    """The heading and the rows behind a drawing: the main peaks, or the bands of a curve."""
    if spectrum.technique.mass:
        rows = [(mass(x, spectrum.exact), number(100 * y, 1)) for x, y in top(spectrum, ROWS)]
        return ("m/z", "Relative intensity, %"), rows
    unit = UNITS.get(spectrum.x_unit, spectrum.x_unit)
    rows = [(short(round(x, 2)), f"{y:.4g}".replace("-", "−")) for x, y in bands(spectrum)]
    return (f"Band, {unit}", spectrum.y_unit[:1].upper() + spectrum.y_unit[1:]), rows


def bands(spectrum: Spectrum) -> list[tuple[float, float]]:
    """The strongest bands of a curve: its dips in transmittance, its tops otherwise."""
    x, y = spectrum.x, spectrum.y
    strength = -y if spectrum.y_unit in {"transmittance", "reflectance"} else y
    if spectrum.sticks or len(x) < 3:
        tops = np.arange(len(x))
    else:
        inner = (strength[1:-1] >= strength[:-2]) & (strength[1:-1] > strength[2:])
        tops = np.flatnonzero(inner) + 1
    apart, kept = BAND_GAP * float(x[-1] - x[0]), list[int]()
    for n in tops[np.argsort(-strength[tops], kind="stable")][:2000].tolist():
        if all(abs(x[n] - x[m]) > apart for m in kept):
            kept.append(n)
        if len(kept) >= ROWS:
            break
    return [(float(x[n]), float(y[n])) for n in kept]
