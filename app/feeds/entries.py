"""What every feed says of an alert, before it is JSON Feed, Atom or CAP.

Feeds are for everybody, so this is also the last door: an edition that is not clear is refused,
whoever asked for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from app.access.handling import Handling
from app.countries import country_name
from app.notification.models import Edition
from app.notification.queries import SeenAlert
from app.notification.wording import signal_name

TITLE = "Tocsin: alerts on new psychoactive substances"
DESCRIPTION = (
    "What laboratories report of new psychoactive substances, and what is emerging. "
    "For consideration; no risk assessment."
)
AUTHOR = "Tocsin early warning service"
SIMULATED = "Simulated: an exercise on invented data. Nothing of this happened."
CONSIDERATION = (
    "For consideration. This says what was reported and which rule noticed it; it is no risk "
    "assessment and recommends no measure."
)

# what XML 1.0 cannot carry, and no name needs
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class NotPublic(ValueError):
    """An edition above clear was about to leave by a public door: a mistake in the code."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert, ready to be written in any format."""

    code: str
    url: str
    title: str
    summary: str
    text: str
    html: str
    image: str
    published: datetime
    modified: datetime
    tags: tuple[str, ...]
    facts: dict[str, Any]


def entry(seen: SeenAlert, base_url: str) -> Entry:
    """The alert as everybody may read it. Raises NotPublic when its edition is not clear."""
    edition = public(seen.edition)
    alert = seen.alert
    detail = edition.detail
    episodes = detail.get("episodes", [])
    substance_url = f"{base_url}/substances/{detail['substance']}"
    tags = [detail["group"], detail["family"], edition.tier.word]
    tags += sorted({episode["rule"] for episode in episodes})
    return Entry(
        code=alert.code,
        url=f"{base_url}/alerts/{alert.code}",
        title=title(seen),
        summary=printable(edition.headline),
        text=_text(seen, substance_url),
        html=_html(seen, substance_url),
        image=f"{substance_url}.png",
        published=seen.first_issued,
        modified=seen.modified,
        tags=tuple(dict.fromkeys(printable(tag) for tag in tags if tag)),
        facts=_facts(seen, substance_url),
    )


def public(edition: Edition) -> Edition:
    """`edition`, which must be clear. Raises NotPublic."""
    if edition.handling is not Handling.CLEAR:
        raise NotPublic(f"edition {edition.id} is {edition.handling.word}; feeds carry clear only")
    return edition


def title(seen: SeenAlert) -> str:
    """The headline, marked when nothing of it happened."""
    mark = "[Simulated] " if seen.alert.simulated else ""
    return printable(f"{mark}{seen.edition.headline}")


def printable(text: str) -> str:
    """`text` without the characters that XML cannot carry."""
    return _UNPRINTABLE.sub(" ", text)


def where(edition: Edition) -> str:
    """The countries by name, or "not said"."""
    return ", ".join(sorted(country_name(code) for code in edition.countries)) or "not said"


def _paragraphs(seen: SeenAlert) -> list[str]:
    """What goes around the sentences: the exercise's warning before, the terms after."""
    return [SIMULATED] if seen.alert.simulated else []


def _text(seen: SeenAlert, substance_url: str) -> str:
    edition = seen.edition
    lines = [*_paragraphs(seen)]
    lines += [f"- {sentence}" for sentence in edition.sentences]
    lines += [f"Where: {where(edition)}.", f"Substance: {substance_url}", CONSIDERATION]
    return printable("\n".join(lines))


def _html(seen: SeenAlert, substance_url: str) -> str:
    edition = seen.edition
    parts = [f"<p><strong>{escape(text)}</strong></p>" for text in _paragraphs(seen)]
    parts += ["<ul>", *(f"<li>{escape(sentence)}</li>" for sentence in edition.sentences), "</ul>"]
    parts.append(f"<p>Where: {escape(where(edition))}.</p>")
    name = escape(str(edition.detail["name"]))
    parts.append(f'<p>Substance: <a href="{escape(substance_url)}">{name}</a></p>')
    parts.append(f"<p><em>{escape(CONSIDERATION)}</em></p>")
    return printable("".join(parts))


def _facts(seen: SeenAlert, substance_url: str) -> dict[str, Any]:
    """The coded data, as it was when it was told: `_nps` of the JSON Feed."""
    edition = seen.edition
    detail = edition.detail
    named = ("name", "inchikey", "connectivity", "smiles", "group", "family", "effect")
    return {
        "about": substance_url,
        "alert": seen.alert.code,
        "edition": edition.id,
        "reason": edition.reason,
        "substance": detail["substance"],
        **{key: detail[key] for key in named},
        "tier": edition.tier.word,
        "open": seen.open,
        "rules": [
            {
                "rule": episode["rule"],
                "scope": episode["scope"],
                "label": signal_name(episode["rule"], episode["scope"]),
                "tier": episode["tier"],
                "sentence": episode["sentence"],
                "signal": episode["code"],
            }
            for episode in detail["episodes"]
        ],
        "countries": edition.countries,
        "controlled": detail["controlled"],
        "handling": edition.handling.word,
        "simulated": seen.alert.simulated,
        "ruleset": detail["ruleset"],
    }
