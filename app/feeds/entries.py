"""What every feed says of an alert, before it is JSON Feed, Atom or CAP.

This is also the last door: an edition that is handled above what the reader is cleared for is
refused, whoever asked for it. Unless somebody says otherwise the reader is everybody.

An entry is in the language spoken, except that what people wrote is in English throughout: it says
which (`Entry.language`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from app.access.handling import Handling
from app.countries import country_name
from app.languages import N_, _, plain, speaking, spoken
from app.notification.anew import headline_of, language_of, sentence_of, sentences_of
from app.notification.models import AlertState, Edition, Product
from app.notification.queries import SeenAlert
from app.notification.wording import about_of, kind_of, signal_name

TITLE = N_("Tocsin: alerts on new psychoactive substances")
DESCRIPTION = N_(
    "What laboratories report of new psychoactive substances, and what is emerging. "
    "For consideration; no risk assessment."
)
AUTHOR = "Tocsin early warning service"
RETRACTED = N_("Retracted: this alert does not stand any more; do not rely on what it said.")
SIMULATED = N_("Simulated: an exercise on invented data. Nothing of this happened.")
CONSIDERATION = N_(
    "For consideration. This says what was reported and which rule noticed it; it is no risk "
    "assessment and recommends no measure."
)

MARKS = {"retracted": N_("Retracted"), "simulated": N_("Simulated")}
NAMED = ("substance", "name", "inchikey", "connectivity", "smiles", "group", "family", "effect")

# what XML 1.0 cannot carry, and no name needs
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class NotPublic(ValueError):
    """An edition was about to leave by a door that is not for it: a mistake in the code."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert, ready to be written in any format. Without a structure it has no pictures."""

    code: str
    language: str
    url: str
    about_url: str
    others: tuple[str, ...]  # the addresses of what else it names
    title: str
    summary: str
    text: str
    html: str
    picture: str  # the address of pictures and files of the structure, without an ending
    published: datetime
    modified: datetime
    tags: tuple[str, ...]
    facts: dict[str, Any]


def entry(seen: SeenAlert, base_url: str, cleared: Handling = Handling.CLEAR) -> Entry:
    """The alert as a reader cleared so far may read it. Raises NotPublic when they may not."""
    edition = public(seen.edition, cleared)
    with speaking(language_of(edition)):
        return _entry(seen, base_url)


def _entry(seen: SeenAlert, base_url: str) -> Entry:
    edition, alert = seen.edition, seen.alert
    detail = edition.detail
    url = f"{base_url}/alerts/{alert.code}"
    about = about_of(detail)
    about_url = f"{base_url}{about['path']}" if about and about["path"] else url
    others = {_url(one, base_url): one["name"] for one in substances(detail)[1:]}
    tags = [detail.get("group"), *detail.get("groups", ())]
    tags += [detail.get("family"), *detail.get("families", ()), edition.tier.word]
    tags += sorted({episode["rule"] for episode in detail.get("episodes", ())})
    return Entry(
        code=alert.code,
        language=spoken(),
        url=url,
        about_url=about_url,
        others=tuple(others),
        title=title(seen),
        summary=printable(headline_of(edition)),
        text=_text(seen, about_url, others),
        html=_html(seen, about_url, others),
        picture=about_url if detail.get("smiles") else "",
        published=seen.first_issued,
        modified=seen.modified,
        tags=tuple(dict.fromkeys(printable(tag) for tag in tags if tag)),
        facts=_facts(seen, about_url, base_url),
    )


def substances(detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every substance that an edition is about, by its detail, the main one first.

    Editions of people from before several were told in full have only the numbers and names of
    the others.
    """
    main = {key: detail.get(key) for key in NAMED}
    others = [
        {"substance": one["code"]} | {key: one.get(key) for key in NAMED[1:]}
        for one in detail.get("substances", ())
        if one["code"] != main["substance"]
    ]
    return [main, *others] if main["substance"] else others


def public(edition: Edition, cleared: Handling = Handling.CLEAR) -> Edition:
    """`edition`, which must be handled no higher than `cleared`. Raises NotPublic."""
    if edition.handling > cleared:
        raise NotPublic(
            f"edition {edition.id} is {edition.handling.word}; this door is for {cleared.word}"
        )
    return edition


def retracted(seen: SeenAlert) -> bool:
    """Whether it was taken back."""
    return seen.edition.reason == "retracted" or seen.alert.state is AlertState.RETRACTED


def in_force(seen: SeenAlert) -> bool:
    """Whether it still stands: a notice while a signal is open, what people wrote until closed."""
    if retracted(seen):
        return False
    if seen.alert.product is Product.NOTICE:
        return seen.open
    return seen.edition.reason != "closed" and seen.alert.state is AlertState.ISSUED


def feed_title(about: str = "", cleared: Handling = Handling.CLEAR) -> str:
    """The title of a feed, with what narrows it and for whom it is."""
    said = f"{plain(TITLE)} – {about}" if about else plain(TITLE)
    if cleared > Handling.CLEAR:
        said = _("%(title)s (TLP:%(level)s, for you alone)", title=said, level=cleared.name)
    return printable(said)


def title(seen: SeenAlert) -> str:
    """The headline, marked when it was taken back, did not happen, or is not for everybody."""
    marks = {
        plain(MARKS["retracted"]): retracted(seen),
        plain(MARKS["simulated"]): seen.alert.simulated,
        f"TLP:{seen.edition.handling.name}": seen.edition.handling > Handling.CLEAR,
    }
    mark = "".join(f"[{word}] " for word, holds in marks.items() if holds)
    return printable(f"{mark}{headline_of(seen.edition)}")


def printable(text: str) -> str:
    """`text` without the characters that XML cannot carry."""
    return _UNPRINTABLE.sub(" ", text)


def where(edition: Edition) -> str:
    """The countries by name, or "not said"."""
    return ", ".join(sorted(country_name(code) for code in edition.countries)) or _("not said")


def _url(substance: Mapping[str, Any], base_url: str) -> str:
    return f"{base_url}/substances/{substance['substance']}"


def _paragraphs(seen: SeenAlert) -> list[str]:
    """What goes before the sentences: that it was taken back, or is an exercise."""
    warnings = {RETRACTED: retracted(seen), SIMULATED: seen.alert.simulated}
    return [plain(warning) for warning, holds in warnings.items() if holds]


def _text(seen: SeenAlert, about_url: str, others: Mapping[str, str]) -> str:
    edition = seen.edition
    lines = [*_paragraphs(seen)]
    lines += [f"- {sentence}" for sentence in sentences_of(edition)]
    lines.append(_("Where: %(places)s.", places=where(edition)))
    lines.append(_about(edition, lambda name: f"{name} {about_url}"))
    lines += [_("Substance: %(name)s", name=" ".join(other[::-1])) for other in others.items()]
    lines += [_("Member: %(name)s", name=member) for member in _members(edition)]
    return printable("\n".join([*lines, plain(CONSIDERATION)]))


def _about(edition: Edition, linked: Callable[[str], str]) -> str:
    """What it is about, by name; of a node that is no substance, its kind too."""
    detail = edition.detail
    name = str(detail.get("name") or _("this alert"))
    if detail.get("substance"):
        return _("Substance: %(name)s", name=linked(name))
    said = f"{name}, {kind_of(detail)}" if about_of(detail) else name
    return _("About: %(name)s", name=linked(said))


def _members(edition: Edition) -> list[str]:
    return [f"{m['name']} ({m['code']})" for m in edition.detail.get("members", ())]


def _html(seen: SeenAlert, about_url: str, others: Mapping[str, str]) -> str:
    edition = seen.edition
    parts = [f"<p><strong>{escape(text)}</strong></p>" for text in _paragraphs(seen)]
    sentences = (f"<li>{escape(sentence)}</li>" for sentence in sentences_of(edition))
    parts += ["<ul>", *sentences, "</ul>"]
    said = [
        escape(_("Where: %(places)s.", places=where(edition))),
        _about(edition, lambda name: _link(about_url, name)),
    ]
    said += [_("Substance: %(name)s", name=_link(url, name)) for url, name in others.items()]
    if members := _members(edition):
        said.append(escape(_("Members: %(names)s.", names=", ".join(members))))
    parts += [f"<p>{one}</p>" for one in said]
    parts.append(f"<p><em>{escape(plain(CONSIDERATION))}</em></p>")
    return printable("".join(parts))


def _link(url: str, name: str) -> str:
    return f'<a href="{escape(url)}">{escape(name)}</a>'


def _facts(seen: SeenAlert, about_url: str, base_url: str) -> dict[str, Any]:
    """The coded data, as it was when it was told: `_nps` of the JSON Feed (docs/feeds.md)."""
    edition, alert = seen.edition, seen.alert
    detail = edition.detail
    return {
        "about": about_url,
        "node": _node(edition),
        "alert": alert.code,
        "product": alert.product.value,
        "edition": edition.id,
        "reason": edition.reason,
        **{key: detail.get(key) for key in NAMED},
        "substances": [{"about": _url(one, base_url)} | one for one in substances(detail)],
        "members": detail.get("members", []),
        "tier": edition.tier.word,
        "open": in_force(seen),
        "retracted": retracted(seen),
        "valid_until": alert.valid_until.isoformat() if alert.valid_until else None,
        "rules": [
            {
                "rule": episode["rule"],
                "scope": episode["scope"],
                "label": signal_name(episode["rule"], episode["scope"]),
                "tier": episode["tier"],
                "sentence": sentence_of(episode, detail["name"]),
                "signal": episode["code"],
            }
            for episode in detail.get("episodes", ())
        ],
        "countries": edition.countries,
        "controlled": detail.get("controlled") or [],
        "handling": edition.handling.word,
        "simulated": alert.simulated,
        "ruleset": detail.get("ruleset"),
    }


def _node(edition: Edition) -> dict[str, str] | None:
    """What it is about by its kind, key and name; None where it is about no one thing."""
    about = about_of(edition.detail)
    return {key: about[key] for key in ("kind", "key", "name")} if about else None
