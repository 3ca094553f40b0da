"""Which of many structures contain a part, and what a part may look like.

The part is a structure that somebody drew, or SMARTS within limits. Fingerprints of small patterns
sort out nearly all structures that cannot contain it; the rest are tried one by one, in the order
in which they were added. Comparing is counted in steps and given up at a limit, because a pattern
can be written, by malice or mischance, that would hold a process for hours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from rdkit import Chem, DataStructs

from .bits import BitTable, Bytes
from .errors import StructureError, shortened
from .types import Mol, Query

MAX_SMARTS_CHARACTERS = 500
MAX_QUERY_ATOMS = 150
MAX_QUERY_PARTS = 3  # unconnected parts multiply the ways to match
MAX_NESTED = 3  # $( inside $( inside $(

# A step is one atom of the part laid on one of the structure. Fentanyl's core in fentanyl takes 60;
# 20,000 take about ten milliseconds.
MAX_STEPS_EACH = 20_000
MAX_STEPS = 3_000_000
MAX_TRIED = 50_000

# Letters and wildcards that may each be an atom: those of nested patterns and of lists count too.
_ATOM = re.compile(r"Cl|Br|[A-Z][a-z]?|[a-z*]|#\d+")
_SOUND = re.compile(r"[!-{}~]+")  # no blank, which ends a SMARTS, and no bar, which begins more

_BITS = 2048


@dataclass(frozen=True, slots=True)
class Found:
    """Ids in the order of adding; `complete`: no structure was left untried or given up."""

    ids: tuple[str, ...]
    complete: bool


class Substructures:
    """Structures to be searched for parts; about 700 bytes each, and more may be added.

    One thread may add while others search; they see what was there when they began.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._ids: list[str] = []
        self._mols: list[bytes] = []
        self._table = BitTable(_BITS)
        self.add_all(pairs)

    def __len__(self) -> int:
        return len(self._table)

    def add(self, id: str, smiles: str) -> None:
        """Add one."""
        self.add_all([(id, smiles)])

    def add_all(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Add pairs of id and SMILES, about 0.2 ms each; what RDKit cannot read is passed over."""
        read = ((id, Chem.MolFromSmiles(smiles)) for id, smiles in pairs)
        new = [(id, mol.ToBinary(), _pattern(mol)) for id, mol in read if mol is not None]
        if new:
            self._ids += [id for id, _, _ in new]
            self._mols += [packed for _, packed, _ in new]
            # last: its length is what who asks meanwhile goes by
            self._table.extend(np.stack([pattern for _, _, pattern in new]))

    def find(self, part: Query, most: int) -> Found:
        """The first `most` that contain `part`."""
        search = Search(self, part)
        ids = tuple(islice(search, most))
        return Found(ids, search.complete)

    def candidates(self, *parts: Query) -> Iterator[tuple[str, Mol, list[Query]]]:
        """Those that the screen lets through, in the order of adding, and for which parts."""
        held = [set(self._table.holding(_pattern(part)).tolist()) for part in parts]
        for place in sorted(set().union(*held)):
            wanted = [part for part, places in zip(parts, held, strict=True) if place in places]
            yield self._ids[place], Chem.Mol(self._mols[place]), wanted


class Search(Iterator[str]):
    """The ids of those that contain a part, or one of several, found as they are asked for.

    `complete` is True until a structure had to be given up, or the search as a whole: then what
    was found contains the part, and others may too.
    """

    def __init__(self, among: Substructures, *parts: Query) -> None:
        self.complete = True
        self._found = self._run(among, parts)

    def __next__(self) -> str:
        return next(self._found)

    def _run(self, among: Substructures, parts: tuple[Query, ...]) -> Iterator[str]:
        steps, left = _Steps(), MAX_STEPS
        counting = _counting(steps)
        for tried, (id, mol, wanted) in enumerate(among.candidates(*parts)):
            if tried == MAX_TRIED or left <= 0:
                self.complete = False
                return
            steps.left = limit = min(left, MAX_STEPS_EACH)
            try:
                contained = any(mol.HasSubstructMatch(part, counting) for part in wanted)
            except _TooManySteps:
                self.complete = contained = False
            left -= limit - steps.left
            if contained:
                yield id


def matched(mol: Mol, part: Query) -> tuple[int, ...]:
    """The atoms of `mol` to highlight for `part`: where it matches first, () where it does not."""
    try:
        return tuple(mol.GetSubstructMatch(part, _counting(_Steps(MAX_STEPS_EACH))))
    except _TooManySteps:
        return ()


def contains(mol: Mol, part: Query) -> bool | None:
    """Whether `mol` contains `part`; None where comparing them had to be given up."""
    try:
        return bool(mol.HasSubstructMatch(part, _counting(_Steps(MAX_STEPS_EACH))))
    except _TooManySteps:
        return None


class _TooManySteps(Exception):
    """A comparison took more steps than it may."""


@dataclass(slots=True)
class _Steps:
    """What is left of an allowance."""

    left: int = 0

    def take(self, _mol: Mol, _atoms: object) -> bool:
        self.left -= 1
        if self.left < 0:
            raise _TooManySteps
        return True


def _counting(steps: _Steps) -> Any:
    """Parameters of RDKit's that take a step for each atom laid on another, nested SMARTS too."""
    parameters: Any = Chem.SubstructMatchParameters()
    parameters.setExtraAtomCheckFunc(steps.take)
    return parameters


def _pattern(mol: Query) -> Bytes:
    """RDKit's pattern fingerprint, packed: what contains a part has all bits of the part."""
    bits = Chem.PatternFingerprint(mol, _BITS)
    return np.frombuffer(DataStructs.BitVectToBinaryText(bits), dtype=np.uint8)


def read_smarts(text: str) -> Query:
    """SMARTS as a part to look for.

    Raises StructureError: empty, too_long, unreadable, reaction, too_many_atoms,
    too_many_fragments, or query_atoms for patterns nested too deep.
    """
    written = text.strip()
    problem = _beyond_limits(written)
    if problem is None:
        query = _SOUND.fullmatch(written) and Chem.MolFromSmarts(written)
        if query:
            return query
        said = f'"{shortened(written, 80)}" is not SMARTS; name and extensions are not read'
        problem = "unreadable", said
    raise StructureError(*problem, text)


def _beyond_limits(written: str) -> tuple[str, str] | None:
    """Code and message for a pattern that is not even to be read."""
    atoms, parts = len(_ATOM.findall(written)), written.count(".") + 1
    limits = (
        ("empty", not written, "the pattern is empty; send SMARTS"),
        (
            "too_long",
            len(written) > MAX_SMARTS_CHARACTERS,
            f"the pattern has {len(written):,} characters; {MAX_SMARTS_CHARACTERS} are read",
        ),
        (
            "reaction",
            ">" in written.replace("->", ""),
            'this is a reaction; send the pattern of one substance, without ">"',
        ),
        (
            "too_many_atoms",
            atoms > MAX_QUERY_ATOMS,
            f"the pattern names {atoms} atoms; it may name {MAX_QUERY_ATOMS}",
        ),
        (
            "too_many_fragments",
            parts > MAX_QUERY_PARTS,
            f"the pattern has {parts} unconnected parts; it may have {MAX_QUERY_PARTS}",
        ),
        (
            "query_atoms",
            _depth(written) > MAX_NESTED,
            f"patterns may be nested in $( ) {MAX_NESTED} deep, no deeper",
        ),
    )
    return next(((code, message) for code, beyond, message in limits if beyond), None)


def _depth(written: str) -> int:
    """How deep $( ) stands inside $( )."""
    deepest = 0
    open_branches: list[bool] = []
    for mark in re.findall(r"\$?\(|\)", written):
        if mark == ")":
            del open_branches[-1:]
        else:
            open_branches.append(mark == "$(")
            deepest = max(deepest, sum(open_branches))
    return deepest
