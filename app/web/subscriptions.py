"""Subscriptions: who is told, of what, and when; each reader's own, and an authority's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.access.models import Authority
from app.access.roles import SECRETARIAT, SIGNED_IN
from app.access.service import authority_by_code
from app.db import id_of
from app.entrance import actor, allow, database, now, settings
from app.errors import Forbidden, NotFound, Problem, Refused
from app.notification import standing
from app.notification import subscriptions as notification
from app.notification.addresses import host_for
from app.notification.looking_back import LookBack, look_back
from app.notification.models import Subscription
from app.notification.standing import ANSWERABLE, State, may_edit, state_of
from app.notification.wishes import Wish, read_wish
from app.web import web
from app.web.subscribing import as_held, as_typed, choices, what_words, when_words, wished

PAGE = 100
PAUSES = {"week": timedelta(days=7), "month": timedelta(days=30)}
STATES = {
    State.ACTIVE: "told",
    State.UNCONFIRMED: "waiting for confirmation",
    State.PAUSED: "paused",
    State.BOUNCED: "bounced",
    State.ENDED: "ended",
}


@web.get("/subscriptions")
@allow(*SIGNED_IN)
def subscriptions() -> Any:
    """The subscriptions of the reader's authority, and a form for one more."""
    with database().reading() as session:
        return _list(session)


@web.post("/subscriptions")
@allow(*SIGNED_IN)
def subscribe() -> Any:
    """Add a subscription for the reader's own authority, or show what it would have brought."""
    typed, who = as_typed(request.form), actor()
    try:
        with database().transaction() as session:
            home = _home(session)
            wish = read_wish(session, wished(request.form), authority=home, by=who)
            if request.form.get("do") == "preview":
                seen = look_back(session, wish, home=home.country, by=who, now=now())
                return _list(session, typed=typed, seen=seen)
            made = notification.subscribe(
                session,
                request.form.get("email", ""),
                authority=home,
                wish=wish,
                host=host_for(settings()),
                now=now(),
                by=who,
            )
            told = "will be told."
            if made.confirmed_at is None:
                told = "is asked by mail to confirm, and told nothing before."
            flash(f"{made.email} {told}")
    except (Forbidden, NotFound, Refused) as refusal:
        flash(f"Not subscribed: {refusal}.", "problem")
        with database().reading() as session:
            return _list(session, typed=typed, wrongs=_wrongs(refusal)), 422
    return redirect(url_for("web.subscriptions"))


@web.get("/subscriptions/<int:number>")
@allow(*SIGNED_IN)
def subscription(number: int) -> Any:
    """One subscription, to be changed."""
    with database().reading() as session:
        held = standing.subscription_for(session, number, actor())
        return _one(session, held, as_held(notification.wish_of(held)))


@web.post("/subscriptions/<int:number>")
@allow(*SIGNED_IN)
def change_subscription(number: int) -> Any:
    """Change it, or show what the changed one would have brought."""
    typed, who = as_typed(request.form), actor()
    try:
        with database().transaction() as session:
            held = standing.editable(session, number, who)
            before = notification.wish_of(held)
            home = held.authority
            wish = read_wish(session, wished(request.form), authority=home, by=who, before=before)
            if request.form.get("do") == "preview":
                seen = look_back(session, wish, home=home.country, by=who, now=now())
                return _one(session, held, typed, seen=seen)
            notification.change(session, number, wish, now=now(), by=who)
            flash("Changed.")
    except Refused as refusal:
        flash(f"Not changed: {refusal}.", "problem")
        with database().reading() as session:
            held = standing.subscription_for(session, number, who)
            return _one(session, held, typed, wrongs=_wrongs(refusal)), 422
    return redirect(url_for("web.subscription", number=number))


@web.post("/subscriptions/<int:number>/end")
@allow(*SIGNED_IN)
def end_subscription(number: int) -> Any:
    """End a subscription."""
    with database().transaction() as session:
        ended = standing.end(session, number, now=now(), by=actor())
        flash(f"{_told(ended)} will not be told any more.")
    return redirect(url_for("web.subscriptions"))


@web.post("/subscriptions/<int:number>/pause")
@allow(*SIGNED_IN)
def pause_subscription(number: int) -> Any:
    """Tell nothing for a week or a month."""
    length = PAUSES.get(request.form.get("pause", ""), PAUSES["week"])
    with database().transaction() as session:
        paused = standing.pause(session, number, now() + length, now=now(), by=actor())
        flash(f"{_told(paused)} is told nothing for {length.days} days.")
    return redirect(url_for("web.subscription", number=number))


@web.post("/subscriptions/<int:number>/resume")
@allow(*SIGNED_IN)
def resume_subscription(number: int) -> Any:
    """End a pause."""
    with database().transaction() as session:
        resumed = standing.resume(session, number, now=now(), by=actor())
        flash(f"{_told(resumed)} is told again from now on.")
    return redirect(url_for("web.subscription", number=number))


@web.post("/subscriptions/<int:number>/mend")
@allow(*ANSWERABLE)
def mend_subscription(number: int) -> Any:
    """Say that an address that bounced takes mail again."""
    with database().transaction() as session:
        mended = standing.mend(session, number, now=now(), by=actor())
        flash(f"{_told(mended)} is told again from now on.")
    return redirect(url_for("web.subscription", number=number))


@web.post("/subscriptions/<int:number>/ask")
@allow(*SIGNED_IN)
def ask_subscription(number: int) -> Any:
    """Mail the question for confirmation once more."""
    try:
        with database().transaction() as session:
            asked = standing.ask_again(
                session, number, now=now(), by=actor(), host=host_for(settings())
            )
            flash(f"{_told(asked)} is asked once more.")
    except Refused as refusal:
        flash(f"Not asked: {refusal}.", "problem")
    return redirect(url_for("web.subscription", number=number))


def _list(
    session: Session,
    *,
    typed: dict[str, Any] | None = None,
    wrongs: dict[str, str] | None = None,
    seen: LookBack | None = None,
) -> str:
    who, word = actor(), request.args.get("state")
    state = State(word) if word in set(State) else None
    after = id_of(request.args.get("after"))
    found = standing.subscriptions(
        session, who, state=state, now=now(), after=after, limit=PAGE + 1
    )
    return render_template(
        "subscriptions.html",
        rows=[(one, state_of(one, now()), may_edit(who, one)) for one in found[:PAGE]],
        next=str(found[PAGE - 1].id) if len(found) > PAGE else None,
        state=state,
        states=STATES,
        values=typed or as_held(Wish()),
        wrongs=wrongs or {},
        seen=seen,
        choices=choices(session, who),
        country=_home(session).country,
        names_others=who.role in ANSWERABLE,
        of_all=who.role in SECRETARIAT,
        what_words=what_words,
        when_words=when_words,
    )


def _one(
    session: Session,
    held: Subscription,
    values: dict[str, Any],
    *,
    wrongs: dict[str, str] | None = None,
    seen: LookBack | None = None,
) -> str:
    who = actor()
    return render_template(
        "subscription.html",
        one=held,
        state=state_of(held, now()),
        states=STATES,
        editable=may_edit(who, held),
        values=values,
        wrongs=wrongs or {},
        seen=seen,
        choices=choices(session, who),
        country=held.authority.country,
        names_others=who.role in ANSWERABLE,
        what_words=what_words,
        when_words=when_words,
    )


def _home(session: Session) -> Authority:
    return authority_by_code(session, actor().authority_code or "")


def _told(one: Subscription) -> str:
    return one.email or f"Webhook {one.webhook_id}"


def _wrongs(refusal: Exception) -> dict[str, str]:
    """What is wrong by field; of several complaints about one, the first."""
    problems: tuple[Problem, ...] = getattr(refusal, "problems", ())
    return {one.field: one.message for one in reversed(problems)}
