"""What somebody may wish for when they subscribe: read from JSON or a form, checked, and kept.

Every complaint names the field and what would be right; all of them are said at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.access.email import email_address
from app.access.handling import Handling
from app.access.models import Authority
from app.access.roles import Actor
from app.countries import REGIONS, countries, why_no_country
from app.errors import Problem, Refused, shown
from app.intake.words import EventKind
from app.languages import LANGUAGES
from app.notification.filters import LISTS, Filters, Similar
from app.notification.models import Rhythm
from app.registry.blocks import SubstanceBlocks
from app.registry.models import Cluster, Substance, code_of
from app.registry.pointing import point_out
from app.registry.queries import known_to, listed_to
from app.registry.search import parts_to_find
from app.surveillance.models import Rule, Tier
from chem import StructureError, examine
from chem.families import GROUPS, divisions, families

CLEARANCE = Handling.AMBER  # an authority signs in, so its subscribers may read amber figures
CLEARANCES = (Handling.CLEAR, Handling.GREEN, Handling.AMBER)  # what is red is never mailed
MOST_VALUES = 200  # of one filter
LONGEST_VALUE = 2_000  # characters; a structure on one line
USUAL_SIMILAR = 0.7  # a close analogue

FILTERS = (*LISTS, "similar_to", "containing", "near_me")
SHORTHANDS = {"group": "groups", "country": "countries"}
FIELDS = (
    "filters", *SHORTHANDS, "min_tier", "clearance", "rhythm", "time_zone", "quiet_from",
    "quiet_until", "language", "second_contact",
)  # fmt: skip
_SEPARATORS = re.compile(r"[\n;]+")
_SLOT = re.compile(r"[a-z][a-z0-9_-]*:\S+")


@dataclass(frozen=True, slots=True)
class Wish:
    """What, from which tier, up to which handling, when, and in which language."""

    filters: Filters = field(default_factory=Filters)
    min_tier: Tier = Tier.WATCH
    clearance: Handling = CLEARANCE
    rhythm: Rhythm = Rhythm.IMMEDIATE
    time_zone: str = "UTC"
    quiet_from: int | None = None
    quiet_until: int | None = None
    language: str = "en"
    second_contact: str | None = None


def read_wish(
    session: Session,
    sent: Mapping[str, Any],
    *,
    authority: Authority,
    by: Actor,
    before: Wish | None = None,
) -> Wish:
    """The wish that was sent; what it does not speak of stays as it was `before`.

    `filters` replaces all filters; `group` and `country` are short for a filter of one value.
    Raises Refused with every complaint.
    """
    complaints = _Complaints()
    before = before or Wish()
    for name in set(sent) - set(FIELDS):
        complaints.add(name, f"there is no such setting; there are {', '.join(FIELDS)}")
    filters = before.filters
    if "filters" in sent or SHORTHANDS.keys() & sent.keys():
        filters = _filters(session, sent, authority, by, complaints)

    def read(name: str, how: Callable[[Any], Any]) -> Any:
        if name not in sent:
            return getattr(before, name)
        return complaints.hear(name, lambda: how(sent[name]), getattr(before, name))

    wish = Wish(
        filters=filters,
        min_tier=read("min_tier", lambda v: Tier[_one_of(v, [t.word for t in Tier]).upper()]),
        clearance=read("clearance", _clearance),
        rhythm=read("rhythm", lambda v: Rhythm(_one_of(v, list(Rhythm)))),
        time_zone=read("time_zone", _time_zone),
        quiet_from=read("quiet_from", _hour),
        quiet_until=read("quiet_until", _hour),
        language=read("language", lambda v: _one_of(v, LANGUAGES)),
        second_contact=read("second_contact", _contact),
    )
    hours = {"quiet_from", "quiet_until"} & {problem.field for problem in complaints.problems}
    if not hours and (wish.quiet_from is None) != (wish.quiet_until is None):
        missing = "quiet_from" if wish.quiet_from is None else "quiet_until"
        complaints.add(missing, "quiet hours have a beginning and an end; give both or none")
    elif not hours and wish.quiet_from is not None and wish.quiet_from == wish.quiet_until:
        complaints.add("quiet_until", "quiet hours end at another hour than they begin")
    complaints.raise_any()
    return wish


class _Complaints:
    """What was wrong so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message))

    def hear(self, name: str, read: Callable[[], Any], otherwise: Any) -> Any:
        """What `read` gives; what it complains of is noted under `name`."""
        try:
            return read()
        except (Refused, StructureError) as refusal:
            self.add(name, str(refusal))
            return otherwise

    def raise_any(self) -> None:
        if self.problems:
            raise Refused("; ".join(p.message for p in self.problems), tuple(self.problems))


def _filters(
    session: Session,
    sent: Mapping[str, Any],
    authority: Authority,
    by: Actor,
    complaints: _Complaints,
) -> Filters:
    raw = sent.get("filters") or {}
    if not isinstance(raw, Mapping):
        complaints.add("filters", 'send an object such as {"groups": ["nitazenes"]}')
        return Filters()
    for name in set(raw) - set(FILTERS):
        complaints.add(str(name), f"there is no such filter; there are {', '.join(FILTERS)}")
    readers: dict[str, Callable[[list[str]], Iterable[str]]] = {
        "groups": lambda texts: [_listed(one, GROUPS, "group") for one in texts],
        "families": lambda texts: [_listed(one, family_ids(), "family") for one in texts],
        "clusters": lambda texts: _clusters(session, by, texts),
        "blocks": lambda texts: _blocks(session, by, texts),
        "substances": lambda texts: _substances(session, by, texts),
        "countries": lambda texts: [_country(one) for one in texts],
        "regions": lambda texts: [_listed(one, REGIONS, "region") for one in texts],
        "rules": lambda texts: [_listed(one, list(Rule), "rule") for one in texts],
        "event_kinds": lambda texts: [_listed(one, list(EventKind), "kind") for one in texts],
    }

    def read(name: str) -> frozenset[str]:
        """The values under the filter's own name, and under the short one."""
        values: set[str] = set()
        for said, given in ((name, raw.get(name)), *_short(sent, name)):
            values |= set(complaints.hear(said, partial(listed, name, given), ()))
        return frozenset(values)

    def listed(name: str, given: Any) -> Iterable[str]:
        return readers[name](_texts(given))

    return Filters(
        **{name: read(name) for name in LISTS},
        similar_to=complaints.hear("similar_to", lambda: _similar(raw.get("similar_to")), None),
        containing=complaints.hear("containing", lambda: _containing(raw.get("containing")), ""),
        near_me=complaints.hear(
            "near_me", lambda: _near_me(raw.get("near_me", False), authority), False
        ),
    )


def _short(sent: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    return [
        (short, sent[short]) for short, of in SHORTHANDS.items() if of == name and short in sent
    ]


def _texts(given: Any) -> list[str]:
    """A list of texts; one text may hold several, a line each."""
    several = [] if given is None else [given] if isinstance(given, str) else given
    if not isinstance(several, list | tuple) or not all(isinstance(one, str) for one in several):
        raise Refused("send a list of texts")
    texts = [text.strip() for one in several for text in _SEPARATORS.split(one) if text.strip()]
    if len(texts) > MOST_VALUES:
        raise Refused(f"there are {len(texts)} values; a filter takes {MOST_VALUES}")
    if any(len(text) > LONGEST_VALUE for text in texts):
        raise Refused(f"a value has more than {LONGEST_VALUE:,} characters; shorten it")
    if not all(text.isprintable() for text in texts):
        raise Refused("a value has control characters; type it anew")
    return texts


def _listed(text: str, words: Iterable[str], what: str) -> str:
    """The word of a closed list that is meant, however its letters are written."""
    known = list(words)
    for word in known:
        if str(word).casefold() == text.casefold():
            return str(word)
    plural = {"family": "families"}.get(what, f"{what}s")
    raise Refused(
        f'there is no {what} "{shown(text)}"; the {plural} are: {", ".join(map(str, known))}'
    )


@cache
def family_ids() -> tuple[str, ...]:
    """Every family that a subscription may name, the parts of one after it."""
    return tuple(one.id for family in families() for one in (family, *divisions(family.id)))


def _country(text: str) -> str:
    code = text.upper()
    if code not in countries():
        raise Refused(why_no_country(text))
    return code


def _clusters(session: Session, by: Actor, keys: list[str]) -> list[str]:
    """Clusters with a member that the asker may know of."""
    query = select(Cluster.key).where(Cluster.key.in_(keys), Cluster.members.any(listed_to(by)))
    return _all_of(keys, set(session.scalars(query)) if keys else set(), "cluster", "/clusters")


def _blocks(session: Session, by: Actor, keys: list[str]) -> list[str]:
    """Building blocks of a substance that the asker may know of."""
    if any(not _SLOT.fullmatch(key) for key in keys):
        raise Refused("a building block is written as slot:fragment, such as tail:CCCC#N")
    return _all_of(keys, blocks_known(session, known_to(by)) if keys else {}, "building block", "")


def blocks_known(session: Session, known: ColumnElement[bool]) -> dict[str, str]:
    """The building blocks of substances under a condition: key and name, "" for one without."""
    query = (
        select(SubstanceBlocks.blocks)
        .join(Substance, Substance.id == SubstanceBlocks.substance_id)
        .where(known)
    )
    return {
        f"{slot}:{fragment}": name
        for blocks in session.scalars(query)
        for slot, fragment, name in blocks
    }


def _all_of(keys: list[str], there: Iterable[str], what: str, where: str) -> list[str]:
    held = set(there)
    for key in keys:
        if key not in held:
            hint = f"; they are listed at {where}" if where else "; see a substance that has it"
            raise Refused(f'there is no {what} "{shown(key)}"{hint}')
    return keys


def _substances(session: Session, by: Actor, texts: list[str]) -> list[str]:
    """Numbers of the substances meant by number, exact name, InChIKey or structure."""
    meant = point_out(session, by, texts) if texts else {}
    for said in meant.values():
        if isinstance(said, str):
            raise Refused(said)
    return [code_of(number) for number in meant.values() if isinstance(number, int)]


def _similar(given: Any) -> Similar | None:
    if given in (None, "", {}):
        return None
    if not isinstance(given, Mapping) or set(given) - {"smiles", "at_least"}:
        raise Refused('send {"smiles": a structure, "at_least": a number such as 0.7}')
    smiles, least = given.get("smiles"), given.get("at_least", USUAL_SIMILAR)
    if not isinstance(smiles, str):
        raise Refused("smiles: send a structure as text")
    try:
        at_least = float(least)
    except (TypeError, ValueError):
        at_least = -1.0
    if isinstance(least, bool) or not 0 <= at_least <= 1:
        raise Refused(
            "at_least: how similar is a number from 0 to 1; 0.7 is a close analogue, "
            "0.45 is related"
        )
    return Similar(_one_structure(smiles), round(at_least, 3))


def _one_structure(text: str) -> str:
    parts = examine(text).components
    if len(parts) != 1:
        raise Refused("send one substance; this has several parts")
    return parts[0].identity.smiles


def _containing(given: Any) -> str:
    if given is None or given == "":
        return ""
    if not isinstance(given, str):
        raise Refused("send a structure or SMARTS as text")
    text = given.strip()
    if text:
        parts_to_find(text)
    return text


def _near_me(given: Any, authority: Authority) -> bool:
    wanted = given is True or str(given).casefold() in {"true", "on", "1", "yes"}
    if not isinstance(given, bool | str) or (
        isinstance(given, str) and not wanted and given.casefold() not in {"", "false", "off", "no"}
    ):
        raise Refused("send true or false")
    if wanted and not authority.country:
        raise Refused(f"{authority.code} has no country to be near to; choose regions instead")
    return wanted


def _one_of(given: Any, words: Iterable[str]) -> str:
    known = [str(word) for word in words]
    text = given.strip().lower() if isinstance(given, str) else given
    if text in known:
        return str(text)
    raise Refused(f'"{shown(given)}" is none of {", ".join(known)}')


def _clearance(given: Any) -> Handling:
    if isinstance(given, str) and given.strip().lower() == Handling.RED.word:
        raise Refused("what is red is never mailed; choose amber, green or clear")
    return Handling.of(_one_of(given, [level.word for level in CLEARANCES]))


@cache
def time_zones() -> tuple[str, ...]:
    """The names of time zones, as the IANA database has them."""
    return tuple(
        sorted(z for z in available_timezones() if z == "UTC" or ("/" in z and z[:3] != "Etc"))
    )


def _time_zone(given: Any) -> str:
    text = given.strip() if isinstance(given, str) else ""
    for zone in time_zones():
        if zone.casefold() == text.casefold():
            return zone
    raise Refused(f'"{shown(given)}" is no time zone; write it like Europe/Vienna, or UTC')


def _hour(given: Any) -> int | None:
    if given is None or given == "":
        return None
    text = str(given).strip()
    if isinstance(given, bool) or not re.fullmatch(r"\d{1,2}", text) or int(text) > 23:
        raise Refused("write an hour of the day, from 0 to 23")
    return int(text)


def _contact(given: Any) -> str | None:
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    if not isinstance(given, str):
        raise Refused("write an e-mail address as text")
    return email_address(given)
