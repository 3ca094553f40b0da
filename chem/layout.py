"""Where the atoms of a drawing lie.

Members of a family lie alike: the family's core is laid out once, and each member is drawn onto it
or, where that would crowd it, turned so that its own core points the same way. Of several drawings
the first without overlapping atoms, crossing or stretched bonds is taken, else the one with fewest.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from rdkit import Chem
from rdkit.Chem import rdDepictor

from .core import shared_core
from .families import classify, family_named
from .types import Mol

MAX_ATOMS = 100  # larger structures are laid out once, in the plain way
_ORDERS = 6  # RDKit's layout depends on the order of atoms; so many are tried
_WAYS = 6  # in which a rule may match one molecule
_CLOSE = 0.45  # of a bond length: atoms nearer than that overlap
_TURNING_STEPS = 500  # of the search for what two examples share: some milliseconds
_STRETCHED = 1.3  # bonds longer or shorter than usual by that factor are seen to be

Points = npt.NDArray[np.float64]
Pairs = list[tuple[int, int]]  # atom of the guide, atom of the molecule


def laid_out(mol: Mol, guide: Mol | None = None, pairs: Sequence[tuple[int, int]] = ()) -> Mol:
    """A copy with flat coordinates, its family's core in the family's position.

    `guide` is a molecule that has coordinates already, to lie like it rather than like the family;
    `pairs` name an atom of the guide and one of `mol` each.
    """
    bare = Chem.Mol(mol)
    bare.RemoveAllConformers()
    if bare.GetNumAtoms() > MAX_ATOMS:
        return _plain(bare)
    guides = [(guide, list(pairs))] if guide is not None and pairs else list(_guides(bare))
    return _best(_layouts(bare, guides))


def _best(layouts: Iterator[Mol]) -> Mol:
    best = next(layouts)
    fewest = _misread(best), faults(best)
    for layout in layouts:
        if fewest == (0, 0):
            break
        if (found := (_misread(layout), faults(layout))) < fewest:
            best, fewest = layout, found
    return best


def _misread(laid: Mol) -> int:
    """1 where crowding hides a stereocentre from whoever reads the drawing, else 0."""
    written = Chem.MolToSmiles(laid)
    if "@" not in written and "/" not in written:
        return 0
    read = Chem.MolFromMolBlock(Chem.MolToMolBlock(laid))
    return int(read is None or Chem.MolToSmiles(read) != written)


def _layouts(bare: Mol, guides: list[tuple[Mol, Pairs]]) -> Iterator[Mol]:
    """Layouts in the order of preference: drawn onto a guide, then free but turned like it."""
    for guide, pairs in guides:
        onto = Chem.Mol(bare)
        try:
            rdDepictor.GenerateDepictionMatching2DStructure(onto, guide, pairs)
        except (ValueError, RuntimeError):
            continue
        yield onto
    for free in _free(bare):
        if guides:
            _turn(free, *guides[0])
        yield free


def _free(bare: Mol) -> Iterator[Mol]:
    """RDKit's layouts of the atoms in several orders, then with its templates of caged rings."""
    for order in range(_ORDERS):
        yield _plain(bare, order)
    caged = Chem.Mol(bare)
    rdDepictor.Compute2DCoords(caged, canonOrient=True, useRingTemplates=True)
    yield caged


def _plain(bare: Mol, order: int = 0) -> Mol:
    """RDKit's own layout, of the atoms in one of several orders."""
    atoms = list(range(bare.GetNumAtoms()))
    if order:
        random.Random(order).shuffle(atoms)  # noqa: S311  the same at every run
    laid = Chem.RenumberAtoms(bare, atoms) if order else Chem.Mol(bare)
    rdDepictor.Compute2DCoords(laid, canonOrient=True)
    return Chem.RenumberAtoms(laid, [int(i) for i in np.argsort(atoms)]) if order else laid


def _turn(laid: Mol, guide: Mol, pairs: Pairs) -> None:
    """Turn, and mirror if need be, so that the paired atoms lie as nearly as they can alike."""
    here = _points(laid)
    wanted = _points(guide)[[place for place, _ in pairs]]
    ours = here[[atom for _, atom in pairs]]
    u, _, v = np.linalg.svd((ours - ours.mean(axis=0)).T @ (wanted - wanted.mean(axis=0)))
    turned = np.zeros((len(here), 3))
    turned[:, :2] = (here - ours.mean(axis=0)) @ (u @ v)
    laid.GetConformer().SetPositions(turned)


def faults(laid: Mol) -> int:
    """How many pairs of atoms overlap and of bonds cross, and how many bonds are stretched."""
    points = _points(laid)
    bonds = np.array([(b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in laid.GetBonds()], int)
    if not len(bonds):
        return 0
    starts, ends = points[bonds[:, 0]], points[bonds[:, 1]]
    lengths = np.linalg.norm(starts - ends, axis=1)
    usual = float(np.median(lengths))
    stretched = (lengths > usual * _STRETCHED) | (lengths < usual / _STRETCHED)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    close = np.triu(apart < _CLOSE * usual, 1)
    one, other = np.triu_indices(len(bonds), 1)
    joined = (bonds[one][:, :, None] == bonds[other][:, None, :]).any(axis=(1, 2))
    a, b, c, d = starts[one], ends[one], starts[other], ends[other]
    crossing = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
    return int(stretched.sum() + close.sum() + (crossing & ~joined).sum())


def _side(start: Points, end: Points, point: Points) -> Points:
    """On which side of the line from `start` to `end` a point lies, by sign; 0 is on the line."""
    line, to = end - start, point - start
    area = line[:, 0] * to[:, 1] - line[:, 1] * to[:, 0]
    return np.asarray(np.where(np.abs(area) < 1e-6, 0.0, area), dtype=np.float64)


def _guides(mol: Mol) -> Iterator[tuple[Mol, Pairs]]:
    """The family's template with each way in which its rule matches both."""
    matches = classify(mol).families
    family = family_named(matches[0].family) if matches else None
    for number, query in enumerate(family.any if family else ()):
        template = _template(matches[0].family, number)
        if template is None:
            continue
        place = template.GetSubstructMatch(query)
        ways = mol.GetSubstructMatches(query, uniquify=False, maxMatches=_WAYS)
        if place and ways:
            yield from ((template, list(zip(place, way, strict=True))) for way in ways)
            return


@cache
def _template(family_id: str, number: int) -> Mol | None:
    """The first example of the family that its rule of this number accepts, laid out.

    That of a later rule is turned like the example of the first rule with which it shares most.
    """
    family = family_named(family_id)
    examples = _examples(family_id, number)
    if family is None or not examples:
        return None
    if number == 0 or not (models := _examples(family_id, 0)):
        return _best(_layouts(examples[0], []))
    example = next((one for one in examples if one.HasSubstructMatch(family.any[0])), None)
    if example is not None:
        return laid_out(example)
    example = examples[0]
    cores = [(shared_core(model, example, _TURNING_STEPS), model) for model in models]
    core, model = max(cores, key=lambda pair: len(pair[0].first))
    guides = [(laid_out(model), list(core.pairs))] if core.pairs else []
    return _best(_layouts(example, guides))


def _examples(family_id: str, number: int) -> list[Mol]:
    """The positive examples that a rule of the family accepts, in their order."""
    family = family_named(family_id)
    if family is None:
        return []
    mols = (Chem.MolFromSmiles(positive.smiles) for positive in family.positives)
    return [mol for mol in mols if mol.HasSubstructMatch(family.any[number])]


def _points(laid: Mol) -> Points:
    return np.asarray(laid.GetConformer().GetPositions()[:, :2], dtype=np.float64)
