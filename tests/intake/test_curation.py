"""A curator says what a name means: all reports follow, dated, and it can be taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.access.models import AuditEvent, Authority
from app.access.roles import Actor, Role
from app.db import Database
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.intake.curation import decide, undo
from app.intake.models import Finding, FormerResolution
from app.intake.saying import (
    NOTHING,
    Said,
    of_family,
    of_group,
    one_of,
    read_said,
    same_as,
    this_substance,
)
from app.intake.waiting import Order, clear_form, decisions, queued_names, waiting
from app.intake.words import EventKind, Resolution
from app.registry.models import Meant, NameDecision, Substance, SubstanceName
from app.registry.queries import substance_by_code, substances
from app.registry.service import meanings
from app.surveillance.sightings import cells
from tests.intake.taking import take_reports
from tests.reporting import NOW, laboratory, report

ANALYST = Actor(Role.ANALYST, "ana")
DAYS = [NOW + timedelta(days=n) for n in range(8)]


def named(name: str, country: str = "DE", **more):
    more.setdefault("reference", name)
    return report(country, findings=[{"substance_name": name}], **more)


def substance(session, name: str) -> Substance:
    return session.scalars(select(Substance).where(Substance.name == name)).one()


def resolutions(database: Database) -> dict[Resolution, int]:
    with database.reading() as session:
        query = select(Finding.resolution, func.count()).group_by(Finding.resolution)
        return dict(session.execute(query).all())


def seen(database: Database, day: datetime) -> set[int]:
    """The substances that a replay of that day sees."""
    with database.reading() as session:
        return {cell.substance_id for cell in cells(session, as_of=day.date(), edges=())}


@pytest.fixture
def unknown(known: Database) -> Database:
    """Germany and France wait for Kestrel 7, with a death among it; Germany for two more names."""
    germany, france = laboratory(known, "DE"), laboratory(known, "FR")
    death = {"event_kind": "death", "outcome": "death", "causal_role": "sole"}
    sent = [named("Kestrel 7"), named("KESTREL-7 hcl"), named("No analysis"), named("House 12")]
    take_reports(known, sent, by=germany)
    take_reports(known, [named("kestrel 7", "FR", handling="amber", **death)], by=france)
    return known


def test_names_of_several_countries_stand_first_and_are_counted(unknown: Database) -> None:
    with unknown.reading() as session:
        queue = queued_names(session, ANALYST, NOW.date(), order=Order.NEWEST).items
        assert queue[0].key == "kestrel7"
        first = queue[0]
        assert (first.widespread, first.reports, first.countries) == (True, 3, 2)
        assert set(first.forms) == {"Kestrel 7", "KESTREL-7 hcl", "kestrel 7"}
        assert first.kinds == {EventKind.SEIZURE: 2, EventKind.DEATH: 1}
        assert [code for code, _ in first.authorities] == ["LAB-DE", "LAB-FR"]
        assert waiting(session, ANALYST, NOW.date()).widespread == 1
        germany = Actor(Role.LABORATORY, "x", 1, "LAB-DE", ("DE",))
        assert waiting(session, germany, NOW.date()).widespread == 0  # the other is amber


def test_the_queue_is_filtered_sorted_and_cut_into_pages(unknown: Database) -> None:
    with unknown.reading() as session:

        def keys(**how) -> list[str]:
            return [n.key for n in queued_names(session, ANALYST, NOW.date(), **how).items]

        assert keys(text="Kestrel-7 HCl") == ["kestrel7"]
        assert keys(text="100%_") == []
        assert keys(kind=EventKind.DEATH) == ["kestrel7"]
        assert keys(widespread=True) == ["kestrel7"]
        page = queued_names(session, ANALYST, NOW.date(), limit=2)
        rest = queued_names(session, ANALYST, NOW.date(), limit=2, after=page.next)
        assert [n.key for n in (*page.items, *rest.items)] == keys()
        assert rest.next is None


def test_resolved_and_taken_back_every_day_is_replayed_as_it_was_known(unknown: Database) -> None:
    with unknown.transaction() as session:
        right, wrong = substance(session, "Isotonitazene"), substance(session, "Metonitazene")
        first = decide(session, "kestrel7", this_substance(wrong), by=ANALYST, now=DAYS[1])
        assert first.findings == 3
    late = named("Kestrel 7", "AT", reference="late")
    austria = laboratory(unknown, "AT")
    take_reports(unknown, [late], by=austria, now=DAYS[2])  # resolved by its name, as it arrives
    with unknown.transaction() as session:
        undo(session, first.id, by=ANALYST, now=DAYS[3])
        assert meanings(session, ["kestrel7"]) == {}
        assert session.scalar(select(func.count()).select_from(FormerResolution)) == 4
    with unknown.transaction() as session:
        again = decide(session, "kestrel7", this_substance(right), by=ANALYST, now=DAYS[5])
        assert again.findings == 4
    known_on = [set(), {wrong.id}, {wrong.id}, set(), set(), {right.id}]
    assert [seen(unknown, day) for day in DAYS[:6]] == known_on
    with unknown.reading() as session:
        reports = {c.country: c.reports for c in cells(session, as_of=DAYS[2].date(), edges=())}
        assert reports == {"DE": 2, "FR": 1, "AT": 1}
        kept = session.scalars(select(NameDecision).order_by(NameDecision.id)).all()
        assert [(d.substance_id, d.decided_at, d.undone_at, d.undone_by) for d in kept] == [
            (wrong.id, DAYS[1], DAYS[3], "ana"),
            (right.id, DAYS[5], None, None),
        ]
        actions = select(AuditEvent.action).where(AuditEvent.action.like("name.%"))
        assert session.scalars(actions.order_by(AuditEvent.id)).all() == [
            "name.resolve", "name.undo", "name.resolve",
        ]  # fmt: skip


def test_a_name_of_nothing_leaves_the_queue_and_so_do_later_reports_until_taken_back(
    unknown: Database,
) -> None:
    with unknown.transaction() as session:
        made = decide(session, "noanalysis", NOTHING, by=ANALYST, now=DAYS[1])
    later = [named("NO ANALYSIS", "AT", reference="later")]
    receipt = take_reports(unknown, later, by=laboratory(unknown, "AT"), now=DAYS[2])
    assert receipt.resolutions == {Resolution.NOT_A_SUBSTANCE: 1}
    assert "name no substance" in " ".join(receipt.summary())
    assert resolutions(unknown)[Resolution.NOT_A_SUBSTANCE] == 2
    with unknown.transaction() as session:
        undo(session, made.id, by=ANALYST, now=DAYS[3])
    assert Resolution.NOT_A_SUBSTANCE not in resolutions(unknown)


def test_a_name_may_mean_one_of_several_a_family_or_a_group(unknown: Database) -> None:
    with unknown.transaction() as session:
        isomers = [substance(session, name) for name in ("Mephedrone", "3-MMC")]
        decide(session, "kestrel7", one_of(isomers), by=ANALYST, now=DAYS[1])
        decide(session, "house12", of_family("nitazene"), by=ANALYST, now=DAYS[1])
        decide(session, "noanalysis", of_group("piperazines"), by=ANALYST, now=DAYS[1])
    assert resolutions(unknown) == {Resolution.GROUP_NAME: 5}
    with unknown.reading() as session:
        dates = select(Finding.resolved_at).distinct()
        assert session.scalars(dates).all() == [DAYS[1]]
        meant = meanings(session, ["kestrel7", "house12", "noanalysis"])
        told = {key: (m.substance_id, m.family, m.group) for key, m in meant.items()}
        assert told == {
            "kestrel7": (None, isomers[0].family, "synthetic cathinones"),
            "house12": (None, "nitazene", "nitazenes"),
            "noanalysis": (None, None, "piperazines"),
        }
        assert same_as(session, "kestrel7").same(one_of(isomers[::-1]))
        assert same_as(session, "house12") == of_family("nitazene")
    assert seen(unknown, DAYS[1]) == set()


def test_the_shipped_names_of_several_say_which(known: Database) -> None:
    with known.reading() as session:
        assert {s.name for s in same_as(session, "mmc").members} == {"Mephedrone", "3-MMC", "2-MMC"}


@pytest.mark.parametrize(
    ("meant", "more"),
    [
        (Meant.SUBSTANCE, {"substance": " "}),
        (Meant.ISOMER_SET, {"members": ["Mephedrone", "4-MMC", ""]}),
        (Meant.ISOMER_SET, {"members": ["Mephedrone"] * 31}),
        (Meant.FAMILY, {"family": "no such"}),
        (Meant.GROUP, {"group": "no such"}),
    ],
)
def test_what_says_nothing_is_refused(known: Database, meant: Meant, more) -> None:
    with known.reading() as session, pytest.raises(Refused):
        read_said(session, ANALYST, meant, **more)


def test_a_house_code_of_one_laboratory_counts_for_its_reports_and_goes_first(
    unknown: Database,
) -> None:
    with unknown.transaction() as session:
        germany = session.scalars(select(Authority).where(Authority.code == "LAB-DE")).one().id
        one, other = substance(session, "Isotonitazene"), substance(session, "Metonitazene")
        own = decide(
            session, "kestrel7", this_substance(one), by=ANALYST, now=DAYS[1], authority_id=germany
        )
        assert own.findings == 2
        assert waiting(session, ANALYST, NOW.date()).names == 3
        decide(session, "kestrel7", this_substance(other), by=ANALYST, now=DAYS[2])
        assert meanings(session, ["kestrel7"])["kestrel7"].substance_id == other.id
        assert meanings(session, ["kestrel7"], germany)["kestrel7"].substance_id == one.id
    german = Actor(Role.LABORATORY, "x", germany, "LAB-DE", ("DE",))
    take_reports(unknown, [named("kestrel 7", reference="again")], by=german, now=DAYS[3])
    with unknown.transaction() as session:
        found = select(Finding.substance_id).order_by(Finding.id.desc()).limit(1)
        assert session.scalar(found) == one.id
        shared = session.scalars(select(NameDecision).order_by(NameDecision.id.desc())).first()
        undo(session, shared.id, by=ANALYST, now=DAYS[4])  # takes nothing from Germany
        query = select(Finding.substance_id).where(Finding.name_key == "kestrel7")
        assert sorted(session.scalars(query), key=str) == [one.id, one.id, one.id, None]


def test_a_name_is_shown_to_those_who_may_know_it(unknown: Database) -> None:
    france = Actor(Role.LABORATORY, "y", 2, "LAB-FR", ("FR",))
    take_reports(unknown, [named("Amber bird", "FR", handling="amber")], by=france)
    with unknown.transaction() as session:
        one = substance(session, "Isotonitazene")
        germany = session.scalars(select(Authority.id).where(Authority.code == "LAB-DE")).one()
        decide(session, "amberbird", this_substance(one), by=ANALYST, now=DAYS[1])
        decide(
            session, "house12", this_substance(one), by=ANALYST, now=DAYS[1], authority_id=germany
        )
        session.flush()
        code = one.code

        def names(actor: Actor) -> set[str]:
            session.expunge_all()
            found = {name.name for name in substance_by_code(session, actor, code).names}
            assert all(
                (name in found) == bool(substances(session, actor, text=name).items)
                for name in ("Amber bird", "House 12")
            )
            return found & {"Amber bird", "House 12"}

        anybody, peer = Actor(Role.PUBLIC, "?"), Actor(Role.LABORATORY, "z", 99, "LAB-SE", ("SE",))
        german = Actor(Role.LABORATORY, "x", germany, "LAB-DE", ("DE",))
        assert names(anybody) == set()
        assert names(peer) == {"Amber bird"}
        assert names(german) == {"Amber bird", "House 12"}
        assert names(ANALYST) == {"Amber bird", "House 12"}
        given = select(SubstanceName.source).where(SubstanceName.name == "Amber bird")
        assert session.scalar(given) == "curator"  # a person is named on the audit trail only


def test_a_decision_is_not_for_everybody_and_is_taken_back_once(unknown: Database) -> None:
    with unknown.transaction() as session:
        made = decide(session, "noanalysis", NOTHING, by=ANALYST, now=DAYS[1])
        with pytest.raises(Forbidden):
            undo(session, made.id, by=Actor(Role.LABORATORY, "lab"), now=DAYS[2])
        with pytest.raises(NotFound):
            undo(session, 10**12, by=ANALYST, now=DAYS[2])
        undo(session, made.id, by=ANALYST, now=DAYS[2])
        with pytest.raises(Conflict):
            undo(session, made.id, by=ANALYST, now=DAYS[3])
        assert [d.id for d, _ in decisions(session, ANALYST).items] == [made.id]


def test_a_name_that_means_something_by_now_is_not_given_another_meaning(
    unknown: Database,
) -> None:
    with unknown.transaction() as session:
        decide(session, "noanalysis", NOTHING, by=ANALYST, now=DAYS[1])
        session.execute(Finding.__table__.update().values(resolution="queued"))  # as in a race
        with pytest.raises(Conflict, match="no substance"):
            decide(session, "noanalysis", of_group("other"), by=ANALYST, now=DAYS[2])
        again = decide(session, "noanalysis", NOTHING, by=ANALYST, now=DAYS[2])
        assert (again.made_name, again.findings) == (False, 1)


def test_a_name_leaves_the_house_only_when_a_clear_report_bears_it(unknown: Database) -> None:
    sent = [
        named("Amber bird", handling="amber"),
        named("Later bird", embargo_until="2026-12-24"),
        named("x" * 300, reference="long"),
    ]
    take_reports(unknown, sent, by=Actor(Role.LABORATORY, "x", 1, "LAB-DE", ("DE",)))
    with unknown.transaction() as session:
        assert clear_form(session, ANALYST, NOW.date(), "kestrel7") == "Kestrel 7"
        for key in ("amberbird", "laterbird", "unheard"):
            assert clear_form(session, ANALYST, NOW.date(), key) is None
        decide(session, "x" * 300, Said(Meant.NOTHING), by=ANALYST, now=DAYS[1])
