"""International control: which schedules of the drug conventions list a substance, and why.

`data/schedules.csv` holds the entries of the 1961 and 1971 Conventions as the schedules print them;
`name` is the substance, or variant, whose structure it is, and is empty for plants, preparations
and classes. `year` is that of the Commission's decision; 1961 or 1971 for the schedules as adopted.
`data/clauses.toml` holds what the schedules include beside their entries, how each clause is
applied, and up to which session of the Commission the entries go.

A listing holds for a substance key: a connectivity, so any salt or stereoisomer of it, unless
regulators treat a stereoisomer apart (`variants`). Indicative; no legal advice.
"""

from __future__ import annotations

import csv
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from rdkit import Chem

from .derivatives import MIXED, Derivatives
from .identity import inchikey_of
from .isotopes import has_isotopes, without_isotopes
from .known import Known, by_name
from .types import Mol
from .variants import base_key, is_flat, substance_key, variant_of, variants_beside

FILE = Path(__file__).parent / "data" / "schedules.csv"
CLAUSES = Path(__file__).parent / "data" / "clauses.toml"

NAME = "name"
STEREOISOMER = "stereoisomer"
UNDRAWN = "undrawn stereochemistry"


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry of a schedule; `year` is that of the decision, None where it is not established."""

    convention: str
    schedule: str
    year: int | None
    name: str  # the substance or variant whose structure it is; "" for an entry without structure
    source: str
    entry: str = ""  # as the schedule prints it
    note: str = ""  # why there is no structure, which stereoisomer is named, what is excepted
    cas: str = ""  # of the entry, where it is not that of the substance


@dataclass(frozen=True, slots=True)
class Clause:
    """What a schedule includes beside its entries, in its words, and what is made of it here."""

    id: str
    convention: str
    schedule: str
    covers: str
    text: str
    applied: str
    exceptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """Why a structure is, or may be, under a schedule."""

    basis: str  # NAME, STEREOISOMER, UNDRAWN, or one of `derivatives`: ester, ether, both
    entry: str
    convention: str
    schedule: str
    year: int | None
    explanation: str  # one sentence
    certain: bool = True  # False: it depends on what was not drawn, or on how a clause is read


def international(key: str) -> tuple[Listing, ...]:
    """The listings of a substance key, one for each schedule; empty when it is under none.

    Of several entries that share a structure (alpha- and betaprodine) the earliest stands.
    """
    return _by_schedule().get(key, ())


def rulings(parent: Mol, connectivity: str, inchikey: str) -> tuple[Ruling, ...]:
    """Every entry that reaches a normalised parent, with the reason; empty for most.

    Listed by name; else an ester or ether of a drug in Schedule I of the 1961 Convention; else,
    drawn without all its stereochemistry, possibly a variant that is listed.
    """
    if has_isotopes(parent):
        parent = without_isotopes(parent)
        inchikey = inchikey_of(parent)
    key = substance_key(inchikey)
    listed = _by_key().get(key)
    undrawn = bool(variants_beside(key)) and _leaves_stereo_open(parent)
    if listed is not None:
        return tuple(_by_listing(listing, key, inchikey, undrawn) for listing in listed)
    if variant_of(key) is None:
        derived = _by_derivation(parent)
        if derived:
            return derived
        if undrawn:
            return _by_variant(connectivity)
    return ()


@cache
def listings() -> tuple[Listing, ...]:
    """Every entry of every schedule, also those without structure."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return tuple(_listing(row) for row in csv.DictReader(file))


@cache
def controlled() -> tuple[Known, ...]:
    """The listed substances whose structure is known, once for each connectivity.

    A listed variant stands for itself only where its base substance is not listed.
    """
    found = [substance for listing in listings() if (substance := _structure(listing))]
    found.sort(key=lambda substance: len(substance.connectivity))  # stable: bases first
    by_base = {base_key(substance.connectivity): substance for substance in reversed(found)}
    return tuple(by_base[key] for key in dict.fromkeys(base_key(s.connectivity) for s in found))


@cache
def clauses() -> tuple[Clause, ...]:
    """The clauses on isomers, esters, ethers and salts."""
    return tuple(
        Clause(
            id=row["id"],
            convention=row["convention"],
            schedule=row["schedule"],
            covers=row["covers"],
            text=row["text"],
            applied=row["applied"],
            exceptions=tuple(row.get("except", ())),
        )
        for row in _clauses_file()["clause"]
    )


def as_of() -> date:
    """The end of the last session of the Commission whose decisions are in the file."""
    day: date = _clauses_file()["as_of"]
    return day


def _leaves_stereo_open(parent: Mol) -> bool:
    """Whether some stereocentre of a parent is not drawn."""
    return any(
        centre.specified == Chem.StereoSpecified.Unspecified
        for centre in Chem.FindPotentialStereo(parent)
    )


def _by_listing(listing: Listing, key: str, inchikey: str, undrawn: bool) -> Ruling:
    beside = variants_beside(key)
    own = _drawn_inchikeys().get(key)
    excepted = [variant.name for variant in beside if not international(variant.key)]
    if undrawn and excepted:
        text = (
            f"{listing.entry} is in {_place(listing)}; the stereochemistry is not drawn in full, "
            f"and {' or '.join(excepted)} would not be."
        )
        return _ruling(listing, UNDRAWN, text, certain=False)
    if not is_flat(inchikey) and (own != inchikey if own else beside):
        text = f"A stereoisomer of {listing.entry}, which is in {_place(listing)}."
        return _ruling(listing, STEREOISOMER, text)
    return _ruling(listing, NAME, f"{listing.entry} is in {_place(listing)}.")


def _by_derivation(parent: Mol) -> tuple[Ruling, ...]:
    found = []
    for derivative in _derivatives().of(parent):
        for listing in international(substance_key(derivative.of)):
            if (listing.convention, listing.schedule) == ("1961", "I"):
                text = f"An {derivative.kind} of {listing.entry}, which is in {_place(listing)}"
                if derivative.kind == MIXED:
                    text += "; the clause names esters and ethers, not both at once"
                certain = derivative.kind != MIXED
                found.append(_ruling(listing, derivative.kind, f"{text}.", certain=certain))
    return tuple(dict.fromkeys(found))


def _by_variant(connectivity: str) -> tuple[Ruling, ...]:
    return tuple(
        _ruling(
            listing,
            UNDRAWN,
            f"Not drawn with all its stereochemistry; one of its forms, {listing.entry}, is in "
            f"{_place(listing)}.",
            certain=False,
        )
        for variant in variants_beside(connectivity)
        for listing in international(variant.key)
    )


def _ruling(listing: Listing, basis: str, explanation: str, *, certain: bool = True) -> Ruling:
    return Ruling(
        basis=basis,
        entry=listing.entry,
        convention=listing.convention,
        schedule=listing.schedule,
        year=listing.year,
        explanation=explanation,
        certain=certain,
    )


def _place(listing: Listing) -> str:
    return f"Schedule {listing.schedule} of the {listing.convention} Convention"


@cache
def _by_key() -> dict[str, tuple[Listing, ...]]:
    table: dict[str, tuple[Listing, ...]] = {}
    for listing in listings():
        if (substance := _structure(listing)) is not None:
            key = substance.connectivity
            table[key] = (*table.get(key, ()), listing)
    return table


@cache
def _by_schedule() -> dict[str, tuple[Listing, ...]]:
    table = {}
    for key, entries in _by_key().items():
        first: dict[tuple[str, str], Listing] = {}
        for listing in sorted(entries, key=lambda one: one.year or date.max.year):
            first.setdefault((listing.convention, listing.schedule), listing)
        table[key] = tuple(listing for listing in entries if listing in first.values())
    return table


@cache
def _drawn_inchikeys() -> dict[str, str]:
    """The InChIKeys of listed substances held with their stereochemistry (LSD), by key."""
    return {
        substance.connectivity: inchikey_of(Chem.MolFromSmiles(substance.smiles))
        for listing in listings()
        if (substance := _structure(listing)) is not None and "@" in substance.smiles
    }


@cache
def _derivatives() -> Derivatives:
    """Of the drugs in Schedule I of the 1961 Convention, the only one with such a clause."""
    smiles = {
        substance.smiles
        for listing in listings()
        if (listing.convention, listing.schedule) == ("1961", "I")
        and (substance := _structure(listing)) is not None
    }
    return Derivatives([Chem.MolFromSmiles(text) for text in sorted(smiles)])


def _structure(listing: Listing) -> Known | None:
    return by_name().get(listing.name.casefold()) if listing.name else None


@cache
def _clauses_file() -> dict[str, Any]:
    return tomllib.loads(CLAUSES.read_text(encoding="utf-8"))


def _listing(row: dict[str, str]) -> Listing:
    return Listing(
        convention=row["convention"],
        schedule=row["schedule"],
        year=int(row["year"]) if row["year"] else None,
        name=row["name"],
        source=row["source"],
        entry=row["entry"],
        note=row["note"],
        cas=row["cas"],
    )
