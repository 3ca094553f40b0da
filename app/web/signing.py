"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, session, url_for

from app.access import service as access
from app.access.roles import Role
from app.entrance import allow, database, now
from app.errors import Forbidden, TooManyTries
from app.web import web


@web.route("/login", methods=["GET", "POST"])
@allow(Role.PUBLIC)
def sign_in() -> Any:
    """The form, and what comes of it: a session, or the reason why not."""
    target = local_path(request.values.get("next", ""))
    if request.method == "GET":
        return render_template("login.html", target=target, email="", problem="")
    email, password = request.form.get("email", ""), request.form.get("password", "")
    try:
        with database().transaction() as db:
            person = access.sign_in(db, email, password, now=now())
            person_id = person.id
    except Forbidden as refusal:
        if not isinstance(refusal, TooManyTries):  # or a stranger could keep somebody shut out
            with database().transaction() as db:
                access.note_failed_sign_in(db, email, now=now())
        page = render_template("login.html", target=target, email=email, problem=str(refusal))
        return page, 403
    session.clear()
    session.permanent = True  # as long as PERMANENT_SESSION_LIFETIME, and no longer
    session["person"] = person_id
    return redirect(target or url_for("web.overview"))


@web.post("/logout")
@allow(Role.PUBLIC)
def sign_out() -> Any:
    """End the session."""
    session.clear()
    return redirect(url_for("web.overview"))


def local_path(target: str) -> str:
    """`target` when it is a path of this site, else nothing.

    Browsers read "//host" and "/\\host" as another site, and drop tabs and line ends first.

    >>> local_path("/signals?tier=3"), local_path("//evil.example"), local_path("https://evil.example")
    ('/signals?tier=3', '', '')
    """
    safe = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if safe and target.isprintable() and "\\" not in target else ""
