"""What another rule set would have fired: proposed, and seen, before it is in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, render_template, request, url_for

from app.access.roles import SECRETARIAT
from app.entrance import actor, allow, database, now
from app.errors import Problem, Refused
from app.surveillance import previews
from app.surveillance.previews import LONGEST_TEXT, MOST_MONTHS
from app.surveillance.rulebook import thresholds
from app.surveillance.ruleset import ruleset
from app.uploads import uploaded
from app.web import web

USUAL_MONTHS = 12
FIELD = "threshold."


@web.get("/signals/rules/preview")
@allow(*SECRETARIAT)
def ruleset_previews() -> Any:
    """Propose thresholds, and the previews that were asked for."""
    return _page({})


@web.post("/signals/rules/preview")
@allow(*SECRETARIAT)
def preview_ruleset() -> Any:
    """Keep a proposed rule set, and say at once what it would have fired where that is quick."""
    form = request.form
    try:
        with database().transaction() as session:
            asked = previews.ask_for(
                session, _proposed(form), months=_months(form), by=actor(), now=now()
            )
            code, quick = asked.code, previews.is_quick(session, asked.months)
    except Refused as refusal:
        return _page(form, refusal), 422
    if quick:
        with database().reading() as session:
            result = previews.computed(session, previews.preview_by_code(session, code))
        with database().transaction() as session:
            previews.finish(session, code, result, now=now())
    return redirect(url_for("web.ruleset_preview", code=code))


@web.get("/signals/rules/preview/<code>")
@allow(*SECRETARIAT)
def ruleset_preview(code: str) -> Any:
    """What one proposed rule set would have fired, beside what the one in force did."""
    with database().reading() as session:
        found = previews.preview_by_code(session, code)
        differences = found.result["differences"] if found.result else []
        return render_template(
            "ruleset_preview.html",
            preview=found,
            changed=previews.changed(found),
            kinds={
                "Would have fired besides": [d for d in differences if not d["now"]],
                "Would have been silent": [d for d in differences if not d["then"]],
                "Would have asked for more or less": [
                    d for d in differences if d["now"] and d["then"]
                ],
            },
        )


def _proposed(form: Mapping[str, str]) -> str:
    """The rule set that was sent: a file, else a text, else the one in force with changes."""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        content, name = uploaded(LONGEST_TEXT * 4)  # bytes; a character has four at most
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Refused(
                f"{name} is no TOML: it is not UTF-8", (Problem("file", "is not UTF-8"),)
            ) from None
    if text := form.get("text", "").strip():
        return text.replace("\r\n", "\n")
    changes = {n.removeprefix(FIELD): v.strip() for n, v in form.items() if n.startswith(FIELD)}
    return previews.with_changes(changes)


def _months(form: Mapping[str, str]) -> int:
    said = form.get("months", "").strip()
    if not (said.isascii() and said.isdecimal() and len(said) <= 3):
        raise Refused(
            f"months: a preview looks back 1 to {MOST_MONTHS} months",
            (Problem("months", f"is a whole number from 1 to {MOST_MONTHS}"),),
        )
    return int(said)


def _page(form: Mapping[str, str], refusal: Refused | None = None) -> str:
    with database().reading() as session:
        return render_template(
            "ruleset_previews.html",
            version=ruleset().version,
            sections=thresholds(),
            field=FIELD,
            form=form,
            refusal=refusal,
            recent=previews.recent(session),
            months=form.get("months") or USUAL_MONTHS,
            most_months=MOST_MONTHS,
            longest=LONGEST_TEXT,
        )
