"""Jobs: one worker at a time, failures on record, and everything told once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import jobs, worker
from app.access.roles import Actor, Role
from app.access.service import authority_by_code
from app.jobs import Job
from app.notification import webhooks
from app.notification.models import Message
from app.notification.subscriptions import subscribe
from app.notification.targets import Allowed
from app.worker import (
    LEASE,
    Work,
    assess_and_tell,
    compare_new,
    deliver_waiting,
    post_waiting,
    run_job,
)
from tests.intake.taking import take_reports
from tests.notification.receiving import Receiver
from tests.reporting import NOW, laboratory, report


@pytest.fixture
def work(database, settings):
    with database.transaction() as session:
        jobs.declare(session, "job", 60)
    return Work(database, settings, clock=lambda: NOW)


def job(work):
    with work.database.reading() as session:
        return session.get_one(Job, "job")


def as_owner(monkeypatch, name):
    monkeypatch.setattr(worker, "owner", lambda: name)


def test_two_workers_never_run_a_job_at_once(work, monkeypatch):
    ran = []

    def outer(inner):
        ran.append("first")
        as_owner(monkeypatch, "second")
        run_job(inner, "job", lambda _: ran.append("second") or {})
        as_owner(monkeypatch, "first")
        return {"done": 1}

    as_owner(monkeypatch, "first")
    run_job(work, "job", outer)
    assert ran == ["first"]
    assert (job(work).runs, job(work).last_result, job(work).lease_owner) == (1, {"done": 1}, None)
    as_owner(monkeypatch, "second")
    run_job(work, "job", lambda _: ran.append("second") or {})
    assert ran == ["first", "second"] and job(work).runs == 2


def test_a_dead_workers_job_is_taken_over_when_its_lease_ends(work, monkeypatch):
    with work.database.transaction() as session:
        assert jobs.claim(session, "job", owner="dead", now=NOW, lease=LEASE)
    as_owner(monkeypatch, "alive")
    ran = []
    for minutes in (5, 11):
        later = Work(
            work.database, work.settings, clock=lambda m=minutes: NOW + timedelta(minutes=m)
        )
        run_job(later, "job", lambda _, m=minutes: ran.append(m) or {})
    assert ran == [11]


def test_a_failure_is_recorded_and_the_next_run_clears_it(work):
    def fails(_):
        raise ValueError("the moon\x00was full")

    run_job(work, "job", fails)
    assert job(work).last_error == "ValueError: the moon was full"
    assert job(work).lease_owner is None and job(work).last_finished == NOW
    run_job(work, "job", lambda _: {"n": 1})
    assert job(work).last_error is None and job(work).last_result == {"n": 1}


def test_what_opened_is_told_once(database, settings):
    home = laboratory(database, "DE")
    with database.transaction() as session:
        germany = authority_by_code(session, "LAB-DE")
        subscribe(session, "duty@example.org", authority=germany, now=NOW)
    take_reports(database, [report()], by=home)
    work = Work(database, settings, clock=lambda: NOW)
    first = assess_and_tell(work)
    assert first["changes"] > 0 and first["messages"] == 1
    assert assess_and_tell(work) == {"changes": 0, "messages": 0, "expired": 0, "withheld": 0}
    assert deliver_waiting(work) == {"sent": 1, "failed": 0, "parked": 0}
    assert deliver_waiting(work) == {"sent": 0, "failed": 0, "parked": 0}
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Message)) == 1


def test_new_reports_are_compared_once(database, settings):
    home = laboratory(database, "DE")
    take_reports(database, [report(reference="2026/17"), report(reference="2026-17")], by=home)
    work = Work(database, settings, clock=lambda: NOW)
    done = compare_new(work)
    assert (done["reports"], done["compared"], done["linked"]) == (2, 1, 1)
    assert compare_new(work)["reports"] == 0
    assert compare_new(work, afresh=True)["reports"] == 2


def test_what_opened_is_posted_to_a_webhook_once(database, settings):
    home = laboratory(database, "DE")
    allowed = replace(settings, webhook_allow=("127.0.0.0/8",))
    analyst = Actor(Role.ANALYST, "ana")
    with Receiver() as receiver:
        with database.transaction() as session:
            hook = webhooks.add(
                session, receiver.url, authority=authority_by_code(session, "LAB-DE"), by=analyst,
                allowed=Allowed.of(allowed.webhook_allow), now=NOW,
            )  # fmt: skip
            subscribe(
                session, None, authority=hook.authority, webhook_id=hook.id, by=analyst, now=NOW
            )
        take_reports(database, [report(handling="amber")], by=home)
        work = Work(database, allowed, clock=lambda: NOW)
        assert assess_and_tell(work)["messages"] == 1
        assert deliver_waiting(work)["sent"] == 0
        assert post_waiting(work) == {"sent": 1, "failed": 0, "parked": 0}
        assert post_waiting(work) == {"sent": 0, "failed": 0, "parked": 0}
        (got,) = receiver.received
        assert json.loads(got.body)["item"]["_nps"]["handling"] == "amber"
