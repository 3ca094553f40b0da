"""What people write to be told: its fields, its limits, and the words it may not use.

Plain data and plain functions; who may do what with it is in `drafts`, what its audience may not
be told in `audience`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Protocol

from app.access.handling import Handling
from app.countries import countries, why_no_country
from app.errors import Problem, Refused, shown
from app.languages import N_
from app.notification.models import Product
from app.surveillance.models import NodeId, NodeKind, Tier
from chem.families import GROUPS, family_named

WRITTEN = (Product.ALERT, Product.ADVISORY, Product.BRIEFING)
# red would reach nobody whom it concerns: it is for those who reported it, and they know
AUDIENCES = (Handling.CLEAR, Handling.GREEN, Handling.AMBER)
LENGTHS = {"headline": 160, "happened": 2_000, "known": 2_000, "unknown": 2_000, "advice": 1_000}
LONGEST_REASON = 1_000
MOST = {"substances": 20, "countries": 60, "sources": 60}
LONGEST_VALID = 731  # days; what holds for longer is knowledge and no alert

FIELD_NAMES = {
    "product": "Kind",
    "headline": "Headline",
    "happened": "What happened",
    "known": "What is known",
    "unknown": "What is not known",
    "response": "Response options",
    "advice": "More on the response",
    "subject": "Family or group",
    "substances": "Substances",
    "countries": "Countries",
    "sources": "Signals and reports it rests on",
    "tier": "Tier",
    "handling": "Audience",
    "valid_until": "Valid until",
    "exercise": "Exercise",
}

RESPONSES: dict[str, dict[str, str]] = {
    "health": {
        "inform_care": N_("Inform emergency departments, poison centres and treatment services."),
        "find_cases": N_("Look for it in unexplained poisonings and deaths, earlier ones too."),
        "antidote": N_("Where opioids are used, check that naloxone is at hand."),
        "outreach": N_("Pass it on to drug checking and outreach services."),
        "report_harm": N_("Report poisonings and deaths in which it is found."),
    },
    "forensic": {
        "screen": N_("Add it to screening methods and spectral libraries."),
        "reference": N_("Obtain a reference standard."),
        "confirm": N_("Confirm it with a second technique, and tell its isomers apart."),
        "look_again": N_("Look again at kept samples and spectra that stayed unidentified."),
        "share_spectra": N_("Share spectra and analytical data."),
    },
    "border": {
        "inform_officers": N_(
            "Inform customs, post and border officers of the forms it was found in."
        ),
        "field_tests": N_("Check if field tests react to it; a negative one does not exclude it."),
        "sample": N_("Send samples of suspected consignments to a laboratory."),
        "report_route": N_("Report seizures with origin, transit and destination."),
    },
}
READERS = {
    "health": N_("Health authorities"),
    "forensic": N_("Forensic laboratories"),
    "border": N_("Customs, post and border authorities"),
}

# a net for slips, beside the second person: what no alert says, and what to do instead
UNWANTED = (
    (
        re.compile(
            r"\b(?:should|must|ought to|needs? to|has to|have to)\s+be\s+"
            r"(?:controlled|scheduled|banned|prohibited|outlawed|placed\s+under)",
            re.IGNORECASE,
        ),
        "says what should be controlled; say what was found, and leave measures to those who "
        "decide on them",
    ),
    (
        re.compile(r"\d\s*(?:mg|µg|μg|ug|mcg|milligrams?|micrograms?)\b", re.IGNORECASE),
        "names an amount as people take it; leave doses out",
    ),
    (
        re.compile(r"\bsynthe(?:sis|tic)\s+(?:route|step|procedure)s?\b|\breagents?\b", re.I),
        "speaks of how it is made; leave that out",
    ),
    (
        re.compile(r"https?:|\bwww\.|\.onion\b|\bt\.me\b|\btelegram\b|\bvendor", re.IGNORECASE),
        "holds a web address or names where it is sold; cite signals and reports as its sources",
    ),
)
# NUL, controls, what turns the writing direction round, halves of characters
_UNPRINTABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_CODES = {"substances": re.compile(r"TS-\d{1,9}"), "sources": re.compile(r"(?:E|RP)-\d{1,9}")}
_WIDTHS = {"TS": 5, "E": 5, "RP": 6}
_QUOTED = re.compile(r"\b(TS|E|RP)-(\d{1,9})\b", re.IGNORECASE)


class Telling(Protocol):
    """What is told to an audience: texts by their fields, and what it cites beside them."""

    @property
    def texts(self) -> Mapping[str, str]:
        """What is written freely, by field."""

    @property
    def handling(self) -> Handling:
        """The audience."""

    @property
    def substances(self) -> tuple[str, ...]:
        """Numbers of substances."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Numbers of signals and reports."""


@dataclass(frozen=True, slots=True)
class Content:
    """One version of what is to be told: the one source of every rendering."""

    product: Product = Product.ADVISORY
    headline: str = ""
    happened: str = ""
    known: str = ""
    unknown: str = ""
    response: tuple[str, ...] = ()
    advice: str = ""
    subject: str = ""  # "family:nitazene", where it is about no single substance
    substances: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    tier: Tier = Tier.ALERT
    handling: Handling = Handling.AMBER
    valid_until: date | None = None
    exercise: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The form kept with a version."""
        return asdict(self) | {
            "product": self.product.value,
            "tier": self.tier.word,
            "handling": self.handling.word,
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            **{name: list(getattr(self, name)) for name in ("response", *MOST)},
        }

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Content:
        """The content of a kept version."""
        known = {field.name: kept[field.name] for field in fields(cls) if field.name in kept}
        until = known.get("valid_until")
        return cls(**known | {
            "product": Product(known["product"]),
            "tier": Tier[known["tier"].upper()],
            "handling": Handling.of(known["handling"]),
            "valid_until": date.fromisoformat(until) if until else None,
            **{name: tuple(known.get(name, ())) for name in ("response", *MOST)},
        })  # fmt: skip

    @property
    def texts(self) -> dict[str, str]:
        """What is written freely, by field."""
        return {name: getattr(self, name) for name in LENGTHS}

    @property
    def node(self) -> NodeId | None:
        """The family or group it is about, if it is about one."""
        kind, _, key = self.subject.partition(":")
        return NodeId(NodeKind(kind), key) if self.subject else None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why what was told is closed or retracted: told to the same audience."""

    reason: str
    handling: Handling
    substances: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def texts(self) -> dict[str, str]:
        """What is written freely, by field."""
        return {"reason": self.reason}


def read_content(sent: Mapping[str, str], response: Iterable[str]) -> Content:
    """What a form says. Raises Refused, naming each field that cannot be, and what would be right.

    What is missing is no mistake yet: see `unfinished`.
    """
    problems: list[Problem] = []
    texts: dict[str, Any] = {
        name: _text(sent.get(name, ""), name, LENGTHS[name], problems) for name in LENGTHS
    }
    texts["headline"] = " ".join(texts["headline"].split())
    lists: dict[str, Any] = {name: _list(sent.get(name, ""), name, problems) for name in MOST}
    chosen = tuple(dict.fromkeys(response))
    if unknown := [one for one in chosen if one not in response_sentences()]:
        problems.append(Problem("response", f'"{shown(unknown[0])}" is none of the options'))
    content = Content(
        **texts,
        **lists,
        response=chosen,
        product=_one_of(sent, "product", {p.value: p for p in WRITTEN}, problems),
        tier=_one_of(sent, "tier", {t.word: t for t in Tier}, problems),
        handling=_one_of(sent, "handling", {h.word: h for h in AUDIENCES}, problems),
        subject=_subject(sent.get("subject", ""), problems),
        valid_until=_day(sent.get("valid_until", ""), problems),
        exercise=sent.get("exercise") == "yes",
    )
    problems += unwanted(content.texts)
    if problems:
        raise Refused("; ".join(str(p) for p in problems[:5]), tuple(problems))
    return content


def unfinished(content: Content, today: date) -> tuple[Problem, ...]:
    """What still has to be said before it can be checked or issued."""
    missing = [
        Problem(name, "is missing", code="missing")
        for name in ("headline", "happened", "known", "unknown")
        if not content.texts[name]
    ]
    if not content.substances and not content.subject:
        missing.append(
            Problem("substances", "name a substance, or choose a family or group", code="missing")
        )
    if not content.response and not content.advice:
        missing.append(Problem("response", "choose at least one option", code="missing"))
    if content.valid_until is None:
        missing.append(Problem("valid_until", "say until when it holds", code="missing"))
    elif content.valid_until < today:
        missing.append(Problem("valid_until", f"{content.valid_until} has passed"))
    elif (content.valid_until - today).days > LONGEST_VALID:
        missing.append(Problem("valid_until", "is more than two years away; choose a nearer day"))
    return tuple(missing)


def read_reason(text: str) -> str:
    """Why something is closed, retracted or sent back. Raises Refused."""
    problems: list[Problem] = []
    reason = _text(text, "reason", LONGEST_REASON, problems)
    if not reason:
        problems.append(Problem("reason", "say why, in a sentence", code="missing"))
    problems += unwanted({"reason": reason})
    if problems:
        raise Refused("; ".join(str(p) for p in problems), tuple(problems))
    return reason


def unwanted(texts: Mapping[str, str]) -> list[Problem]:
    """What no alert says: doses, ways of making, addresses, what should be controlled."""
    return [
        Problem(field, f'"{shown(found[0])}" {why}')
        for field, text in texts.items()
        for pattern, why in UNWANTED
        if (found := pattern.search(text))
    ]


def quoted(content: Telling) -> dict[str, set[str]]:
    """The numbers its texts quote, by kind: {"RP": {"RP-000042"}}."""
    found: dict[str, set[str]] = {kind: set() for kind in _WIDTHS}
    for text in content.texts.values():
        for kind, digits in _QUOTED.findall(text):
            found[kind.upper()].add(_code(kind.upper(), digits))
    return found


def response_sentences() -> dict[str, str]:
    """Every response option by its id."""
    return {name: words for some in RESPONSES.values() for name, words in some.items()}


def _text(text: str, field: str, longest: int, problems: list[Problem]) -> str:
    tidy = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").strip()
    if _UNPRINTABLE.search(tidy):
        problems.append(Problem(field, "holds characters that cannot be printed; type it anew"))
    if len(tidy) > longest:
        problems.append(Problem(field, f"has {len(tidy)} characters; at most {longest} are told"))
    return tidy


def _list(text: str, field: str, problems: list[Problem]) -> tuple[str, ...]:
    """Numbers or country codes, parted by commas or spaces; each once, as they are written."""
    words = list(dict.fromkeys(word.upper() for word in re.split(r"[\s,;]+", text) if word))
    if len(words) > MOST[field]:
        problems.append(Problem(field, f"has {len(words)} entries; at most {MOST[field]}"))
        return ()
    if field == "countries":
        problems += [Problem(field, why_no_country(w)) for w in words if w not in countries()]
        return tuple(words)
    looks_like = "TS-00042" if field == "substances" else "E-00042 or RP-000042"
    problems += [
        Problem(field, f'"{shown(word)}" is no number here; they look like {looks_like}')
        for word in words
        if not _CODES[field].fullmatch(word)
    ]
    return tuple(
        dict.fromkeys(_code(*word.split("-", 1)) for word in words if _CODES[field].fullmatch(word))
    )


def _code(kind: str, digits: str) -> str:
    return f"{kind}-{int(digits):0{_WIDTHS[kind]}d}"


def _one_of(
    sent: Mapping[str, str], field: str, words: Mapping[str, Any], problems: list[Problem]
) -> Any:
    found = words.get(sent.get(field, ""))
    if found is None:
        given = shown(sent.get(field, ""))
        problems.append(Problem(field, f'"{given}" is none of: {", ".join(words)}'))
        return next(iter(words.values()))
    return found


def _subject(text: str, problems: list[Problem]) -> str:
    kind, _, key = text.partition(":")
    known = (kind == "group" and key in GROUPS) or (kind == "family" and family_named(key))
    if text and not known:
        problems.append(Problem("subject", f'"{shown(text)}" is no family or group; choose one'))
        return ""
    return text


def _day(text: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        problems.append(Problem("valid_until", f'"{shown(text)}" is no day; write YYYY-MM-DD'))
        return None
