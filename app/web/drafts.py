"""What people write to be told: drafts, their check, their issue, and how what was issued ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access.roles import SECRETARIAT
from app.db import id_of
from app.entrance import actor, allow, database, now, settings, today
from app.errors import Conflict, Forbidden, Problem, Refused
from app.languages import _
from app.notification import drafts as room
from app.notification import ending, issuing, renderings
from app.notification.addresses import host_for
from app.notification.audience import cautions, kept_from
from app.notification.comparing import changed_fields, in_words, word_changes
from app.notification.models import Draft, DraftState, Purport
from app.notification.products import (
    AUDIENCES,
    FIELD_NAMES,
    LENGTHS,
    READERS,
    RESPONSES,
    WRITTEN,
    Content,
    read_content,
    unfinished,
)
from app.notification.worded import from_signal, worded
from app.registry.queries import substance_by_code
from app.surveillance.models import Tier
from app.surveillance.queries import episode_by_code
from app.web import web
from app.web.wording import family_name
from chem.families import GROUPS, families

UNNUMBERED = "A-00000"  # what a new alert is called in its preview


@dataclass(frozen=True, slots=True)
class Preview:
    """The three lengths of a draft, side by side."""

    source: renderings.Source
    short: str
    characters: str


@web.get("/alerts/drafts")
@allow(*SECRETARIAT)
def drafts() -> Any:
    """All drafts, those under way first."""
    with database().reading() as session:
        return render_template(
            "drafts.html",
            page=room.drafts(session, actor(), after=request.args.get("after")),
            waiting=room.submitted(session),
        )


@web.get("/alerts/drafts/new")
@allow(*SECRETARIAT)
def new_draft() -> Any:
    """A form: empty, or with what a signal or a substance gives."""
    with database().reading() as session:
        if code := request.args.get("signal"):
            seen = episode_by_code(session, actor(), code)
            try:
                content = from_signal(seen)
            except Conflict as refusal:
                flash(f"{refusal}", "problem")
                return redirect(url_for("web.signal", code=code))
        elif code := request.args.get("substance"):
            substance = substance_by_code(session, actor(), code)
            content = Content(substances=(substance.code,), headline=substance.name[:160])
        else:
            content = Content()
        return _editor(session, None, content)


@web.post("/alerts/drafts/new")
@allow(*SECRETARIAT)
def start_draft() -> Any:
    """Keep the first version, or show what it would look like."""

    def keep(session: Session, content: Content) -> Draft:
        return room.start(session, content, by=actor(), now=now())

    return _take(None, keep)


@web.get("/alerts/drafts/<code>")
@allow(*SECRETARIAT)
def draft(code: str) -> Any:
    """One draft: its form, its preview, what stands in its way, and its versions."""
    with database().reading() as session:
        found = room.draft_by_code(session, actor(), code)
        if found.purport is Purport.RETRACTION:
            return render_template(
                "draft_retraction.html", draft=found, is_author=_is_author(found),
                is_open=found.state in room.OPEN,
            )  # fmt: skip
        return _editor(session, found, Content.of(found.newest.content))


@web.post("/alerts/drafts/<code>")
@allow(*SECRETARIAT)
def save_draft(code: str) -> Any:
    """Keep a new version, or show what it would look like."""

    def keep(session: Session, content: Content) -> Draft:
        return room.save(session, code, content, based_on=_version(), by=actor(), now=now())

    return _take(code, keep)


@web.post("/alerts/drafts/<code>/submit")
@allow(*SECRETARIAT)
def submit_draft(code: str) -> Any:
    """Ask a second person to check it."""
    return _step(
        code,
        lambda db: room.submit(db, code, version=_version(), by=actor(), now=now()),
        f"{code} waits for somebody else to check it.",
    )


@web.post("/alerts/drafts/<code>/check")
@allow(*SECRETARIAT)
def check_draft(code: str) -> Any:
    """Vouch for it as the second person."""
    return _step(
        code,
        lambda db: room.check(db, code, version=_version(), by=actor(), now=now()),
        f"{code} is checked and can be issued.",
    )


@web.post("/alerts/drafts/<code>/return")
@allow(*SECRETARIAT)
def return_draft(code: str) -> Any:
    """Send it back with a remark; one that cannot be stays in its field."""
    remark = request.form.get("remark", "")
    try:
        with database().transaction() as session:
            room.send_back(session, code, remark, version=_version(), by=actor(), now=now())
            flash(f"{code} is a draft again.")
    except Refused as refusal:
        flash(f"Nothing changed: {refusal}.", "problem")
        with database().reading() as session:
            found = room.draft_by_code(session, actor(), code)
            content = Content.of(found.newest.content)
            return _editor(session, found, content, remark=remark), 422
    except (Conflict, Forbidden) as refusal:
        flash(f"Nothing changed: {refusal}.", "problem")
    return redirect(url_for("web.draft", code=code))


@web.post("/alerts/drafts/<code>/discard")
@allow(*SECRETARIAT)
def discard_draft(code: str) -> Any:
    """Give it up."""
    return _step(
        code,
        lambda db: room.discard(db, code, version=_version(), by=actor(), now=now()),
        f"{code} is discarded; its versions stay.",
    )


@web.post("/alerts/drafts/<code>/issue")
@allow(*SECRETARIAT)
def issue_draft(code: str) -> Any:
    """Tell it."""
    return _tell(code, issuing.issue, "is issued")


@web.post("/alerts/drafts/<code>/confirm")
@allow(*SECRETARIAT)
def confirm_retraction(code: str) -> Any:
    """Retract an alert, as the second person."""
    return _tell(code, ending.confirm_retraction, "is retracted; all who were told are told")


@web.post("/alerts/<code>/update")
@allow(*SECRETARIAT)
def update_alert(code: str) -> Any:
    """Begin an update from what the alert says now."""
    try:
        with database().transaction() as session:
            begun = issuing.revise(session, code, by=actor(), now=now())
            return redirect(url_for("web.draft", code=begun.code))
    except (Conflict, Forbidden) as refusal:
        flash(f"No update was begun: {refusal}.", "problem")
    return redirect(url_for("web.alert", code=code))


def _take(code: str | None, keep: Callable[[Session, Content], Draft]) -> Any:
    """Read the form; keep it, show its preview, or say beside it what cannot be."""
    try:
        content = read_content(request.form, request.form.getlist("response"))
    except Refused as refusal:
        return _again(code, Content(), refusal.problems), 422
    if request.form.get("then") == "preview":
        return _again(code, content)
    try:
        with database().transaction() as session:
            kept = keep(session, content)
            flash(f"Version {kept.newest.number} of {kept.code} is kept.")
            return redirect(url_for("web.draft", code=kept.code))
    except (Conflict, Forbidden, Refused) as refusal:
        problems = getattr(refusal, "problems", ()) or (Problem("", str(refusal)),)
        return _again(code, content, problems), 422


def _again(code: str | None, content: Content, problems: Sequence[Problem] = ()) -> str:
    """The form with what was typed; the preview of what could be read."""
    with database().reading() as session:
        found = room.draft_by_code(session, actor(), code) if code else None
        return _editor(session, found, content, typed=request.form, problems=problems)


def _editor(
    session: Session,
    found: Draft | None,
    content: Content,
    *,
    typed: MultiDict[str, str] | None = None,
    problems: Sequence[Problem] = (),
    remark: str = "",
) -> str:
    base = _compared_with(session, found)
    waiting = (*unfinished(content, today()), *kept_from(session, content, today=today()))
    return render_template(
        "draft.html",
        draft=found,
        is_open=found is None or found.state in room.OPEN,
        is_author=found is not None and _is_author(found),
        values=_values(content) | (_typed(typed) if typed is not None else {}),
        based_on=request.form.get("version") if typed is not None else None,
        unsaved=typed is not None,
        problems=problems,
        remark=remark,
        waiting=[] if problems else waiting,
        cautions=[] if problems else cautions(session, content, today=today()),
        preview=None if problems else _preview(session, found, content),
        blocks=renderings,
        changes=_changes(base, content) if base else [],
        states=DraftState,
        products=WRITTEN,
        tiers=Tier,
        audiences=AUDIENCES,
        responses=RESPONSES,
        response_readers=READERS,
        lengths=LENGTHS,
        field_names=FIELD_NAMES,
        subjects=_subjects(),
    )


def _preview(session: Session, found: Draft | None, content: Content) -> Preview:
    said = worded(session, content)
    alert = found.alert if found else None
    source = renderings.source_from(
        code=alert.code if alert else UNNUMBERED,
        headline=content.headline or "(no headline yet)",
        detail=said.detail,
        countries=content.countries,
        tier=content.tier.word,
        handling=content.handling,
        issued_at=now(),
        reason=issuing.UPDATED if alert else issuing.ISSUED,
        simulated=content.exercise,
        base_url=settings().base_url,
    )
    short = renderings.short(source)
    return Preview(source, short, characters(short))


def characters(short: str) -> str:
    """How much of a short message a text takes: "142 of 160 characters"."""
    count = renderings.sms_length(short)
    if count is None:
        used, most = renderings.ucs_length(short), renderings.UCS_LENGTH
        return _("%(used)s of %(most)s characters (UCS-2)", used=used, most=most)
    return _("%(used)s of %(most)s characters", used=count, most=renderings.GSM_LENGTH)


def _compared_with(session: Session, found: Draft | None) -> Content | None:
    """What a draft is compared with: what the alert says now, else the last checked version."""
    if found is None:
        return None
    if found.alert is not None and found.state in room.OPEN:
        return issuing.content_of(session, found.alert)
    earlier = room.last_checked(found)
    return Content.of(earlier.content) if earlier else None


def _changes(before: Content, after: Content) -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (FIELD_NAMES[field], word_changes(in_words(before, field), in_words(after, field)))
        for field in changed_fields(before, after)
    ]


def _values(content: Content) -> dict[str, Any]:
    """What stands in the fields of the form."""
    kept = content.as_dict()
    lists = {name: " ".join(kept[name]) for name in ("substances", "countries", "sources")}
    return kept | lists | {"exercise": "yes" if content.exercise else ""}


def _typed(form: MultiDict[str, str]) -> dict[str, Any]:
    lists = {"response": form.getlist("response"), "exercise": form.get("exercise", "")}
    return {**form.to_dict(), **lists}


def _subjects() -> list[tuple[str, str]]:
    """The families and groups that an alert may be about."""
    named = sorted((family_name(family.id), f"family:{family.id}") for family in families())
    groups = [(f"group:{group}", f"Group: {group}") for group in GROUPS]
    return [(key, f"Family: {name}") for name, key in named] + groups


def _is_author(found: Draft) -> bool:
    return actor().label in found.authors


def _version() -> int:
    """The version that the form was made for; none is no version."""
    return id_of(request.form.get("version")) or 0


def _step(code: str, act: Callable[[Session], Any], done: str) -> Any:
    try:
        with database().transaction() as session:
            act(session)
            flash(done)
    except (Conflict, Forbidden, Refused) as refusal:
        flash(f"Nothing changed: {refusal}.", "problem")
    return redirect(url_for("web.draft", code=code))


def _tell(code: str, verb: Callable[..., Any], done: str) -> Any:
    """Issue or retract, if it was confirmed on the page, and go to the alert."""
    try:
        confirmed()
        with database().transaction() as session:
            host = host_for(settings())
            told = verb(session, code, version=_version(), by=actor(), now=now(), host=host)
            flash(f"{told.code} {done}.")
            return redirect(url_for("web.alert", code=told.code))
    except (Conflict, Forbidden, Refused) as refusal:
        flash(f"Nothing was told: {refusal}.", "problem")
    return redirect(url_for("web.draft", code=code))


def confirmed() -> None:
    """Raises Refused unless it was ticked on the page that it is meant."""
    if request.form.get("confirmed") != "yes":
        raise Refused("tick that you mean it")
