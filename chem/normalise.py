"""From what was drawn to the substance that was meant.

Metals are cut loose, groups brought to one drawing, each fragment made neutral, listed salts and
solvents taken off. What remains are the components; more than one means a mixture, and each is
kept: choosing the largest fragment would turn a fentanyl and etizolam tablet into fentanyl alone.
Stereo and isotopes stay. The result does not depend on atom order, and normalising it again
changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from rdkit import Chem
from rdkit.Chem.MolStandardize import rdMolStandardize

from .counterions import drug_likeness, is_metallic, is_organic, salt_name, solvent_name
from .errors import StructureError
from .isotopes import has_isotopes
from .redraw import redrawn
from .types import Mol

# Built once: RDKit rebuilds its rules on each call otherwise, at thrice the time.
_DISCONNECTOR = rdMolStandardize.MetalDisconnector()
_REIONIZER = rdMolStandardize.Reionizer()
_UNCHARGER = rdMolStandardize.Uncharger(canonicalOrder=True, force=False, protonationOnly=True)

# Any atom that one of the steps might touch: a charge outside a nitro group, an element outside
# organic chemistry, a phosphorus drawn like an old nitro group. None, and no amide drawn as its
# imidic acid: nothing to do.
_PERHAPS = Chem.MolFromSmarts(
    "[!+0,!#1!#5!#6!#7!#8!#9!#14!#16!#17!#34!#35!#53]"  # quick, and in whatever the next matches
)
_TOUCHED = Chem.MolFromSmarts(
    "[!+0!$([N+](=O)[O-])!$([O-][N+](=O)[!-]),"
    "!#1!#5!#6!#7!#8!#9!#14!#15!#16!#17!#34!#35!#53,$([#15,#33,#51;X3](=*)=*)]"
)
_IMIDIC = Chem.MolFromSmarts("[O,S;X2;H1]-[#6]=,:[#7;X2]")  # an amide as reading an InChI draws it
_HALIDES = {
    "hydrochloride": "chloride",
    "hydrobromide": "bromide",
    "hydriodide": "iodide",
    "hydrofluoride": "fluoride",
}
_ROUNDS = 4  # one step may enable another; two rounds are the most seen


@dataclass(frozen=True, slots=True)
class Component:
    """One substance of a submission: its neutral parent and what was taken off it."""

    parent: Mol
    salt: tuple[str, ...]
    solvents: tuple[str, ...]
    isotopes: bool  # some atom is labelled


@dataclass(frozen=True, slots=True)
class Normalised:
    """The substances found, in order of their SMILES, and the steps that changed something."""

    components: tuple[Component, ...]
    mixture: bool
    steps: tuple[str, ...]


def normalise(mol: Mol) -> Normalised:
    """The components of `mol`.

    Raises StructureError("no_organic_part") when only inorganic counter-ions or water are there.
    """
    steps: list[str] = []
    if mol.GetStereoGroups():
        mol = _without_uncertain_stereo(mol, steps)
    if _is_plain(mol):
        return Normalised((Component(mol, (), (), has_isotopes(mol)),), False, tuple(steps))
    fragments = _neutral_fragments(mol, steps)
    kept, salt, solvents = _without_counterions(fragments, steps)
    parents = _distinct(kept, steps)
    components = tuple(
        Component(parent, salt, solvents, has_isotopes(parent)) for parent in parents
    )
    return Normalised(components, len(components) > 1, tuple(steps))


def _is_plain(mol: Mol) -> bool:
    # A lone counter-ion or solvent goes the long way, which knows what to do with it.
    if mol.GetNumHeavyAtoms() <= 3 or _is_touched(mol):
        return False
    if mol.GetRingInfo().NumRings() == mol.GetNumBonds() - mol.GetNumAtoms() + 1:
        return True  # as many rings as one piece has; only for cages is it dearer to tell
    return len(Chem.GetMolFrags(mol)) == 1


def _without_uncertain_stereo(mol: Mol, steps: list[str]) -> Mol:
    """A racemate, or one of two mirror images, drawn as one of them: its centres are left open."""
    certain = Chem.StereoGroupType.STEREO_ABSOLUTE
    groups = [group for group in mol.GetStereoGroups() if group.GetGroupType() != certain]
    if not groups:
        return mol
    open_ended = Chem.RWMol(mol)
    for group in groups:
        for atom in group.GetAtoms():
            open_ended.GetAtomWithIdx(atom.GetIdx()).SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    open_ended.SetStereoGroups([])
    Chem.AssignStereochemistry(open_ended, cleanIt=True, force=True)
    steps.append("racemate or unknown enantiomer: stereo left open")
    return open_ended.GetMol()


def _is_touched(mol: Mol) -> bool:
    if mol.HasSubstructMatch(_PERHAPS) and mol.HasSubstructMatch(_TOUCHED):
        return True
    return bool(mol.HasSubstructMatch(_IMIDIC))


def _neutral_fragments(mol: Mol, steps: list[str]) -> list[Mol]:
    mol = _in_canonical_order(mol)
    if is_metallic(mol):
        apart = _DISCONNECTOR.Disconnect(mol)
        if apart.GetNumBonds() != mol.GetNumBonds():
            steps.append("metal disconnected")
        mol = apart
    fragments = []
    for fragment in Chem.GetMolFrags(mol, asMols=True, sanitizeFrags=False):
        Chem.SanitizeMol(fragment)
        fragments.append(_neutral_form(fragment, steps))
    return fragments


def _neutral_form(fragment: Mol, steps: list[str]) -> Mol:
    """`fragment` in its normal drawing and neutral, where an acid or base group allows it."""
    if not _is_touched(fragment) or _is_lone_metal(fragment):
        return fragment
    before = Chem.MolToSmiles(fragment)
    changed, done = fragment, []
    for _ in range(_ROUNDS):
        start = before
        for name, change in _CHANGES:
            changed = change(changed)
            after = Chem.MolToSmiles(changed)
            if after != before:
                done.append(name)
            before = after
        if before == start:
            break
    neutral = Chem.MolFromSmiles(before)
    if neutral is None:  # an anion without an acid, such as hexafluorophosphate
        return fragment
    steps.extend(name for name in dict.fromkeys(done) if name not in steps)
    return neutral


_CHANGES = (
    ("group redrawn", redrawn),
    ("charge moved", _REIONIZER.reionize),
    ("neutralised", _UNCHARGER.uncharge),
)


def _without_counterions(
    fragments: list[Mol], steps: list[str]
) -> tuple[list[Mol], tuple[str, ...], tuple[str, ...]]:
    kept: list[Mol] = []
    counterions: list[tuple[Mol, str]] = []
    solvates: list[tuple[Mol, str]] = []
    for fragment in fragments:
        if fragment.GetNumHeavyAtoms() == 0:
            continue  # a bare proton belongs to the acid drawn beside it
        if (name := salt_name(fragment)) is not None:
            counterions.append((fragment, name))
        elif (name := solvent_name(fragment)) is not None:
            solvates.append((fragment, name))
        else:
            kept.append(fragment)
    if not kept:
        counterions, solvates, kept = _most_drug_like(counterions, solvates)
    salt = _salt_names([name for _, name in counterions], kept)
    solvents = tuple(sorted({name for _, name in solvates}))
    steps.extend(f"salt removed: {name}" for name in salt)
    steps.extend(f"solvent removed: {name}" for name in solvents)
    return kept, salt, solvents


def _salt_names(names: list[str], kept: list[Mol]) -> tuple[str, ...]:
    """The names once each; beside a lasting cation a halide is no hydrohalide."""
    if any(Chem.GetFormalCharge(mol) > 0 for mol in kept):
        names = [_HALIDES.get(name, name) for name in names]
    return tuple(sorted(set(names)))


def _most_drug_like(
    counterions: list[tuple[Mol, str]], solvates: list[tuple[Mol, str]]
) -> tuple[list[tuple[Mol, str]], list[tuple[Mol, str]], list[Mol]]:
    """Everything is listed: the best organic counter-ion, else solvent, is what was meant."""
    for listed in (counterions, solvates):
        organic = [(mol, name) for mol, name in listed if is_organic(mol)]
        if organic:
            best, meant = max(organic, key=lambda pair: (drug_likeness(pair[0]), pair[1]))
            counterions = [pair for pair in counterions if pair[1] != meant]
            solvates = [pair for pair in solvates if pair[1] != meant]
            return counterions, solvates, [best]
    names = ", ".join(sorted({name for _, name in counterions + solvates})) or "hydrogen"
    raise StructureError(
        "no_organic_part",
        f"only counter-ions or solvents are there ({names}); the drug itself is missing, "
        "draw it too",
    )


def _distinct(fragments: list[Mol], steps: list[str]) -> list[Mol]:
    """One mol for each substance, in order of SMILES.

    Repeats (a hemisulfate) become one; so do stereoisomers side by side (a racemate drawn as its
    enantiomers), which lose the stereo marks on which they differ.
    """
    by_constitution: dict[str, dict[str, Mol]] = {}
    for fragment in fragments:
        by_constitution.setdefault(_flat_smiles(fragment), {})[Chem.MolToSmiles(fragment)] = (
            fragment
        )
    if sum(map(len, by_constitution.values())) < len(fragments):
        steps.append("repeats joined")
    distinct: dict[str, Mol] = {}
    for flat, variants in by_constitution.items():
        if len(variants) > 1:
            steps.append("stereoisomers joined")
            distinct[flat] = Chem.MolFromSmiles(flat)
        else:
            distinct.update(variants)
    return [distinct[smiles] for smiles in sorted(distinct)]


def _flat_smiles(mol: Mol) -> str:
    """Canonical SMILES without stereo, with isotopes."""
    flat = Chem.Mol(mol)
    Chem.RemoveStereochemistry(flat)
    return str(Chem.MolToSmiles(flat))


def _is_lone_metal(fragment: Mol) -> bool:
    return bool(fragment.GetNumAtoms() == 1 and is_metallic(fragment))


def _in_canonical_order(mol: Mol) -> Mol:
    """The same molecule with its atoms in canonical order, so that every step meets them alike."""
    if mol.GetNumAtoms() < 2:
        return mol
    Chem.MolToSmiles(mol)
    return Chem.RenumberAtoms(mol, list(mol.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]))
