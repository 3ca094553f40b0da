"""Jobs: two workers never run one at once, and a dead worker's job is free again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.db import Database
from app.jobs import Job, ailing, claim, declare, finish
from tests.reporting import NOW

LEASE = timedelta(minutes=5)


@pytest.fixture
def jobs(database: Database) -> Database:
    """A database in which the job "assess" is declared, every 15 minutes."""
    with database.transaction() as session:
        declare(session, "assess", 900)
    return database


def held(database: Database) -> Job:
    with database.reading() as session:
        return session.scalars(select(Job)).one()


def test_a_job_has_one_holder_until_it_is_finished(jobs: Database) -> None:
    with jobs.transaction() as session:
        assert claim(session, "assess", owner="one", now=NOW, lease=LEASE)
    with jobs.transaction() as session:
        assert not claim(session, "assess", owner="two", now=NOW, lease=LEASE)
        finish(session, "assess", owner="one", now=NOW, result={"opened": 2})
        assert claim(session, "assess", owner="two", now=NOW, lease=LEASE)
    assert held(jobs).lease_owner == "two"
    assert held(jobs).last_result == {"opened": 2}
    assert held(jobs).runs == 1


def test_a_dead_workers_job_is_taken_over_and_its_late_word_does_not_count(jobs: Database) -> None:
    later = NOW + LEASE + timedelta(seconds=1)
    with jobs.transaction() as session:
        claim(session, "assess", owner="dead", now=NOW, lease=LEASE)
        assert claim(session, "assess", owner="heir", now=later, lease=LEASE)
        finish(session, "assess", owner="dead", now=later, error="woke up")
    assert held(jobs).lease_owner == "heir"
    assert held(jobs).last_error is None
    assert held(jobs).runs == 0


def test_a_failure_is_kept_until_the_next_success(jobs: Database) -> None:
    for error in ("mail server away", None):
        with jobs.transaction() as session:
            claim(session, "assess", owner="one", now=NOW, lease=LEASE)
            finish(session, "assess", owner="one", now=NOW, error=error)
        assert held(jobs).last_error == error


def test_a_job_nobody_declared_is_nobodys(jobs: Database) -> None:
    with jobs.transaction() as session:
        assert not claim(session, "tidy", owner="one", now=NOW, lease=LEASE)


def test_declaring_again_changes_how_often_and_leaves_the_holder(jobs: Database) -> None:
    with jobs.transaction() as session:
        claim(session, "assess", owner="one", now=NOW, lease=LEASE)
        declare(session, "assess", 60)
    assert (held(jobs).every_seconds, held(jobs).lease_owner) == (60, "one")


@pytest.mark.parametrize(
    ("minutes_ago", "overdue"), [(None, True), (0, False), (44, False), (46, True)]
)
def test_overdue_is_three_intervals_without_a_finish(minutes_ago, overdue: bool) -> None:
    finished = None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago)
    job = Job(name="assess", every_seconds=900, last_finished=finished)
    assert job.overdue(NOW) is overdue


def test_a_frequent_job_is_given_two_minutes() -> None:
    job = Job(name="deliver", every_seconds=5, last_finished=NOW - timedelta(seconds=110))
    assert not job.overdue(NOW)


def test_what_failed_or_did_not_come_back_is_told_of(jobs: Database) -> None:
    def told(after: timedelta = timedelta(0)) -> list[str]:
        with jobs.reading() as session:
            return ailing(session, NOW + after)

    assert told(timedelta(days=9)) == [], "it has never begun"
    with jobs.transaction() as session:
        claim(session, "assess", owner="one", now=NOW, lease=LEASE)
        finish(session, "assess", owner="one", now=NOW, result={})
    assert told() == [] and told(timedelta(hours=2)) == ["assess"], "three intervals have passed"
    with jobs.transaction() as session:
        claim(session, "assess", owner="one", now=NOW, lease=LEASE)
        finish(session, "assess", owner="one", now=NOW, error="no space left")
    assert told() == ["assess"]
