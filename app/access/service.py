"""What can be done with authorities, people and keys."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.access.email import email_address
from app.access.models import ApiKey, AuditEvent, Authority, Person, reporting_for
from app.access.roles import SYSTEM, Actor, Role
from app.countries import countries, why_no_country
from app.errors import Conflict, Forbidden, NotFound, Problem, Refused, TooManyTries

SHORTEST_PASSWORD = 12
MOST_FAILURES = 10
FAILURE_WINDOW = timedelta(minutes=15)
KEY_PREFIX = "tocsin"

_hasher = PasswordHasher()
_nobody = _hasher.hash(secrets.token_hex(16))
# built once and without objects: it is asked of every request of every machine
_key, _home = ApiKey.__table__.c, Authority.__table__.c
_HOLDER = (
    select(
        *(_key.digest, _key.role, _key.revoked_at),
        *(_home.id, _home.code, _home.country, _home.reports_for),
    )
    .join_from(ApiKey.__table__, Authority.__table__, _home.id == _key.authority_id)
    .where(_key.prefix == bindparam("prefix"))
)
_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,39}")
_KEY = re.compile(KEY_PREFIX + r"_([0-9a-f]{10})_([A-Za-z0-9_-]+)")


def add_authority(
    session: Session,
    code: str,
    name: str,
    *,
    country: str | None,
    now: datetime,
    reports_for: tuple[str, ...] = (),
    by: Actor = SYSTEM,
) -> Authority:
    """Register an authority. Raises Refused for a bad code or country, Conflict for a taken one."""
    if not _CODE.fullmatch(code):
        raise Refused(f'"{code}" is no authority code; use up to 40 of A–Z, 0–9, "-" and "_"')
    for wanted in (*((country,) if country else ()), *reports_for):
        if wanted not in countries():
            raise Refused(why_no_country(wanted), (Problem("country", why_no_country(wanted)),))
    if session.scalar(select(Authority.id).where(Authority.code == code)):
        raise Conflict(f"there is an authority {code} already")
    authority = Authority(
        code=code, name=name, country=country, reports_for=list(reports_for), created_at=now
    )
    session.add(authority)
    session.flush()
    record(session, by, "authority.add", code, now, name=name, country=country)
    return authority


def authority_by_code(session: Session, code: str) -> Authority:
    """The authority of that code. Raises NotFound."""
    authority = session.scalar(select(Authority).where(Authority.code == code))
    if authority is None:
        raise NotFound(
            f"there is no authority {code}; add it with: tocsin authority add {code} NAME"
        )
    return authority


def authority_id_of(session: Session, code: str) -> int | None:
    """The id of the authority of that code, or None when there is none."""
    return session.scalar(select(Authority.id).where(Authority.code == code))


def add_person(
    session: Session,
    email: str,
    *,
    authority: Authority,
    role: Role,
    password: str,
    now: datetime,
    by: Actor = SYSTEM,
) -> Person:
    """Give somebody a login. Raises Refused for a bad address or password, Conflict if taken."""
    email = email_address(email)
    if role is Role.PUBLIC:
        raise Refused("a person needs a role of their own")
    if len(password) < SHORTEST_PASSWORD:
        raise Refused(f"the password needs at least {SHORTEST_PASSWORD} characters")
    if session.scalar(select(Person.id).where(Person.email == email)):
        raise Conflict(f"{email} has a login already")
    person = Person(
        email=email,
        authority=authority,
        role=role,
        password_hash=_hasher.hash(password),
        created_at=now,
    )
    session.add(person)
    session.flush()
    record(session, by, "person.add", email, now, role=role, authority=authority.code)
    return person


def sign_in(session: Session, email: str, password: str, *, now: datetime) -> Person:
    """The person with that password.

    Raises Forbidden, in the same words and the same time whether the address or the password is
    wrong, and for a quarter of an hour after ten failures.
    """
    email = _as_typed(email)
    recent = session.scalar(
        select(func.count())
        .select_from(AuditEvent)
        .where(
            AuditEvent.action == "person.sign_in_failed",
            AuditEvent.subject == email,
            AuditEvent.at > now - FAILURE_WINDOW,
        )
    )
    if (recent or 0) >= MOST_FAILURES:
        raise TooManyTries("too many failed attempts; try again in a quarter of an hour")
    person = session.scalar(select(Person).where(Person.email == email, Person.active))
    try:
        _hasher.verify(person.password_hash if person else _nobody, password)
    except VerificationError:
        person = None
    if person is None:
        raise Forbidden("that address and password do not belong together")
    return person


def note_failed_sign_in(session: Session, email: str, *, now: datetime) -> None:
    """Count a failed attempt; apart from `sign_in`, whose transaction its error undoes."""
    record(session, SYSTEM, "person.sign_in_failed", _as_typed(email), now)


def _as_typed(email: str) -> str:
    """An address as it may be compared and kept, whatever was typed; no database holds a NUL."""
    return email.replace("\x00", "").strip().lower()[:254]


def person_actor(session: Session, person_id: int) -> Actor | None:
    """Who a session belongs to, or None when the login is gone or shut."""
    person = session.get(Person, person_id)
    return person.actor() if person and person.active else None


def issue_key(
    session: Session, authority: Authority, *, role: Role, now: datetime, by: Actor = SYSTEM
) -> str:
    """A new key, in the clear for the only time."""
    if role is Role.PUBLIC:
        raise Refused("a key needs a role of its own")
    prefix, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    session.add(
        ApiKey(
            prefix=prefix, digest=_digest(secret), role=role, authority=authority, created_at=now
        )
    )
    session.flush()
    record(session, by, "key.issue", prefix, now, role=role, authority=authority.code)
    return f"{KEY_PREFIX}_{prefix}_{secret}"


def revoke_key(session: Session, prefix: str, *, now: datetime, by: Actor = SYSTEM) -> None:
    """Make a key worthless from now on. Raises NotFound."""
    key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))
    if key is None:
        raise NotFound(f"there is no key {prefix}")
    key.revoked_at = key.revoked_at or now
    session.flush()
    record(session, by, "key.revoke", prefix, now)


def key_actor(session: Session, key: str) -> Actor | None:
    """Who a key belongs to, or None when it is none of ours or was revoked."""
    shape = _KEY.fullmatch(key)
    if not shape:
        return None
    held = session.connection().execute(_HOLDER, {"prefix": shape[1]}).one_or_none()
    if held is None or held.revoked_at is not None:
        return None
    if not hmac.compare_digest(held.digest, _digest(shape[2])):
        return None
    return Actor(
        role=held.role,
        label=f"key {shape[1]}",
        authority_id=held.id,
        authority_code=held.code,
        countries=reporting_for(held.country, held.reports_for),
    )


def record(
    session: Session, by: Actor, action: str, subject: str, now: datetime, **detail: Any
) -> None:
    """Add a line to the audit trail."""
    session.add(AuditEvent(at=now, actor=by.label, action=action, subject=subject, detail=detail))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
