"""Handling: a focal point releases reports of the authority, or holds them back."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.roles import Role
from app.db import id_of
from app.entrance import actor, allow, database, now, today
from app.errors import Conflict, Problem, Refused, shown
from app.intake import lists, queries
from app.intake.lists import Wanted
from app.intake.release import Wish, own_standing, rehandle
from app.intake.words import EventKind
from app.paging import page_of
from app.registry import queries as registry
from app.web import web
from app.web.frame import with_args
from app.web.reports import report_page
from chem.families import GROUPS

PAGE = 100
LEVELS = tuple(Handling)


@web.get("/reports/handling")
@allow(Role.FOCAL_POINT)
def handling() -> Any:
    """The authority's reports as they stand, filtered by the address, to be chosen from."""
    with database().reading() as session:
        return _choosing(session)


@web.post("/reports/handling")
@allow(Role.FOCAL_POINT)
def handle_reports() -> Any:
    """Handle the chosen reports anew."""
    try:
        with database().transaction() as session:
            chosen = own_standing(session, actor(), _chosen())
            if not chosen:
                raise Refused("choose at least one report")
            said = rehandle(
                session, chosen, _wish(), by=actor(), reason=request.form.get("reason", ""),
                now=now(),
            )  # fmt: skip
    except (Conflict, Refused) as refusal:
        flash(f"Nothing was changed: {refusal}.", "problem")
        with database().reading() as session:
            return _choosing(session), 422
    flash(_told(len(said), len(chosen)))
    return redirect(with_args())


@web.post("/reports/<code>/handling")
@allow(Role.FOCAL_POINT)
def handle_report(code: str) -> Any:
    """Handle one report anew."""
    try:
        with database().transaction() as session:
            found = queries.report_by_code(session, actor(), today(), code)
            said = rehandle(
                session, [found], _wish(), by=actor(), reason=request.form.get("reason", ""),
                now=now(),
            )  # fmt: skip
    except (Conflict, Refused) as refusal:
        flash(f"Nothing was changed: {refusal}.", "problem")
        return report_page(code, request.form), 422
    flash(_told(len(said), 1))
    return redirect(url_for("web.report", code=code))


def _choosing(session: Session) -> str:
    args, who = request.args, actor()
    level = next((one for one in LEVELS if one.word == args.get("level")), None)
    kind = next((k for k in EventKind if k == args.get("kind")), None)
    group = args.get("group") if args.get("group") in GROUPS else None
    code = args.get("substance", "").strip()
    substance = registry.substance_by_code(session, who, code) if code else None
    wanted = Wanted(
        authority_id=who.authority_id, handling=level, event_kind=kind, group=group,
        substance_id=substance.id if substance else None,
    )  # fmt: skip
    rows = lists.reports(session, who, now(), wanted, after=args.get("after"), limit=PAGE)
    return render_template(
        "handling.html",
        page=page_of(rows, PAGE),
        level=level,
        level_options=[(one.word, one.word) for one in LEVELS],
        levels=LEVELS,
        kind=kind,
        kinds=EventKind,
        group=group,
        groups=GROUPS,
        substance=substance,
        filtered=bool(level is not None or kind or group or substance),
        filled=request.form,
        chosen=_chosen(),
    )


def _chosen() -> set[int]:
    """The numbers of the reports that were ticked, or of all that were listed."""
    given = request.form.getlist("report")
    if request.form.get("all"):
        given = request.form.get("listed", "").split(",")
    return {number for text in given[:PAGE] if (number := id_of(text)) is not None}


def _wish() -> Wish:
    """What the form asks for. Raises Refused for what cannot be."""
    form = request.form
    word, embargo = form.get("handling", ""), form.get("embargo", "")
    level = next((one for one in LEVELS if one.word == word), None)
    if word and level is None:
        raise Refused(f'"{shown(word)}" is no handling; choose clear, green, amber or red')
    if embargo not in {"", "until", "end"}:
        raise Refused(f'"{shown(embargo)}" is none of: until, end')
    until = _day(form.get("embargo_until", "")) if embargo == "until" else None
    return Wish(level, bool(embargo), until)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong = "give the day until which the embargo lasts"
        raise Refused(wrong, (Problem("embargo_until", wrong),)) from None


def _told(changed: int, chosen: int) -> str:
    if not changed:
        return "That is how it was handled already; nothing was changed."
    which = "1 report is" if changed == 1 else f"{changed} reports are"
    rest = f" {chosen - changed} were so already." if chosen > changed else ""
    return f"{which} handled anew.{rest} Signals and alerts follow at the next assessment."
