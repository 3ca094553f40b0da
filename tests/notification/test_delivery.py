"""Mail on its way through a real server, with all that goes wrong there."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from app.notification.delivery import Delivered, deliver
from app.notification.mail import compose
from app.notification.models import MessageState
from app.notification.outbox import LEASE, lease_due
from app.notification.transport import FileTransport, SmtpTransport
from tests.notification.making import (
    BASE,
    NOW,
    SENDER,
    a_subscriber,
    a_substance,
    an_episode,
    messages,
    told,
)


def render(message):
    return compose(message, base_url=BASE, sender=SENDER)


def send(database, transport, now=NOW, owner="one", limit=500):
    return deliver(database, transport, render, owner=owner, clock=lambda: now, limit=limit)


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
    assert send(database, SmtpTransport(mail_server.url)) == Delivered(sent=3)
    assert sorted(mail_server.recipients) == ["a@example.org", "b@example.org", "c@example.org"]
    assert mail_server.connections == 1
    assert {m.state for m in states(database).values()} == {MessageState.SENT}
    assert send(database, SmtpTransport(mail_server.url)) == Delivered()


def test_no_more_than_the_limit_goes_out_at_once(database, outbox, mail_server):
    outbox("a", "b", "c")
    assert send(database, SmtpTransport(mail_server.url), limit=2) == Delivered(sent=2)


def test_an_address_that_does_not_exist_is_parked_and_the_others_get_theirs(
    database, outbox, mail_server
):
    outbox("a", "nobody", "z")
    mail_server.refusals["nobody@example.org"] = "550 5.1.1 no such user"
    assert send(database, SmtpTransport(mail_server.url)) == Delivered(sent=2, parked=1)
    lost = states(database)["nobody"]
    assert lost.state is MessageState.PARKED
    assert "no such user" in lost.last_error


def test_a_full_mailbox_is_tried_again_under_the_same_message_id(database, outbox, mail_server):
    outbox("full")
    mail_server.refusals["full@example.org"] = "451 4.2.2 mailbox full"
    transport = SmtpTransport(mail_server.url)
    assert send(database, transport) == Delivered(failed=1)
    before = states(database)["full"]
    assert (before.state, before.tries) == (MessageState.WAITING, 1)
    assert send(database, transport, NOW + timedelta(seconds=29)) == Delivered()
    mail_server.refusals.clear()
    assert send(database, transport, NOW + timedelta(seconds=30)) == Delivered(sent=1)
    assert mail_server.accepted[0]["Message-ID"] == before.message_id


def test_when_the_server_hangs_up_the_rest_waits_untried(database, outbox, mail_server):
    outbox("a", "b", "c")
    mail_server.drops.add("b@example.org")
    transport = SmtpTransport(mail_server.url)
    assert send(database, transport) == Delivered(sent=1, failed=1)
    held = states(database)
    assert [held[who].tries for who in "abc"] == [1, 1, 0]
    assert send(database, transport) == Delivered(sent=1)
    mail_server.drops.clear()
    assert send(database, transport, NOW + timedelta(seconds=30)) == Delivered(sent=1)


def test_without_a_server_nothing_is_lost(database, outbox):
    outbox("a", "b")
    nowhere = SmtpTransport("smtp://127.0.0.1:1", timeout=1)
    assert send(database, nowhere) == Delivered(failed=1)
    assert {m.state for m in states(database).values()} == {MessageState.WAITING}
    assert "127.0.0.1:1" in states(database)["a"].last_error


def test_what_cannot_be_composed_does_not_stop_the_rest(database, outbox, mail_server):
    outbox("a", "b")

    def clumsy(message):
        if message.recipient.startswith("a"):
            raise KeyError("smiles")
        return render(message)

    done = deliver(database, SmtpTransport(mail_server.url), clumsy, owner="one", clock=lambda: NOW)
    assert done == Delivered(sent=1, failed=1)
    assert "could not be composed" in states(database)["a"].last_error


def test_two_deliverers_send_each_mail_once(database, outbox, mail_server):
    people = [f"p{number}" for number in range(60)]
    outbox(*people)
    done = {}

    def run(owner):
        done[owner] = send(database, SmtpTransport(mail_server.url), owner=owner)

    threads = [threading.Thread(target=run, args=(owner,)) for owner in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    left = send(database, SmtpTransport(mail_server.url), owner="three")
    assert sum(d.sent for d in (*done.values(), left)) == len(people)
    assert sorted(mail_server.recipients) == sorted(f"{who}@example.org" for who in people)


def test_the_mail_of_a_dead_deliverer_is_taken_up_by_another(database, outbox, mail_server):
    outbox("a")
    with database.transaction() as session:
        lease_due(session, owner="dead", now=NOW)
    transport = SmtpTransport(mail_server.url)
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
        def send(self, mail, recipient):
            if recipient.startswith("a"):
                raise ValueError("a mistake")

        def close(self):
            pass

    outbox("a", "b")
    assert send(database, Broken()) == Delivered(sent=1, failed=1)
    assert "a mistake" in states(database)["a"].last_error
