"""What a subscription lets pass: its filters, and what of an alert they look at.

Plain data and pure functions. Between filters it is "and", inside one it is "or", and one that is
absent lets everything pass; so one more filter never lets more pass.

What an alert is about may be wide or narrow. A filter passes what lies inside what it names: a
family lets its clusters, its building blocks and its substances pass, and not the whole group. A
watch list and a structure pass every alert that names one of the substances, also as a member.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from app.countries import countries
from app.registry.search import parts_to_find
from app.surveillance.models import NodeKind, Tier
from chem.errors import StructureError
from chem.parse import parse
from chem.similarity import fingerprint, tanimoto
from chem.substructure import contains
from chem.types import Mol, Query

NOTHING: frozenset[str] = frozenset()
_EXACTLY = 1e-9  # a similarity that is exactly the wanted one must not be lost in rounding


@dataclass(frozen=True, slots=True)
class Similar:
    """A structure, and how similar one must be to it: Tanimoto of `chem.similarity`, 0 to 1."""

    smiles: str
    at_least: float


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody wants to be told of. What is empty, None or False lets everything pass.

    `blocks` are slot and fragment ("tail:CCCC#N"); `substances` is a watch list of numbers
    (TS-00042); `containing` is a structure or SMARTS; `near_me` passes what is in the region of the
    subscriber's own country, and what is urgent worldwide.
    """

    groups: frozenset[str] = NOTHING
    families: frozenset[str] = NOTHING
    clusters: frozenset[str] = NOTHING
    blocks: frozenset[str] = NOTHING
    substances: frozenset[str] = NOTHING
    countries: frozenset[str] = NOTHING
    regions: frozenset[str] = NOTHING
    rules: frozenset[str] = NOTHING
    event_kinds: frozenset[str] = NOTHING
    similar_to: Similar | None = None
    containing: str = ""
    near_me: bool = False

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Filters:
        """The filters as a subscription holds them; they were checked when they were taken."""
        sets = {name: frozenset(held[name]) for name in LISTS if name in held}
        similar = held.get("similar_to")
        return cls(
            **sets,
            similar_to=Similar(similar["smiles"], similar["at_least"]) if similar else None,
            containing=held.get("containing", ""),
            near_me=held.get("near_me", False),
        )

    def as_json(self) -> dict[str, Any]:
        """What narrows, and nothing else; the same filters are always written the same."""
        held: dict[str, Any] = {name: sorted(getattr(self, name)) for name in LISTS}
        if self.similar_to is not None:
            held["similar_to"] = {
                "smiles": self.similar_to.smiles,
                "at_least": self.similar_to.at_least,
            }
        held |= {"containing": self.containing, "near_me": self.near_me}
        return {name: value for name, value in held.items() if value}


LISTS = tuple(f.name for f in fields(Filters) if f.type == "frozenset[str]")


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about, as one of its editions says it.

    `substances` are all that it names, with the numbers of those merged into them; `structures` are
    theirs as SMILES. `event_kinds` are the kinds of events in which they were reported at that
    level. `worldwide`: one of its signals is about the whole world. `unclassified`: a substance
    that no family rule knows, which mostly is an everyday one nobody has looked at yet.
    """

    kind: NodeKind | None = None
    key: str = ""
    tier: Tier = Tier.WATCH
    groups: frozenset[str] = NOTHING
    families: frozenset[str] = NOTHING
    clusters: frozenset[str] = NOTHING
    blocks: frozenset[str] = NOTHING
    substances: frozenset[str] = NOTHING
    structures: tuple[str, ...] = ()
    countries: frozenset[str] = NOTHING
    rules: frozenset[str] = NOTHING
    event_kinds: frozenset[str] = NOTHING
    worldwide: bool = False
    unclassified: bool = False
    regions: frozenset[str] = NOTHING


def matches(filters: Filters, subject: Subject, *, home: str | None = None) -> bool:
    """Whether an alert about `subject` passes every filter; `home` is the subscriber's country."""
    return (
        all(_meet(getattr(filters, name), getattr(subject, name)) for name in LISTS)
        and (not filters.near_me or is_near(subject, home))
        and (filters.similar_to is None or _is_similar(filters.similar_to, subject))
        and (not filters.containing or _holds(filters.containing, subject))
    )


def is_near(subject: Subject, home: str | None) -> bool:
    """Whether it is in the region of `home`, or urgent worldwide; without a home all is near."""
    region = region_of(home)
    if region is None or (subject.worldwide and subject.tier is Tier.URGENT):
        return True
    return region in subject.regions


def region_of(country: str | None) -> str | None:
    """The UN M49 region of a country; None without one."""
    known = countries().get(country or "")
    return known.region if known else None


def _meet(wanted: frozenset[str], there: frozenset[str]) -> bool:
    return not wanted or not wanted.isdisjoint(there)


def _is_similar(wanted: Similar, subject: Subject) -> bool:
    reach = wanted.at_least - _EXACTLY
    return any(similarity(wanted.smiles, smiles) >= reach for smiles in subject.structures)


def _holds(part: str, subject: Subject) -> bool:
    """Whether one of the structures contains the part; where nobody can say in time, it passes."""
    return any(_contained(part, smiles) is not False for smiles in subject.structures)


# Many subscriptions ask of the same structures, and each alert is asked of by all of them.
@lru_cache(maxsize=100_000)
def similarity(one: str, other: str) -> float:
    """Tanimoto similarity of two structures that were read before; 0 where one is read no more."""
    a, b = _fingerprint(one), _fingerprint(other)
    return tanimoto(a, b) if a and b else 0.0


@lru_cache(maxsize=100_000)
def _contained(part: str, smiles: str) -> bool | None:
    """Whether the structure contains the part, however that is read; None where nobody can say."""
    mol = _mol(smiles)
    found = [contains(mol, query) for query in _parts(part)] if mol is not None else []
    return True if True in found else None if None in found or not found else False


@lru_cache(maxsize=20_000)
def _fingerprint(smiles: str) -> bytes:
    mol = _mol(smiles)
    return b"" if mol is None else fingerprint(mol)


@lru_cache(maxsize=1_000)
def _mol(smiles: str) -> Mol | None:
    try:
        return parse(smiles, "smiles").mol
    except StructureError:
        return None


@lru_cache(maxsize=5_000)
def _parts(text: str) -> tuple[Query, ...]:
    """The part in each way that it may be read; none where it is read no more."""
    try:
        return parts_to_find(text)
    except StructureError:
        return ()


def forget_structures() -> None:
    """Read and compare every structure anew from now on."""
    for kept in (similarity, _contained, _fingerprint, _mol, _parts):
        kept.cache_clear()
