"""The operations e-mail: to those who can mend it, at most once a day."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app import jobs
from app.access.roles import Role
from app.access.service import add_person
from app.notification.models import Message, MessageState, Purpose, Trouble
from app.notification.operations import tell_operations, told_again
from tests.notification.making import (
    HOST,
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

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("troubles", "last", "due"),
    [
        ([], None, False),
        (["a job failed"], None, True),
        (["a job failed"], NOW - 23 * HOUR, False),
        (["a job failed"], NOW - 24 * HOUR, True),
        ([], NOW - 24 * HOUR, False),
    ],
)
def test_trouble_is_told_once_a_day(troubles, last, due):
    assert told_again(troubles, last, NOW) is due


@pytest.fixture
def failing(database):
    """A service whose assessment failed, with an admin and an analyst."""
    with database.transaction() as session:
        home = an_authority(session)
        for who, role in (("admin", Role.ADMIN), ("analyst", Role.ANALYST)):
            add_person(
                session,
                f"{who}@example.org",
                authority=home,
                role=role,
                password="a long enough password",
                now=NOW,
            )
        jobs.declare(session, "assess", 900)
        jobs.claim(session, "assess", owner="w", now=NOW, lease=HOUR)
        jobs.finish(session, "assess", owner="w", now=NOW, error="ValueError: no")
    return database


def tell(session, now=NOW, address=""):
    return tell_operations(session, now=now, host=HOST, address=address)


def test_it_goes_to_admins_and_to_the_address_of_the_settings(failing):
    with failing.transaction() as session:
        assert tell(session, address="ops@example.org") == 2
        assert tell(session, NOW + HOUR, address="ops@example.org") == 0
        assert [m.recipient for m in messages(session)] == ["admin@example.org", "ops@example.org"]
        assert tell(session, NOW + 24 * HOUR) == 1
        first = messages(session)[0]
        headers, bodies = parts(letters().write(session, first).content)
        assert headers["Subject"] == "Tocsin needs attention"
        assert bodies[0][3].startswith("The job assess failed")


def test_parked_mail_is_trouble_but_not_the_parked_mail_about_trouble(database):
    with database.transaction() as session:
        a_subscriber(session)
        told(session, an_episode(session, a_substance(session)))
        assert tell(session, address="ops@example.org") == 0
        session.execute(update(Message).values(state=MessageState.PARKED))
        assert tell(session, address="ops@example.org") == 1
        session.execute(
            update(Message)
            .where(Message.purpose == Purpose.ALERT)
            .values(state=MessageState.GIVEN_UP)
        )
        session.execute(
            update(Message)
            .values(state=MessageState.PARKED)
            .where(Message.purpose == Purpose.OPERATIONS)
        )
        assert tell(session, NOW + 24 * HOUR, address="ops@example.org") == 0


def test_settings_that_the_mail_server_does_not_take_are_trouble_with_its_words(database):
    with database.transaction() as session:
        a_subscriber(session)
        told(session, an_episode(session, a_substance(session)))
        refused = {"trouble": Trouble.SETTINGS, "last_error": "550 5.1.8 no mail from you"}
        session.execute(update(Message).values(refused))
        assert tell(session, address="ops@example.org") == 1
        mail = messages(session)[-1]
        (said,) = mail.detail["troubles"]
        assert "550 5.1.8 no mail from you" in said and "settings" in said
        session.execute(update(Message).values(state=MessageState.SENT, trouble=None))
        assert tell(session, NOW + 24 * HOUR, address="ops@example.org") == 0
