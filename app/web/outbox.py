"""What waits, what is parked, and what became of one message: for those who mend it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import AuditEvent
from app.access.roles import SECRETARIAT
from app.access.service import record
from app.entrance import actor, allow, database, now
from app.errors import Conflict, NotFound, Refused, shown
from app.notification.models import FailedTry, Message, Trouble
from app.notification.outbox import give_up, try_again
from app.notification.parked import Chosen, try_all_again
from app.web import web
from app.web.wording import count

TROUBLE_WORDS = {
    None: "not tried yet",
    Trouble.REFUSED: "refused for good",
    Trouble.PUT_OFF: "put off by the mail server",
    Trouble.CUT_OFF: "the connection was lost",
    Trouble.UNREACHABLE: "the mail server takes nothing",
    Trouble.COMPOSING: "it could not be written",
    Trouble.SETTINGS: "the mail server does not take our settings",
    Trouble.SWITCHED_OFF: "the webhook was switched off",
}
DECISIONS = {"message.try_again": "tried again", "message.give_up": "given up"}


@web.get("/status/messages/<int:number>")
@allow(*SECRETARIAT)
def message(number: int) -> Any:
    """One message and its history."""
    with database().reading() as session:
        found = session.get(Message, number)
        if found is None:
            raise NotFound(f"there is no message {number}")
        return render_template(
            "message.html",
            message=found,
            trouble_words=TROUBLE_WORDS,
            history=_history(session, found),
        )


@web.post("/status/parked/<int:number>")
@allow(*SECRETARIAT)
def send_again(number: int) -> Any:
    """Put a parked message back into the outbox."""
    try:
        with database().transaction() as session:
            again = try_again(session, number, now=now())
            record(session, actor(), "message.try_again", again.message_id, now=now())
            flash(f"The message to {again.recipient} will be tried again.")
    except Conflict as conflict:
        flash(f"Not tried again: {conflict}.", "problem")
    return redirect(url_for("web.status"))


@web.post("/status/parked")
@allow(*SECRETARIAT)
def send_all_again() -> Any:
    """Put all parked messages that are chosen back into the outbox, and say how many they were."""
    which = chosen(request.form)
    with database().transaction() as session:
        taken = try_all_again(session, which, now=now())
        if taken.again:
            record(
                session,
                actor(),
                "message.try_all_again",
                which.to or "everybody",
                now=now(),
                trouble=which.trouble,
                messages=taken.again,
            )
    said = f"{count(taken.again, 'message', 'messages')} will be tried again."
    if taken.left:
        said += f" {count(taken.left, 'message stays', 'messages stay')} parked: "
        said += "the subscription has ended, is paused, or its address bounced."
    flash(said, "" if taken.again else "problem")
    return redirect(url_for("web.status", trouble=which.trouble, to=which.to or None))


@web.post("/status/parked/<int:number>/give-up")
@allow(*SECRETARIAT)
def give_up_on(number: int) -> Any:
    """Somebody has looked at a parked message, and it is not to be sent."""
    with database().transaction() as session:
        given_up = give_up(session, number)
        record(session, actor(), "message.give_up", given_up.message_id, now=now())
        flash(f"The message to {given_up.recipient} is given up.")
    return redirect(url_for("web.status"))


def chosen(said: Mapping[str, str]) -> Chosen:
    """Which parked messages a form or an address speaks of. Raises Refused for what is no reason:
    read as none, it would choose them all."""
    word = said.get("trouble", "")
    if word and word not in list(Trouble):
        raise Refused(
            f'"{shown(word)}" is no reason for which mail is parked; choose one of the list'
        )
    return Chosen(Trouble(word) if word else None, said.get("to", "").strip().lstrip("@"))


def _history(session: Session, message: Message) -> list[tuple[datetime, str, str]]:
    """Failed tries and what people decided, the newest first."""
    tries = session.scalars(select(FailedTry).where(FailedTry.message_id == message.id))
    decided = session.scalars(
        select(AuditEvent).where(
            AuditEvent.subject == message.message_id, AuditEvent.action.in_(DECISIONS)
        )
    )
    found = [(one.at, TROUBLE_WORDS[one.trouble], one.error) for one in tries]
    found += [(one.at, DECISIONS[one.action], one.actor) for one in decided]
    return sorted(found, reverse=True)
