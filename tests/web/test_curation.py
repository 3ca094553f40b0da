"""The curation page: what waits, what it may mean, and every way of deciding."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.access.models import AuditEvent, Authority
from app.access.roles import Actor, Role
from app.db import Database
from app.registry import pubchem
from tests.intake.taking import take_reports
from tests.web.conftest import Visit
from tests.web.making import HOSTILE, NOW
from tests.web.test_desk import send

WAITS = "“N/A” stays in the queue"  # as it is written; it is looked up as "n/a"


def sender(database: Database, country: str) -> Actor:
    with database.reading() as session:
        home = session.scalars(select(Authority).where(Authority.code == f"LAB-{country}")).one()
        return Actor(Role.LABORATORY, "key", home.id, home.code, home.countries)


def named(name: str, country: str, **more):
    finding = {"substance_name": name}
    fields = {"event_kind": "seizure", "event_date": "2026-11-02", "handling": "clear"}
    return fields | {"reference": name, "country": country, "findings": [finding]} | more


@pytest.fixture
def queue(full: Database) -> Database:
    death = {"event_kind": "death", "outcome": "death", "causal_role": "sole"}
    german = [named(n, "DE") for n in ("Kestrel 7", "isotonitazen", "Synthetic canabinoids", "N/A")]
    german.append(named(f"{HOSTILE} bird", "DE", handling="amber"))
    take_reports(full, german, by=sender(full, "DE"), now=NOW)
    take_reports(full, [named("KESTREL-7", "FR", **death)], by=sender(full, "FR"), now=NOW)
    return full


def block(page: str, name: str) -> str:
    """The part of the page about one name."""
    return next(part for part in page.split("<article")[1:] if f">{name}</h2>" in part)


def test_an_unknown_of_two_countries_stands_first_with_its_deaths(queue, visit: Visit) -> None:
    page = visit(Role.ANALYST).get("/curation").text
    first = page.split("<article")[1]
    assert "KESTREL-7" in first and "Kestrel 7" in first
    assert "Reported by 2 countries; it may be the new substance." in first
    assert "1\u00a0report of a death" in first
    assert 'class="badge"' in page
    assert "from two or more countries" in visit(Role.ANALYST).get("/status").text
    assert "Unknown names" not in visit(Role.PUBLIC).get("/status").text
    assert 'class="badge"' not in visit(Role.SUBSCRIBER).get("/review").text


def test_a_suggestion_says_why_and_is_taken_with_one_click(queue, visit: Visit) -> None:
    client = visit(Role.ANALYST)
    part = block(client.get("/curation").text, "isotonitazen")
    assert "One letter apart from “Isotonitazene”" in part
    fields = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', part.split("<details")[0])
    )
    done = send(client, "/curation", **{k: unescape(v) for k, v in fields.items()})
    assert "now means Isotonitazene" in done.text
    assert ">isotonitazen</h2>" not in done.text
    undo = re.search(r"/curation/decisions/\d+/undo", done.text)[0]
    back = send(client, undo)
    assert "waits again" in back.text and ">isotonitazen</h2>" in back.text
    assert "Nothing changed" in send(client, undo).text
    assert "taken back 20 Nov 2026" in client.get("/curation/decisions").text


def test_a_name_of_several_is_offered_and_taken_as_such(queue, visit: Visit) -> None:
    client = visit(Role.ANALYST)
    part = block(client.get("/curation").text, "Synthetic canabinoids")
    assert "One of the synthetic cannabinoids" in part
    like = re.search(r'name="like" value="([^"]*)"', part)[1]
    done = send(client, "/curation", key="syntheticcanabinoids", like=like)
    assert "now means one of the synthetic cannabinoids" in done.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"meant": "nothing"}, "now means no substance"),
        ({"meant": "group", "kin": "nitazenes"}, "now means one of the nitazenes"),
        ({"meant": "group", "kin": "nitazene"}, "now means one of the family nitazene"),
        ({"meant": "isomer_set", "members": "Mephedrone; 3-MMC"}, "now means one of Mephedrone"),
        ({"meant": "substance", "substance": "etizolam"}, "now means Etizolam"),
        ({"meant": "substance", "substance": "etizolam", "authority": "LAB-DE", "language": "de"},
         "now means Etizolam"),
        ({"meant": "isomer_set", "members": "Mephedrone"}, WAITS),
        ({"meant": "group", "kin": "no such"}, WAITS),
        ({"meant": "substance", "substance": "etizolam", "language": "<b>"}, WAITS),
        ({"meant": "substance", "substance": "etizolam", "authority": "X"}, WAITS),
        ({"meant": "substance"}, WAITS),
    ],
)  # fmt: skip
def test_a_curator_says_what_it_means_in_any_of_these_ways(queue, visit: Visit, form, said) -> None:
    answer = send(visit(Role.ANALYST), "/curation", key="n/a", back="/curation?q=n", **form)
    assert said in unescape(answer.text)
    assert answer.request.full_path.startswith("/curation?q=n")
    away = send(visit(Role.ANALYST), "/curation", key="n/a", back="//evil.example")
    assert away.request.path == "/curation"


def test_filters_keep_to_what_they_say_and_hostile_names_are_text(queue, visit: Visit) -> None:
    client = visit(Role.ANALYST)
    for query, shown in (("q=kestrel", 1), ("kind=death", 1), ("widespread=yes", 1), ("q=zzz", 0)):
        text = client.get(f"/curation?{query}&order=oldest&after=0").text
        assert text.count("<article") == shown, query
    text = client.get("/curation?q=<script>").text
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text
    assert send(visit(Role.LABORATORY), "/curation", key="n/a").status_code == 403


def test_looking_up_outside_is_off_and_only_for_public_names(
    queue, full: Database, settings, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def outside(name: str) -> list[dict[str, object]]:
        asked.append(name)
        if name == "N/A":
            raise pubchem.NotAnswered("PubChem was not reached (ConnectTimeout)")
        return [{"cid": 7, "inchikey": "A", "smiles": "C", "problem": "it is <b>odd</b>"}]

    monkeypatch.setattr(pubchem, "ask", outside)
    assert "the look-up is off" in send(visit(Role.ANALYST), "/curation/lookup", key="n/a").text
    app: Flask = create_app(replace(settings, pubchem=True), database=full, clock=lambda: NOW)
    client = app.test_client()
    form = {"email": "analyst@tocsin.test", "password": "a long enough password"}
    assert send(client, "/login", **form).status_code == 200
    page = client.get("/curation?q=bird").text
    assert "it is not looked up outside" in page and "Look it up" not in page
    key = unescape(re.search(r'name="key" value="([^"]*)"', page)[1])
    assert "sent nowhere" in send(client, "/curation/lookup", key=key).text
    assert "was not reached" in send(client, "/curation/lookup", key="n/a").text
    answer = send(client, "/curation/lookup", key="kestrel7", back="/curation")
    assert "PubChem (external, unreviewed)" in answer.text
    assert "it is &lt;b&gt;odd&lt;/b&gt;" in answer.text
    assert asked == ["N/A", "Kestrel 7"]
    with full.reading() as session:
        events = select(AuditEvent.subject).where(AuditEvent.action == "name.look_up")
        assert session.scalars(events).all() == ["Kestrel 7"]


def test_the_substance_page_says_who_gave_a_name_without_naming_a_person(
    queue, visit: Visit
) -> None:
    client = visit(Role.ANALYST)
    send(client, "/curation", key="n/a", meant="substance", substance="etizolam", language="de")
    found = client.get("/curation/decisions").text
    substance = re.search(r"/substances/TS-\d+", found)[0]
    text = visit(Role.PUBLIC).get(substance).text
    assert "Secretariat: N/A (de)" in re.sub(r"<[^>]+>", "", text)
    assert "analyst@" not in text
