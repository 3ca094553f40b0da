"""TLS to mail servers that really speak it: what is not proven stays here, and waits."""

from __future__ import annotations

import ssl
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.notification.delivery import Delivered
from app.notification.models import FailedTry, MessageState, Trouble
from app.notification.smtp import SmtpConnection, SmtpPool
from app.notification.transport import TransportError
from app.settings import Tls
from tests.notification.making import (
    NOW,
    MailServer,
    a_subscriber,
    a_substance,
    an_episode,
    messages,
    told,
)
from tests.notification.receiving import TLS
from tests.notification.sending import send
from tests.notification.test_transport import a_mail

LOCALHOST, EXPIRED, OTHER = (
    (TLS / "localhost.pem", None),
    (TLS / "expired.pem", None),
    (TLS / "certificate.pem", TLS / "key.pem"),  # of hook.example
)
SCHEMES = ("smtps", "smtp+starttls")


def trusting(file=TLS / "localhost.pem"):
    """What a machine trusts that was given this certificate."""
    return ssl.create_default_context(cafile=file)


def secured(certificate, *, scheme):
    return MailServer(certificate=certificate, implicit=scheme == "smtps")


def to(server, scheme, *, host="localhost", trust=None, **like):
    url = f"{scheme}://{host}:{server.port}"
    return SmtpConnection(url, context=trust or trusting(), timeout=5, **like)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_good_certificate_passes_and_nothing_goes_in_the_clear(scheme, host):
    with secured(LOCALHOST, scheme=scheme) as server:
        connection = to(server, scheme, host=host)
        connection.send(a_mail())
        connection.send(a_mail())
        connection.close()
        assert len(server.accepted) == 2
        assert server.in_clear == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(
    ("certificate", "trust", "said"),
    [
        (LOCALHOST, ssl.create_default_context(), "self-signed certificate"),
        (OTHER, trusting(TLS / "certificate.pem"), "not valid for 'localhost'"),
        (EXPIRED, trusting(TLS / "expired.pem"), "certificate has expired"),
    ],
    ids=["self-signed", "other-name", "expired"],
)
def test_a_certificate_that_does_not_hold_is_refused_and_the_message_waits(
    database, scheme, certificate, trust, said
):
    with database.transaction() as session:
        for who in "abc":
            a_subscriber(session, f"{who}@example.org")
        told(session, an_episode(session, a_substance(session)))
    with secured(certificate, scheme=scheme) as server:
        pool = SmtpPool(lambda: to(server, scheme, trust=trust))
        assert send(database, pool) == Delivered(failed=1)
        assert (server.accepted, server.in_clear) == ([], [])
    with database.reading() as session:
        held = messages(session)
        assert {one.state for one in held} == {MessageState.WAITING}
        (tried,) = (one for one in held if one.trouble)
        assert tried.trouble is Trouble.SETTINGS
        assert f"the certificate of the mail server localhost:{server.port}" in tried.last_error
        assert said in tried.last_error
        assert len(session.scalars(select(FailedTry)).all()) == 1


@pytest.mark.parametrize(
    ("scheme", "tls"), [("smtp+starttls", Tls.OFFERED), ("smtp", Tls.REQUIRED)]
)
def test_where_tls_is_demanded_and_not_offered_nothing_is_sent(mail_server, scheme, tls):
    with pytest.raises(TransportError, match="offers no TLS, and TLS is required") as refused:
        to(mail_server, scheme, host="127.0.0.1", tls=tls).send(a_mail())
    assert refused.value.trouble is Trouble.SETTINGS
    assert (mail_server.accepted, mail_server.in_clear) == ([], [])


def test_tls_that_is_offered_and_breaks_is_not_replaced_by_none():
    with secured(EXPIRED, scheme="smtp") as server:
        with pytest.raises(TransportError, match="certificate"):
            to(server, "smtp", trust=trusting(TLS / "expired.pem")).send(a_mail())
        assert (server.accepted, server.in_clear) == ([], [])


def test_a_password_that_is_not_taken_is_a_matter_of_the_settings():
    with secured(LOCALHOST, scheme="smtps") as server:
        server.login = False
        with pytest.raises(TransportError, match="535") as refused:
            to(server, "smtps", host="me:secret@localhost").send(a_mail())
        assert refused.value.trouble is Trouble.SETTINGS
        assert "secret" not in str(refused.value)


def test_when_the_settings_are_mended_it_goes_out_at_the_next_run(database):
    with database.transaction() as session:
        a_subscriber(session)
        told(session, an_episode(session, a_substance(session)))
    with secured(LOCALHOST, scheme="smtps") as server:
        strict = SmtpPool(lambda: to(server, "smtps", trust=ssl.create_default_context()))
        for run in range(12):  # more than any message has tries
            now = NOW + run * timedelta(hours=1)
            assert send(database, strict, now).failed == 1
        mended = SmtpPool(lambda: to(server, "smtps"))
        assert send(database, mended, now + timedelta(seconds=30)) == Delivered(sent=1)
    with database.reading() as session:
        assert len(session.scalars(select(FailedTry)).all()) == 1
