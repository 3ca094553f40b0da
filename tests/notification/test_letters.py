"""Mail written quickly is the mail that was composed."""

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.notification.letters import Form, Text
from app.notification.mail import compose
from app.notification.models import Purpose
from app.surveillance.models import Tier
from tests.notification.making import (
    AMBER,
    BASE,
    CLEAR,
    SENDER,
    a_subscriber,
    a_substance,
    an_authority,
    an_episode,
    messages,
    told,
)
from tests.notification.sending import letters

PEOPLE = ("duty@example.org", "o'brien+a&b@example.org", "x" * 60 + "@" + "y" * 60 + ".org")


def parts(content):
    """Headers and parts as a mail program reads them, the boundaries apart."""
    mail = message_from_bytes(content, policy=policy.default)
    boundaries = {part.get_boundary() for part in mail.walk() if part.get_boundary()}
    headers = {name: str(value) for name, value in mail.items() if name.lower() != "content-type"}
    bodies = [
        (
            part.get_content_type(),
            part["Content-ID"],
            part["Content-Disposition"],
            part.get_content(),
        )
        for part in mail.walk()
        if not part.is_multipart()
    ]
    assert len(boundaries) == sum(part.is_multipart() for part in mail.walk())
    return headers, bodies


@pytest.mark.parametrize("tier", list(Tier))
@pytest.mark.parametrize("simulated", [False, True])
def test_each_gets_the_mail_that_was_composed_for_them(database, tier, simulated):
    with database.transaction() as session:
        an_authority(session).name = 'Bundesinstitut für <Arzneimittel> & "Medizinprodukte"'
        for who in PEOPLE:
            a_subscriber(session, who)
        a_subscriber(session, "clear@example.org", clearance=CLEAR)
        substance = a_substance(session, "α-ピロリジノ <b>")
        views = {CLEAR: tier, AMBER: tier}
        told(session, an_episode(session, substance, views=views, simulated=simulated))
        writer = letters()
        for message in messages(session):
            letter = writer.write(session, message)
            whole = compose(message, base_url=BASE, sender=SENDER, own=writer.own(message))
            assert parts(letter.content) == parts(whole.as_bytes())
            assert (letter.recipient, letter.message_id) == (message.recipient, message.message_id)
            assert max(map(len, letter.content.split(b"\r\n"))) <= 998
            assert b"\n" not in letter.content.replace(b"\r\n", b"")
        assert len({writer.write(session, m).content for m in messages(session)}) == 4


def test_no_word_of_one_recipient_is_in_the_mail_of_another(database):
    with database.transaction() as session:
        for who in ("first@example.org", "second@example.org"):
            a_subscriber(session, who)
        told(session, an_episode(session, a_substance(session), views={CLEAR: Tier.URGENT}))
        writer = letters()
        first, second = (writer.write(session, message) for message in messages(session))
        for letter, other in ((first, second), (second, first)):
            said = str(parts(letter.content))
            assert other.recipient not in said and other.message_id not in said
            assert letter.recipient in said


def test_a_reminder_is_composed_for_itself(database):
    with database.transaction() as session:
        a_subscriber(session)
        told(session, an_episode(session, a_substance(session), views={CLEAR: Tier.URGENT}))
        (message,) = messages(session)
        writer = letters()
        writer.write(session, message)
        message.purpose = Purpose.REMINDER
        message.detail = {"number": 1, "of": 3, "answers": message.message_id}
        headers, bodies = parts(writer.write(session, message).content)
        assert headers["Subject"].strip().startswith("Reminder: Protonitazene")
        assert headers["In-Reply-To"] == message.message_id
        assert "Reminder 1 of 3" in str(bodies)


@given(some.text(some.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=300))
def test_any_words_survive_being_encoded(words):
    form = Form(
        (),
        (
            b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
            b"",
        ),
        (Text("before GAP after\n.\nend", is_html=False),),
    )
    mail = message_from_bytes(form.filled({"GAP": words}), policy=policy.default)
    assert mail.get_content() == f"before {words} after\r\n.\r\nend\r\n"
