"""What is urgent is told again until somebody says that it was seen."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.access.models import AuditEvent
from app.access.roles import Actor, Role
from app.errors import NotFound
from app.notification import acknowledging
from app.notification.models import Alert, AlertState, Message, MessageState, Purpose
from app.notification.reminders import FIRST_AFTER, MOST, THEN_EVERY, remind, reminder_due
from app.surveillance.models import Rule, Tier
from tests.notification.making import (
    CLEAR,
    NOW,
    a_subscriber,
    a_substance,
    an_authority,
    an_episode,
    messages,
    told,
)
from tests.notification.sending import letters
from tests.notification.test_letters import parts

MINUTE = timedelta(minutes=1)
SECRET = "s" * 32


def urgent(session, *people, tier=Tier.URGENT, substance=None, rule=Rule.NEW_SPREAD):
    """An urgent alert, sent to these people at NOW."""
    for who in people:
        a_subscriber(session, who)
    episode = an_episode(session, substance or a_substance(session), rule, views={CLEAR: tier})
    told(session, episode)
    all_sent(session, NOW)
    return episode


def all_sent(session, now):
    session.execute(
        update(Message)
        .where(Message.state == MessageState.WAITING)
        .values(state=MessageState.SENT, sent_at=now, next_try_at=now + MINUTE)
    )
    session.expire_all()


def of(session, purpose):
    return [m for m in messages(session) if m.purpose is purpose]


def test_reminders_come_after_four_hours_then_every_twelve_three_times(database):
    with database.transaction() as session:
        urgent(session, "duty@example.org")
        when, now = [], NOW
        while now < NOW + timedelta(days=3):
            if remind(session, now=now):
                when.append(now - NOW)
            all_sent(session, now)
            now += 30 * MINUTE
        assert when == [FIRST_AFTER, FIRST_AFTER + THEN_EVERY, FIRST_AFTER + 2 * THEN_EVERY]
        reminders = of(session, Purpose.REMINDER)
        assert [r.detail["number"] for r in reminders] == [1, 2, 3]
        assert len({r.message_id for r in reminders}) == MOST


def test_what_is_overdue_after_a_standstill_comes_once():
    assert reminder_due(NOW, 0, None, NOW + timedelta(hours=30))
    assert not reminder_due(NOW, 1, NOW + timedelta(hours=30), NOW + timedelta(hours=31))
    assert not reminder_due(NOW, MOST, NOW, NOW + timedelta(days=9))


@pytest.mark.parametrize("tier", [Tier.WATCH, Tier.ALERT])
def test_nobody_is_reminded_of_what_is_not_urgent(database, tier):
    with database.transaction() as session:
        urgent(session, "duty@example.org", tier=tier)
        assert remind(session, now=NOW + FIRST_AFTER) == 0


def test_what_closed_or_has_news_is_not_reminded_of(database):
    with database.transaction() as session:
        substance = a_substance(session)
        urgent(session, "duty@example.org", substance=substance)
        told(session, an_episode(session, substance, Rule.FIRST_WORLD, views={CLEAR: Tier.URGENT}))
        all_sent(session, NOW + MINUTE)
        assert remind(session, now=NOW + FIRST_AFTER + MINUTE) == 1
        session.execute(update(Alert).values(state=AlertState.CLOSED))
        assert remind(session, now=NOW + FIRST_AFTER + THEN_EVERY + MINUTE) == 0


def test_the_second_contact_is_told_with_the_first_reminder_once_for_all(database):
    with database.transaction() as session:
        for who in ("a@example.org", "b@example.org"):
            a_subscriber(session, who).second_contact = "boss@example.org"
        urgent(session)
        assert remind(session, now=NOW + FIRST_AFTER) == 3
        (second,) = of(session, Purpose.ESCALATION)
        assert second.recipient == "boss@example.org"
        headers, bodies = parts(letters().write(session, second).content)
        assert headers["Subject"].strip().startswith("Not acknowledged: ")
        assert "You are the second contact of Authority BFARM." in " ".join(bodies[0][3].split())
        all_sent(session, NOW + FIRST_AFTER)
        assert remind(session, now=NOW + FIRST_AFTER + THEN_EVERY) == 2


def test_when_it_cannot_be_delivered_the_second_contact_is_told_at_once(database):
    with database.transaction() as session:
        a_subscriber(session).second_contact = "boss@example.org"
        urgent(session)
        session.execute(update(Message).values(state=MessageState.PARKED, sent_at=None))
        session.expire_all()
        assert remind(session, now=NOW + MINUTE) == 1
        assert remind(session, now=NOW + 2 * MINUTE) == 0
        (second,) = of(session, Purpose.ESCALATION)
        said = " ".join(parts(letters().write(session, second).content)[1][0][3].split())
        assert "duty@example.org could not be reached" in said


def test_one_answer_counts_for_the_authority_and_for_no_other(database):
    with database.transaction() as session:
        urgent_ones = ("a@example.org", "b@example.org")
        other = an_authority(session, "ANSM", "FR")
        a_subscriber(session, "c@example.org").authority_id = other.id
        session.flush()
        episode = urgent(session, *urgent_ones)
        remind(session, now=NOW + FIRST_AFTER)
        first = messages(session)[1]
        written = acknowledging.token(SECRET, first.id)
        found = acknowledging.message_of(session, SECRET, written)
        later = NOW + FIRST_AFTER + MINUTE
        assert acknowledging.by_link(session, found, now=later) == 4  # two mails, two reminders
        assert acknowledging.by_link(session, found, now=later + MINUTE) == 0
        session.expire_all()
        assert {m.recipient[0] for m in messages(session) if m.acknowledged_at} == {"a", "b"}
        assert {m.acknowledged_by for m in messages(session)} == {first.recipient, None}
        waiting = [m for m in messages(session) if m.state is MessageState.WAITING]
        assert {m.recipient for m in waiting} == {"c@example.org"}
        all_sent(session, later)
        assert remind(session, now=later + THEN_EVERY) == 1
        (alert,) = session.scalars(select(Alert))
        open_, answered = acknowledging.acknowledgements(session, alert)
        assert (open_.authority, open_.acknowledged_at) == ("Authority ANSM", None)
        assert (answered.told, answered.acknowledged_at, answered.by) == (2, later, first.recipient)
        (audit,) = session.scalars(select(AuditEvent).where(AuditEvent.action.like("alert.%")))
        assert (audit.subject, audit.detail) == (alert.code, {"authority": "BFARM"})
        french = Actor(Role.FOCAL_POINT, "c@example.org", other.id, "ANSM")
        assert acknowledging.by_signal(session, episode, by=french, now=later) == 3


def test_news_of_an_acknowledged_alert_asks_anew(database):
    with database.transaction() as session:
        substance = a_substance(session)
        urgent(session, "duty@example.org", substance=substance)
        (message,) = messages(session)
        acknowledging.by_link(session, message, now=NOW)
        assert remind(session, now=NOW + FIRST_AFTER) == 0
        told(session, an_episode(session, substance, Rule.FIRST_WORLD, views={CLEAR: Tier.URGENT}))
        all_sent(session, NOW + FIRST_AFTER)
        assert remind(session, now=NOW + 2 * FIRST_AFTER) == 1


@pytest.mark.parametrize("written", ["", "nonsense", "MQ.AAAA", None])
def test_a_link_that_nobody_signed_leads_nowhere(database, written):
    with database.transaction() as session:
        urgent(session, "duty@example.org")
        if written is None:
            written = acknowledging.token("another secret of somebody else", 1)
        with pytest.raises(NotFound):
            acknowledging.message_of(session, SECRET, written)


def test_a_second_contact_cannot_end_the_subscription_of_the_first(database):
    with database.transaction() as session:
        a_subscriber(session).second_contact = "boss@example.org"
        urgent(session)
        remind(session, now=NOW + FIRST_AFTER)
        (second,) = of(session, Purpose.ESCALATION)
        (reminder,) = of(session, Purpose.REMINDER)
        assert b"unsubscribe" not in letters().write(session, second).content.lower()
        assert b"List-Unsubscribe:" in letters().write(session, reminder).content
