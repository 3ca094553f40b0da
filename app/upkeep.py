"""Keeping the service well: prepare the database, check up on it, back it up, put a backup back."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from app.db import Database
from app.demonstration.logins import demonstration_loaded
from app.errors import Conflict, Misconfigured, NotFound, Refused
from app.intake.reidentification import follow_knowledge
from app.jobs import Job
from app.notification.smtp import SmtpConnection
from app.notification.transport import TransportError
from app.registry.knowledge import load_knowledge
from app.registry.models import Substance
from app.settings import Settings
from chem.identity import RDKIT_VERSION, RULESET


def prepare(settings: Settings, *, now: datetime) -> str:
    """Migrate the database and load the knowledge base; what was done, in a sentence."""
    database = Database(settings.database_url)
    before = database.revision()
    database.migrate()
    with database.transaction() as session:
        read = load_knowledge(session, now=now)
        moved = follow_knowledge(session, now=now) if read else 0
        held = session.scalar(select(func.count()).select_from(Substance))
    schema = "schema up to date" if before == database.revision() else "schema migrated"
    knowledge = f"{read} known substances read" if read else "knowledge base up to date"
    if moved:
        knowledge += f", {moved} findings moved to the substance they are now known to be"
    return f"{schema}; {knowledge}; {held} substances in the registry"


def require_schema(database: Database) -> None:
    """Raise Misconfigured, with the remedy, when the schema is not the one the code expects."""
    if database.revision() != database.newest_revision():
        raise Misconfigured("the database is missing or of another version; run: tocsin init")


def require_own_logins(settings: Settings, database: Database) -> None:
    """Raise Misconfigured when production would let in all who know the demo's password."""
    if not settings.production:
        return
    with database.reading() as session:
        if demonstration_loaded(session):
            raise Misconfigured(
                "the database holds the demonstration, whose passwords are known; "
                "production needs a database of its own: set TOCSIN_DATABASE_URL or TOCSIN_DATA_DIR"
            )


def check_up(settings: Settings, *, now: datetime) -> tuple[list[str], bool]:
    """What is well and what is not, a line each, and whether all is well."""
    lines, well = [], True

    def say(good: bool, text: str) -> None:
        nonlocal well
        well = well and good
        lines.append(f"{'ok  ' if good else 'BAD '} {text}")

    say(True, f"mode {settings.mode.value}, data in {settings.data_dir}")
    say(True, f"RDKit {RDKIT_VERSION}, rule set {RULESET}")
    database = Database(settings.database_url)
    try:
        revision = database.revision()
    except Exception as error:
        say(False, f"database cannot be reached: {error}")
        return lines, False
    say(
        revision == database.newest_revision(),
        f"schema at {revision}, code expects {database.newest_revision()}"
        + ("" if revision == database.newest_revision() else "; run: tocsin init"),
    )
    say(*_mail(settings))
    if revision == database.newest_revision():
        try:
            require_own_logins(settings, database)
        except Misconfigured as error:
            say(False, str(error))
        with database.reading() as session:
            for job in session.scalars(select(Job).order_by(Job.name)):
                text = f"job {job.name}: last finished {job.last_finished or 'never'}"
                say(not job.overdue(now) and not job.last_error, text)
            if not session.scalar(select(func.count()).select_from(Job)):
                say(False, "no worker has run yet; start one with: tocsin worker")
    return lines, well


def _mail(settings: Settings) -> tuple[bool, str]:
    if not settings.smtp_url:
        return True, f"no SMTP server set; mail is written to {settings.mail_dir}"
    url = urlsplit(settings.smtp_url)
    connection = SmtpConnection(settings.smtp_url, tls=settings.smtp_tls, timeout=10)
    try:
        connection.reach()
    except TransportError as error:
        return False, str(error)
    finally:
        connection.close()
    return True, f"mail server {url.hostname} answers"


def back_up(settings: Settings, target: Path) -> str:
    """Copy the embedded database consistently, service running or not. Raises Refused elsewhere."""
    source = _embedded(settings)
    if not source.exists():
        raise NotFound(f"there is no database at {source} to copy")
    if target.exists():
        raise Conflict(f"{target} exists already; choose another name")
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, readable from any medium
    return f"{source} copied to {target} ({target.stat().st_size} bytes)"


def put_back(settings: Settings, source: Path, *, now: datetime) -> str:
    """Put a backup in place; the present database stays beside it under another name."""
    live = _embedded(settings)
    if live.exists() and source.samefile(live):
        raise Refused(f"{source} is the database in use")
    with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as check:
        try:
            sound = check.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            sound = sound and bool(
                check.execute("SELECT version_num FROM alembic_version").fetchall()
            )
        except sqlite3.DatabaseError:
            sound = False
    if not sound:
        raise Refused(f"{source} is not a sound Tocsin database")
    kept = live.with_name(f"{live.name}.before-{now:%Y%m%dT%H%M%S}")
    live.parent.mkdir(parents=True, exist_ok=True)
    arriving = live.with_name(f"{live.name}.arriving")
    shutil.copyfile(source, arriving)
    former = ""
    if live.exists():
        with closing(sqlite3.connect(live)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        live.rename(kept)
        former = f"; the former database is {kept.name}"
    for leftover in (live.with_name(live.name + "-wal"), live.with_name(live.name + "-shm")):
        leftover.unlink(missing_ok=True)
    arriving.rename(live)
    return f"{source} restored; run tocsin init to migrate it{former}"


def _embedded(settings: Settings) -> Path:
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite" or not url.database:
        raise Refused(
            "this is for the embedded database; use pg_dump and pg_restore for PostgreSQL"
        )
    return Path(url.database)
