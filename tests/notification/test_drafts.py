"""The life of what people write, until it is issued: every step, and every step that is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.access.models import AuditEvent
from app.access.roles import SECRETARIAT, SYSTEM, Actor, Role
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.notification import drafts, ending, issuing
from app.notification.models import DraftState, DraftVersion, Product, Purport
from tests.notification.making import AMBER, CLEAR, HOST, NOW
from tests.notification.written import ANNA, BELA, ROOT, a_content, checked, issued, out

STEPS = {
    "submit": lambda db, d: drafts.submit(
        db, d.code, version=d.newest.number, by=ANNA, now=NOW
    ),
    "check": lambda db, d: drafts.check(db, d.code, version=d.newest.number, by=BELA, now=NOW),
    "issue": lambda db, d: issuing.issue(
        db, d.code, version=d.newest.number, by=ANNA, now=NOW, host=HOST
    ),
    "send_back": lambda db, d: drafts.send_back(
        db, d.code, "Say where.", version=d.newest.number, by=BELA, now=NOW
    ),
    "discard": lambda db, d: drafts.discard(db, d.code, version=d.newest.number, by=ANNA, now=NOW),
    "save": lambda db, d: drafts.save(
        db, d.code, a_content(headline="Other"), based_on=d.newest.number, by=ANNA, now=NOW
    ),
}  # fmt: skip
WAYS = {
    DraftState.DRAFT: (),
    DraftState.SUBMITTED: ("submit",),
    DraftState.CHECKED: ("submit", "check"),
    DraftState.ISSUED: ("submit", "check", "issue"),
    DraftState.DISCARDED: ("discard",),
}
LEADS = {
    (DraftState.DRAFT, "submit"): DraftState.SUBMITTED,
    (DraftState.SUBMITTED, "check"): DraftState.CHECKED,
    (DraftState.SUBMITTED, "send_back"): DraftState.DRAFT,
    (DraftState.CHECKED, "send_back"): DraftState.DRAFT,
    (DraftState.CHECKED, "issue"): DraftState.ISSUED,
    **{(state, "save"): DraftState.DRAFT for state in drafts.OPEN},
    **{(state, "discard"): DraftState.DISCARDED for state in drafts.OPEN},
}


def test_from_every_state_only_the_steps_of_the_drawing_lead_on(database):
    with database.transaction() as session:
        for state, way in WAYS.items():
            for name, step in STEPS.items():
                draft = drafts.start(session, a_content(), by=ANNA, now=NOW)
                for before in way:
                    STEPS[before](session, draft)
                assert draft.state is state
                if (state, name) in LEADS:
                    step(session, draft)
                    assert draft.state is LEADS[state, name], (state, name)
                else:
                    with pytest.raises(Conflict):
                        step(session, draft)
                    assert draft.state is state


@pytest.mark.parametrize("role", [Role.ANALYST, Role.REVIEWER, Role.ADMIN])
def test_nobody_checks_what_they_wrote_or_submitted(database, role):
    writer = Actor(role, "writer@example.org")
    with database.transaction() as session:
        draft = drafts.start(session, a_content(), by=writer, now=NOW)
        drafts.save(session, draft.code, a_content(headline="B"), based_on=1, by=BELA, now=NOW)
        drafts.submit(session, draft.code, version=2, by=ROOT, now=NOW)
        for somebody in (writer, BELA, ROOT):  # began it, wrote the last version, submitted it
            with pytest.raises(Forbidden, match="somebody else has to check"):
                drafts.check(session, draft.code, version=2, by=somebody, now=NOW)
        drafts.check(session, draft.code, version=2, by=ANNA, now=NOW)
        assert draft.newest.checked_by == ANNA.label


@pytest.mark.parametrize(
    "by",
    [Actor(role, "x@example.org") for role in Role if role not in SECRETARIAT]
    + [Actor(Role.ADMIN, "key 0123456789"), SYSTEM],
)
def test_only_people_of_the_secretariat_write_check_and_issue(database, by):
    """With a key somebody could check what they wrote under their own name."""
    with database.transaction() as session:
        draft = checked(session)
        alert = issued(session)
        for attempt in (
            lambda: drafts.start(session, a_content(), by=by, now=NOW),
            lambda: drafts.save(session, draft.code, a_content(), based_on=1, by=by, now=NOW),
            lambda: drafts.submit(session, draft.code, version=1, by=by, now=NOW),
            lambda: drafts.check(session, draft.code, version=1, by=by, now=NOW),
            lambda: drafts.send_back(session, draft.code, "x", version=1, by=by, now=NOW),
            lambda: drafts.discard(session, draft.code, version=1, by=by, now=NOW),
            lambda: issuing.issue(session, draft.code, version=1, by=by, now=NOW, host=HOST),
            lambda: issuing.revise(session, alert.code, by=by, now=NOW),
            lambda: ending.close(session, alert.code, "x", by=by, now=NOW),
            lambda: ending.ask_retraction(session, alert.code, "x", by=by, now=NOW),
        ):
            with pytest.raises(Forbidden):
                attempt()


def test_a_check_is_of_one_version_and_ends_with_any_edit(database):
    with database.transaction() as session:
        draft = checked(session)
        drafts.save(session, draft.code, a_content(known="More."), based_on=1, by=ANNA, now=NOW)
        assert (draft.state, draft.newest.checked_by) == (DraftState.DRAFT, None)
        with pytest.raises(Conflict):
            out(session, draft)
        assert drafts.last_checked(draft).number == 1


def test_what_changes_nothing_keeps_the_check(database):
    with database.transaction() as session:
        draft = checked(session)
        drafts.save(session, draft.code, a_content(), based_on=1, by=ANNA, now=NOW)
        assert (draft.state, len(draft.versions)) == (DraftState.CHECKED, 1)


@pytest.mark.parametrize("step", ["submit", "check", "issue", "send_back", "discard", "save"])
def test_nobody_goes_on_with_a_version_they_have_not_read(database, step):
    with database.transaction() as session:
        draft = drafts.start(session, a_content(), by=ANNA, now=NOW)
        drafts.save(session, draft.code, a_content(known="B"), based_on=1, by=BELA, now=NOW)
        code, old = draft.code, {"by": ROOT, "now": NOW}
        attempts = {
            "submit": lambda: drafts.submit(session, code, version=1, **old),
            "check": lambda: drafts.check(session, code, version=1, **old),
            "issue": lambda: issuing.issue(session, code, version=1, host=HOST, **old),
            "send_back": lambda: drafts.send_back(session, code, "x", version=1, **old),
            "discard": lambda: drafts.discard(session, code, version=1, **old),
            "save": lambda: drafts.save(session, code, a_content(), based_on=1, **old),
        }
        with pytest.raises(Conflict, match=r"bela@example.org saved version 2"):
            attempts[step]()


def test_every_version_stays_with_who_and_when(database):
    with database.transaction() as session:
        draft = drafts.start(session, a_content(headline="One"), by=ANNA, now=NOW)
        for number, by in ((1, BELA), (2, ANNA)):
            content = a_content(headline=f"After {number}")
            drafts.save(session, draft.code, content, based_on=number, by=by, now=NOW)
        code = draft.code
    with database.reading() as session:
        kept = session.scalars(select(DraftVersion).order_by(DraftVersion.number)).all()
        assert [(v.number, v.content["headline"], v.saved_by) for v in kept] == [
            (1, "One", ANNA.label),
            (2, "After 1", BELA.label),
            (3, "After 2", ANNA.label),
        ]
        trail = session.scalars(
            select(AuditEvent.action).where(AuditEvent.subject == code).order_by(AuditEvent.id)
        )
        assert list(trail) == ["draft.start", "draft.save", "draft.save"]


def test_what_is_unfinished_is_kept_and_not_submitted(database):
    with database.transaction() as session:
        bare = a_content(known="", response=(), valid_until=None)
        draft = drafts.start(session, bare, by=ANNA, now=NOW)
        with pytest.raises(Refused) as refusal:
            drafts.submit(session, draft.code, version=1, by=ANNA, now=NOW)
        assert [p.field for p in refusal.value.problems] == ["known", "response", "valid_until"]


def test_what_ran_out_while_it_waited_is_not_issued(database):
    with database.transaction() as session:
        draft = checked(session)
        after = NOW.replace(year=2027, month=2)
        with pytest.raises(Refused, match="2027-01-31 has passed"):
            out(session, draft, now=after)


def test_there_is_one_update_and_one_retraction_of_an_alert_at_a_time(database):
    with database.transaction() as session:
        alert = issued(session)
        first = issuing.revise(session, alert.code, by=ANNA, now=NOW)
        with pytest.raises(Conflict, match=first.code):
            issuing.revise(session, alert.code, by=BELA, now=NOW)
        asked = ending.ask_retraction(session, alert.code, "Wrong.", by=ANNA, now=NOW)
        assert (asked.purport, asked.state) == (Purport.RETRACTION, DraftState.SUBMITTED)
        with pytest.raises(Conflict, match=asked.code):
            ending.ask_retraction(session, alert.code, "Wrong.", by=BELA, now=NOW)


def test_an_update_is_for_no_fewer_and_stays_what_it_is(database):
    with database.transaction() as session:
        alert = issued(session)
        draft = issuing.revise(session, alert.code, by=ANNA, now=NOW)
        for other, why in (
            (a_content(handling=AMBER), "cannot be for fewer"),
            (a_content(product=Product.BRIEFING), "of the kind advisory"),
        ):
            with pytest.raises(Refused, match=why):
                drafts.save(session, draft.code, other, based_on=1, by=ANNA, now=NOW)
        wider = issued(session, handling=AMBER)
        draft = issuing.revise(session, wider.code, by=ANNA, now=NOW)
        content = replace(a_content(), handling=CLEAR)
        drafts.save(session, draft.code, content, based_on=1, by=ANNA, now=NOW)


def test_a_draft_is_for_the_secretariat_and_its_number_must_exist(database):
    with database.transaction() as session:
        draft = checked(session)
        with pytest.raises(Forbidden):
            drafts.draft_by_code(session, Actor(Role.FOCAL_POINT, "f@example.org"), draft.code)
        for code in ("D-99999", "A-00001", "nothing"):
            with pytest.raises(NotFound):
                drafts.draft_by_code(session, ANNA, code)
