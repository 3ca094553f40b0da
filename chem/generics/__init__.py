"""What generic definitions of law say of a structure, and which clause says it.

A definition describes general structures: a skeleton whose labelled positions may carry certain
residues. Each residue may claim a clause ("another acyl group": clause 1), be the group of the
parent (no clause) or be one about which the wording is open (a doubt). Whatever hangs on the
skeleton must be accounted for by some position.

    in            everything is accounted for, and a clause is claimed
    undetermined  the same, but something is there about which the wording is open
    out           the skeleton is there, but something else is not as the definition wants it

A definition whose skeleton is absent has nothing to say and is not mentioned. Rulings are computed
on the normalised parent: salt, isotopes, stereo and the order of atoms make no difference. They
are indicative, not legal advice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache

from rdkit import Chem

from ..isotopes import without_isotopes
from ..types import Mol
from .definitions import (
    IN,
    OUT,
    OUTCOMES,
    UNDETERMINED,
    Bridge,
    Clause,
    Definition,
    Gate,
    Option,
    Position,
    Structure,
    definitions,
    gates,
)
from .residues import Branch, Link, Subject, branches, labels, mass, within

__all__ = [
    "BY_CLAUSE",
    "BY_NAME",
    "IN",
    "NOTICE",
    "OUT",
    "UNDETERMINED",
    "GenericRuling",
    "definitions",
    "rulings",
]

NOTICE = "indicative, not legal advice"
BY_NAME, BY_CLAUSE = "controlled by name", "controlled by generic clause"
_ANSWERS = {IN: BY_CLAUSE, UNDETERMINED: UNDETERMINED, OUT: "not by this definition"}
_ONCE = Chem.SubstructMatchParameters()
_LAYINGS = 500  # of a skeleton on one molecule; symmetry makes dozens at most


@dataclass(frozen=True, slots=True)
class GenericRuling:
    """What one definition says of a structure.

    `clauses` are those that matched; `reasons` say why the answer is not a plain "in". `named`: a
    list of names controls the substance, whatever the generic wording says.
    """

    definition: str
    jurisdiction: str
    law: str
    title: str
    valid_from: date
    valid_to: date | None
    source: str
    outcome: str
    clauses: tuple[Clause, ...]
    reasons: tuple[str, ...]
    named: bool
    atoms: tuple[int, ...]  # of the skeleton, in the molecule that was asked about
    notice: str = NOTICE

    @property
    def answer(self) -> str:
        """One of four, for a reader: by name, by generic clause, undetermined, not by this."""
        return BY_NAME if self.named else _ANSWERS[self.outcome]


@dataclass(frozen=True, slots=True)
class _Finding:
    """How one way to lay a structure on the molecule turned out."""

    outcome: str
    clauses: frozenset[str]
    reasons: tuple[str, ...]
    atoms: tuple[int, ...]

    @property
    def worth(self) -> tuple[object, ...]:
        """Lowest for the finding to report; the same whatever the order of the atoms."""
        return (
            OUTCOMES.index(self.outcome),
            len(self.reasons),
            len(self.clauses),
            sorted(self.clauses),
            self.reasons,
        )


def rulings(
    parent: Mol, as_of: date | None = None, *, connectivity: str = ""
) -> tuple[GenericRuling, ...]:
    """What each definition that touches the molecule says, those in force on `as_of` if given.

    Who knows the connectivity of the parent may give it and spares working it out.

    >>> acetylfentanyl = Chem.MolFromSmiles("CC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1")
    >>> said = {one.definition: one for one in rulings(acetylfentanyl)}
    >>> said["us-fentanyl-related"].outcome, said["us-fentanyl-related"].answer
    ('out', 'controlled by name')
    """
    touched = _touched(parent)
    if not touched:
        return ()
    plain = without_isotopes(parent)
    subject = Subject(plain, connectivity)
    found = tuple(
        ruling
        for definition in definitions()
        if definition.id in touched and (as_of is None or definition.in_force(as_of))
        if (ruling := _ruling(definition, subject)) is not None
    )
    if plain is parent:
        return found
    asked = dict(zip(_heavy(plain), _heavy(parent), strict=True))
    return tuple(
        replace(ruling, atoms=tuple(asked[atom] for atom in ruling.atoms)) for ruling in found
    )


def _touched(mol: Mol) -> set[str]:
    """Ids of the definitions that might have something to say, at the price of a few patterns."""
    heavy = mol.GetNumHeavyAtoms()
    passed = {""}
    touched: set[str] = set()
    for gate, least, users in _gates():
        if heavy >= least and gate.after in passed and mol.HasSubstructMatch(gate.query, _ONCE):
            passed.add(gate.name)
            touched.update(users)
    return touched


@cache
def _gates() -> tuple[tuple[Gate, int, tuple[str, ...]], ...]:
    """Each gate, the fewest heavy atoms of whatever it is there for, and the ids of its users."""
    rows: list[tuple[Gate, int, tuple[str, ...]]] = []
    behind: dict[str, list[int]] = {}
    for gate in reversed(gates()):
        users = [one for one in definitions() if gate.name in one.needs]
        leasts = [one.min_heavy for one in users]
        least = min(leasts + behind.get(gate.name, []))
        behind.setdefault(gate.after, []).append(least)
        rows.append((gate, least, tuple(one.id for one in users)))
    return tuple(reversed(rows))


def _heavy(mol: Mol) -> list[int]:
    return [atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() > 1]


def _ruling(definition: Definition, subject: Subject) -> GenericRuling | None:
    findings = [
        finding
        for structure in definition.structures
        for finding in _findings(definition, structure, subject)
    ]
    if not findings:
        return None
    best = min(findings, key=lambda finding: finding.worth)
    best, named = _with_exemptions(definition, _within_mass(definition, best, subject), subject)
    return GenericRuling(
        definition=definition.id,
        jurisdiction=definition.jurisdiction,
        law=definition.law,
        title=definition.title,
        valid_from=definition.valid_from,
        valid_to=definition.valid_to,
        source=definition.source,
        outcome=best.outcome,
        clauses=tuple(clause for clause in definition.clauses if clause.id in best.clauses),
        reasons=best.reasons,
        named=named,
        atoms=best.atoms,
    )


def _within_mass(definition: Definition, finding: _Finding, subject: Subject) -> _Finding:
    if definition.max_mass is None or finding.outcome == OUT:
        return finding
    molecular = mass(subject.mol, subject.heavy)
    if molecular <= definition.max_mass:
        return finding
    reason = f"its molecular mass, {molecular:.1f} u, is above {definition.max_mass:g} u"
    return replace(finding, outcome=OUT, clauses=frozenset(), reasons=(reason,))


def _with_exemptions(
    definition: Definition, finding: _Finding, subject: Subject
) -> tuple[_Finding, bool]:
    """The finding after exemptions, and whether a list of names is the reason."""
    named = False
    for exemption in definition.exemptions:
        if finding.outcome == OUT and not exemption.named:
            continue
        if not (
            any(subject.matches(query) for query in exemption.queries)
            or (exemption.connectivities and subject.connectivity in exemption.connectivities)
        ):
            continue
        named = named or exemption.named
        outcome = max(finding.outcome, exemption.outcome, key=OUTCOMES.index)
        if outcome == OUT:
            finding = _Finding(OUT, frozenset(), (exemption.text,), finding.atoms)
        else:
            reasons = (*finding.reasons, exemption.text)
            finding = replace(finding, outcome=outcome, reasons=reasons)
    return finding, named


def _findings(definition: Definition, structure: Structure, subject: Subject) -> Iterator[_Finding]:
    """What each way to lay the structure's skeletons on the molecule comes to."""
    for core in structure.cores:
        label_at = labels(core)
        for match in subject.matches(core)[:_LAYINGS]:
            label_of = {match[index]: label for index, label in label_at.items()}
            laying = _Laying(definition, structure, subject, match, label_of)
            laying.judge()
            yield laying.finding()


class _Laying:
    """One way to lay a structure: collects what is claimed, what is open, and what is wrong."""

    def __init__(
        self,
        definition: Definition,
        structure: Structure,
        subject: Subject,
        match: tuple[int, ...],
        label_of: Mapping[int, int],
    ) -> None:
        self.definition = definition
        self.structure = structure
        self.subject = subject
        self.match = match
        self.label_of = label_of
        self.grouped = {label for position in structure.positions for label in position.group}
        self.core = frozenset(a for a in match if label_of.get(a, 0) not in self.grouped)
        self.claims: set[str] = {structure.clause} - {""}
        self.doubts: set[str] = {structure.doubt} - {""}
        self.wrong: set[str] = set()

    def judge(self) -> None:
        """Look at all that hangs on the skeleton."""
        if any(self.subject.matches(query) for query in self.structure.none):
            self.wrong.add("it has a part that the definition leaves out")
        if self.structure.open or self.wrong:
            return
        filled: Counter[int] = Counter()
        for branch in branches(self.subject, self.core, self.subject.heavy):
            places = tuple(sorted(self._label(link) for link in branch.links))
            filled.update(places)
            self._judge_branch(branch, places)
        for position in self.structure.positions:
            count = sum(filled[label] for label in position.at | position.group)
            if count < position.least:
                self.wrong.add(f"{position.name}: nothing but hydrogen")
            if count > position.most:
                self.wrong.add(f"{position.name}: more groups than the definition allows")

    def finding(self) -> _Finding:
        """What it comes to."""
        if self.wrong:
            return _Finding(OUT, frozenset(), tuple(sorted(self.wrong)), self.match)
        doubts = tuple(sorted(self.doubts))
        if not self.claims and self.structure.unmodified != IN:
            reasons = (self.structure.unmodified_text, *doubts)
            return _Finding(self.structure.unmodified, frozenset(), reasons, self.match)
        outcome = UNDETERMINED if doubts else IN
        return _Finding(outcome, frozenset(self.claims), doubts, self.match)

    def _label(self, link: Link) -> int:
        """That of the group which the link leads to, else of the atom of the skeleton."""
        label = self.label_of.get(link.first, 0)
        return label if label in self.grouped else self.label_of.get(link.core, 0)

    def _judge_branch(self, branch: Branch, places: tuple[int, ...]) -> None:
        place: Position | Bridge | None
        if len(places) > 1:
            place, otherwise = self._bridge(branch, places), "a further ring on the skeleton"
        else:
            place, otherwise = self._position(places[0]), "a further group on the skeleton"
        if place is None:
            self.wrong.add(otherwise)
            return
        option = self._option(branch, place)
        if option is None:
            self.wrong.add(f"{place.name}: not what the definition lists")
            return
        self.claims |= {option.clause} - {""}
        self.doubts |= {option.doubt} - {""}

    def _position(self, label: int) -> Position | None:
        return next(
            (one for one in self.structure.positions if label and label in one.at | one.group),
            None,
        )

    def _bridge(self, branch: Branch, places: tuple[int, ...]) -> Bridge | None:
        for bridge in self.structure.bridges:
            if bridge.between and places not in bridge.between:
                continue
            if bridge.size is None:
                return bridge
            low, high = bridge.size
            if low <= self._ring_size(branch) <= high:
                return bridge
        return None

    def _ring_size(self, branch: Branch) -> int:
        """Atoms of the smallest ring that the branch closes on the skeleton; 0 for none."""
        ends = {link.first for link in branch.links}
        sizes = [
            len(ring)
            for ring in self.subject.rings
            if ring & ends and ring & self.core and ring <= branch.atoms | self.core
        ]
        return min(sizes, default=0)

    def _option(self, branch: Branch, place: Position | Bridge) -> Option | None:
        return next(
            (
                option
                for option in place.options
                if within(self.subject, branch, dict(option.limits))
                and self.definition.kinds.fits(self.subject, branch, option.residues)
            ),
            None,
        )
