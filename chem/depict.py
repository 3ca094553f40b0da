"""Pictures of structures: SVG for pages, PNG for e-mail.

SVG has no background, and element colours that hold on light paper and on dark. Members of a family
lie alike: the family's core is laid out once and each molecule drawn onto it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from typing import Any

from rdkit import Chem
from rdkit.Chem import rdDepictor
from rdkit.Chem.Draw import rdMolDraw2D

from .families import classify, family_named
from .types import Mol

# One ink for carbon, mid-tones for the rest: readable on white and on near-black.
_INK = (0.36, 0.38, 0.42)
_PALETTE = {
    -1: _INK,
    0: _INK,
    1: _INK,
    6: _INK,
    7: (0.20, 0.45, 0.80),
    8: (0.82, 0.25, 0.22),
    9: (0.13, 0.58, 0.42),
    16: (0.68, 0.52, 0.10),
    17: (0.13, 0.58, 0.42),
    35: (0.62, 0.36, 0.20),
    53: (0.52, 0.32, 0.68),
}
_HIGHLIGHT = (0.95, 0.72, 0.30, 0.45)
_PROLOG = re.compile(r"<\?xml[^>]*\?>\s*")
_OPENING = re.compile(r"<svg\b[^>]*>", re.DOTALL)
_STYLE = re.compile(r"\sstyle='([^']*)'")
_CLASS = re.compile(r"\sclass='[^']*'")
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_SMALLEST, _LARGEST = 16, 4_000


def svg(
    mol: Mol, width: int = 220, height: int = 150, highlight: Sequence[int] = (), title: str = ""
) -> str:
    """`mol` as an SVG element to put into a page; `title` is read aloud in place of the picture.

    Never raises: what cannot be laid out becomes a box with the formula's place left empty.
    """
    width, height = _sane(width), _sane(height)
    try:
        body = _drawn(mol, rdMolDraw2D.MolDraw2DSVG(width, height), highlight)
        inner = _OPENING.sub("", _PROLOG.sub("", body), count=1).replace("</svg>", "")
        inner = _CLASS.sub("", _STYLE.sub(_attributes, _COMMENT.sub("", inner)))
    except Exception:  # a picture is never worth an error page
        inner = ""
    label = escape(title or "chemical structure", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f"<title>{label}</title>{inner.strip()}</svg>"
    )


def png(mol: Mol, width: int = 600, height: int = 400) -> bytes:
    """`mol` as a PNG on white; an empty picture for what cannot be laid out."""
    width, height = _sane(width), _sane(height)
    try:
        return bytes(_drawn(mol, rdMolDraw2D.MolDraw2DCairo(width, height), (), clear=True))
    except Exception:  # as above
        blank: Any = rdMolDraw2D.MolDraw2DCairo(width, height)
        blank.ClearDrawing()
        blank.FinishDrawing()
        return bytes(blank.GetDrawingText())


def _drawn(
    mol: Mol, drawer: rdMolDraw2D.MolDraw2D, highlight: Sequence[int], clear: bool = False
) -> Any:
    options: Any = drawer.drawOptions()
    options.clearBackground = clear
    options.updateAtomPalette(_PALETTE)
    options.setHighlightColour(_HIGHLIGHT)
    options.bondLineWidth = 1.4
    options.padding = 0.06
    options.fixedBondLength = 28
    options.addStereoAnnotation = False
    laid = laid_out(mol)
    atoms = [index for index in highlight if 0 <= index < laid.GetNumAtoms()]
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, laid, highlightAtoms=atoms, kekulize=True)
    drawer.FinishDrawing()
    return drawer.GetDrawingText()


def laid_out(mol: Mol) -> Mol:
    """A copy with flat coordinates, its family's core in the family's position."""
    laid = Chem.Mol(mol)
    laid.RemoveAllConformers()
    matches = classify(laid).families
    template = _template(matches[0].family) if matches else None
    if template is not None:
        pairs = _overlay(template, laid)
        if pairs:
            try:
                rdDepictor.GenerateDepictionMatching2DStructure(laid, template, pairs)
                return laid
            except (ValueError, RuntimeError):
                laid.RemoveAllConformers()
    rdDepictor.Compute2DCoords(laid, canonOrient=True)
    return laid


def _overlay(template: Mol, mol: Mol) -> list[tuple[int, int]]:
    """Template atom to molecule atom, where a rule of the family matches both in the same way."""
    family = family_named(classify(template).family)
    for query in family.any if family else ():
        place, here = template.GetSubstructMatch(query), mol.GetSubstructMatch(query)
        if place and here:
            return list(zip(place, here, strict=True))
    return []


@lru_cache(maxsize=128)
def _template(family_id: str) -> Mol | None:
    """The first positive example of a family, laid out in the usual way, wide rather than tall."""
    family = family_named(family_id)
    if family is None:
        return None
    example = Chem.MolFromSmiles(family.positives[0].smiles)
    rdDepictor.Compute2DCoords(example, canonOrient=True)
    return example


def _attributes(style: re.Match[str]) -> str:
    """Style declarations as attributes: a page's policy may forbid inline style."""
    pairs = (
        declaration.split(":", 1) for declaration in style.group(1).split(";") if ":" in declaration
    )
    return "".join(f" {name.strip()}='{value.strip()}'" for name, value in pairs)


def _sane(pixels: int) -> int:
    return max(_SMALLEST, min(int(pixels), _LARGEST))
