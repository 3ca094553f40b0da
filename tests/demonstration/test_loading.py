"""The demonstration: real counts as shipped, invented reports marked, all of it once."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.access.models import Authority
from app.access.roles import ANYBODY, SIGNED_IN
from app.clock import utc_now
from app.demonstration import LOGINS, PASSWORD, demonstration_loaded, load_demonstration, simulated
from app.demonstration.real import FILE
from app.errors import Misconfigured
from app.intake.models import Report, Submission, SubmissionRow
from app.intake.words import Fate
from app.notification.models import Alert
from app.notification.queries import alerts
from app.serving import greeting
from app.settings import Mode, Settings
from app.surveillance.models import Episode
from app.upkeep import check_up, require_own_logins
from tests.databases import KNOWN
from tests.reporting import NOW


@pytest.fixture
def fresh(backends, tmp_path):
    """Settings of an embedded database as `tocsin init` leaves it."""
    database = backends["sqlite"].make(KNOWN)
    told = {"TOCSIN_DATA_DIR": str(tmp_path), "TOCSIN_DATABASE_URL": database.url}
    yield Settings.from_env(told), database
    backends["sqlite"].drop(database)


def counts(database):
    with database.reading() as session:
        tables = (Report, Submission, Alert, Episode, Authority)
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def shipped():
    with FILE.open(encoding="utf-8", newline="") as lines:
        next(lines)
        return [(row["year"], row["name"], int(row["reports"])) for row in csv.DictReader(lines)]


def test_first_what_is_real_then_what_is_invented_and_nothing_twice(fresh, monkeypatch):
    settings, database = fresh
    assert "2,717 real" in load_demonstration(settings, only_real=True)
    with database.reading() as session:
        total, rows, marked = session.execute(
            select(func.sum(Report.count), func.count(), func.sum(Report.simulated))
        ).one()
        rejected = select(func.count()).where(SubmissionRow.fate == Fate.REJECTED)
        assert session.scalar(rejected) == 0
        assert demonstration_loaded(session)
    assert (total, rows, marked) == (sum(n for *_, n in shipped()), len(shipped()), 0)
    assert load_demonstration(settings, only_real=True) == "the demonstration is loaded already"

    # an interruption half-way, and another try on another day, end at the same reports
    taken = []

    def interrupted(*args, **more):
        if len(taken) == 20:
            raise KeyboardInterrupt
        taken.append(args)
        return send(*args, **more)

    send = simulated.send
    monkeypatch.setattr(simulated, "send", interrupted)
    with pytest.raises(KeyboardInterrupt):
        load_demonstration(settings, only_real=False)
    monkeypatch.setattr(simulated, "send", send)
    monkeypatch.setattr("app.demonstration.utc_now", lambda: utc_now() + timedelta(days=2))
    assert "simulated reports loaded" in load_demonstration(settings, only_real=False)

    before = counts(database)
    assert load_demonstration(settings, only_real=False) == "the demonstration is loaded already"
    assert counts(database) == before

    with database.reading() as session:
        codes = select(Authority.code).join(Report).where(Report.simulated)
        assert all(code.startswith("SIM-") for code in session.scalars(codes.distinct()))
        unmarked = select(Authority.code).join(Report).where(~Report.simulated).distinct()
        assert list(session.scalars(unmarked)) == ["DEMO-US"]
        told = alerts(session, ANYBODY).items
        assert told and all(seen.alert.simulated for seen in told)
        episodes = session.scalars(select(Episode)).all()
        assert episodes and all(episode.simulated for episode in episodes)
    refuses_production_over(settings, database)


def refuses_production_over(settings, database):
    """Passwords that everybody knows open nothing where real reports may be."""
    production = replace(settings, mode=Mode.PRODUCTION, secret_key="k" * 40)
    with pytest.raises(Misconfigured, match="passwords are known"):
        require_own_logins(production, database)
    assert any("passwords are known" in line for line in check_up(production, now=NOW)[0])
    said = greeting(settings)
    assert said.splitlines()[0] == "Tocsin answers at http://127.0.0.1:8000"
    assert said.count(PASSWORD) == len(LOGINS) == len(SIGNED_IN)


def test_production_has_no_demonstration(fresh):
    settings, database = fresh
    production = replace(settings, mode=Mode.PRODUCTION, secret_key="k" * 40)
    with pytest.raises(Misconfigured):
        load_demonstration(production, only_real=True)
    with database.reading() as session:
        assert not demonstration_loaded(session)
    require_own_logins(production, database)
    assert greeting(production) == "Tocsin answers at http://127.0.0.1:8000"
