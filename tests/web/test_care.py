"""Curators merge, split, name and identify substances on pages that show first what moves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.access.roles import Actor, Role
from app.access.service import add_authority, add_person
from app.db import Database
from app.registry.proposals import fill_tautomer_keys
from app.review.service import open_case
from app.settings import Settings
from tests.databases import Template
from tests.intake.care import CARED, LEFT, at
from tests.reporting import NOW

PASSWORD = "a long enough password"
OWN = {"Sec-Fetch-Site": "same-origin"}
WHY = "Both were <b>one</b> sample"
PEOPLE = (Role.ANALYST, Role.REVIEWER, Role.ADMIN, Role.SUBSCRIBER)
Ask = Callable[[Role], FlaskClient]


def staff(database: Database) -> None:
    with database.transaction() as session:
        home = add_authority(session, "EWS", "Secretariat", country=None, now=NOW)
        for role in PEOPLE:
            add_person(
                session, f"{role.value}@tocsin.test", authority=home, role=role,
                password=PASSWORD, now=NOW,
            )  # fmt: skip
        fill_tautomer_keys(session)


STAFFED = Template("cared_desk", staff, upon=CARED)


@pytest.fixture
def cared(backend) -> Iterator[Database]:
    database = backend.make(STAFFED)
    yield database
    backend.drop(database)


@pytest.fixture
def ask(cared: Database, settings: Settings) -> Ask:
    app = create_app(settings, database=cared, clock=lambda: NOW)

    def sign_in(role: Role) -> FlaskClient:
        client = app.test_client()
        if role is not Role.PUBLIC:
            form = {"email": f"{role.value}@tocsin.test", "password": PASSWORD}
            assert client.post("/login", data=form, headers=OWN).status_code == 302
        return client

    return sign_in


@pytest.fixture
def codes(cared: Database) -> dict[str, str]:
    names = ("Ketodione", "Enoldione", "Clophedrone", "Othernitazene")
    with cared.reading() as session:
        return {name: at(session, name).code for name in names}


def send(client: FlaskClient, path: str, **form: str) -> str:
    answer = client.post(path, data=form, headers=OWN, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_from_a_proposal_over_the_preview_to_a_merge_and_back(ask: Ask, codes) -> None:
    enol, keto = codes["Enoldione"], codes["Ketodione"]
    desk, public = ask(Role.ANALYST), ask(Role.PUBLIC)
    proposed = desk.get("/curation/merges").text
    assert "tautomers of each other" in proposed
    assert f"/substances/{enol}/merge?into={keto}" in proposed
    seen = desk.get(f"/substances/{enol}/merge?into={keto}").text
    assert "3\xa0findings in all" in seen and "Do it" in seen
    unheard = desk.get(f"/substances/{enol}/merge?into=no such name").text
    assert "No substance is called no such name here" in unheard
    assert "Nothing is merged: say why" in send(desk, f"/substances/{enol}/merge", into=keto)
    done = send(desk, f"/substances/{enol}/merge", into=keto, reason=WHY)
    assert "it can be undone" in done and "&lt;b&gt;one&lt;/b&gt;" in done and "<b>one" not in done
    act = re.search(r"/curation/acts/(RA-\d+)/undo", done)[1]

    led = public.get(f"/substances/{enol}")
    assert led.status_code == 302 and led.location.startswith(f"/substances/{keto}")
    page = public.get(led.location).text
    assert f"{enol} (Enoldione) was merged into Ketodione on 21 Nov 2026" in page
    assert enol not in public.get("/substances").text
    assert desk.get(f"/substances/{enol}/split").status_code == 409
    told = public.get(f"/substances/{keto}/history").text
    assert f"{enol} (Enoldione) merged into {keto}" in told
    assert "analyst@" not in told and "one&lt;" not in told and "findings moved" not in told

    assert "stands: say why" in send(desk, f"/curation/acts/{act}/undo")
    assert "is undone" in send(desk, f"/curation/acts/{act}/undo", reason="two after all")
    assert public.get(f"/substances/{enol}").status_code == 200


def test_a_split_is_seen_before_it_is_done(ask: Ask, codes) -> None:
    whole, desk = codes["Clophedrone"], ask(Role.ADMIN)
    said = {"structure": LEFT, "to": LEFT}
    seen = desk.get(f"/substances/{whole}/split", query_string=said).text
    assert "a new substance" in seen and "Move 2\xa0findings" in seen
    assert "count for it from then on" in seen
    nothing = desk.get(f"/substances/{whole}/split", query_string={"name": "unheard of"}).text
    assert "No finding of" in nothing
    wrong = desk.get(f"/substances/{whole}/split", query_string={"structure": "CC(("}).text
    assert 'class="flash problem"' in wrong
    done = send(desk, f"/substances/{whole}/split", **said, reason="scheduled by itself")
    assert "2 findings of" in done and "is counted apart" in done
    assert "Levoclophedrone" in ask(Role.PUBLIC).get("/substances").text


def test_an_open_review_case_keeps_its_substance_as_it_is(ask: Ask, codes, cared) -> None:
    with cared.transaction() as session:
        case = open_case(
            session, at(session, "Enoldione"), "Is it?", by=Actor(Role.ANALYST, "a"), now=NOW
        )
    enol, keto = codes["Enoldione"], codes["Ketodione"]
    said = send(ask(Role.ANALYST), f"/substances/{enol}/merge", into=keto, reason=WHY)
    assert f"{case.code} is open for Enoldione; close it first" in said


def test_what_is_not_one_is_not_proposed_again(ask: Ask, codes) -> None:
    desk = ask(Role.REVIEWER)
    pair = [codes["Ketodione"], codes["Enoldione"]]
    answer = desk.post(
        "/curation/merges", data={"substance": pair, "reason": "both isolated"}, headers=OWN,
        follow_redirects=True,
    )  # fmt: skip
    assert "are not proposed again" in answer.text
    assert "No two substances look like one" in answer.text


def test_identifiers_are_added_checked_and_taken_away_on_the_page(ask: Ask, codes) -> None:
    desk, page = ask(Role.ANALYST), f"/substances/{codes['Ketodione']}"
    wrong = send(desk, f"{page}/identifiers", scheme="cas", value="50-00-1", source="a list")
    assert "50-00-1 fails the CAS check digit" in wrong and "50-00-0" in wrong
    right = send(
        desk, f"{page}/identifiers", scheme="cas", value="50-00-0", source="a list",
        of_form="hydrochloride",
    )  # fmt: skip
    assert "50-00-0" in right and "of the hydrochloride" in right
    assert "50-00-0" in ask(Role.PUBLIC).get(page).text
    assert codes["Ketodione"] in ask(Role.PUBLIC).get("/substances?q=50-00-0").text
    number = re.search(r"identifiers/(\d+)/remove", right)[1]
    gone = send(desk, f"{page}/identifiers/{number}/remove", reason="a slip")
    assert "is taken away" in gone and "None is held" in gone


def test_the_name_page_offers_held_names_and_the_rules(ask: Ask, codes) -> None:
    desk, page = ask(Role.ANALYST), f"/substances/{codes['Ketodione']}/name"
    assert "Ketodione (reported)" in desk.get(page).text
    assert "not held as a name" in send(desk, page, name="Enoldione", reason="x")


def test_public_pages_offer_no_care_and_its_pages_are_for_the_secretariat(ask: Ask, codes) -> None:
    for role in (Role.PUBLIC, Role.SUBSCRIBER):
        client, page = ask(role), f"/substances/{codes['Ketodione']}"
        text = client.get(page).text
        assert "/merge" not in text and "/split" not in text and "Add an identifier" not in text
        for door in ("/merge", "/split", "/name"):
            assert client.get(page + door).status_code in (302, 403)


def test_hidden_substances_and_reporters_are_in_no_history(ask: Ask, codes, cared) -> None:
    """The amber report on the enol is one that the public must not learn of."""
    enol = codes["Enoldione"]
    for role, kinds in ((Role.PUBLIC, False), (Role.ANALYST, True)):
        client = ask(role)
        page = client.get(f"/substances/{enol}/history").text
        told = client.get(f"/api/v1/substances/{enol}/history").json["items"]
        assert "LAB-" not in page and "LAB-" not in str(told)
        assert {one["kind"] for one in told} == {"enrolled", "seen"}
        assert sum("First in" in one["told"] for one in told) == 2
        forms = client.get(f"/api/v1/substances/{enol}/forms").json["items"]
        assert [form["reports"] for form in forms] == [3 if kinds else 2]


def test_the_api_follows_a_merge_and_says_what_was_merged(ask: Ask, codes) -> None:
    enol, keto = codes["Enoldione"], codes["Ketodione"]
    send(ask(Role.ANALYST), f"/substances/{enol}/merge", into=keto, reason=WHY)
    public = ask(Role.PUBLIC)
    shown = public.get(f"/api/v1/substances/{enol}").json
    assert shown["id"] == keto and shown["merged"] == [enol] and shown["identifiers"] == []
    (merged,) = [
        one
        for one in public.get(f"/api/v1/substances/{keto}/history").json["items"]
        if one["kind"] == "merged"
    ]
    assert (merged["date"], merged["by"], merged["reason"]) == ("2026-11-21", None, None)
