"""Generic definitions of law, read from `data/generics`; `generics.py` judges by them.

A file holds one definition. How to write one is told at the head of `residues.toml`. A misspelt
key, an unknown residue, label, clause or substance is refused with the name of the file: a
definition that silently means something else would be worse than none.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from rdkit import Chem

from ..known import by_name, known
from ..types import Query
from .residues import LIMITS, Kinds, Residue, labels

FOLDER = Path(__file__).parents[1] / "data" / "generics"
RESIDUES = FOLDER / "residues.toml"
IN, UNDETERMINED, OUT = "in", "undetermined", "out"
OUTCOMES = (IN, UNDETERMINED, OUT)  # best first

Row = Mapping[str, Any]
Limits = tuple[tuple[str, tuple[float, float]], ...]


@dataclass(frozen=True, slots=True)
class Clause:
    """A limb of the definition: its number in the law, and what it says in plain words."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Option:
    """Residues that a position may carry, the clause they claim, and why that may be doubted."""

    residues: tuple[str, ...]
    clause: str
    doubt: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class Position:
    """A place on the skeleton: what hangs `at` these labels, or starts with the labelled atom."""

    name: str
    at: frozenset[int]
    group: frozenset[int]
    options: tuple[Option, ...]
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Bridge:
    """What may close a ring between two positions; `between` empty: between any two."""

    name: str
    between: frozenset[tuple[int, ...]]
    options: tuple[Option, ...]
    size: tuple[float, float] | None  # atoms of the ring it closes


@dataclass(frozen=True, slots=True)
class Structure:
    """One general structure of a definition."""

    cores: tuple[Query, ...]
    clause: str  # claimed by the structure itself, "" for none
    doubt: str  # why even a full match stays open, "" for none
    positions: tuple[Position, ...]
    bridges: tuple[Bridge, ...]
    none: tuple[Query, ...]
    open: bool  # whatever else hangs on the skeleton does not matter
    unmodified: str  # outcome where no clause is claimed
    unmodified_text: str


@dataclass(frozen=True, slots=True)
class Exemption:
    """Substances or features for which the definition answers differently."""

    queries: tuple[Query, ...]
    connectivities: frozenset[str]
    outcome: str
    text: str
    named: bool  # because a list controls it by name


@dataclass(frozen=True, slots=True)
class Definition:
    """A generic definition. `valid_to` is the first day on which it no longer holds, or None."""

    id: str
    jurisdiction: str
    law: str
    title: str
    valid_from: date
    valid_to: date | None
    source: str
    note: str
    needs: tuple[str, ...]  # names of gates, one of which lets through what it might touch
    min_heavy: int
    max_mass: float | None  # u, without counter-ions
    clauses: tuple[Clause, ...]
    structures: tuple[Structure, ...]
    exemptions: tuple[Exemption, ...]
    kinds: Kinds
    positives: Mapping[str, tuple[str, ...]]  # SMILES or "name: SMILES", by the clauses named
    undetermined: tuple[str, ...]
    negatives: tuple[str, ...]

    def in_force(self, day: date) -> bool:
        """Whether the definition is law on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)

    def clause(self, clause_id: str) -> Clause:
        """The clause of this number."""
        return next(clause for clause in self.clauses if clause.id == clause_id)


@dataclass(frozen=True, slots=True)
class Gate:
    """A cheap pattern, looked for only where the gate before it was passed ("" for the first)."""

    name: str
    query: Query
    after: str


@cache
def gates() -> tuple[Gate, ...]:
    """The gates that definitions need and those before them, each after the one that it follows."""
    found: dict[str, Gate] = {}

    def add(name: str) -> None:
        gate = _gate(name)
        if gate.after and gate.after not in found:
            add(gate.after)
        found.setdefault(name, gate)

    for definition in definitions():
        for name in definition.needs:
            add(name)
    return tuple(found.values())


@cache
def definitions() -> tuple[Definition, ...]:
    """Every definition, by id."""
    return tuple(load(path) for path in sorted(FOLDER.glob("*.toml")) if path.name != RESIDUES.name)


def load(path: Path) -> Definition:
    """The definition in one file. Raises ValueError, naming the file, where it is not sound."""
    try:
        return _definition(_read(path))
    except (ValueError, KeyError, TypeError) as problem:
        raise ValueError(f"{path.name}: {problem}") from problem


@cache
def query(smarts: str) -> Query:
    """The compiled pattern, one for all who write it alike."""
    compiled = Chem.MolFromSmarts(smarts)
    if compiled is None:
        raise ValueError(f"{smarts} is not SMARTS")
    return compiled


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


@cache
def _gate(name: str) -> Gate:
    """The gate of this name, or one made of a pattern that stands in its place."""
    row = _shared()["needs"].get(name, {"pattern": name})
    _known_keys(row, "pattern after")
    return Gate(name, query(row["pattern"]), str(row.get("after", "")))


@cache
def _shared() -> dict[str, Any]:
    return _read(RESIDUES)


def _definition(row: Row) -> Definition:
    _known_keys(
        row,
        "id jurisdiction law title valid_from valid_to source note needs min_heavy max_mass clause"
        " structure exempt residue positives undetermined negatives",
    )
    residues = _shared()["residue"] | row.get("residue", {})
    kinds = Kinds(_residue(name, kind) for name, kind in residues.items())
    clauses = tuple(Clause(str(one["id"]), str(one["text"])) for one in row["clause"])
    structures = tuple(_structure(one) for one in row["structure"])
    for structure in structures:
        _check(structure, kinds, {clause.id for clause in clauses} | {""})
    return Definition(
        id=str(row["id"]),
        jurisdiction=str(row["jurisdiction"]),
        law=str(row["law"]),
        title=str(row["title"]),
        valid_from=row["valid_from"],
        valid_to=row.get("valid_to"),
        source=str(row["source"]),
        note=str(row.get("note", "")),
        needs=tuple(gate.name for gate in map(_gate, row["needs"])),
        min_heavy=int(row.get("min_heavy", 0)),
        max_mass=row.get("max_mass"),
        clauses=clauses,
        structures=structures,
        exemptions=tuple(_exemption(one) for one in row.get("exempt", ())),
        kinds=kinds,
        positives={key: tuple(value) for key, value in row["positives"].items()},
        undetermined=tuple(row.get("undetermined", ())),
        negatives=tuple(row["negatives"]),
    )


def _residue(name: str, row: Row) -> Residue:
    _known_keys(
        row, "pattern bears fused least most only has not bond one_of source " + " ".join(LIMITS)
    )
    bears = row.get("bears", [])
    by_label = bears.items() if isinstance(bears, dict) else [(0, bears)] if bears else []
    return Residue(
        name=name,
        patterns=_queries(_strings(row, "pattern")),
        bears=tuple((int(label), tuple(kinds)) for label, kinds in by_label),
        fused=_strings(row, "fused"),
        least=int(row.get("least", 0)),
        most=int(row.get("most", 1_000)),
        only=_queries(_strings(row, "only")),
        has=_queries(_strings(row, "has")),
        none=_queries(_strings(row, "not")),
        bond=float(row.get("bond", 1)),
        limits=_limits(row),
        one_of=_strings(row, "one_of"),
    )


def _structure(row: Row) -> Structure:
    _known_keys(row, "core clause doubt position bridge not open unmodified unmodified_text note")
    unmodified = str(row.get("unmodified", IN if "clause" in row else OUT))
    return Structure(
        cores=_queries(_strings(row, "core")),
        clause=str(row.get("clause", "")),
        doubt=str(row.get("doubt", "")),
        positions=tuple(_position(one) for one in row.get("position", ())),
        bridges=tuple(_bridge(one) for one in row.get("bridge", ())),
        none=_queries(_strings(row, "not")),
        open=bool(row.get("open", False)),
        unmodified=_outcome(unmodified),
        unmodified_text=str(row.get("unmodified_text", "no clause is met")),
    )


def _position(row: Row) -> Position:
    _known_keys(row, "name at group options required least most")
    return Position(
        name=str(row["name"]),
        at=frozenset(row.get("at", ())),
        group=frozenset(row.get("group", ())),
        options=tuple(_option(one) for one in row["options"]),
        least=int(row.get("least", row.get("required", False))),
        most=int(row.get("most", 1_000)),
    )


def _bridge(row: Row) -> Bridge:
    _known_keys(row, "name between options size")
    return Bridge(
        name=str(row["name"]),
        between=frozenset(tuple(sorted(pair)) for pair in row.get("between", ())),
        options=tuple(_option(one) for one in row["options"]),
        size=(row["size"][0], row["size"][1]) if "size" in row else None,
    )


def _option(row: Row) -> Option:
    _known_keys(row, "residue clause doubt " + " ".join(LIMITS))
    return Option(
        residues=_strings(row, "residue"),
        clause=str(row.get("clause", "")),
        doubt=str(row.get("doubt", "")),
        limits=_limits(row),
    )


def _exemption(row: Row) -> Exemption:
    _known_keys(row, "any names standing outcome text named")
    return Exemption(
        queries=_queries(_strings(row, "any")),
        connectivities=frozenset(map(_connectivity, _strings(row, "names")))
        | _with_standing(frozenset(_strings(row, "standing"))),
        outcome=_outcome(str(row.get("outcome", OUT))),
        text=str(row["text"]),
        named=bool(row.get("named", False)),
    )


def _check(structure: Structure, kinds: Kinds, clauses: set[str]) -> None:
    """Raises ValueError where a structure speaks of what is not there."""
    places: list[Position | Bridge] = [*structure.positions, *structure.bridges]
    options = [option for place in places for option in place.options]
    for option in options:
        for reference in option.residues:
            kinds.check(reference)
    if unknown := {structure.clause, *(option.clause for option in options)} - clauses:
        raise ValueError(f"there is no clause {sorted(unknown)}")
    used = {label for place in structure.positions for label in place.at | place.group}
    used |= {label for bridge in structure.bridges for pair in bridge.between for label in pair}
    for core in structure.cores:
        if missing := used - set(labels(core).values()) - {0}:
            raise ValueError(f"{Chem.MolToSmarts(core)} has no label {sorted(missing)}")


def _connectivity(name: str) -> str:
    substance = by_name().get(name.casefold())
    if substance is None:
        raise ValueError(f"substances.csv does not know {name!r}")
    return substance.connectivity


def _with_standing(standings: frozenset[str]) -> frozenset[str]:
    if unknown := standings - {substance.standing for substance in known()}:
        raise ValueError(f"no substance has the standing {', '.join(sorted(unknown))}")
    return frozenset(
        substance.connectivity for substance in known() if substance.standing in standings
    )


def _outcome(word: str) -> str:
    if word not in OUTCOMES:
        raise ValueError(f"{word!r} is no outcome")
    return word


def _known_keys(row: Row, allowed: str) -> None:
    if unknown := set(row) - set(allowed.split()):
        raise ValueError(f"unknown key {', '.join(sorted(unknown))}")


def _limits(row: Row) -> Limits:
    return tuple((name, (row[name][0], row[name][1])) for name in LIMITS if name in row)


def _strings(row: Row, key: str) -> tuple[str, ...]:
    value = row.get(key, ())
    return (value,) if isinstance(value, str) else tuple(value)


def _queries(patterns: Iterable[str]) -> tuple[Query, ...]:
    return tuple(map(query, patterns))
