"""What chemistry tells of a substance on its page."""

from __future__ import annotations

import re

from sqlalchemy import select

from app.access.roles import Role
from app.db import Database
from app.registry.models import Substance
from tests.web.conftest import Visit


def code_of(database: Database, name: str) -> str:
    with database.reading() as session:
        return session.scalars(select(Substance).where(Substance.name == name)).one().code


def page(visit: Visit, database: Database, name: str) -> str:
    text = visit(Role.PUBLIC).get(f"/substances/{code_of(database, name)}").text
    unmarked = re.sub(r'<span lang="en">(.*?)</span>| lang="en"', r"\1", text.split("<main")[1])
    return " ".join(unmarked.replace("<wbr>", "").split())


def test_a_cannabinoid_is_shown_in_its_blocks_under_its_code_name(full: Database, visit: Visit):
    text = page(visit, full, "MDMB-4en-PINACA")
    assert "<dt>From its structure</dt><dd>MDMB-4en-PINACA</dd>" in text
    assert "4en-P (pent-4-enyl)" in text


def test_control_is_told_with_the_clause_and_without_advice(full: Database, visit: Visit):
    text = page(visit, full, "Protonitazene")
    assert "indicative, not legal advice" in text
    assert "<b>Controlled by name</b>" in text
    assert "Protonitazene is in Schedule I of the 1961 Convention. Decided 2023." in text
    assert (
        "<b>China</b>: Nitazene-class substances: named in its lists; within its wording: " in text
    )
    assert "<b>Not controlled</b>, as far as" in page(visit, full, "Caffeine")


def test_a_variant_says_why_it_is_counted_apart_and_beside_which(full: Database, visit: Visit):
    text = page(visit, full, "Dextromethorphan")
    assert "<dt>Counted apart</dt><dd>A cough medicine that Schedule I" in text
    assert "Racemethorphan</a>" in text
    assert "Levomethorphan</a>" in text


def test_the_nearest_medicine_is_drawn_beside_it_and_no_evidence_of_harm(
    full: Database, visit: Visit
):
    text = page(visit, full, "Carfentanil")
    assert "<b>Remifentanil</b>, the nearest medicine: close analogue, similarity 0.77." in text
    figure = text.split('class="likeness"')[1].split("</figure>")[0]
    assert figure.count("<svg") == 2
    assert "no evidence of harm" in text


def test_the_atoms_that_make_the_family_can_be_marked(full: Database, visit: Visit):
    client = visit(Role.PUBLIC)
    address = f"/substances/{code_of(full, 'Protonitazene')}.svg"
    plain, marked = client.get(address), client.get(f"{address}?mark=family")
    assert marked.status_code == 200
    assert marked.data != plain.data
    assert client.get(f"{address}?mark=nonsense").data == plain.data
    of_no_family = f"/substances/{code_of(full, 'Caffeine')}.svg"
    assert client.get(f"{of_no_family}?mark=family").data == client.get(of_no_family).data
