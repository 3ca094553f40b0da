"""Why a SMILES could not be read, in words that let its author mend it.

Only the cold path comes here. The text is scanned first, since an unclosed ring or bracket has an
obvious remedy; otherwise RDKit's own complaint is translated.
"""

from __future__ import annotations

import re

from .errors import StructureError, shortened

_LOG_TIME = re.compile(r"^\[\d\d:\d\d:\d\d\]\s*", re.MULTILINE)
_VALENCE = re.compile(r"Explicit valence for atom # (\d+) (\w+), (\d+)")
_KEKULE = re.compile(r"Unkekulized atoms: ([\d ]+)")
_ELEMENT = re.compile(r"Element '([^']*)' not found")
_POSITION = re.compile(r"check for mistakes around position (\d+)")
_INCHIKEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]")
_CAS = re.compile(r"\d{2,7}-\d\d-\d")
_IN_BRACKETS = re.compile(r"\[[^\]]*\]?")
_TWO_LETTERS = re.compile(r"Cl|Br")
_WORD = re.compile(r"[A-Za-z][a-z]{3,}")
_AROMATIC = frozenset("BCNOPSFIHbcnops")
_RING_BOND = re.compile(r"%\((\d+)\)|%(\d\d)|(\d)")


def unreadable_smiles(text: str, log: str) -> StructureError:
    """The error for a SMILES that RDKit refused with `log`."""
    return misplaced(text) or unbalanced(text) or chemistry(log) or _at_position(text, log)


def misplaced(text: str) -> StructureError | None:
    """Something else than a structure in the structure's place: a name, a CAS number, a key."""
    plain = _TWO_LETTERS.sub("", _IN_BRACKETS.sub("", text))
    if _INCHIKEY.fullmatch(text):
        what = "an InChIKey, which does not tell the structure; send SMILES, InChI or a molfile"
    elif _CAS.fullmatch(text):
        what = "a CAS number; send SMILES, InChI or a molfile"
    elif any(not set(word) <= _AROMATIC for word in _WORD.findall(plain)):
        what = "not a SMILES but reads like a name; put a name in its own field"
    elif "H" in plain:
        what = "a formula rather than a SMILES, which leaves hydrogens out; send the structure"
    else:
        return None
    return StructureError("unreadable", f'"{shortened(text, 80)}" is {what}')


def unbalanced(text: str) -> StructureError | None:
    """A bracket, branch or ring that is opened and never closed, or closed and never opened."""
    shown = shortened(text, 80)
    outside = re.sub(r"\[[^\[\]]*\]", "A", text)  # digits inside an atom are no ring bonds
    for mark, other, what in (("[", "]", "a bracket"), ("]", "[", "a bracket")):
        if mark in outside:
            return StructureError(
                "unreadable", f'"{shown}" has "{mark}" without the "{other}" that ends {what}'
            )
    depth = 0
    for letter in outside:
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return StructureError(
                "unreadable", f'"{shown}" closes a branch ")" that it never opened'
            )
    if depth:
        return StructureError("unreadable", f'"{shown}" opens a branch "(" that it never closes')
    open_rings: set[str] = set()
    for match in _RING_BOND.finditer(outside):
        open_rings ^= {next(group for group in match.groups() if group)}
    if open_rings:
        rings = ", ".join(sorted(open_rings, key=lambda ring: (len(ring), ring)))
        return StructureError(
            "unreadable", f'"{shown}" opens a ring ({rings}) that it never closes'
        )
    return None


def chemistry(log: str) -> StructureError | None:
    """A structure that is well written but cannot exist."""
    if match := _VALENCE.search(log):
        number, element, valence = match.groups()
        return StructureError(
            "bad_valence",
            f"atom {int(number) + 1} ({element}) has {valence} bonds, more than it can have; "
            "check its bonds, hydrogens and charge",
        )
    if match := _KEKULE.search(log):
        atoms = ", ".join(str(int(number) + 1) for number in match.group(1).split()[:12])
        return StructureError(
            "not_aromatic",
            f"the aromatic ring at atoms {atoms} admits no alternating double bonds; "
            "write [nH] for a nitrogen that carries hydrogen, and a saturated atom in capitals",
        )
    if match := _ELEMENT.search(log):
        return StructureError(
            "unreadable",
            f'"{shortened(match.group(1), 40)}" is no element; draw abbreviations out in full',
        )
    if "non-ring atom" in log:
        return StructureError(
            "not_aromatic", "an atom is marked aromatic but is in no ring; write it in capitals"
        )
    return None


def complaint(log: str) -> str:
    """The first line of RDKit's log, without its clock and its repetition of the input."""
    line = _LOG_TIME.sub("", log).strip().split("\n")[0]
    return shortened(
        re.sub(r"(SMILES Parse Error: )|( for input: .*)|(\*\*\*\*)", "", line).strip(), 160
    )


def _at_position(text: str, log: str) -> StructureError:
    shown = shortened(text, 80)
    if match := _POSITION.search(log):
        place = int(match.group(1))
        around = shortened(text[max(0, place - 6) : place], 20)
        return StructureError(
            "unreadable",
            f'"{shown}" is not a SMILES: it cannot be read past "{around}" (position {place})',
        )
    reason = complaint(log)
    tail = f": {reason}" if reason else ""
    return StructureError("unreadable", f'"{shown}" is not a SMILES{tail}')
