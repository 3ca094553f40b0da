"""One source, three lengths: a short message, one page, and all of it.

Pure functions of `Source`; the web page, the mail and the preview of a draft all come from here, so
they cannot say different things.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.access.handling import Handling
from app.countries import country_name
from app.languages import N_, SOURCE, _, day_long, plain, speaking
from app.notification.models import Alert, Edition
from app.notification.products import READERS, RESPONSES
from app.surveillance.phrases import join

# 3GPP TS 23.038: one message holds 160 characters of the basic alphabet, those of its extension
# count twice; with any other character it is sent as UCS-2, of which it holds 70 units
GSM_LENGTH, UCS_LENGTH = 160, 70
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€")
# what names and typists write, as the alphabet can
_PLAIN = str.maketrans({
    "–": "-", "—": "-", "‑": "-", "−": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...",
    "\u00a0": " ", "\u202f": " ", "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta",
    "ω": "omega", "·": ".", "×": "x", "≥": ">=", "≤": "<=",
})  # fmt: skip

# of one page: characters of each text, and entries of each list
PAGE_TEXTS = {"happened": 600, "known": 550, "unknown": 400, "advice": 250}
PAGE_LISTS = {"substances": 6, "countries": 12, "sources": 6}
WIDTH = 76

TITLES = {
    "happened": N_("What happened"),
    "known": N_("What is known"),
    "unknown": N_("What is not known"),
    "advice": N_("More on the response"),
}
KINDS = {"alert": N_("Alert"), "advisory": N_("Advisory"), "briefing": N_("Briefing")}
MARKS = {"updated": N_("UPDATE"), "closed": N_("CLOSED"), "retracted": N_("RETRACTED")}
CONSIDERATION = N_(
    "For consideration. It says what was reported and what could be done; it is no risk assessment "
    "of the substance and decides no measure."
)
SIMULATED = N_("An exercise on invented data. Nothing of this happened.")
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)")


@dataclass(frozen=True, slots=True)
class Source:
    """One edition of what people wrote, as every rendering reads it."""

    code: str
    product: str
    headline: str
    text: Mapping[str, str]
    response: tuple[str, ...]
    substances: tuple[tuple[str, str], ...]  # number and name
    about: str  # the family or group, where there is no substance
    countries: tuple[str, ...]
    sources: tuple[str, ...]
    tier: str
    handling: Handling
    issued_at: datetime
    valid_until: date | None
    reason: str  # issued, updated, closed, retracted
    note: str  # why it was closed or retracted
    simulated: bool
    url: str

    @property
    def kind(self) -> str:
        """Alert, Advisory or Briefing."""
        return plain(KINDS[self.product])

    @property
    def mark(self) -> str:
        """Who may have it: TLP:AMBER."""
        return f"TLP:{self.handling.word.upper()}"

    def expired(self, today: date) -> bool:
        """Whether its last day has passed."""
        return self.valid_until is not None and self.valid_until < today


@dataclass(frozen=True, slots=True)
class Block:
    """A titled part of a page: paragraphs as people wrote them, then items in the language."""

    title: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()


def source_of(alert: Alert, edition: Edition, base_url: str) -> Source:
    """What an edition of an alert says."""
    return source_from(
        code=alert.code,
        headline=edition.headline,
        detail=edition.detail,
        countries=edition.countries,
        tier=edition.tier.word,
        handling=edition.handling,
        issued_at=edition.issued_at,
        reason=edition.reason,
        simulated=alert.simulated,
        base_url=base_url,
    )


def source_from(
    *,
    code: str,
    headline: str,
    detail: Mapping[str, Any],
    countries: Sequence[str],
    tier: str,
    handling: Handling,
    issued_at: datetime,
    reason: str,
    simulated: bool,
    base_url: str,
) -> Source:
    """The same from its parts: a draft has no edition yet."""
    until = detail.get("valid_until")
    return Source(
        code=code,
        product=detail["product"],
        headline=headline,
        text=detail["text"],
        response=tuple(detail["response"]),
        substances=tuple((one["code"], one["name"]) for one in detail["substances"]),
        about=(detail["name"] or "") if not detail["substances"] else "",
        countries=tuple(countries),
        sources=tuple(detail["sources"]),
        tier=tier,
        handling=handling,
        issued_at=issued_at,
        valid_until=date.fromisoformat(until) if until else None,
        reason=reason,
        note=detail.get("note") or "",
        simulated=simulated,
        url=f"{base_url}/alerts/{code}",
    )


@speaking(SOURCE)  # as people wrote its headline; other letters would cost half of the room
def short(source: Source) -> str:
    """At most one short message: mark, kind, as much of the headline as fits, and the link.

    160 characters of the GSM alphabet; where a headline cannot be written in it, 70 units of UCS-2.
    """
    exercise = "EXERCISE " if source.simulated else ""
    before = f"{source.mark} {exercise}{mark_of(source)}{source.kind.upper()}: "
    after = f" {source.url}"
    headline = " ".join(source.headline.split())
    plain = _in_gsm(headline)
    if sms_length(plain) is not None and sms_length(after) is not None:
        return f"{before}{_fitting(plain, GSM_LENGTH, before, after, '...')}{after}"
    return f"{before}{_fitting(headline, UCS_LENGTH, before, after, '…')}{after}"


def mark_of(source: Source) -> str:
    """What stands before the kind of what was updated or has ended, with a space after it."""
    return f"{plain(MARKS[source.reason])} " if source.reason in MARKS else ""


def sms_length(text: str) -> int | None:
    """How many characters of a short message the GSM alphabet takes; None when it cannot.

    >>> sms_length("abc"), sms_length("a[b]"), sms_length("药")
    (3, 6, None)
    """
    if all(letter in _GSM or letter in _GSM_TWICE for letter in text):
        return len(text) + sum(letter in _GSM_TWICE for letter in text)
    return None


def ucs_length(text: str) -> int:
    """How many UCS-2 units a text takes; what lies beyond the basic plane takes two."""
    return len(text.encode("utf-16-le", "replace")) // 2


def page_blocks(source: Source) -> list[Block]:
    """What fits one page: texts cut at the end of a sentence, lists at their first entries."""
    return _blocks(source, PAGE_TEXTS, PAGE_LISTS)


def full_blocks(source: Source) -> list[Block]:
    """All of it."""
    return _blocks(source, {}, {})


def facts(source: Source, most: Mapping[str, int] | None = None) -> list[tuple[str, str]]:
    """What stands at the head of it, as pairs: substances, where, tier, validity, sources."""
    most = PAGE_LISTS if most is None else most
    names = [f"{name} ({code})" for code, name in source.substances]
    places = sorted(country_name(code) for code in source.countries)
    pairs = [
        (_("About"), _some(names, most.get("substances")) or source.about),
        (_("Where"), _some(places, most.get("countries")) or _("not said")),
        (_("Tier"), plain(source.tier)),
        (_("Issued"), day_long(source.issued_at.date())),
        (_("Valid until"), day_long(source.valid_until) if source.valid_until else _("not said")),
        (_("Rests on"), _some(list(source.sources), most.get("sources"))),
    ]
    return [(word, said) for word, said in pairs if said]


def page_text(source: Source) -> str:
    """One page as plain text."""
    return _as_text(source, page_blocks(source), facts(source))


def full_text(source: Source) -> str:
    """All of it as plain text."""
    return _as_text(source, full_blocks(source), facts(source, {}))


def cut(text: str, longest: int | None) -> str:
    """A text that is too long, up to the end of a sentence; failing one, of a word.

    >>> cut("One. Two. Three.", 10), cut("Onetwo three", 8), cut("short", None)
    ('One. Two. …', 'Onetwo …', 'short')
    """
    if longest is None or len(text) <= longest:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text[:longest])]
    kept = text[: ends[-1]] if ends else (text[:longest].rsplit(None, 1) or [""])[0]
    return f"{kept.rstrip()} …"


def _blocks(source: Source, texts: Mapping[str, int], lists: Mapping[str, int]) -> list[Block]:
    blocks = []
    if source.note:
        ended = _("Closed")
        if source.reason == "retracted":
            ended = _("Retracted: what it said no longer stands")
        blocks.append(Block(ended, _paragraphs(source.note, None)))
    for name in ("happened", "known", "unknown"):
        if source.text.get(name):
            blocks.append(
                Block(plain(TITLES[name]), _paragraphs(source.text[name], texts.get(name)))
            )
    for reader, options in RESPONSES.items():
        chosen = tuple(plain(words) for name, words in options.items() if name in source.response)
        if chosen:
            who = plain(READERS[reader])
            blocks.append(Block(_("%(readers)s may consider", readers=who), items=chosen))
    if source.text.get("advice"):
        said = _paragraphs(source.text["advice"], texts.get("advice"))
        blocks.append(Block(plain(TITLES["advice"]), said))
    return blocks


def _as_text(source: Source, blocks: Sequence[Block], pairs: Sequence[tuple[str, str]]) -> str:
    lines = [f"{source.headline}", f"{source.kind} {source.code} · {source.mark}", ""]
    if source.simulated:
        warning = _("SIMULATED: %(warning)s", warning=plain(SIMULATED))
        lines += [*textwrap.wrap(warning, WIDTH), ""]
    wide = max(12, *(len(word) for word, _said in pairs))
    for word, said in pairs:
        lines += textwrap.wrap(
            f"{word.upper():<{wide}} {said}",
            WIDTH,
            subsequent_indent=" " * (wide + 1),
            break_long_words=False,
        )
    for block in blocks:
        lines += ["", block.title.upper()]
        for paragraph in block.paragraphs:
            lines += textwrap.wrap(paragraph, WIDTH, break_long_words=False) or [""]
        for item in block.items:
            wrapped = textwrap.wrap(item, WIDTH - 4, break_long_words=False)
            lines += [f"  * {wrapped[0]}", *(f"    {line}" for line in wrapped[1:])]
    lines += ["", *textwrap.wrap(plain(CONSIDERATION), WIDTH), ""]
    lines.append(_("All of it: %(url)s", url=source.url))
    return "\n".join(lines) + "\n"


def _paragraphs(text: str, longest: int | None) -> tuple[str, ...]:
    """Paragraphs as they were typed; cut ones become one, so that a page stays one."""
    whole = cut(" ".join(text.split()), longest) if longest else text
    return tuple(" ".join(part.split()) for part in whole.split("\n") if part.strip())


def _some(words: Sequence[str], most: int | None) -> str:
    if not words:
        return ""
    if most is None or len(words) <= most:
        return join(words)
    return _(
        "%(several)s and %(number)s more",
        several=", ".join(words[:most]),
        number=len(words) - most,
    )


def _in_gsm(text: str) -> str:
    """As the GSM alphabet can write it: dashes and quotes plain, accents that it lacks left off."""
    plain = text.translate(_PLAIN)
    return "".join(
        letter if letter in _GSM or letter in _GSM_TWICE else _without_accent(letter)
        for letter in plain
    )


def _without_accent(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0]
    return base if base in _GSM else letter


def _fitting(headline: str, longest: int, before: str, after: str, dots: str) -> str:
    """As much of a headline as fits between the two, whole words where possible."""

    def length(text: str) -> int:
        counted = sms_length(text) if longest == GSM_LENGTH else ucs_length(text)
        return counted if counted is not None else ucs_length(text)

    room = longest - length(before) - length(after)
    if length(headline) <= room:
        return headline
    kept = headline
    while kept and length(f"{kept}{dots}") > room:
        kept = kept[:-1]
    whole = kept.rsplit(None, 1)[0] if " " in kept else kept
    return f"{whole if len(whole) > len(kept) // 2 else kept}{dots}" if kept else ""
