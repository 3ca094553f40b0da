"""What every feed says of an alert, before it is JSON Feed, Atom or CAP.

Feeds are for everybody, so this is also the last door: an edition that is not clear is refused,
whoever asked for it. What is sent to one authority says so by its clearance, in `entry_for` alone.
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
from app.notification.wording import about_of, kind_of, signal_name

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
    """An edition was about to leave by a door that is not open to it: a mistake in the code."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert, ready to be written in any format."""

    code: str
    url: str
    title: str
    summary: str
    text: str
    html: str
    image: str | None  # the structure of a substance; nothing else has one
    published: datetime
    modified: datetime
    tags: tuple[str, ...]
    facts: dict[str, Any]


def entry(seen: SeenAlert, base_url: str) -> Entry:
    """The alert as everybody may read it. Raises NotPublic when its edition is not clear."""
    public(seen.edition)
    return _entry(seen, base_url)


def entry_for(seen: SeenAlert, base_url: str, *, clearance: Handling) -> Entry:
    """The alert for a reader who is known and cleared up to `clearance`. Raises NotPublic."""
    if seen.edition.handling > clearance:
        raise NotPublic(
            f"edition {seen.edition.id} is {seen.edition.handling.word}; "
            f"the reader is cleared up to {clearance.word}"
        )
    return _entry(seen, base_url)


def _entry(seen: SeenAlert, base_url: str) -> Entry:
    edition = seen.edition
    alert = seen.alert
    detail = edition.detail
    episodes = detail.get("episodes", [])
    url = f"{base_url}/alerts/{alert.code}"
    about = about_of(detail)
    about_url = f"{base_url}{about['path']}" if about and about["path"] else url
    tags = [detail["group"], detail["family"], edition.tier.word]
    tags += sorted({episode["rule"] for episode in episodes})
    return Entry(
        code=alert.code,
        url=url,
        title=title(seen),
        summary=printable(edition.headline),
        text=_text(seen, about_url),
        html=_html(seen, about_url),
        image=f"{about_url}.png" if detail["substance"] else None,
        published=seen.first_issued,
        modified=seen.modified,
        tags=tuple(dict.fromkeys(printable(tag) for tag in tags if tag)),
        facts=_facts(seen, about_url),
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


def _text(seen: SeenAlert, about_url: str) -> str:
    edition = seen.edition
    lines = [*_paragraphs(seen)]
    lines += [f"- {sentence}" for sentence in edition.sentences]
    lines.append(f"Where: {where(edition)}.")
    if edition.detail["substance"]:
        lines.append(f"Substance: {about_url}")
    else:
        lines += [f"About: {_about(edition)}", *(f"Member: {m}" for m in _members(edition))]
    lines.append(CONSIDERATION)
    return printable("\n".join(lines))


def _about(edition: Edition) -> str:
    """A node that is no substance, in words."""
    return f"{edition.detail['name']}, {kind_of(edition.detail)}"


def _members(edition: Edition) -> list[str]:
    return [f"{m['name']} ({m['code']})" for m in edition.detail.get("members", ())]


def _html(seen: SeenAlert, about_url: str) -> str:
    edition = seen.edition
    parts = [f"<p><strong>{escape(text)}</strong></p>" for text in _paragraphs(seen)]
    parts += ["<ul>", *(f"<li>{escape(sentence)}</li>" for sentence in edition.sentences), "</ul>"]
    parts.append(f"<p>Where: {escape(where(edition))}.</p>")
    if edition.detail["substance"]:
        name = escape(str(edition.detail["name"]))
        parts.append(f'<p>Substance: <a href="{escape(about_url)}">{name}</a></p>')
    else:
        about = escape(_about(edition))
        parts.append(f'<p>About: <a href="{escape(about_url)}">{about}</a></p>')
    if members := _members(edition):
        parts.append(f"<p>Members: {escape(', '.join(members))}.</p>")
    parts.append(f"<p><em>{escape(CONSIDERATION)}</em></p>")
    return printable("".join(parts))


def _facts(seen: SeenAlert, about_url: str) -> dict[str, Any]:
    """The coded data, as it was when it was told: `_nps` of the JSON Feed."""
    edition = seen.edition
    detail = edition.detail
    named = ("name", "inchikey", "connectivity", "smiles", "group", "family", "effect")
    return {
        "about": about_url,
        "node": _node(edition),
        "alert": seen.alert.code,
        "edition": edition.id,
        "reason": edition.reason,
        "substance": detail["substance"],
        **{key: detail[key] for key in named},
        "members": detail.get("members", []),
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


def _node(edition: Edition) -> dict[str, str] | None:
    """What it is about by its kind, key and name; None where it is about no one thing."""
    about = about_of(edition.detail)
    return {key: about[key] for key in ("kind", "key", "name")} if about else None
