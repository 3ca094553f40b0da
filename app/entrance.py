"""What all HTTP doors share: who is asking, who may enter, and how an error leaves the house.

Every route says who may use it with `@allow(...)` where it is registered; a route that does not
say so stops the service from starting (`refuse_undeclared`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, jsonify, redirect, request, session, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response as AnyResponse

from app import errors
from app.access.roles import ANYBODY, Actor, Role
from app.access.service import key_actor, person_actor
from app.clock import Clock
from app.db import LARGEST_ID, Database, id_of
from app.languages import LANGUAGES, N_, SOURCE, best_language, plain, speak, spoken
from app.settings import Settings

log = logging.getLogger("tocsin.http")

View = TypeVar("View", bound=Callable[..., Any])

STATUS = {
    errors.Unreadable: 400,
    errors.Refused: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Forbidden: 403,
}
TITLES = {
    400: "Not readable",
    403: "Not allowed",
    404: "Not found",
    409: "Conflict",
    422: "Not acceptable as it is",
}
FOR_MACHINES = (".json", ".atom", ".xml", ".mol")
LANGUAGE_COOKIE = "language"
LANGUAGE_KEPT = 365 * 24 * 3_600  # seconds
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
GUARDS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def allow(*roles: Role) -> Callable[[View], View]:
    """Declare who may use a route; `Role.PUBLIC` lets everybody in."""

    def declare(view: View) -> View:
        view.allowed = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return declare


def by_link(view: View) -> View:
    """Declare that the address itself carries the right: a signed link out of a mail. Whoever
    follows it needs no session, so a form from another site can misuse none."""
    view.by_link = True  # type: ignore[attr-defined]
    return view


def refuse_undeclared(app: Flask) -> None:
    """Raise Misconfigured when a route does not say who may use it."""
    silent = [e for e, view in app.view_functions.items() if not getattr(view, "allowed", None)]
    if silent:
        raise errors.Misconfigured(f"routes without @allow: {', '.join(sorted(silent))}")


def database() -> Database:
    """The database of this application."""
    return cast(Database, current_app.extensions["tocsin.database"])


def settings() -> Settings:
    """The settings of this application."""
    return cast(Settings, current_app.extensions["tocsin.settings"])


def now() -> datetime:
    """The present moment by this application's clock."""
    return cast(Clock, current_app.extensions["tocsin.clock"])()


def today() -> date:
    """The present day, UTC."""
    return now().date()


def actor() -> Actor:
    """Who is asking."""
    return cast(Actor, g.actor)


class RowNumber(IntegerConverter):
    """A whole number in a path; one that no row can bear is read as 0, which none bears.

    Refusing it instead would have the path answer that the method is not allowed.
    """

    regex = r"\d{1,40}"

    def __init__(self, map: Map) -> None:
        super().__init__(map)

    def to_python(self, value: str) -> int:
        """The number of a row."""
        number = int(value)
        return number if number <= LARGEST_ID else 0


def id_cursor() -> str | None:
    """The `after` of a list that goes by number; what is no number starts the list."""
    number = id_of(request.args.get("after"))
    return None if number is None else str(number)


def open_entrance(app: Flask) -> None:
    """Put the doorkeeper and the error answers in place."""
    app.url_map.converters["int"] = RowNumber
    app.before_request(_choose_language)
    app.before_request(_identify)
    app.before_request(_admit)
    app.after_request(_guard)
    app.teardown_request(_fall_silent)
    app.register_error_handler(errors.TocsinError, _tocsin_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unexpected)


def problem(
    status: int,
    title: str,
    detail: str = "",
    *,
    found: tuple[errors.Problem, ...] = (),
    **more: Any,
) -> Response:
    """An RFC 9457 problem document; `errors` name row and field."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if found:
        body["errors"] = [p.as_dict() for p in found]
    response = jsonify(body | more)
    response.status_code = status
    response.content_type = "application/problem+json"
    return response


def wants_json() -> bool:
    """Whether a machine is asking: by path, by key, or by what it accepts."""
    if request.path.startswith("/api/") or "Authorization" in request.headers:
        return True
    if request.path.endswith(FOR_MACHINES):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], "text/html")
    return best == "application/json"


def _choose_language() -> None:
    """Speak the reader's language: the one asked for now, or once before, or of their browser.

    Machines are answered in the language of the source, so that nothing depends on who asks.
    """
    asked = request.args.get("lang"), request.cookies.get(LANGUAGE_COOKIE)
    chosen = next((code for code in asked if code in LANGUAGES), None)
    if wants_json():
        speak(SOURCE)
    else:
        speak(chosen or best_language(list(request.accept_languages.values())))


def _fall_silent(_error: BaseException | None) -> None:
    """What the thread does next is said in the language of the source unless it says otherwise."""
    speak(SOURCE)


def _remember_language(response: AnyResponse) -> None:
    """Say what the page is written in, and keep what was asked for."""
    if response.mimetype != "text/html":
        return
    response.content_language.add(spoken())
    response.vary.update(("Accept-Language", "Cookie"))
    if (asked := request.args.get("lang")) in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, asked, max_age=LANGUAGE_KEPT, httponly=True, samesite="Lax"
        )


def _identify() -> Response | None:
    """Find out who asks. A key that is none of ours is told so, wherever it knocks."""
    g.actor = ANYBODY
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, key = header.partition(" ")
        with database().reading() as db:
            known = key_actor(db, key.strip()) if scheme.lower() == "bearer" else None
        if known is None:
            answer = problem(401, "Unknown key", "send a valid key as: Authorization: Bearer KEY")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        g.actor = known
    elif "person" in session:
        with database().reading() as db:
            g.actor = person_actor(db, session["person"]) or ANYBODY
        if not actor().signed_in:
            session.clear()
    return None


def _admit() -> AnyResponse | None:
    """Let in whom the route allows, and no cross-site form."""
    if request.endpoint is None:
        return None
    view = current_app.view_functions[request.endpoint]
    allowed: frozenset[Role] = getattr(view, "allowed", frozenset())
    if Role.PUBLIC not in allowed and actor().role not in allowed:
        return _turn_away(allowed)
    if request.method in SAFE_METHODS or "Authorization" in request.headers:
        return None
    return None if getattr(view, "by_link", False) else _refuse_cross_site()


def _turn_away(allowed: frozenset[Role]) -> AnyResponse:
    wanted = ", ".join(sorted(r.value for r in allowed))
    if not actor().signed_in:
        if wants_json():
            answer = problem(401, "A key is needed", f"this is for: {wanted}")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        target = request.full_path.rstrip("?") if request.method == "GET" else "/"
        return redirect(url_for("web.sign_in", next=target))
    raise errors.Forbidden(
        N_("this is for %(wanted)s; you are signed in as %(role)s"),
        wanted=wanted,
        role=actor().role.value,
    )


def _refuse_cross_site() -> Response | None:
    """Forms are taken from our own pages only (Sec-Fetch-Site, else Origin)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site in {"same-origin", "none"}:
        return None
    origin = request.headers.get("Origin")
    if site is None and (origin is None or urlsplit(origin).netloc == request.host):
        return None
    return problem(403, "Cross-site request refused", "send the form from its own page")


def _guard(response: AnyResponse) -> AnyResponse:
    for name, value in GUARDS.items():
        response.headers.setdefault(name, value)
    _remember_language(response)
    if actor_known_private():
        response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def actor_known_private() -> bool:
    """Whether this answer was made for somebody in particular, so that no cache may keep it."""
    who: Actor | None = getattr(g, "actor", None)
    return who is not None and who.signed_in


def _tocsin_error(error: errors.TocsinError) -> AnyResponse:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    if status == 500:
        return _unexpected(error)
    if wants_json():
        more: dict[str, Any] = {}
        if isinstance(error, errors.Refused):
            more["found"] = error.problems
        if error.submission:
            more["submission"] = error.submission
        return problem(status, TITLES[status], str(error), **more)
    return _page(status, error.message, error.values)


def _http_error(error: HTTPException) -> AnyResponse:
    status = error.code or 500
    if isinstance(error.get_response(), AnyResponse) and status < 400:
        return error.get_response()
    if wants_json():
        answer: AnyResponse = problem(status, error.name, error.description or "")
    else:
        answer = _page(status, error.description or error.name)
    for name, value in error.get_headers():
        answer.headers.setdefault(name, value)  # Allow, of a 405
    return answer


def _unexpected(error: Exception) -> AnyResponse:
    """Our own fault: the log has the trace, the reader has a plain sentence."""
    log.exception("unexpected error on %s %s", request.method, request.path, exc_info=error)
    sentence = N_("Something went wrong on our side; it is logged. Nothing you sent was lost.")
    return problem(500, "Internal error", sentence) if wants_json() else _page(500, sentence)


def _page(status: int, message: str, values: dict[str, Any] | None = None) -> AnyResponse:
    """A page that says what went wrong: in the reader's language if we have it, else in English,
    marked so."""
    from flask import make_response, render_template

    said = plain(message)
    language = spoken() if said != message else SOURCE
    sentence = said % values if values else said
    page = render_template("error.html", status=status, sentence=sentence, said_in=language)
    return make_response(page, status)
