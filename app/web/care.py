"""The care of substances: merging, splitting, naming and identifying them, seen before done."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT
from app.db import id_of
from app.entrance import actor, allow, database, now, today
from app.errors import Conflict, NotFound, Refused, shown
from app.intake import figures
from app.intake.merging import merge as merge_substances
from app.intake.merging import split as split_substance
from app.intake.naming import by_the_rules, choose_name
from app.intake.parting import Choice, Sought, sought
from app.intake.preview import merge_preview, split_preview
from app.registry import queries as registry
from app.registry import search
from app.registry.identifiers import is_cas
from app.registry.identifying import forget_identifier, identify_as
from app.registry.models import Scheme, Substance
from app.registry.preferred import basis_of
from app.registry.proposals import keep_apart, proposals, uncompared
from app.review.service import refuse_while_open
from app.surveillance import queries as surveillance
from app.surveillance.models import EpisodeState
from app.surveillance.queries import SeenEpisode
from app.web import web
from app.web.wording import listing

T = TypeVar("T")

_BETWEEN = re.compile(r"[\s,;]+")


@web.get("/curation/merges")
@allow(*SECRETARIAT)
def merges() -> Any:
    """Substances that may be one, for a curator to decide."""
    with database().reading() as session:
        return render_template(
            "merges.html",
            proposals=proposals(session, actor()),
            uncompared=uncompared(session),
        )


@web.post("/curation/merges")
@allow(*SECRETARIAT)
def keep() -> Any:
    """Say that the substances of a proposal are not one."""
    codes, reason = request.form.getlist("substance"), request.form.get("reason", "")
    try:
        with database().transaction() as session:
            apart = [_itself(session, code) for code in codes]
            keep_apart(session, apart, by=actor(), reason=reason, now=now())
            flash(f"{', '.join(one.code for one in apart)} are not proposed again.")
    except (Conflict, NotFound, Refused) as refusal:
        flash(f"The proposal stays: {refusal}.", "problem")
    return redirect(url_for("web.merges"))


@web.get("/substances/<code>/merge")
@allow(*SECRETARIAT)
def merge(code: str) -> Any:
    """Choose what it is merged into, and see what that moves."""
    into = request.args.get("into", "").strip()
    with database().reading() as session:
        source = _itself(session, code)
        target, problem = _tried(lambda: _meant(session, into)) if into else (None, None)
        return render_template(
            "merge.html",
            source=source,
            target=target,
            into=into,
            problem=problem,
            preview=merge_preview(session, actor(), today(), source, target) if target else None,
            signals=_open_signals(session, source),
        )


@web.post("/substances/<code>/merge")
@allow(*SECRETARIAT)
def do_merge(code: str) -> Any:
    """Merge it."""
    into, reason = request.form.get("into", ""), request.form.get("reason", "")
    try:
        with database().transaction() as session:
            source, target = _itself(session, code), _meant(session, into)
            refuse_while_open(session, source)
            act = merge_substances(session, source, target, by=actor(), reason=reason, now=now())
            flash(f"{source.code} is merged into {target.name} ({act.code}); it can be undone.")
            return redirect(url_for("web.history", code=target.code))
    except (Conflict, NotFound, Refused) as refusal:
        flash(f"Nothing is merged: {refusal}.", "problem")
    return redirect(url_for("web.merge", code=code, into=into or None))


@web.get("/substances/<code>/split")
@allow(*SECRETARIAT)
def split(code: str) -> Any:
    """Choose which findings leave it and where they go, and see what that moves."""
    args = request.args
    choice, to = _choice(args.get), args.get("to", "").strip()
    with database().reading() as session:
        source = _itself(session, code)
        target = founded = preview = problem = None
        if choice.told() and to:
            told, problem = _tried(lambda: _whereto(session, source, to))
            target, founded = told or (None, None)
        if choice.told() and not problem:
            preview, problem = _tried(
                lambda: split_preview(
                    session, actor(), today(), source, choice=choice, target=target
                )
            )
        return render_template(
            "split.html",
            source=source,
            choice=choice,
            to=to,
            target=target,
            founded=founded,
            preview=preview,
            problem=problem,
            forms=figures.forms(session, actor(), today(), source.id),
            signals=_open_signals(session, source),
        )


@web.post("/substances/<code>/split")
@allow(*SECRETARIAT)
def do_split(code: str) -> Any:
    """Split it."""
    form = request.form
    choice, to = _choice(form.get), form.get("to", "").strip()
    names = [number for text in form.getlist("names") if (number := id_of(text)) is not None]
    try:
        with database().transaction() as session:
            source = _itself(session, code)
            target, _ = _whereto(session, source, to)
            act = split_substance(
                session,
                source,
                choice,
                target=target,
                structure=to,
                names=names,
                by=actor(),
                reason=form.get("reason", ""),
                now=now(),
            )
            flash(f"{act.findings} findings of {source.code} moved ({act.code}); it can be undone.")
            return redirect(url_for("web.history", code=source.code))
    except (Conflict, NotFound, Refused) as refusal:
        flash(f"Nothing is split: {refusal}.", "problem")
    said: dict[str, Any] = {**choice.told(), "to": to or None}
    return redirect(url_for("web.split", code=code, **said))


@web.get("/substances/<code>/name")
@allow(*SECRETARIAT)
def naming(code: str) -> Any:
    """The names it could go by, and what the rules say."""
    with database().reading() as session:
        found = _itself(session, code)
        return render_template(
            "naming.html",
            substance=found,
            ruled=by_the_rules(session, found, now()),
            names=[
                (name, basis_of(name.source))
                for name in found.names
                if name.for_everybody and not is_cas(name.name)
            ],
        )


@web.post("/substances/<code>/name")
@allow(*SECRETARIAT)
def choose(code: str) -> Any:
    """Choose a name for it, or leave it to the rules again."""
    name, reason = request.form.get("name", ""), request.form.get("reason", "")
    try:
        with database().transaction() as session:
            found = _itself(session, code)
            act = choose_name(session, found, name, by=actor(), reason=reason, now=now())
            flash(f"{found.code} goes by {found.name} ({act.code}); it can be undone.")
            return redirect(url_for("web.substance", code=found.code))
    except (Conflict, NotFound, Refused) as refusal:
        flash(f"Its name stays: {refusal}.", "problem")
    return redirect(url_for("web.naming", code=code))


@web.post("/substances/<code>/identifiers")
@allow(*SECRETARIAT)
def identify(code: str) -> Any:
    """Note what others call it."""
    form = request.form
    try:
        scheme = next((s for s in Scheme if s == form.get("scheme")), None)
        if scheme is None:
            raise Refused("choose whose number it is")
        with database().transaction() as session:
            held = identify_as(
                session,
                _itself(session, code),
                scheme,
                form.get("value", ""),
                source=form.get("source", ""),
                of_form=form.get("of_form", ""),
                shared=bool(form.get("shared")),
                by=actor(),
                now=now(),
            )
            flash(f"{held.value} is noted.")
    except (Conflict, Refused) as refusal:
        flash(f"Nothing is noted: {refusal}.", "problem")
    return redirect(url_for("web.substance", code=code, _anchor="identifiers"))


@web.post("/substances/<code>/identifiers/<int:number>/remove")
@allow(*SECRETARIAT)
def unidentify(code: str, number: int) -> Any:
    """Take an identifier away."""
    reason = request.form.get("reason", "")
    try:
        with database().transaction() as session:
            found = _itself(session, code)
            gone = forget_identifier(session, found, number, reason=reason, by=actor(), now=now())
            flash(f"{gone} is taken away.")
    except Refused as refusal:
        flash(f"Nothing is taken away: {refusal}.", "problem")
    return redirect(url_for("web.substance", code=code, _anchor="identifiers"))


def _itself(session: Session, code: str) -> Substance:
    """The substance of that number, and no other that it was merged into. Raises Conflict."""
    found = registry.substance_by_code(session, actor(), code)
    if not found.answers_to(code):
        raise Conflict(f"{code} was merged into {found.code}")
    return found


def _meant(session: Session, text: str) -> Substance:
    """The substance of a number, InChIKey or exact name. Raises NotFound."""
    try:
        return registry.substance_by_code(session, actor(), text.strip())
    except NotFound:
        hits = search.by_name(session, actor(), text)
        if not hits:
            raise NotFound(f"no substance is called {shown(text.strip())} here") from None
        if len(hits) > 1:
            many = listing([f"{hit.substance.name} ({hit.substance.code})" for hit in hits], 4)
            raise NotFound(f"{shown(text.strip())} may be {many}; give the number") from None
        return hits[0].substance


def _whereto(
    session: Session, source: Substance, to: str
) -> tuple[Substance | None, Sought | None]:
    """The substance that findings go to, or what a structure would make. Raises Refused."""
    try:
        return _meant(session, to), None
    except NotFound:
        wanted = sought(session, source, to)
        held = wanted.held
        standing = held if held is not None and held.merged_into_id is None else None
        return standing, None if standing else wanted


def _choice(said: Callable[[str, str], str]) -> Choice:
    """Which findings, as a form or an address says it."""
    return Choice(
        form=said("form", "").strip(),
        structure=said("structure", "").strip(),
        name=said("name", "").strip(),
        authority=said("authority", "").strip(),
        reports=tuple(filter(None, _BETWEEN.split(said("reports", "")))),
    )


def _tried(ask: Callable[[], T]) -> tuple[T | None, str | None]:
    """What was asked for, or why it cannot be had."""
    try:
        return ask(), None
    except (Conflict, NotFound, Refused) as refusal:
        return None, str(refusal)


def _open_signals(session: Session, substance: Substance) -> list[SeenEpisode]:
    page = surveillance.episodes(session, actor(), substance_id=substance.id, limit=50)
    return [seen for seen in page.items if seen.episode.state is not EpisodeState.CLOSED]
