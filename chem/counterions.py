"""Which fragments are counter-ions or solvents: two data files, read once.

A fragment is looked up neutral, first with its stereo marks, then without: fumarate and maleate are
told apart when drawn so, and any tartrate is a tartrate. Isotope labels matter only where the file
names them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from rdkit import Chem

from .isotopes import has_isotopes, without_isotopes
from .types import Mol

DATA = Path(__file__).parent / "data"

_ORGANIC = Chem.MolFromSmarts(
    "[#6;!$([#6](=,#[O,N,S])=,#[O,N,S]);!$(C([OH])([OH])=O);!$(C(#N)[SH,OH,#1])]"
)
METAL = Chem.MolFromSmarts(
    "[!#1!#2!#5!#6!#7!#8!#9!#10!#14!#15!#16!#17!#18!#33!#34!#35!#36!#52!#53!#54]"
)
_ACID = Chem.MolFromSmarts("[$([CX3](=O)[OX2H1]),$([#15,#16](=O)[OX2H1])]")
_BASE = Chem.MolFromSmarts("[$([NX3;!$(N[C,S]=[O,S,N]);!$(N~[!#6])]),$([NX4+])]")


@cache
def salts() -> dict[str, str]:
    """Key of a listed counter-ion to its name."""
    return _read(DATA / "salts.smi")


@cache
def solvents() -> dict[str, str]:
    """Key of a listed solvent to its name."""
    return _read(DATA / "solvents.smi")


def salt_name(fragment: Mol) -> str | None:
    """The name of a neutral fragment as a counter-ion, None when it is not listed.

    A lone metal atom is always a counter-ion, named after its element when the file does not.
    """
    name = _look_up(fragment, salts())
    if name is None and fragment.GetNumAtoms() == 1 and is_metallic(fragment):
        number = fragment.GetAtomWithIdx(0).GetAtomicNum()
        return str(Chem.GetPeriodicTable().GetElementName(number)).lower()
    return name


def solvent_name(fragment: Mol) -> str | None:
    """The name of a neutral fragment as a solvent, None when it is not listed."""
    return _look_up(fragment, solvents())


def is_metallic(mol: Mol) -> bool:
    """Whether any atom is a metal."""
    return bool(mol.HasSubstructMatch(METAL))


def is_organic(mol: Mol) -> bool:
    """Whether it has carbon other than that of carbonates, cyanides and the like."""
    return bool(mol.HasSubstructMatch(_ORGANIC))


def drug_likeness(fragment: Mol) -> tuple[bool, int]:
    """How likely a listed fragment is what the sender meant when nothing else is there.

    A base outranks an acid (of piperazine citrate, piperazine is the drug), then size decides.
    """
    base = fragment.HasSubstructMatch(_BASE) and not fragment.HasSubstructMatch(_ACID)
    return bool(base), int(fragment.GetNumHeavyAtoms())


def _look_up(fragment: Mol, names: dict[str, str]) -> str | None:
    if fragment.GetNumAtoms() == 1 and is_metallic(fragment):
        return names.get(f"[{fragment.GetAtomWithIdx(0).GetSymbol()}]")
    name = names.get(Chem.MolToSmiles(fragment))
    name = name or names.get(Chem.MolToSmiles(fragment, isomericSmiles=False))
    if name is None and has_isotopes(fragment):
        return _look_up(without_isotopes(fragment), names)
    return name


def _read(path: Path) -> dict[str, str]:
    names: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("# "):
            smiles, name = line.split("\t")
            names.setdefault(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)), name)
    return names
