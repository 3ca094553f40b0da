"""Curation: names nobody has resolved yet, saying what one means, and taking that back."""

from __future__ import annotations

import re
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import Authority
from app.access.roles import SECRETARIAT
from app.access.service import record
from app.entrance import actor, allow, database, now, settings, today
from app.errors import Conflict, NotFound, Refused, shown
from app.intake import waiting as intake
from app.intake.curation import LONGEST_SUBJECT, decide, undo, written_name
from app.intake.saying import Said, like, read_said, same_as
from app.intake.waiting import Order
from app.intake.words import EventKind
from app.registry import pubchem
from app.registry.models import Meant
from app.registry.offers import offers
from app.web import web
from app.web.signing import local_path
from chem.families import GROUPS, families, family_named

PAGE = 20
SHOWN_DECISIONS = 5
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_BETWEEN = re.compile(r"[;,\s]+(?=TS-)|;", re.IGNORECASE)  # a name may have a comma in it


@web.get("/curation")
@allow(*SECRETARIAT)
def curation() -> Any:
    """The queue, names that several countries report first, with what each may mean."""
    args, who = request.args, actor()
    kind = next((kind for kind in EventKind if kind == args.get("kind")), None)
    order = next((order for order in Order if order == args.get("order")), Order.WIDEST)
    text, widespread = args.get("q", "").strip(), args.get("widespread") == "yes"
    with database().reading() as session:
        page = intake.queued_names(
            session, who, today(), text=text or None, kind=kind, widespread=widespread,
            order=order, after=args.get("after"), limit=PAGE,
        )  # fmt: skip
        return render_template(
            "curation.html",
            page=page,
            total=intake.waiting(session, who, today()),
            like=like,
            offers=offers(session, who, {name.key: name.written for name in page.items}),
            answers=pubchem.answers(session, who, [name.key for name in page.items], now=now()),
            pubchem=settings().pubchem,
            decisions=intake.decisions(session, who, limit=SHOWN_DECISIONS),
            filters={"q": text, "kind": kind, "widespread": widespread},
            order=order,
            orders=Order,
            kinds=EventKind,
            groups=GROUPS,
            families=families(),
        )


@web.get("/curation/decisions")
@allow(*SECRETARIAT)
def name_decisions() -> Any:
    """What was decided about names, the newest first."""
    with database().reading() as session:
        page = intake.decisions(session, actor(), after=request.args.get("after"), limit=40)
        return render_template("name_decisions.html", page=page)


@web.post("/curation")
@allow(*SECRETARIAT)
def resolve() -> Any:
    """Say what a name means."""
    form, key = request.form, request.form.get("key", "")
    try:
        with database().transaction() as session:
            decision = decide(
                session,
                key,
                said := _said(session),
                by=actor(),
                now=now(),
                authority_id=_authority(session, form.get("authority", "")),
                language=_language(form.get("language", "")),
            )
            flash(
                f"“{decision.written}” now means {said.words}; findings that followed: "
                f"{decision.findings}. It can be taken back under Decided lately."
            )
    except (Conflict, NotFound, Refused) as refusal:
        flash(f"“{_written(key)}” stays in the queue: {refusal}.", "problem")
    return _back()


@web.post("/curation/decisions/<int:number>/undo")
@allow(*SECRETARIAT)
def undo_decision(number: int) -> Any:
    """Take a decision on a name back."""
    try:
        with database().transaction() as session:
            decision = undo(session, number, by=actor(), now=now())
            flash(f"“{decision.written}” waits again. What it was taken for stays on record.")
    except Conflict as refusal:
        flash(f"Nothing changed: {refusal}.", "problem")
    return _back()


@web.post("/curation/lookup")
@allow(*SECRETARIAT)
def look_up_name() -> Any:
    """Ask PubChem what a name of a public report is. No transaction is open meanwhile."""
    key = request.form.get("key", "")
    try:
        if not settings().pubchem:
            raise Refused("the look-up is off (TOCSIN_PUBCHEM)")
        with database().reading() as session:
            name = pubchem.may_be_asked(intake.clear_form(session, actor(), today(), key))
        found = pubchem.ask(name)
        with database().transaction() as session:
            pubchem.keep(session, key, name, found, now=now())
            record(session, actor(), "name.look_up", shown(name, LONGEST_SUBJECT), now())
        known = "knows it" if found else "does not know it"
        flash(f"PubChem {known}: “{name}”. External and unreviewed; nothing was resolved by it.")
    except (Refused, pubchem.NotAnswered) as refusal:
        flash(f"“{_written(key)}” was not looked up: {refusal}.", "problem")
    return _back()


def _written(key: str) -> str:
    """A waiting name as its reader knows it: as it is written, not as it is looked up."""
    with database().reading() as session:
        return shown(written_name(session, key, by=actor(), now=now()))


def _said(session: Session) -> Said:
    """What the form says that the name means."""
    form = request.form
    if form.get("like"):
        return same_as(session, form["like"])
    meant = next((meant for meant in Meant if meant == form.get("meant")), Meant.SUBSTANCE)
    kin = form.get("kin", "").strip()
    if meant is Meant.GROUP and family_named(kin):  # one field takes both
        meant = Meant.FAMILY
    return read_said(
        session,
        actor(),
        meant,
        substance=form.get("substance", ""),
        members=_BETWEEN.split(form.get("members", "")),
        family=kin,
        group=kin,
    )


def _authority(session: Session, code: str) -> int | None:
    """The id of the authority whose reports alone are meant; None for all."""
    if not code:
        return None
    found = session.scalar(select(Authority.id).where(Authority.code == code))
    if found is None:
        raise NotFound(f"there is no authority {shown(code)}")
    return found


def _language(text: str) -> str | None:
    word = text.strip().lower()
    if word and not _LANGUAGE.fullmatch(word):
        raise Refused(f"“{shown(text)}” is no language; write its ISO 639 code, such as de")
    return word or None


def _back() -> Any:
    """To the page the form was on, or to the queue."""
    back = local_path(request.form.get("back", ""))
    return redirect(back if back.startswith("/curation") else url_for("web.curation"))
