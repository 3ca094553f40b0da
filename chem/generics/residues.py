"""What hangs on a skeleton, and whether it is of a kind that a law names.

A skeleton is a set of atoms; what is left of the molecule falls into branches. A branch is judged
as a whole: a pattern at its first atom says nothing about what else hangs there, so each of its
atoms has to be accounted for, by the pattern, by what it may bear, or by a list of allowed atoms.

The kinds are data (`data/generics/residues.toml` explains them); a definition may add its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property

from rdkit import Chem

from ..identity import inchikey_of
from ..types import Mol, Query

ANYTHING = "any"
LIMITS = ("carbons", "heavy", "hetero", "halogens", "rings", "chain", "mass")
_MATCHES = 2_000  # more ways to lay a pattern than any drug-like structure has
_HALOGENS = (9, 17, 35, 53)

Limits = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Link:
    """A bond from the skeleton to a branch."""

    core: int
    first: int
    order: float


@dataclass(frozen=True, slots=True)
class Branch:
    """Connected atoms outside a skeleton. More than one link means that it closes a ring."""

    atoms: frozenset[int]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Residue:
    """A kind of branch; every condition that is given must hold."""

    name: str
    patterns: tuple[Query, ...] = ()  # laid from the first atom, within the branch
    bears: tuple[tuple[int, tuple[str, ...]], ...] = ()  # kinds allowed on the pattern, by label
    fused: tuple[str, ...] = ()  # kinds allowed to close a ring on the pattern
    least: int = 0  # branches on the pattern
    most: int = 1_000
    only: tuple[Query, ...] = ()  # each atom of the branch is one of these
    has: tuple[Query, ...] = ()  # each to be found within the branch
    none: tuple[Query, ...] = ()  # not to be found within the branch
    bond: float = 1.0  # order of the bond to the skeleton, of a branch with one link
    limits: tuple[tuple[str, tuple[float, float]], ...] = ()
    one_of: tuple[str, ...] = ()  # further kinds, one of which must fit as well


class Subject:
    """A molecule under judgement, with what is worked out once for it."""

    def __init__(self, mol: Mol, connectivity: str = "") -> None:
        self.mol = mol
        self._connectivity = connectivity
        self.fitting: dict[tuple[int, Branch, str], bool] = {}  # by definition, branch and kind
        self._matches: dict[int, tuple[tuple[int, ...], ...]] = {}

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """The atomic numbers."""
        return tuple(atom.GetAtomicNum() for atom in self.mol.GetAtoms())

    @cached_property
    def neighbours(self) -> tuple[tuple[int, ...], ...]:
        """The heavy neighbours of each atom."""
        rows = Chem.GetAdjacencyMatrix(self.mol).tolist()
        return tuple(
            tuple(other for other, bonded in enumerate(row) if bonded and self.numbers[other] > 1)
            for row in rows
        )

    @cached_property
    def connectivity(self) -> str:
        """The key by which substances are known."""
        return self._connectivity or inchikey_of(self.mol).partition("-")[0]

    @cached_property
    def heavy(self) -> frozenset[int]:
        return frozenset(atom for atom, number in enumerate(self.numbers) if number > 1)

    @cached_property
    def rings(self) -> tuple[frozenset[int], ...]:
        return tuple(frozenset(ring) for ring in self.mol.GetRingInfo().AtomRings())

    def matches(self, query: Query) -> tuple[tuple[int, ...], ...]:
        """Every way to lay `query` on the molecule, symmetric ones too."""
        found = self._matches.get(id(query))
        if found is None:
            found = self._matches[id(query)] = self.mol.GetSubstructMatches(
                query, uniquify=False, maxMatches=_MATCHES
            )
        return found


def branches(subject: Subject, core: frozenset[int], whole: frozenset[int]) -> list[Branch]:
    """The parts of `whole` outside `core` that are bonded to it."""
    free = whole - core
    left = {other for atom in core for other in subject.neighbours[atom]} & free
    found = []
    while left:
        atoms = _connected(subject, min(left), free)
        left -= atoms
        found.append(Branch(atoms, _links(subject, core, atoms)))
    return found


def _connected(subject: Subject, start: int, free: frozenset[int]) -> frozenset[int]:
    seen, edge = {start}, [start]
    while edge:
        for other in subject.neighbours[edge.pop()]:
            if other in free and other not in seen:
                seen.add(other)
                edge.append(other)
    return frozenset(seen)


def _links(subject: Subject, core: frozenset[int], atoms: frozenset[int]) -> tuple[Link, ...]:
    return tuple(
        Link(inner, outer, subject.mol.GetBondBetweenAtoms(inner, outer).GetBondTypeAsDouble())
        for inner in sorted(core)
        for outer in subject.neighbours[inner]
        if outer in atoms
    )


class Kinds:
    """The residues by name. "alkyl:1-6" is an alkyl of one to six carbon atoms."""

    def __init__(self, residues: Iterable[Residue]) -> None:
        self._by_name = {residue.name: residue for residue in residues}
        for residue in self._by_name.values():
            borne = [name for _, names in residue.bears for name in names]
            for name in (*borne, *residue.fused, *residue.one_of):
                self.check(name)

    def check(self, reference: str) -> None:
        """Raises ValueError for a kind that nobody defined, or a size nobody can read."""
        name, carbons = _split(reference)
        if name not in self._by_name and name != ANYTHING:
            raise ValueError(f"generics: there is no residue {name!r}")
        if carbons is not None and carbons[0] > carbons[1]:
            raise ValueError(f"generics: {reference!r} allows no size")

    def fits(self, subject: Subject, branch: Branch, references: Iterable[str]) -> bool:
        """Whether the branch, seen from one of its links, is of one of the kinds."""
        for reference in references:
            key = (id(self), branch, reference)
            fits = subject.fitting.get(key)
            if fits is None:
                fits = subject.fitting[key] = self._fits(subject, branch, reference)
            if fits:
                return True
        return False

    def _fits(self, subject: Subject, branch: Branch, reference: str) -> bool:
        name, carbons = _split(reference)
        if carbons is not None and not within(subject, branch, {"carbons": carbons}):
            return False
        if name == ANYTHING:
            return True
        residue = self._by_name[name]
        if len(branch.links) == 1 and branch.links[0].order != residue.bond:
            return False
        return (
            within(subject, branch, dict(residue.limits))
            and _atoms_allowed(subject, branch, residue)
            and (not residue.patterns or self._pattern_accounts(subject, branch, residue))
            and (not residue.one_of or self.fits(subject, branch, residue.one_of))
        )

    def _pattern_accounts(self, subject: Subject, branch: Branch, residue: Residue) -> bool:
        firsts = {link.first for link in branch.links}
        return any(
            match[0] in firsts
            and branch.atoms.issuperset(match)
            and self._rest_allowed(subject, branch, residue, query, match)
            for query in residue.patterns
            if query.GetNumAtoms() <= len(branch.atoms)
            for match in subject.matches(query)
        )

    def _rest_allowed(
        self,
        subject: Subject,
        branch: Branch,
        residue: Residue,
        query: Query,
        match: tuple[int, ...],
    ) -> bool:
        if residue.only and not residue.bears:
            return True  # the atoms beyond the pattern have been looked at one by one
        rest = branches(subject, frozenset(match), branch.atoms)
        if not residue.least <= len(rest) <= residue.most:
            return False
        label_of = {match[index]: label for index, label in labels(query).items()}
        allowed = dict(residue.bears)
        return all(
            self.fits(subject, part, residue.fused)
            if len(part.links) > 1
            else self.fits(subject, part, _borne(allowed, label_of, part.links[0].core))
            for part in rest
        )


def _borne(
    allowed: dict[int, tuple[str, ...]], label_of: dict[int, int], atom: int
) -> tuple[str, ...]:
    """Kinds for an atom of a pattern; those without label are for all, or for all labelled ones."""
    label = label_of.get(atom, 0)
    if label in allowed and (label or not label_of):
        return allowed[label]
    return allowed.get(0, ()) if label else ()


@cache
def labels(query: Query) -> Mapping[int, int]:
    """The atom-map numbers of a pattern by the index of the atom."""
    return {
        atom.GetIdx(): atom.GetAtomMapNum() for atom in query.GetAtoms() if atom.GetAtomMapNum()
    }


def within(subject: Subject, branch: Branch, limits: Limits) -> bool:
    """Whether the branch keeps all limits; each is a lowest and a highest value, both allowed."""
    return all(
        low <= _measure(subject, branch, name) <= high for name, (low, high) in limits.items()
    )


def _measure(subject: Subject, branch: Branch, name: str) -> float:
    if name == "rings":
        return sum(ring <= branch.atoms for ring in subject.rings)
    if name == "chain":
        return _longest_chain(subject, branch)
    if name == "mass":
        return mass(subject.mol, branch.atoms)
    numbers = [subject.numbers[atom] for atom in branch.atoms]
    counted = {
        "carbons": numbers.count(6),
        "heavy": len(numbers),
        "hetero": len(numbers) - numbers.count(6),
        "halogens": sum(number in _HALOGENS for number in numbers),
    }
    return counted[name]


def mass(mol: Mol, atoms: Iterable[int]) -> float:
    """Mass of these atoms in u with the hydrogens on them, isotopes not considered."""
    table = Chem.GetPeriodicTable()
    return sum(
        table.GetAtomicWeight(atom.GetAtomicNum()) + atom.GetTotalNumHs() * table.GetAtomicWeight(1)
        for atom in map(mol.GetAtomWithIdx, atoms)
    )


def _longest_chain(subject: Subject, branch: Branch) -> int:
    """Atoms on the longest path that touches no ring; such atoms form a forest."""
    chain = branch.atoms.difference(*subject.rings)
    longest, left = 0, set(chain)
    while left:
        end = _walk(subject, chain, left.pop())[-1][0]
        walk = _walk(subject, chain, end)  # from one end of a tree to the one farthest from it
        longest = max(longest, walk[-1][1])
        left.difference_update(atom for atom, _ in walk)
    return longest


def _walk(subject: Subject, chain: frozenset[int], start: int) -> list[tuple[int, int]]:
    """The atoms of a tree in the order of their distance from `start`, which counts as 1."""
    walk, seen = [(start, 1)], {start}
    for atom, steps in walk:
        for other in subject.neighbours[atom]:
            if other in chain and other not in seen:
                seen.add(other)
                walk.append((other, steps + 1))
    return walk


def _atoms_allowed(subject: Subject, branch: Branch, residue: Residue) -> bool:
    if residue.only:
        allowed = {match[0] for query in residue.only for match in subject.matches(query)}
        if not branch.atoms <= allowed:
            return False
    return all(_found(subject, branch, query) for query in residue.has) and not any(
        _found(subject, branch, query) for query in residue.none
    )


def _found(subject: Subject, branch: Branch, query: Query) -> bool:
    return any(branch.atoms.issuperset(match) for match in subject.matches(query))


def _split(reference: str) -> tuple[str, tuple[float, float] | None]:
    name, colon, size = reference.partition(":")
    if not colon:
        return name, None
    low, dash, high = size.partition("-")
    return name, (float(low), float(high if dash else low))
