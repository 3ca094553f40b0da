"""The demonstration: real US yearly counts, simulated events of other countries, one login a role.

Everything goes through the same doors as real reports. What is simulated is marked so in the
database, and every page, feed and mail says it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from app.access.models import AuditEvent
from app.access.roles import SYSTEM
from app.access.service import record
from app.clock import end_of_day, utc_now
from app.db import Database
from app.demonstration.logins import LOGINS, PASSWORD, create_logins, demonstration_loaded
from app.demonstration.real import load_real
from app.demonstration.simulated import load_simulated
from app.errors import Misconfigured
from app.notification.addresses import host_for
from app.notification.telling import tell
from app.settings import Settings
from app.surveillance.service import assess

LOADED = "demonstration.load"
MONTHS_ASSESSED = 12

__all__ = ["LOGINS", "PASSWORD", "demonstration_loaded", "load_demonstration"]


def load_demonstration(settings: Settings, *, only_real: bool) -> str:
    """Load what is not loaded yet; what was done, in a sentence.

    Raises Misconfigured in production.
    """
    if settings.production:
        raise Misconfigured("the demonstration has known passwords; it is not for production")
    database, now = Database(settings.database_url), utc_now()
    with database.transaction() as session:
        create_logins(session, now)
    done = []
    if _first_time(database, "real"):
        done.append(f"{load_real(database):,} real US yearly counts (NFLIS-Drug, CC BY 4.0)")
        _note(database, "real", now)
    if not only_real and _first_time(database, "simulated"):
        begun = _begun(database, now)
        done.append(f"{load_simulated(database, begun):,} simulated reports")
        _assess_past_year(database, settings, begun)
        _note(database, "simulated", now)
    return "; ".join(done) + " loaded" if done else "the demonstration is loaded already"


def _first_time(database: Database, part: str) -> bool:
    """Whether this part has never been loaded to its end."""
    loaded = select(AuditEvent.id).where(AuditEvent.action == LOADED, AuditEvent.subject == part)
    with database.reading() as session:
        return session.scalar(loaded.limit(1)) is None


def _begun(database: Database, now: datetime) -> datetime:
    """When the simulated part was first begun: its days count from there, so that a loading which
    was interrupted goes on with the same reports another day."""
    begun = select(AuditEvent.at).where(
        AuditEvent.action == LOADED, AuditEvent.subject == "simulated, begun"
    )
    with database.transaction() as session:
        before = session.scalar(begun.order_by(AuditEvent.id).limit(1))
        if before is None:
            record(session, SYSTEM, LOADED, "simulated, begun", now)
        return before or now


def _note(database: Database, part: str, now: datetime) -> None:
    with database.transaction() as session:
        record(session, SYSTEM, LOADED, part, now)


def _assess_past_year(database: Database, settings: Settings, now: datetime) -> None:
    """Assess as of each of the last months and today, so that signals opened when they would."""
    days = [(now - timedelta(days=30 * back)).date() for back in range(MONTHS_ASSESSED, -1, -1)]
    for day in days:
        with database.transaction() as session:
            moment = min(now, end_of_day(day))
            outcome = assess(session, as_of=day, now=moment)
            tell(session, outcome.changes, now=moment, host=host_for(settings))
