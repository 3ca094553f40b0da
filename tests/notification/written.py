"""What people write, for the tests: three people, a content, and the way to its issue."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.roles import Actor, Role
from app.notification import drafts, ending, issuing
from app.notification.models import Alert, Draft, MessageState, Product
from app.notification.products import Content
from tests.notification.making import CLEAR, HOST, NOW, messages

ANNA = Actor(Role.ANALYST, "anna@example.org")
BELA = Actor(Role.ANALYST, "bela@example.org")
ROOT = Actor(Role.ADMIN, "root@example.org")


def a_content(**said: Any) -> Content:
    """Complete, and for everybody."""
    whole = Content(
        product=Product.ADVISORY,
        headline="Nitazenes in tablets sold as oxycodone",
        happened="Three laboratories found a nitazene in blue tablets.",
        known="The tablets look like a medicine.",
        unknown="How many there are.",
        response=("screen", "inform_care"),
        subject="family:nitazene",
        countries=("DE", "FR"),
        handling=CLEAR,
        valid_until=date(2027, 1, 31),
    )
    return replace(whole, **said)


def checked(
    session: Session, *, by: Actor = ANNA, checker: Actor = BELA, now: datetime = NOW, **said: Any
) -> Draft:
    """A draft that somebody else has checked."""
    draft = drafts.start(session, a_content(**said), by=by, now=now)
    return passed(session, draft, by=by, checker=checker, now=now)


def passed(
    session: Session, draft: Draft, *, by: Actor = ANNA, checker: Actor = BELA, now: datetime = NOW
) -> Draft:
    version = draft.newest.number
    drafts.submit(session, draft.code, version=version, by=by, now=now)
    return drafts.check(session, draft.code, version=version, by=checker, now=now)


def issued(session: Session, *, now: datetime = NOW, **said: Any) -> Alert:
    """An alert that two people told."""
    return out(session, checked(session, now=now, **said), now=now)


def out(session: Session, draft: Draft, *, now: datetime = NOW) -> Alert:
    return issuing.issue(
        session, draft.code, version=draft.newest.number, by=ANNA, now=now, host=HOST
    )


def updated(session: Session, alert: Alert, *, now: datetime = NOW, **said: Any) -> Alert:
    draft = issuing.revise(session, alert.code, by=ANNA, now=now)
    content = replace(Content.of(draft.newest.content), **said)
    drafts.save(session, draft.code, content, based_on=1, by=ANNA, now=now)
    return out(session, passed(session, draft, now=now), now=now)


def retracted(session: Session, alert: Alert, *, now: datetime = NOW) -> Alert:
    draft = ending.ask_retraction(session, alert.code, "It was a mix-up.", by=ANNA, now=now)
    return ending.confirm_retraction(session, draft.code, version=1, by=BELA, now=now, host=HOST)


def all_sent(session: Session) -> None:
    for message in messages(session):
        message.state = MessageState.SENT
    session.flush()
