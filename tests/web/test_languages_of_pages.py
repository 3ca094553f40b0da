"""Public pages leave nothing unsaid in another language: in a made-up one that puts every message
between ⟦ and ⟧, what stands outside is data."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from gettext import NullTranslations
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import languages
from app.countries import countries, country_name
from app.db import Database
from app.languages import month_long, month_name, speaking
from app.notification.acknowledging import token
from app.notification.links import CONFIRM, UNSUBSCRIBE, link_token
from app.registry.models import Substance
from app.settings import DEMO_SECRET
from app.surveillance.models import Rule, Tier
from app.translations.catalogues import messages
from app.web.wording import sentence
from chem.families import families
from tests.notification.making import CLEAR, NAME, a_subscriber, an_episode
from tests.notification.making import messages as outbox
from tests.notification.making import told as notify
from tests.notification.written import issued, retracted
from tests.surveillance.test_sentences import evidence
from tests.web.making import FORMULA, HOSTILE

PAGES = (
    "/", "/substances", "/clusters", "/signals", "/signals/rules", "/priority",
    "/priority?list=controlled", "/measures", "/reports", "/login", "/nowhere",
    "/alerts", "/status", "/docs/codes", "/substances?q=nothing+of+the+kind",
    "/signals?tier=urgent&rule=QUANTITY",
)  # fmt: skip
# a list, and what a link from it to one of its things looks like; some of each are read
LISTS = (
    ("/substances", "/substances/TS-"), ("/clusters", "/clusters/"), ("/signals", "/signals/E-"),
    ("/priority", "/priority/TS-"), ("/reports", "/reports/RP-"), ("/alerts", "/alerts/A-"),
)  # fmt: skip
# what a link in a mail leads to, and what is to be filled into the address
LINKED = {
    "/confirm/": lambda one, message: link_token(DEMO_SECRET, CONFIRM, one),
    "/unsubscribe/": lambda one, message: link_token(DEMO_SECRET, UNSUBSCRIBE, one),
    "/acknowledge/": lambda one, message: token(DEMO_SECRET, message),
}
WRONG = (
    "/alerts/A-99999", "/alerts/nothing", "/signals/E-99999", "/substances/TS-99999",
    "/substances/nothing", "/clusters/nothing", "/reports/RP-999999", "/confirm/nothing",
    "/acknowledge/nothing", "/priority/TS-00001", "/reports/new",
)  # fmt: skip
SOME = 2
SILENT = ("script", "style", "code", "kbd")
VOID = ("meta", "link", "input", "img", "br", "wbr", "hr")
NAMED = ("aria-label", "placeholder", "title", "alt", "data-label")
# words that are the same in every language, and what others said in theirs
DATA = re.compile(
    r"""Tocsin|JSON|Feed|Atom|NDJSON|CSV|SDF|PNG|API|CAS|SMILES|InChIKey|RDKit|CAP|UTC|PubChem|CID
    |English|Français|Español|Natural|Earth|UNII|ChEBI|Laboratory|Secretariat|TS-\w+|SG-\w+|RP-\w+
    |LAB-\w+|A-\d+|NFLIS-Drug|TLP|CLEAR|OpenAPI|healthz|readyz|metrics|SQLite|PostgreSQL|[A-Z]\d|clear|GC-MS|NMR|kB|\b1er\b""",
    re.VERBOSE,
)


@cache
def known() -> frozenset[str]:
    """What the catalogue holds."""
    return frozenset(str(one.id) for one in messages() if one.id)


class Bracketed(NullTranslations):
    """Every message of the catalogue as it is, between brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧" if message in known() else message

    def ngettext(self, one: str, many: str, of: int) -> str:
        return f"⟦{one if of == 1 else many}⟧"


class Visible(HTMLParser):
    """What a reader sees or hears of a page: its text, and the words in its attributes; but for
    code, identifiers and what the page itself marks as English."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        classes = set((said.get("class") or "").split())
        silent = tag in SILENT or said.get("lang") == "en" or bool(classes & {"mono", "code"})
        if tag not in VOID:
            self.open.append(silent)
        if not any(self.open) and not silent:
            self.texts += [said[name] or "" for name in NAMED if name in said]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not any(self.open):
            self.texts.append(data)


@pytest.fixture
def bracketed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(languages, "_translations", lambda language: Bracketed())


def outside(text: str) -> str:
    """What of a text is in no message; messages within messages are in one."""
    depth, kept = 0, []
    for letter in text:
        depth += (letter == "⟦") - (letter == "⟧")
        kept.append(letter if depth == 0 and letter != "⟧" else " ")
    return "".join(kept)


@pytest.fixture
def data(full: Database) -> re.Pattern[str]:
    """What is no message: names of substances and of families, countries, months."""
    with full.reading() as session:
        names = {s.name for s in session.scalars(select(Substance))}
        names |= {n.name for s in session.scalars(select(Substance)) for n in s.names}
    for family in families():
        names |= {family.name, family.label, sentence(family.label), sentence(family.name)}
    with speaking("fr"):
        names |= {country_name(code) for code in countries()}
        months = [date(2026, month, 1) for month in range(1, 13)]
        names |= {month_name(day) for day in months}
        names |= {month_long(day).partition(" ")[0] for day in months}
    longest = sorted(names | {HOSTILE, FORMULA}, key=len, reverse=True)
    return re.compile("|".join(re.escape(name) for name in longest))


def unsaid(client: FlaskClient, path: str, data: re.Pattern[str]) -> list[str]:
    """The words of a page that are neither in a message nor data."""
    page = Visible()
    both = f"{path}{'&' if '?' in path else '?'}lang=fr"
    answer = client.get(both)
    assert answer.status_code < 500, path
    page.feed(answer.text.replace("<wbr>", ""))
    left = DATA.sub(" ", data.sub(" ", outside(" \n ".join(page.texts))))
    return re.findall(r"[^\W\d_]{2,}", left)


def some(client: FlaskClient, of: str, begins: str) -> list[str]:
    """The addresses of a few of the things that a list links to."""
    found = re.findall(f'href="({re.escape(begins)}[^"?#]+)"', client.get(of).text)
    return sorted(set(found))[:SOME]


def told(full_app: Flask) -> list[str]:
    """The links of a mail about something urgent; and an alert that people wrote, which has ended,
    in every length."""
    with full_app.extensions["tocsin.database"].transaction() as session:
        one = a_subscriber(session, clearance=CLEAR)
        urgent = {"views": {CLEAR: Tier.URGENT}, "name": "TLP"}
        episode = an_episode(session, NAME, Rule.NEW_UNKNOWN, **urgent)
        known = evidence(Rule.NEW_UNKNOWN, level=CLEAR, thresholds={"fresh_months": 12})
        episode.views[0].evidence = known.as_dict()
        notify(session, episode)
        message = next(m for m in outbox(session) if m.subscription_id == one.id and m.edition)
        filters = {"groups": ["nitazenes"], "countries": ["DE"], "near_me": True, "rules": ["HARM"]}
        one.filters, one.quiet_from, one.quiet_until = filters, 22, 7
        alert = retracted(session, issued(session))
        links = [path + made(one.id, message.id) for path, made in LINKED.items()]
    lengths = ("full", "page", "short")
    return [*links, *(f"/alerts/{alert.code}?as={length}" for length in lengths)]


def test_every_word_of_a_public_page_is_said_in_the_language(
    full_app: Flask, bracketed: None, data: re.Pattern[str]
) -> None:
    client = full_app.test_client()
    singles = [some(client, of, begins) for of, begins in LISTS]
    assert all(singles), singles
    paths = [*PAGES, *WRONG, *(path for paths in singles for path in paths)]
    paths += [f"{path}/history" for path in singles[0]] + told(full_app)
    left = {path: words for path in paths if (words := unsaid(client, path, data))}
    assert left == {}
