"""Mail on its way through a real server, with all that goes wrong there."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.notification.delivery import AHEAD, CUTS, Delivered
from app.notification.models import FailedTry, MessageState, Subscription, Trouble
from app.notification.outbox import LEASE, lease_due
from app.notification.smtp import SmtpConnection, SmtpPool
from app.notification.transport import FileTransport
from tests.notification.making import (
    NOW,
    a_subscriber,
    a_substance,
    an_episode,
    messages,
    told,
)
from tests.notification.sending import letters, send, through


@pytest.fixture
def outbox(database):
    """Mails waiting for as many people as asked for."""

    def fill(*people):
        with database.transaction() as session:
            for who in people:
                a_subscriber(session, f"{who}@example.org")
            told(session, an_episode(session, a_substance(session)))

    return fill


def states(database):
    with database.reading() as session:
        return {m.recipient.partition("@")[0]: m for m in messages(session)}


def test_a_batch_goes_out_over_one_connection(database, outbox, mail_server):
    outbox("a", "b", "c")
    assert send(database, through(mail_server)) == Delivered(sent=3)
    assert sorted(mail_server.recipients) == ["a@example.org", "b@example.org", "c@example.org"]
    assert mail_server.connections == 1
    assert {m.state for m in states(database).values()} == {MessageState.SENT}
    assert send(database, through(mail_server)) == Delivered()


def test_no_more_than_the_limit_goes_out_at_once(database, outbox, mail_server):
    outbox("a", "b", "c")
    assert send(database, through(mail_server), limit=2) == Delivered(sent=2)


def test_an_address_that_does_not_exist_is_parked_and_the_others_get_theirs(
    database, outbox, mail_server
):
    outbox("a", "nobody", "z")
    mail_server.refusals["nobody@example.org"] = "550 5.1.1 no such user"
    assert send(database, through(mail_server)) == Delivered(sent=2, parked=1)
    lost = states(database)["nobody"]
    assert (lost.state, lost.trouble) == (MessageState.PARKED, Trouble.REFUSED)
    assert "no such user" in lost.last_error
    with database.reading() as session:
        gone = session.scalars(select(Subscription).where(Subscription.bounced_at.is_not(None)))
        assert [one.email for one in gone] == ["nobody@example.org"]
        (failed,) = session.scalars(select(FailedTry))
        assert (failed.message_id, failed.at, failed.error) == (lost.id, NOW, lost.last_error)


def test_a_sender_that_is_refused_with_the_recipient_makes_no_address_bounce(
    database, outbox, mail_server
):
    """As Postfix does, which waits with what it thinks of a sender."""
    outbox(*"abc")
    for who in "abc":
        said = "550 5.1.8 <t@x.example>: Sender address rejected: Domain not found"
        mail_server.refusals[f"{who}@example.org"] = said
    assert send(database, through(mail_server)) == Delivered(failed=1)
    assert {one.state for one in states(database).values()} == {MessageState.WAITING}
    with database.reading() as session:
        assert set(session.scalars(select(Subscription.bounced_at))) == {None}


def test_what_no_database_can_keep_does_not_stop_the_rest(database, outbox):
    class Babbling:
        def send(self, parcel):
            if parcel.recipient.startswith("a"):
                raise ValueError("a\x00b")

        def close(self):
            pass

    outbox("a", "b")
    assert send(database, Babbling()) == Delivered(sent=1, failed=1)
    assert "a b" in states(database)["a"].last_error


def test_a_refused_content_is_parked_at_once_with_its_reason(database, outbox, mail_server):
    outbox("a")
    mail_server.verdict = "550 5.7.1 this looks like spam"
    assert send(database, through(mail_server)) == Delivered(parked=1)
    parked = states(database)["a"]
    assert (parked.state, parked.trouble) == (MessageState.PARKED, Trouble.REFUSED)
    assert "looks like spam" in parked.last_error
    with database.reading() as session:
        assert session.scalar(select(Subscription.bounced_at)) is None


def test_a_refused_sender_stops_the_run_and_costs_no_message_its_tries(
    database, outbox, mail_server, caplog
):
    outbox(*"abcdef")
    mail_server.senders = "550 5.1.8 no mail from you"
    for run in range(12):  # more than a message has tries
        now = NOW + timedelta(hours=run)
        assert send(database, through(mail_server), now) == Delivered(failed=1)
    assert len([r for r in caplog.records if r.levelname == "ERROR"]) == 12
    held = states(database)
    assert {one.state for one in held.values()} == {MessageState.WAITING}
    assert {one.tries for one in held.values()} == {0}
    assert Trouble.SETTINGS in {one.trouble for one in held.values()}
    mail_server.senders = None
    assert send(database, through(mail_server), now + timedelta(seconds=30)).sent == 6


def test_a_full_mailbox_is_tried_again_under_the_same_message_id(database, outbox, mail_server):
    outbox("full")
    mail_server.refusals["full@example.org"] = "451 4.2.2 mailbox full"
    transport = through(mail_server)
    assert send(database, transport) == Delivered(failed=1)
    before = states(database)["full"]
    assert (before.state, before.tries) == (MessageState.WAITING, 1)
    assert send(database, transport, NOW + timedelta(seconds=29)) == Delivered()
    mail_server.refusals.clear()
    assert send(database, transport, NOW + timedelta(seconds=30)) == Delivered(sent=1)
    assert mail_server.accepted[0]["Message-ID"] == before.message_id


def test_when_the_server_hangs_up_the_others_go_over_a_new_connection(
    database, outbox, mail_server
):
    outbox("a", "b", "c")
    mail_server.drops.add("b@example.org")
    transport = through(mail_server)
    assert send(database, transport) == Delivered(sent=2, failed=1)
    held = states(database)
    assert [held[who].tries for who in "abc"] == [1, 1, 1]
    assert held["b"].trouble is Trouble.CUT_OFF
    mail_server.drops.clear()
    assert send(database, transport, NOW + timedelta(seconds=30)) == Delivered(sent=1)


def test_a_server_that_hangs_up_again_and_again_is_left_alone(database, outbox, mail_server):
    people = "abcdefgh"
    outbox(*people)
    mail_server.drops |= {f"{who}@example.org" for who in people}
    assert send(database, through(mail_server)).failed <= CUTS + AHEAD
    held = states(database)
    assert sum(held[who].tries for who in people) <= CUTS + AHEAD
    assert all(held[who].leased_until is None for who in people)


def test_a_server_that_does_not_answer_costs_one_mail_its_time(database, outbox, mail_server):
    outbox("a", "b", "c")
    mail_server.stalls.add("b@example.org")
    assert send(database, through(mail_server, timeout=2.0)) == Delivered(sent=2, failed=1)
    assert states(database)["b"].trouble is Trouble.CUT_OFF


def test_without_a_server_nothing_is_lost(database, outbox):
    outbox("a", "b")
    nowhere = SmtpPool(lambda: SmtpConnection("smtp://127.0.0.1:1", timeout=1))
    assert send(database, nowhere) == Delivered(failed=1)
    held = states(database)
    assert {m.state for m in held.values()} == {MessageState.WAITING}
    assert "127.0.0.1:1" in held["a"].last_error
    assert (held["a"].trouble, held["b"].tries) == (Trouble.UNREACHABLE, 0)
    assert (held["b"].leased_until, held["b"].next_try_at) == (None, NOW)


def test_what_cannot_be_composed_does_not_stop_the_rest(database, outbox, mail_server):
    outbox("a", "b")

    def clumsy(session, message):
        if message.recipient.startswith("a"):
            raise KeyError("smiles")
        return letters().write(session, message)

    assert send(database, through(mail_server), write=clumsy) == Delivered(sent=1, failed=1)
    assert states(database)["a"].trouble is Trouble.COMPOSING
    assert "could not be composed" in states(database)["a"].last_error


def test_two_deliverers_send_each_mail_once(database, outbox, mail_server):
    people = [f"p{number}" for number in range(60)]
    outbox(*people)
    done = {}

    def run(owner):
        done[owner] = send(database, through(mail_server), owner=owner, lanes=3)

    threads = [threading.Thread(target=run, args=(owner,)) for owner in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = send(database, through(mail_server), owner="three")
    assert sum(d.sent for d in (*done.values(), left)) == len(people)
    assert sorted(mail_server.recipients) == sorted(f"{who}@example.org" for who in people)


def test_the_mail_of_a_dead_deliverer_is_taken_up_by_another(database, outbox, mail_server):
    outbox("a")
    with database.transaction() as session:
        lease_due(session, owner="dead", now=NOW)
    transport = through(mail_server)
    assert send(database, transport, owner="heir") == Delivered()
    assert send(database, transport, NOW + LEASE, owner="heir") == Delivered(sent=1)


def test_without_a_server_set_mail_becomes_files(database, outbox, tmp_path, caplog):
    caplog.set_level("INFO")
    outbox("a", "b")
    folder = tmp_path / "mail"
    assert send(database, FileTransport(folder)) == Delivered(sent=2)
    files = sorted(folder.iterdir())
    assert [file.suffix for file in files] == [".eml", ".eml"]
    assert all(file.name.startswith("A-") for file in files)
    assert caplog.text.count("TOCSIN_SMTP_URL") == 1


def test_a_transport_that_breaks_does_not_stop_the_rest(database, outbox):
    class Broken:
        def send(self, parcel):
            if parcel.recipient.startswith("a"):
                raise ValueError("a mistake")

        def close(self):
            pass

    outbox("a", "b")
    assert send(database, Broken()) == Delivered(sent=1, failed=1)
    assert "a mistake" in states(database)["a"].last_error
