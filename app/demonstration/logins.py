"""The demonstration's authorities and its one login for each role."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import Authority, Person
from app.access.roles import Role
from app.access.service import add_authority, add_person
from app.notification.subscriptions import subscribe
from app.surveillance.models import Tier

PASSWORD = "tocsin-demonstration"  # noqa: S105 - meant to be known; refused in production
SECRETARIAT_CODE = "DEMO-EWS"
US_CODE = "DEMO-US"
US_NAME = "NFLIS-Drug (United States), published yearly counts"

LOGINS = {
    Role.LABORATORY: ("laboratory@demo.example", "SIM-SE"),
    Role.FOCAL_POINT: ("focal.point@demo.example", "SIM-SE"),
    Role.ANALYST: ("analyst@demo.example", SECRETARIAT_CODE),
    Role.REVIEWER: ("reviewer@demo.example", SECRETARIAT_CODE),
    Role.SUBSCRIBER: ("subscriber@demo.example", "SIM-DE"),
    Role.ADMIN: ("admin@demo.example", SECRETARIAT_CODE),
}


def create_logins(session: Session, now: datetime) -> None:
    """Make the authorities and logins that are missing, and one subscription."""
    authority(session, SECRETARIAT_CODE, "Demonstration secretariat", None, now)
    authority(session, US_CODE, US_NAME, "US", now)
    authority(session, "SIM-SE", "Simulated laboratory, Sweden", "SE", now)
    authority(session, "SIM-DE", "Simulated laboratory, Germany", "DE", now)
    for role, (email, code) in LOGINS.items():
        if session.scalar(select(Person.id).where(Person.email == email)):
            continue
        home = authority(session, code, code, None, now)
        add_person(session, email, authority=home, role=role, password=PASSWORD, now=now)
        if role is Role.SUBSCRIBER:
            subscribe(session, email, authority=home, min_tier=Tier.ALERT, now=now)


def authority(
    session: Session, code: str, name: str, country: str | None, now: datetime
) -> Authority:
    """The demonstration authority of that code, made if it is missing."""
    held = session.scalar(select(Authority).where(Authority.code == code))
    return held or add_authority(session, code, name, country=country, now=now)


def demonstration_loaded(session: Session) -> bool:
    """Whether the demonstration's logins exist here."""
    emails = [email for email, _ in LOGINS.values()]
    return session.scalar(select(Person.id).where(Person.email.in_(emails)).limit(1)) is not None
