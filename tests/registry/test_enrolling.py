"""Enrolling: one structure is one substance, whoever brings it, in whatever form, whenever."""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from app.access.handling import Handling
from app.access.roles import SYSTEM
from app.db import Database
from app.registry.models import Cluster, Standing, Substance
from app.registry.queries import substance_by_code, substances
from app.registry.service import LONGEST_NAME, meanings
from tests.intake.taking import take_reports
from tests.naming import add_name
from tests.registry.making import ISOTONITAZENE, enrolled
from tests.reporting import NOW, PROTONITAZENE, PROTONITAZENE_HCL, laboratory, report


def all_of(database: Database) -> list[Substance]:
    with database.reading() as session:
        return list(session.scalars(select(Substance).order_by(Substance.id)))


def at_once(*work: Callable[[], object]) -> list[Exception]:
    """Do these things at the same moment; what they raised."""
    start, raised = Barrier(len(work)), []

    def run(one: Callable[[], object]) -> None:
        start.wait()
        try:
            one()
        except Exception as error:
            raised.append(error)

    threads = [Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_enrolling_twice_in_any_form_is_enrolling_once(database: Database) -> None:
    ids = {enrolled(database, form) for form in (PROTONITAZENE, *PROTONITAZENE_HCL)}
    assert len(ids) == len(all_of(database)) == 1


def test_a_new_substance_keeps_the_name_it_was_first_reported_under(database: Database) -> None:
    enrolled(database, PROTONITAZENE, name="  Compound \t 7 ")
    enrolled(database, PROTONITAZENE, name="Something else")
    assert [s.name for s in all_of(database)] == ["Compound 7"]


@pytest.mark.parametrize("name", [None, "", "  ", "n" * (LONGEST_NAME + 1)])
def test_one_without_a_fit_name_says_what_it_is(database: Database, name: str | None) -> None:
    enrolled(database, PROTONITAZENE, name=name)
    (substance,) = all_of(database)
    assert substance.name == "Unnamed nitazene, C23H30N4O3"
    assert (substance.group, substance.standing) == ("nitazenes", Standing.NPS)
    assert substance.watched


def test_what_no_family_knows_is_unclassified_and_watched_all_the_same(database: Database) -> None:
    enrolled(database, "CCCCCCCCN")
    (substance,) = all_of(database)
    assert (substance.standing, substance.watched) == (Standing.UNCLASSIFIED, True)


def test_siblings_join_one_cluster(database: Database) -> None:
    enrolled(database, PROTONITAZENE)
    enrolled(database, ISOTONITAZENE)
    one, other = all_of(database)
    assert one.cluster_id == other.cluster_id
    assert one.cluster.reason


def test_a_substance_opens_up_with_the_reports_that_name_it_and_never_closes(
    database: Database,
) -> None:
    seen = []
    for level in (Handling.RED, Handling.AMBER, Handling.CLEAR, Handling.RED):
        enrolled(database, PROTONITAZENE, handling=level)
        seen.append(all_of(database)[0].handling)
    assert seen == [Handling.RED, Handling.AMBER, Handling.CLEAR, Handling.CLEAR]


def test_two_who_enrol_the_same_new_structure_at_once_get_the_same_substance(
    database: Database,
) -> None:
    ids: list[int] = []
    for structure in (PROTONITAZENE, "CCCCCCCCN", "CNC(C)C(=O)c1cccc(I)c1"):
        found: list[int] = []

        def work(one: str = structure, into: list[int] = found) -> None:
            into.append(enrolled(database, one))

        assert at_once(*[work] * 4) == []
        assert len(found) == 4
        assert len(set(found)) == 1
        ids += set(found)
    assert sorted(ids) == [s.id for s in all_of(database)]


def test_two_laboratories_with_the_same_news_in_opposite_order_both_get_through(
    database: Database,
) -> None:
    news = [f"{'C' * n}N" for n in range(3, 63)]
    laboratories = [laboratory(database, "DE"), laboratory(database, "FR")]

    def sending(number: int) -> Callable[[], object]:
        by, order = laboratories[number], news[:: (-1) ** number]
        country = by.countries[0]
        reports = [report(country, reference=s, findings=[{"structure": s}]) for s in order]
        return lambda: take_reports(database, reports, by=by)

    assert at_once(sending(0), sending(1)) == []
    assert len(all_of(database)) == len(news)
    with database.reading() as session:
        assert len(list(session.scalars(select(Cluster)))) >= 1


def test_a_name_is_looked_up_however_it_is_written(database: Database) -> None:
    one, other = enrolled(database, PROTONITAZENE), enrolled(database, ISOTONITAZENE)
    with database.transaction() as session:
        add_name(session, one, "Pro-Nita", source="curator", now=NOW)
        add_name(session, other, "Iso-Nita", source="curator", now=NOW)
        assert meanings(session, ["pronita", "unheard"]).keys() == {"pronita"}
        assert meanings(session, ["pronita"])["pronita"].substance_id == one


def test_it_is_found_by_number_key_and_any_of_its_names(database: Database) -> None:
    number = enrolled(database, PROTONITAZENE, name="Compound 7")
    enrolled(database, ISOTONITAZENE, name="Compound 8")
    (held, _) = all_of(database)
    with database.transaction() as session:
        add_name(session, number, "Pro-Nita", source="curator", now=NOW)
        for text in (held.code, held.code.lower(), held.inchikey, held.connectivity.lower(),
                     "compound 7", "ound 7", "pronita", "PRO-NITA"):  # fmt: skip
            assert [s.id for s in substances(session, SYSTEM, text=text).items] == [number], text
        for code in (held.code, held.inchikey, held.connectivity):
            assert substance_by_code(session, SYSTEM, code).id == number
