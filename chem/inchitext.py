"""What an InChI's text says of its graph, read without the InChI library.

The library numbers the atoms anew while reading, which an unkind text can make endless, and takes a
count of isotopic hydrogens at its word until the memory is gone. The graph alone is quickly read,
and enough to see whether the text may go on (chem.bounds).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rdkit import Chem

from .bounds import MAX_FRAGMENTS, MAX_HEAVY_ATOMS, too_many_atoms, too_many_fragments
from .errors import StructureError
from .types import Mol

_COMPONENT = re.compile(r"(\d*)((?:[A-Z][a-z]?\d*)+)")
_ELEMENT = re.compile(r"([A-Z][a-z]?)(\d*)")
_PATH = re.compile(r"\d+|[(),]")
_MOBILE = re.compile(r"\([^)]*\)")  # hydrogens shared by several atoms
_HYDROGENS = re.compile(r"([\d,\-]+)H(\d*)")
_LABELS = {
    "i": re.compile(r"(\d+)((?:[+-]\d+)?(?:[HDT]\d*)*)"),
    "t": re.compile(r"(\d+)([+\-?u])"),
    "b": re.compile(r"(\d+-\d+)([+\-?u])"),
}
_IMPOSSIBLE = re.compile(r"\d{4}|/i[^/]*(?:[HDT]\d\d|[+-]\d{3})|/[pq][^/]*\d{3}")
_HYDROGEN = 1


def graph_of(text: str) -> tuple[Mol, int]:
    """The atoms, bonds and hydrogen counts that an InChI tells, and how many stereo marks it has.

    The molecule is not sanitised and all its bonds are single; atoms of different isotope or stereo
    carry different isotope numbers. Raises StructureError for what cannot be an InChI, or is beyond
    the limits of size.
    """
    if impossible := _IMPOSSIBLE.search(text):
        raise _altered(f'"{impossible.group(0)[-12:]}" in it is beyond any structure')
    formula, *layers = text.split("/")[1:] or [""]
    mol = Chem.RWMol()
    starts = [_add(mol, elements) for elements in _components(formula)]
    labels: dict[int, str] = {}
    marks = 0
    for layer in layers:
        kind = layer[:1]
        if kind == "f":  # fixed hydrogens say nothing new of the graph
            break
        if kind == "r":
            raise _altered("it has a reconnected layer; send the standard InChI")
        for start, part in zip(starts, _parts(layer[1:]), strict=False):
            if kind == "c":
                _bond(mol, start, part)
            elif kind == "h":
                _hydrogenate(mol, start, part)
            elif kind in _LABELS:
                for places, label in _LABELS[kind].findall(part):
                    for place in places.split("-"):
                        atom = _atom(mol, start, place)
                        labels[atom] = f"{labels.get(atom, '')}{kind}{label}"
                    marks += kind != "i"
    if len(Chem.GetMolFrags(mol)) != len(starts):
        raise _altered("its formula has atoms that it does not connect")
    _mark(mol, labels)
    return mol, marks


def _components(formula: str) -> Iterator[list[int]]:
    """The atomic numbers of each component in InChI's order; hydrogens count only when alone."""
    heavy = parts = 0
    for part in formula.split("."):
        match = _COMPONENT.fullmatch(part)
        if match is None:
            raise _altered("it has no formula")
        copies = int(match.group(1) or 1)
        counts = [(s, int(n or 1)) for s, n in _ELEMENT.findall(match.group(2)) if s != "H"]
        heavy += copies * sum(times for _, times in counts)
        parts += copies
        if heavy > MAX_HEAVY_ATOMS:
            raise too_many_atoms(heavy)
        if parts > MAX_FRAGMENTS:
            raise too_many_fragments(parts)
        atoms = [_number(symbol) for symbol, times in counts for _ in range(times)]
        for _ in range(copies):
            yield atoms or [_HYDROGEN]


def _number(symbol: str) -> int:
    try:
        return int(Chem.GetPeriodicTable().GetAtomicNumber(symbol))
    except RuntimeError:
        raise _altered(f"{symbol} is no element") from None


def _add(mol: Chem.RWMol, elements: list[int]) -> int:
    """Add the atoms of a component; the index of its first."""
    start = int(mol.GetNumAtoms())
    for number in elements:
        atom = Chem.Atom(number)
        atom.SetNoImplicit(True)
        mol.AddAtom(atom)
    return start


def _parts(layer: str) -> Iterator[str]:
    """What a layer says of each component; "3*" before a part says it of three."""
    for part in layer.split(";"):
        times, _, said = part.rpartition("*")
        for _ in range(int(times) if times.isdecimal() else 1):
            yield said


def _bond(mol: Chem.RWMol, start: int, path: str) -> None:
    """Follow a path such as 1-8-4(5,6)7 and bond its atoms."""
    here: int | None = None
    branches: list[int | None] = []
    for word in _PATH.findall(path):
        if word == "(":
            branches.append(here)
        elif not word.isdecimal():
            if not branches:
                raise _altered("a branch in it is never opened")
            here = branches[-1] if word == "," else branches.pop()
        else:
            atom = _atom(mol, start, word)
            if here is not None:
                if here == atom or mol.GetBondBetweenAtoms(here, atom) is not None:
                    raise _altered("it bonds two atoms twice")
                mol.AddBond(here, atom, Chem.BondType.SINGLE)
            here = atom


def _hydrogenate(mol: Chem.RWMol, start: int, part: str) -> None:
    for places, times in _HYDROGENS.findall(_MOBILE.sub("", part)):
        for place in filter(None, places.split(",")):
            first, _, last = place.partition("-")
            for atom in range(_atom(mol, start, first), _atom(mol, start, last or first) + 1):
                mol.GetAtomWithIdx(atom).SetNumExplicitHs(int(times or 1))


def _mark(mol: Chem.RWMol, labels: dict[int, str]) -> None:
    numbers = {label: index for index, label in enumerate(sorted(set(labels.values())), start=1)}
    for atom, label in labels.items():
        mol.GetAtomWithIdx(atom).SetIsotope(numbers[label])


def _atom(mol: Chem.RWMol, start: int, place: str) -> int:
    atom = start + int(place) - 1 if place.isdecimal() else -1
    if not start <= atom < mol.GetNumAtoms():
        raise _altered(f"it has no atom {place}")
    return atom


def _altered(why: str) -> StructureError:
    return StructureError(
        "unreadable", f"this is not a valid InChI: {why}; it may be cut or altered"
    )
