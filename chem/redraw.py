"""Groups that chemists draw in several ways, brought to the one drawing in which they are kept.

The rules are SMIRKS that change charges, hydrogens and bond orders and nothing else, so each is
done in place and at all its sites together: RDKit's Normalizer draws every product of every site
anew, and takes seconds where a molecule has fifty.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rdkit import Chem
from rdkit.Chem import rdChemReactions

from .types import Mol, Query

FILE = Path(__file__).parent / "data" / "normal_forms.txt"
_PASSES = 8  # a rule may make room for another, or for itself at the next site; three are most seen


@dataclass(frozen=True, slots=True)
class Rule:
    """What to look for, and by its atoms: which charges, hydrogens and bond orders to set."""

    name: str
    query: Query
    charges: tuple[tuple[int, int], ...]
    hydrogens: tuple[tuple[int, int], ...]
    bonds: tuple[tuple[int, int, Chem.BondType], ...]


def redrawn(mol: Mol) -> Mol:
    """`mol` itself when every group is in its normal form, else a copy in which it is."""
    for _ in range(_PASSES):
        before = mol
        for rule in rules():
            mol = _applied(rule, mol)
        if mol is before:
            break
    return mol


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of the file, in its order."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("//")]
    return tuple(_rule(name, smirks) for name, smirks in rows)


def _applied(rule: Rule, mol: Mol) -> Mol:
    sites = mol.GetSubstructMatches(rule.query, maxMatches=mol.GetNumAtoms())
    if not sites:
        return mol
    return _changed(rule, mol, _apart(sites)) or _changed(rule, mol, [sites[0]]) or mol


def _apart(sites: tuple[tuple[int, ...], ...]) -> list[tuple[int, ...]]:
    """The sites that share no atom with an earlier one; the others wait for the next pass."""
    taken: set[int] = set()
    chosen = []
    for site in sites:
        if taken.isdisjoint(site):
            taken.update(site)
            chosen.append(site)
    return chosen


def _changed(rule: Rule, mol: Mol, sites: list[tuple[int, ...]]) -> Mol | None:
    """A copy of `mol` with the rule done at `sites`; None when that is no possible molecule."""
    new = Chem.RWMol(mol)
    for site in sites:
        for place, charge in rule.charges:
            new.GetAtomWithIdx(site[place]).SetFormalCharge(charge)
        for place, hydrogens in rule.hydrogens:
            atom = new.GetAtomWithIdx(site[place])
            atom.SetNumExplicitHs(hydrogens)
            atom.SetNoImplicit(True)
        for first, second, order in rule.bonds:
            bond = new.GetBondBetweenAtoms(site[first], site[second])
            bond.SetBondType(order)
            bond.SetIsAromatic(False)
            bond.SetStereo(Chem.BondStereo.STEREONONE)
    try:
        Chem.SanitizeMol(new)
    except Chem.MolSanitizeException:
        return None
    Chem.AssignStereochemistry(new, cleanIt=True, force=True)
    return new.GetMol()


def _rule(name: str, smirks: str) -> Rule:
    reaction = rdChemReactions.ReactionFromSmarts(smirks)
    reaction.Initialize()  # marks the charges and hydrogens that the products spell out
    query, product = reaction.GetReactantTemplate(0), reaction.GetProductTemplate(0)
    place = {atom.GetAtomMapNum(): atom.GetIdx() for atom in query.GetAtoms()}
    charges, hydrogens = (
        tuple(
            (place[atom.GetAtomMapNum()], atom.GetIntProp(spelt))
            for atom in product.GetAtoms()
            if atom.HasProp(spelt)
        )
        for spelt in ("_QueryFormalCharge", "_QueryHCount")
    )
    bonds = []
    for bond in product.GetBonds():
        first, second = (
            place[atom.GetAtomMapNum()] for atom in (bond.GetBeginAtom(), bond.GetEndAtom())
        )
        if query.GetBondBetweenAtoms(first, second).GetBondType() != bond.GetBondType():
            bonds.append((first, second, bond.GetBondType()))
    return Rule(name, Chem.Mol(query), charges, hydrogens, tuple(bonds))
