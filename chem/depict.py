"""Pictures of structures: SVG for pages, PNG for e-mail.

SVG has no background, and colours in the middle, which hold on light paper and on dark; a page that
is dark throughout may ask for lighter ones. Members of a family lie alike (see `layout`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from html import escape
from typing import Any

from rdkit.Chem.Draw import rdMolDraw2D

from .layout import laid_out
from .types import Mol

Colour = tuple[float, float, float]

# One ink for carbon, mid-tones for the rest: readable on white and on near-black.
_INK = (0.36, 0.38, 0.42)
_TONES: dict[int, Colour] = {
    7: (0.20, 0.45, 0.80),
    8: (0.82, 0.25, 0.22),
    9: (0.13, 0.58, 0.42),
    16: (0.68, 0.52, 0.10),
    17: (0.13, 0.58, 0.42),
    35: (0.62, 0.36, 0.20),
    53: (0.52, 0.32, 0.68),
}
_ANY_OTHER = -1  # RDKit's number for elements without a colour of their own
_LIGHTER = 0.45  # of the way to white, for dark paper
_PAPER, _DARK_PAPER = (1.0, 1.0, 1.0), (0.08, 0.09, 0.11)
_HIGHLIGHT = (0.95, 0.72, 0.30, 0.5)
_PROLOG = re.compile(r"<\?xml[^>]*\?>\s*")
_OPENING = re.compile(r"<svg\b[^>]*>", re.DOTALL)
_STYLE = re.compile(r"\sstyle='([^']*)'")
_CLASS = re.compile(r"\sclass='[^']*'")
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_SMALLEST, _LARGEST = 16, 4_000


def svg(
    mol: Mol,
    width: int = 220,
    height: int = 150,
    highlight: Sequence[int] = (),
    title: str = "",
    *,
    dark: bool = False,
) -> str:
    """`mol` as an SVG element to put into a page; `title` is read aloud in place of the picture.

    Never raises: what cannot be laid out becomes an empty picture of that title.
    """
    laid: Mol | None = None
    with suppress(Exception):  # a picture is never worth an error page
        laid = laid_out(mol)
    return _svg(laid, (width, height), highlight=highlight, title=title, dark=dark)


def pair(
    one: Mol,
    other: Mol,
    shared: Sequence[tuple[int, int]],
    *,
    size: tuple[int, int] = (220, 150),
    titles: tuple[str, str] = ("", ""),
    dark: bool = False,
) -> tuple[str, str]:
    """Two structures as SVG, what they share highlighted in both and lying alike.

    `shared` holds an atom of `one` and one of `other` each (`Core.pairs`). Never raises.
    """
    first: Mol | None = None
    second: Mol | None = None
    with suppress(Exception):  # as above
        first = laid_out(one)
        second = laid_out(other, first, shared)
    ones, others = [atom for atom, _ in shared], [atom for _, atom in shared]
    return (
        _svg(first, size, highlight=ones, title=titles[0], dark=dark),
        _svg(second, size, highlight=others, title=titles[1], dark=dark),
    )


def png(
    mol: Mol,
    width: int = 600,
    height: int = 400,
    highlight: Sequence[int] = (),
    *,
    dark: bool = False,
) -> bytes:
    """`mol` as a PNG on white or near-black; an empty picture for what cannot be laid out."""
    width, height = _sane(width), _sane(height)
    try:
        canvas = rdMolDraw2D.MolDraw2DCairo(width, height)
        return bytes(_drawn(laid_out(mol), canvas, highlight, dark=dark, paper=True))
    except Exception:  # as above
        blank: Any = rdMolDraw2D.MolDraw2DCairo(width, height)
        blank.ClearDrawing()
        blank.FinishDrawing()
        return bytes(blank.GetDrawingText())


def _svg(
    laid: Mol | None,
    size: tuple[int, int],
    *,
    highlight: Sequence[int],
    title: str,
    dark: bool,
) -> str:
    width, height = map(_sane, size)
    inner = ""
    if laid is not None:
        with suppress(Exception):  # as above
            canvas = rdMolDraw2D.MolDraw2DSVG(width, height)
            body = _drawn(laid, canvas, highlight, dark=dark)
            drawn = _OPENING.sub("", _PROLOG.sub("", body), count=1).replace("</svg>", "")
            inner = _CLASS.sub("", _STYLE.sub(_attributes, _COMMENT.sub("", drawn)))
    label = escape(title or "chemical structure", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>{label}</title>{inner.strip()}</svg>"
    )


def _drawn(
    laid: Mol,
    canvas: rdMolDraw2D.MolDraw2D,
    highlight: Sequence[int],
    *,
    dark: bool,
    paper: bool = False,
) -> Any:
    options: Any = canvas.drawOptions()
    options.clearBackground = paper
    options.setBackgroundColour(_DARK_PAPER if dark else _PAPER)
    options.updateAtomPalette(_palette(dark))
    options.setHighlightColour(_HIGHLIGHT)
    options.standardColoursForHighlightedAtoms = True
    options.highlightBondWidthMultiplier = 12
    options.bondLineWidth = 1.4
    options.padding = 0.06
    options.fixedBondLength = 28
    options.addStereoAnnotation = False
    options.flagCloseContactsDist = -1  # no red dots where atoms of a cage come close
    atoms = {index for index in highlight if 0 <= index < laid.GetNumAtoms()}
    bonds = [
        bond.GetIdx()
        for bond in laid.GetBonds()
        if atoms >= {bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()}
    ]
    rdMolDraw2D.PrepareAndDrawMolecule(
        canvas, laid, highlightAtoms=sorted(atoms), highlightBonds=bonds, kekulize=True
    )
    canvas.FinishDrawing()
    return canvas.GetDrawingText()


def _palette(dark: bool) -> dict[int, Colour]:
    """Colours by atomic number; lighter ones for dark paper."""
    tones = dict.fromkeys((_ANY_OTHER, 0, 1, 6), _INK) | _TONES
    return {number: _lighter(tone) for number, tone in tones.items()} if dark else tones


def _lighter(tone: Colour) -> Colour:
    red, green, blue = (part + (1 - part) * _LIGHTER for part in tone)
    return red, green, blue


def _attributes(style: re.Match[str]) -> str:
    """Style declarations as attributes: a page's policy may forbid inline style."""
    pairs = (
        declaration.split(":", 1) for declaration in style.group(1).split(";") if ":" in declaration
    )
    return "".join(f" {name.strip()}='{value.strip()}'" for name, value in pairs)


def _sane(pixels: int) -> int:
    return max(_SMALLEST, min(int(pixels), _LARGEST))
