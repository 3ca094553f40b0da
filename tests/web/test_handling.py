"""The pages on which a focal point releases reports or holds them back, and the files of lists."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.access.handling import Handling
from app.access.models import AuditEvent, acting
from app.access.roles import Role
from app.access.service import authority_by_code
from app.intake.models import Report
from tests.intake.taking import take_reports
from tests.web.conftest import Visit
from tests.web.making import NEW_CATHINONE, NOW, seizure
from tests.web.test_desk import send

HANDLING = "/reports/handling"


@pytest.fixture
def own(full):
    """Three reports of the focal point's authority; their numbers."""
    with full.transaction() as session:
        home = authority_by_code(session, "FOCAL_POINT-SE")
        by = acting(Role.LABORATORY, "laboratory", home)
    sent = [
        seizure(f"SE-{n}", "SE", "2026-10-01", NEW_CATHINONE, handling=level)
        for n, level in enumerate(("amber", "green", "amber"))
    ]
    take_reports(full, sent, by=by, now=NOW)
    with full.reading() as session:
        query = select(Report.id).where(Report.authority_id == by.authority_id).order_by(Report.id)
        return list(session.scalars(query))


def levels(database, numbers):
    with database.reading() as session:
        return list(
            session.scalars(
                select(Report.handling).where(Report.id.in_(numbers)).order_by(Report.id)
            )
        )


def test_the_chosen_are_handled_anew_and_the_others_stay(visit: Visit, full, own):
    client = visit(Role.FOCAL_POINT)
    page = client.get(f"{HANDLING}?level=amber")
    assert page.text.count('name="report"') == 2
    told = send(client, HANDLING, report=str(own[0]), handling="clear", reason="published")
    assert "1 report is handled anew" in told.text
    assert levels(full, own) == [Handling.CLEAR, Handling.GREEN, Handling.AMBER]
    shown = client.get(f"/reports/RP-{own[0]:06d}").text
    assert "published" in shown and "at the next assessment" in shown


def test_a_release_without_a_reason_changes_nothing_and_keeps_what_was_chosen(visit, full, own):
    client = visit(Role.FOCAL_POINT)
    told = send(client, HANDLING, report=str(own[0]), handling="clear")
    assert told.status_code == 422 and "needs a reason" in told.text
    assert f'value="{own[0]}" aria-label="Choose RP-{own[0]:06d}" checked' in told.text
    assert levels(full, own)[0] is Handling.AMBER


def test_all_on_the_page_at_once(visit: Visit, full, own):
    form = {"all": "1", "listed": ",".join(map(str, own)), "handling": "red"}
    told = send(visit(Role.FOCAL_POINT), HANDLING, **form)
    assert "3 reports are handled anew" in told.text
    assert set(levels(full, own)) == {Handling.RED}


def test_reports_of_others_cannot_be_smuggled_in(visit: Visit, full, own):
    before = levels(full, range(1, 30))
    told = send(visit(Role.FOCAL_POINT), HANDLING, report="1", handling="red")
    assert told.status_code == 422 and "choose at least one" in told.text
    foreign = send(visit(Role.FOCAL_POINT), "/reports/RP-000001/handling", handling="red")
    assert foreign.status_code == 403
    assert levels(full, range(1, 30)) == before


@pytest.mark.parametrize(
    "form",
    [
        {"handling": "purple"},
        {"embargo": "until"},
        {"embargo": "until", "embargo_until": "never"},
        {"embargo": "until", "embargo_until": "2020-01-01", "reason": "x"},
        {"embargo": "maybe"},
        {"handling": "clear", "reason": "x" * 501},
    ],
)
def test_what_cannot_be_is_refused_in_words(visit: Visit, full, own, form):
    typed = {"reason": "as typed"} | form
    told = send(visit(Role.FOCAL_POINT), f"/reports/RP-{own[0]:06d}/handling", **typed)
    assert told.status_code == 422 and "Nothing was changed" in told.text
    assert f'name="reason" value="{typed["reason"]}"' in told.text, "what was typed is kept"
    assert levels(full, own)[0] is Handling.AMBER


def test_an_embargo_is_set_and_ended(visit: Visit, full, own):
    client, path = visit(Role.FOCAL_POINT), f"/reports/RP-{own[0]:06d}/handling"
    assert "handled anew" in send(client, path, embargo="until", embargo_until="2027-01-01").text
    assert "embargo until" in client.get(HANDLING).text
    assert "handled anew" in send(client, path, embargo="end", reason="over").text
    with full.reading() as session:
        told = session.scalars(
            select(AuditEvent.action)
            .where(AuditEvent.action.like("report.%"))
            .order_by(AuditEvent.id)
        ).all()
    assert told == ["report.restrict", "report.release"]


def test_only_the_focal_point_is_offered_the_controls(visit: Visit, own):
    path = f"/reports/RP-{own[1]:06d}"
    assert "Handle so from now on" in visit(Role.FOCAL_POINT).get(path).text
    for role in (Role.LABORATORY, Role.ANALYST):
        assert "Handle so from now on" not in visit(role).get(path).text


def test_lists_are_offered_as_files_with_the_filters_of_the_page(visit: Visit):
    client = visit(Role.ANALYST)
    page = client.get("/reports?country=DE&kind=seizure").text
    path = "/api/v1/reports?format=csv&amp;event_kind=seizure&amp;country=DE"
    assert path in page
    assert client.get(path.replace("&amp;", "&"), buffered=True).status_code == 200
    assert (
        "/api/v1/substances?format=sdf&amp;q=nitazene" in client.get("/substances?q=nitazene").text
    )
    assert "format=csv" not in visit(Role.PUBLIC).get("/reports").text
