"""Who may use which route, what every answer carries, and no form from elsewhere."""

from __future__ import annotations

import pytest
from flask import Blueprint

import app.api
from app import create_app
from app.access.roles import SIGNED_IN, Role
from app.access.service import add_authority, add_person, issue_key
from app.errors import Misconfigured
from tests.reporting import NOW

PASSWORD = "a long enough password"
MADE_UP = {
    "code": "TS-99999", "key": "nothing", "number": "7", "filename": "none.css", "name": "nflis",
    "kind": "csv", "token": "made.up",
}  # fmt: skip
HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy")
READS = {"GET", "HEAD", "OPTIONS"}


@pytest.fixture
def house(database, settings):
    return create_app(settings, database=database, clock=lambda: NOW)


@pytest.fixture
def keys(database):
    """The headers of a key of every role."""
    with database.transaction() as session:
        home = add_authority(session, "EVERY", "Every role", country="DE", now=NOW)
        issued = {role: issue_key(session, home, role=role, now=NOW) for role in SIGNED_IN}
    return {role: {"Authorization": f"Bearer {key}"} for role, key in issued.items()} | {
        Role.PUBLIC: {}
    }


def doors(house):
    """Every path, method and who is allowed there."""
    for rule in house.url_map.iter_rules():
        made_up = {name: MADE_UP[name] for name in rule.arguments}
        with house.test_request_context():
            path = rule.build(made_up, append_unknown=False)[1]
        allowed = house.view_functions[rule.endpoint].allowed
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield path, method, allowed


def turned_away(answer):
    """Refused for who they are, and not for what they asked."""
    if answer.status_code == 302:
        return "/login" in answer.headers["Location"]
    said = (answer.json or {}).get("detail", "") if answer.is_json else ""
    return answer.status_code in {401, 403} and said.startswith("this is for")


def test_every_route_says_who_may_use_it(house):
    assert len(list(doors(house))) > 50
    assert all(allowed <= set(Role) and allowed for _, _, allowed in doors(house))


def test_a_route_that_does_not_say_so_keeps_the_service_from_starting(
    settings, database, monkeypatch
):
    open_door = Blueprint("api", "api")
    open_door.get("/open")(lambda: "come in")
    monkeypatch.setattr(app.api, "api", open_door)
    with pytest.raises(Misconfigured, match="api"):
        create_app(settings, database=database)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_enters_where_it_is_allowed_and_nowhere_else(house, keys, role, database):
    if database.url.startswith("postgresql") and role is not Role.ADMIN:
        pytest.skip("who may enter is no matter of the database; an administrator enters most")
    client = house.test_client()
    wrong = []
    for path, method, allowed in doors(house):
        answer = client.open(path, method=method, headers=keys[role])
        assert answer.status_code < 500 or path == "/readyz", f"{method} {path}: {answer.data!r}"
        admitted = Role.PUBLIC in allowed or role in allowed
        if turned_away(answer) == admitted:
            wrong.append((method, path, answer.status_code))
        assert all(name in answer.headers for name in HEADERS), (method, path)
        assert b"Traceback" not in answer.data
    assert not wrong


def test_what_is_made_for_somebody_is_kept_by_no_cache(house, keys):
    client = house.test_client()
    for path in ("/", "/substances", "/api/v1/substances"):
        answer = client.get(path, headers=keys[Role.ANALYST])
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert "no-store" not in client.get(path).headers.get("Cache-Control", "")


def test_errors_are_guarded_too(house, monkeypatch):
    monkeypatch.setitem(house.view_functions, "web.healthz", _breaks)
    for path, status in (("/nowhere", 404), ("/healthz", 500)):
        for accept in ("text/html", "application/json"):
            answer = house.test_client().get(path, headers={"Accept": accept})
            assert answer.status_code == status
            assert all(name in answer.headers for name in HEADERS)
            assert "secret" not in answer.text and "Traceback" not in answer.text
            assert (answer.content_type == "application/problem+json") == ("json" in accept)


def _breaks():
    raise RuntimeError("a secret of ours")


_breaks.allowed = frozenset({Role.PUBLIC})


@pytest.fixture
def signed_in(house, database):
    """A browser of an analyst."""
    with database.transaction() as session:
        home = add_authority(session, "EWS", "Secretariat", country=None, now=NOW)
        who = {"authority": home, "role": Role.ANALYST, "password": PASSWORD}
        add_person(session, "a@example.org", **who, now=NOW)
    browser = house.test_client()
    form = {"email": "a@example.org", "password": PASSWORD, "next": "/signals"}
    answer = browser.post("/login", data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 302 and answer.headers["Location"] == "/signals"
    return browser, answer


def test_the_session_cookie_is_for_our_pages_alone(signed_in):
    cookie = signed_in[1].headers["Set-Cookie"]
    assert cookie.startswith("tocsin=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_behind_https_the_cookie_is_secure(settings, database):
    from dataclasses import replace

    house = create_app(replace(settings, base_url="https://tocsin.test"), database=database)
    assert house.config["SESSION_COOKIE_SECURE"] is True


ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
)
OURS = ({"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, {})


def test_a_form_from_another_site_is_refused(signed_in):
    browser, _ = signed_in
    wanted = {"email": "b@example.org", "min_tier": "watch"}
    for headers in ELSEWHERE:
        for path in ("/subscriptions", "/logout", "/login", "/api/v1/subscriptions"):
            answer = browser.post(path, data=wanted, headers=headers)
            assert answer.status_code == 403, (path, headers)
        assert browser.delete("/api/v1/subscriptions/1", headers=headers).status_code == 403
    for headers in OURS:
        assert browser.post("/subscriptions", data=wanted, headers=headers).status_code == 302
    assert browser.get("/subscriptions", headers=ELSEWHERE[0]).status_code == 200
    assert browser.get("/admin").status_code == 403


def test_whoever_must_sign_in_comes_back_to_where_they_were_going(house):
    answer = house.test_client().get("/subscriptions")
    assert answer.status_code == 302 and answer.headers["Location"].endswith("next=/subscriptions")
