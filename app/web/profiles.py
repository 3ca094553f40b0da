"""Import profiles: those that are shipped, and an authority's own, to write, to try and to save."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.access.roles import REPORTERS, Role
from app.access.service import authority_by_code
from app.entrance import actor, allow, database, now
from app.errors import Conflict, Problem, Refused
from app.intake.profiles import Profile, load_profile, parse_profile, profile_names, shipped_text
from app.intake.profiles.keeping import (
    own_profile,
    profiles_for,
    remove_profile,
    save_profile,
    versions_of,
)
from app.intake.profiles.models import ImportProfile
from app.intake.profiles.parsing import LONGEST_TEXT, ProfileIn
from app.intake.profiles.trying import Tried, tried
from app.intake.readers import open_rows
from app.web import web

TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".sdf")  # what a profile reads: a file with columns
START = """title = "Our laboratory, monthly table"
reference = "{{Year}}/{{Number}}"
date_format = "%d.%m.%Y"
ignore = ["Remarks"]

[columns]
event_date = "Date"
event_kind = "Kind"
substance_name = "Substance"

[constants]
country = "{country}"
handling = "amber"

[codes.event_kind]
"Police seizure" = "seizure"
"Drug checking" = "collected_sample"
"""


@web.get("/profiles")
@allow(*REPORTERS, Role.ADMIN)
def profiles() -> Any:
    """The profiles one may use."""
    with database().reading() as session:
        own = profiles_for(session, actor())
        shipped = [load_profile(name) for name in profile_names()]
        return render_template("profiles.html", own=own, shipped=shipped)


@web.get("/profiles/new")
@allow(*REPORTERS)
def new_profile() -> Any:
    """An empty one, or a copy of a shipped one."""
    source = request.args.get("from", "")
    countries = actor().countries
    text = shipped_text(source) if source else START.format(country=(*countries, "XX")[0])
    return _page(name=source, text=text, seen=0)


@web.post("/profiles/new")
@allow(*REPORTERS)
def add_profile() -> Any:
    """Save a new profile, or try it."""
    return _saved_or_tried(request.form.get("name", "").strip(), seen=0)


@web.get("/profiles/<name>")
@allow(*REPORTERS, Role.ADMIN)
def profile(name: str) -> Any:
    """One profile: the authority's own, else the shipped one."""
    with database().reading() as session:
        held = own_profile(session, _whose(session), name)
        if held is None:
            return _page(name=name, text=shipped_text(name), shipped=True)
        versions = versions_of(session, held)
        return _page(name=name, text=held.text, seen=held.version, held=held, versions=versions)


@web.post("/profiles/<name>")
@allow(*REPORTERS)
def change_profile(name: str) -> Any:
    """Save the next version of a profile, or try it."""
    seen = request.form.get("seen", "")
    return _saved_or_tried(name, seen=int(seen[:9]) if seen.isdecimal() else 0)


@web.post("/profiles/<name>/remove")
@allow(*REPORTERS)
def drop_profile(name: str) -> Any:
    """Let a profile no longer be used."""
    with database().transaction() as session:
        remove_profile(session, name, by=actor(), now=now())
    flash(f"The profile {name} is no longer used; what was read with it stays as it is.")
    return redirect(url_for("web.profiles"))


def _whose(session: Session) -> int | None:
    """Whose profile is looked at: one's own authority's; an admin may name another."""
    code = request.args.get("authority")
    if code and actor().role is Role.ADMIN:
        return authority_by_code(session, code).id
    return actor().authority_id


def _saved_or_tried(name: str, *, seen: int) -> Any:
    text = request.form.get("text", "")
    if request.form.get("action") == "try":
        return _tried(name, text, seen)
    try:
        with database().transaction() as session:
            version = save_profile(session, name, text, by=actor(), now=now(), seen=seen)
    except Refused as refusal:
        return _page(name=name, text=text, seen=seen, refusal=refusal), 422
    except Conflict as conflict:  # what was written must not be lost with it
        return _page(name=name, text=text, seen=seen, refusal=conflict), 409
    flash(f"The profile {name} is saved, as version {version}.")
    return redirect(url_for("web.profile", name=name))


def _tried(name: str, text: str, seen: int) -> Any:
    try:
        found = _rows_of_upload(parse_profile(name or "new", text))
    except Refused as refusal:
        return _page(name=name, text=text, seen=seen, refusal=refusal), 422
    return _page(name=name, text=text, seen=seen, found=found)


def _rows_of_upload(told: Profile) -> list[Tried]:
    """The first rows of the file that was chosen; it is kept nowhere. Raises Refused."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Refused("choose a file to try the profile on")
    kind = Path(sent.filename).suffix.lower()
    if kind not in TABLES:
        raise Refused(f'a profile reads {", ".join(TABLES)}, not "{kind or sent.filename}"')
    with TemporaryDirectory(prefix="tocsin-") as folder:
        path = Path(folder) / f"tried{kind}"
        sent.save(path)
        return tried(open_rows(path, told))


def _page(
    *,
    name: str,
    text: str,
    seen: int = 0,
    shipped: bool = False,
    held: ImportProfile | None = None,
    versions: Iterable[ImportProfile] = (),
    refusal: Refused | Conflict | None = None,
    found: list[Tried] | None = None,
) -> str:
    problems: tuple[Problem, ...] = refusal.problems if isinstance(refusal, Refused) else ()
    mine = held is None or held.authority_id == actor().authority_id
    return render_template(
        "profile.html",
        name=name,
        text=text,
        seen=seen,
        shipped=shipped,
        held=held,
        versions=list(versions),
        refusal=refusal,
        problems=problems,
        found=found,
        may_edit=not shipped and mine and actor().role in REPORTERS,
        keys=[(key, about.description) for key, about in ProfileIn.model_fields.items()],
        kinds=",".join(TABLES),
        longest=LONGEST_TEXT,
    )
