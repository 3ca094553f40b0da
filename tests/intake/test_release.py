"""A focal point releases a report or holds it back; it stays known how it was handled before."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.access.handling import Handling
from app.access.models import AuditEvent
from app.access.roles import ANYBODY, SIGNED_IN, SYSTEM, Role
from app.errors import Conflict, Forbidden, Refused
from app.intake.lists import Wanted, reports
from app.intake.models import Report
from app.intake.release import (
    Manner,
    Wish,
    changes_of,
    floors,
    rehandle,
)
from app.intake.resending import as_sent
from app.registry.queries import substances
from tests.intake.taking import take_reports
from tests.reporting import NOW, PROTONITAZENE, laboratory, report

CLEAR, GREEN, AMBER, RED = Handling
TOMORROW = NOW + timedelta(days=1)
NEXT_YEAR = date(2027, 1, 1)
NAMED = {"structure": PROTONITAZENE, "substance_name": "Secret"}


@pytest.fixture
def home(database):
    """A laboratory and its focal point, and an amber report of a substance that is new."""
    lab = laboratory(database, "DE")
    take_reports(database, [report(handling="amber")], by=lab)
    return lab, replace(lab, role=Role.FOCAL_POINT, label="focal@de.test")


def the_report(session) -> Report:
    return session.scalars(select(Report).order_by(Report.id.desc())).first()


def change(database, by, wish, reason="the case is public", now=TOMORROW):
    with database.transaction() as session:
        return rehandle(session, [the_report(session)], wish, by=by, reason=reason, now=now)


def test_a_release_opens_the_row_and_the_substance_that_only_it_named(database, home):
    _, focal = home
    with database.reading() as session:
        assert not list(reports(session, ANYBODY, NOW, Wanted()))
        assert not substances(session, ANYBODY).items
    assert change(database, focal, Wish(CLEAR))
    with database.reading() as session:
        ((row, _),) = reports(session, ANYBODY, TOMORROW, Wanted())
        assert row.version == 1 and len(substances(session, ANYBODY).items) == 1
        (done,) = changes_of(session, row)
        assert (done.handling_before, done.handling_after) == (AMBER, CLEAR)
        assert row.handling is CLEAR


def test_every_change_is_on_the_audit_trail_with_its_reason(database, home):
    _, focal = home
    change(database, focal, Wish(GREEN))
    change(database, focal, Wish(RED), reason="")
    with database.reading() as session:
        trail = session.scalars(
            select(AuditEvent).where(AuditEvent.action.like("report.%")).order_by(AuditEvent.id)
        )
        told = [(e.action, e.actor, e.detail["before"], e.detail["after"]) for e in trail]
    assert told == [
        ("report.release", "focal@de.test", "amber", "green"),
        ("report.restrict", "focal@de.test", "green", "red"),
    ]


def test_a_release_without_a_reason_is_refused_and_nothing_changes(database, home):
    _, focal = home
    for wish in (Wish(CLEAR), Wish(RED, True, NEXT_YEAR), Wish(None, True)):
        if wish.handling is RED:
            change(database, focal, wish, reason="")
            continue
        with pytest.raises(Refused, match="reason"):
            change(database, focal, wish, reason=" ")
    with database.reading() as session:
        row = the_report(session)
        assert (row.handling, row.embargo_until) == (RED, NEXT_YEAR)


def test_an_embargo_must_lie_ahead(database, home):
    with pytest.raises(Refused, match="embargo_until"):
        change(database, home[1], Wish(RED, True, date(2026, 1, 1)))


@pytest.mark.parametrize("role", sorted(SIGNED_IN - {Role.FOCAL_POINT}))
def test_nobody_but_the_focal_point_handles_anew(database, home, role):
    with pytest.raises(Forbidden):
        change(database, replace(home[0], role=role), Wish(RED))


def test_nor_the_focal_point_of_another_authority(database, home):
    other = replace(laboratory(database, "FR"), role=Role.FOCAL_POINT)
    with pytest.raises(Forbidden):
        change(database, other, Wish(RED))


def test_a_version_that_no_longer_stands_is_left_alone(database, home):
    lab, focal = home
    take_reports(database, [report(version=2, handling="green")], by=lab)
    with database.transaction() as session, pytest.raises(Conflict):
        old = session.scalars(select(Report).order_by(Report.id)).first()
        rehandle(session, [old], Wish(RED), by=focal, reason="", now=NOW)


@pytest.mark.parametrize(
    ("told", "floor"),
    [
        ([RED], RED),  # held back
        ([CLEAR], None),  # released: the laboratory may widen
        ([RED, CLEAR], None),  # the newest word counts
        ([CLEAR, RED], RED),
        ([RED, AMBER], None),  # back to what the laboratory sent
    ],
)
def test_what_a_focal_point_narrowed_is_a_floor_for_the_next_version(database, home, told, floor):
    lab, focal = home
    for level in told:
        change(database, focal, Wish(level))
    with database.reading() as session:
        found = floors(session, lab.authority_id, ["R-1", "R-2"])
    assert found == ({} if floor is None else {"R-1": Manner(floor)})


def test_an_amendment_is_filed_no_wider_than_the_floor_and_the_receipt_says_so(database, home):
    lab, focal = home
    change(database, focal, Wish(RED, True, NEXT_YEAR))
    for version in (2, 3):  # also the one after the next
        again = report(version=version, handling="clear", findings=[NAMED])
        receipt = take_reports(database, [again], by=lab, now=TOMORROW)
        assert receipt.reasons["handling_kept"] == 1
        with database.reading() as session:
            row = the_report(session)
            assert (row.version, row.handling, row.embargo_until) == (version, RED, NEXT_YEAR)
            assert changes_of(session, row)[0].handling_before is CLEAR  # as it was sent
            assert as_sent(row).handling is CLEAR
            assert not substances(session, ANYBODY).items
            assert all(s.name.startswith("Unnamed") for s in substances(session, SYSTEM).items)
        same = take_reports(database, [again], by=lab, now=TOMORROW)
        assert {fate.value for fate in same.fates} == {"unchanged"}


def test_after_a_release_the_laboratory_widens_as_it_likes(database, home):
    lab, focal = home
    change(database, focal, Wish(RED))
    change(database, focal, Wish(AMBER))
    take_reports(database, [report(version=2, handling="clear")], by=lab, now=TOMORROW)
    with database.reading() as session:
        assert the_report(session).handling is CLEAR
