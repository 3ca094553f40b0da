"""The only door in: text to a molecule, within limits, or a StructureError that says why not.

SMILES (with a ChemAxon extension if any), InChI and molfile V2000 or V3000; an SD record is a
molfile followed by data, which is ignored. What leaves the structure open (wildcards, query atoms,
R-groups, polymers, reactions) is refused: a report is about one definite substance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rdkit import Chem, rdBase
from rdkit.Chem import rdinchi

from .bounds import (
    refuse_arrangements,
    refuse_unbearable,
    refuse_unsized,
    smiles_may_be_intricate,
)
from .diagnose import chemistry, complaint, unreadable_smiles
from .errors import StructureError, shortened
from .inchitext import graph_of
from .types import Mol

MAX_LINE_CHARACTERS = 2_000  # a SMILES or InChI; the longest drug-like ones are under 500
MAX_MOLFILE_CHARACTERS = 100_000
MAX_CHARGE = 8

FORMATS = ("smiles", "inchi", "molfile")

_REAL_BONDS = {
    Chem.BondType.SINGLE,
    Chem.BondType.DOUBLE,
    Chem.BondType.TRIPLE,
    Chem.BondType.QUADRUPLE,
    Chem.BondType.AROMATIC,
    Chem.BondType.DATIVE,
}
_MARGIN = (
    " \t\r\n\ufeff\u200b\u200e\u200f\u2060"  # what copying leaves around a text, mostly unseen
)
_UNUSUAL = "[~|"  # a SMILES without these has nothing but ordinary atoms and bonds
_BIG_CHARGE = re.compile(r"\[[^\]]*[+-]\d\d")
_POLYMER_SGROUPS = {"SRU", "MON", "COP", "CRO", "GRA", "MOD", "MER", "ANY"}
_PERIODIC_TABLE = Chem.GetPeriodicTable()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A molecule, the format it was read from, and the text as sent."""

    mol: Mol
    format: str
    text: str


def parse(text: str, format: str = "auto") -> Parsed:
    """Read `text` as `format` ("smiles", "inchi", "molfile", or "auto" to tell by its looks).

    Raises StructureError, and nothing else, whatever the text.
    """
    try:
        kind = _accepted_format(text, format)
        mol = _READERS[kind](text)
        refuse_unsized(mol, in_one_piece=kind == "smiles" and "." not in text)
        refuse_arrangements(mol)
        if kind != "smiles" or any(mark in text for mark in _UNUSUAL):
            _refuse_indefinite(mol)
    except StructureError as problem:
        raise problem.about(text if isinstance(text, str) else repr(text)) from None
    except UnicodeError:
        raise StructureError(
            "unreadable", "the structure has broken characters; send plain text", repr(text)
        ) from None
    except Exception as problem:  # RDKit raises many kinds on hostile input; none may pass the door
        reason = shortened(complaint(str(problem)), 120)
        raise StructureError("unreadable", f"it could not be read: {reason}", text) from problem
    return Parsed(mol, kind, text)


def _accepted_format(text: str, format: str) -> str:
    """The format to read `text` in, once it is plain text of a bearable length."""
    if not isinstance(text, str):
        raise StructureError(
            "not_text", "the structure is no text; send SMILES, InChI or a molfile"
        )
    if not text.strip(_MARGIN):
        raise StructureError("empty", "the structure is empty; send SMILES, InChI or a molfile")
    kind = detect(text) if format == "auto" else format
    if kind not in FORMATS:
        raise StructureError(
            "unsupported_format",
            f'"{shortened(str(format), 40)}" is no structure format; use smiles, inchi, molfile '
            "or auto",
        )
    limit = MAX_MOLFILE_CHARACTERS if kind == "molfile" else MAX_LINE_CHARACTERS
    if len(text) > limit:
        raise StructureError(
            "too_long",
            f"the structure has {len(text):,} characters; a {kind} may have {limit:,}; "
            "send one small molecule",
        )
    if "\0" in text:
        raise StructureError(
            "unreadable", "the structure contains a NUL character; send plain text"
        )
    return kind


def detect(text: str) -> str:
    """What `text` looks like: InChI by its prefix, a molfile by its lines, else SMILES."""
    if text.lstrip(_MARGIN).startswith(("InChI=", "inchi=", "INCHI=")):
        return "inchi"
    if "\n" in text.strip("\r\n") and re.search(r"V[23]000|^M  END", text, re.MULTILINE):
        return "molfile"
    return "smiles"


def _read_smiles(text: str) -> Mol:
    words = text.strip(_MARGIN).split(maxsplit=1)
    written = words[0]
    if len(words) > 1 and not words[1].startswith("|"):
        raise StructureError(
            "trailing_text",
            f'"{shortened(text.strip(), 80)}" has text after the structure; '
            "put a name in its own field",
        )
    if not written.isascii():  # RDKit leaves them out at either end, and reads what remains
        stranger = next(letter for letter in written if not letter.isascii())
        raise StructureError(
            "unreadable",
            f'"{shortened(written, 80)}" has a character (U+{ord(stranger):04X}) that no SMILES '
            "has; type the structure in plain letters",
        )
    if ">" in written.replace("->", ""):
        raise StructureError("reaction", 'this is a reaction; send one substance, without ">"')
    if "*" in written:
        raise StructureError(
            "query_atoms", 'a "*" stands for any atom; draw the atom that is meant'
        )
    if _BIG_CHARGE.search(written):
        raise _bad_charge()
    whole = " ".join(words)
    if smiles_may_be_intricate(written):
        rough = Chem.MolFromSmiles(whole, sanitize=False)
        if rough is not None:
            refuse_unbearable(rough)
    mol = Chem.MolFromSmiles(whole)
    if mol is None:
        with rdBase.CaptureErrorLog() as log:
            Chem.MolFromSmiles(whole)
        raise unreadable_smiles(written, log.messages)
    if len(words) > 1:
        _refuse_variable(mol)
    return mol


def _read_inchi(text: str) -> Mol:
    written = text.strip(_MARGIN)
    if not written.startswith("InChI="):
        raise StructureError("unreadable", 'an InChI begins with "InChI=1S/" or "InChI=1/"')
    rough, marks = graph_of(written)
    refuse_unbearable(rough)
    refuse_arrangements(rough, marks)
    try:
        with rdBase.CaptureErrorLog() as log:
            read = rdinchi.InchiToMol(written, True, True)
            mol: Mol | None = read[0]
    except Chem.MolSanitizeException as problem:
        raise _misread() from problem
    if mol is None:
        raise chemistry(log.messages) or StructureError(
            "unreadable",
            f'"{shortened(written, 80)}" is not a valid InChI; it may be cut or altered',
        )
    key = rdinchi.InchiToInchiKey(written)
    if read[1] != 0 or key[:14] != rdinchi.MolToInchiKey(mol)[:14]:
        raise _misread()
    # as SMILES would draw it: reading InChI fixes hydrogens on atoms that later steps would free
    return Chem.MolFromSmiles(Chem.MolToSmiles(mol)) or mol


def _misread() -> StructureError:
    return StructureError(
        "unreadable",
        "no structure can be drawn from this InChI that would have the same InChI again; "
        "send SMILES or a molfile",
    )


def _read_molfile(text: str) -> Mol:
    if "$RXN" in text:
        raise StructureError("reaction", "this is a reaction file; send one substance as a molfile")
    if "BEGIN TEMPLATE" in text:
        raise StructureError("polymer", "the file spells a macromolecule; send one small molecule")
    block = text.replace("\r\n", "\n").replace("\r", "\n")
    rough = Chem.MolFromMolBlock(block, sanitize=False, removeHs=False)
    if rough is not None:
        refuse_unbearable(rough)
    with rdBase.CaptureErrorLog() as log:
        mol = Chem.MolFromMolBlock(block)
    if mol is None:
        reason = complaint(log.messages) or "its counts line or atom lines are damaged"
        raise chemistry(log.messages) or StructureError(
            "unreadable", f"the molfile could not be read: {reason}"
        )
    if re.search(r"^M  (?:RGP|LOG)|RGROUPS=", block, re.MULTILINE):
        raise StructureError("r_group", "the drawing has an R-group; draw the group that is meant")
    _refuse_variable(mol)
    return mol


_READERS = {"smiles": _read_smiles, "inchi": _read_inchi, "molfile": _read_molfile}


def _refuse_variable(mol: Mol) -> None:
    """Raise for what a drawing may add to atoms and bonds: repeats, and bonds to any of several."""
    groups = (
        group.GetProp("TYPE") for group in Chem.GetMolSubstanceGroups(mol) if group.HasProp("TYPE")
    )
    if mol.HasProp("_molLinkNodes") or not _POLYMER_SGROUPS.isdisjoint(groups):
        raise StructureError(
            "polymer", "the drawing has a repeating unit; draw one definite molecule"
        )
    for bond in mol.GetBonds():
        if bond.HasProp("_MolFileBondEndPts"):
            raise StructureError(
                "bond_kind", "a bond ends at any of several atoms; draw it to the one that is meant"
            )


def _bad_charge() -> StructureError:
    return StructureError(
        "bad_charge",
        f"an atom carries a charge beyond \u00b1{MAX_CHARGE}; check the charges of the drawing",
    )


def _refuse_indefinite(mol: Mol) -> None:
    """Raise for atoms and bonds that RDKit accepts but a report of a substance cannot mean."""
    for index in range(mol.GetNumAtoms()):
        atom = mol.GetAtomWithIdx(index)
        number = atom.GetAtomicNum()
        if number == 0 and (atom.HasProp("_MolFileRLabel") or atom.HasProp("dummyLabel")):
            raise StructureError(
                "r_group", "the drawing has an R-group; draw the group that is meant"
            )
        if number == 0 or atom.HasQuery():
            raise StructureError(
                "query_atoms",
                f"atom {index + 1} is a query that several atoms fit; draw the one that is meant",
            )
        isotope = atom.GetIsotope()
        if isotope and not _PERIODIC_TABLE.GetMassForIsotope(number, isotope):
            raise StructureError(
                "bad_isotope",
                f"{atom.GetSymbol()} has no isotope of mass {isotope}; check the label",
            )
        if abs(atom.GetFormalCharge()) > MAX_CHARGE:
            raise _bad_charge()
        atom.SetAtomMapNum(0)  # a reaction's bookkeeping, no part of a substance
    for index in range(mol.GetNumBonds()):
        bond = mol.GetBondWithIdx(index)
        if bond.HasQuery() or bond.GetBondType() not in _REAL_BONDS:
            raise StructureError(
                "bond_kind",
                f"the bond of atoms {bond.GetBeginAtomIdx() + 1} and {bond.GetEndAtomIdx() + 1} "
                "is of no definite order; draw it single, double or triple",
            )
