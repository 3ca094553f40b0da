"""The dossier: nineteen headings in the order of a critical review, filled with what is held."""

from __future__ import annotations

from sqlalchemy import select

from app.access.roles import ANYBODY
from app.db import Database
from app.registry.models import Substance
from app.review.dossier import HEADINGS, Section, dossier
from tests.intake.taking import take_reports
from tests.reporting import NOW, laboratory, report


def sections(database: Database, name: str) -> dict[int, Section]:
    with database.reading() as session:
        substance = session.scalars(select(Substance).where(Substance.name == name)).one()
        return {one.number: one for one in dossier(session, ANYBODY, NOW.date(), substance)}


def test_it_has_the_nineteen_headings_in_order_also_where_nothing_is_held(known: Database) -> None:
    found = sections(known, "Protonitazene")
    assert [found[number].heading for number in sorted(found)] == list(HEADINGS)
    assert found[5].facts == ()


def test_it_tells_the_schedules_and_the_classes_of_national_law(known: Database) -> None:
    found = sections(known, "Protonitazene")
    assert found[17].facts == ("1961 Convention, Schedule I, decided 2023.",)
    assert any(
        fact.startswith("China: named in the lists and within the wording")
        and fact.endswith(
            "of “Nitazene-class substances”, since 01 Jul 2025; indicative, not legal advice."
        )
        for fact in found[18].facts
    )


def test_a_substance_that_no_definition_touches_has_no_national_control(known: Database) -> None:
    assert sections(known, "Caffeine")[18].facts == ()


def test_it_counts_what_the_reader_may_see(known: Database) -> None:
    take_reports(
        known,
        [
            report(reference="open"),
            report(reference="shut", handling="red"),
        ],
        by=laboratory(known, "DE"),
    )
    assert sections(known, "Protonitazene")[14].facts[0].startswith("1 event from 1 country")


def test_a_medical_use_somewhere_is_told_under_therapeutic_applications(known: Database) -> None:
    assert sections(known, "Etizolam")[9].facts == (
        "A medicine in India, Italy and Japan: anxiolytic.",
    )
    assert sections(known, "Mephedrone")[9].facts == ()
