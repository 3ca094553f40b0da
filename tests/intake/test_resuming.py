"""An interruption loses nothing and counts nothing twice; the same again is a no-op."""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.db import Database
from app.errors import Conflict
from app.intake.files import take_up_waiting
from app.intake.keeping import LEASE, Begins, Sent, content_of
from app.intake.models import Finding, Report, Submission, SubmissionRow
from app.intake.queries import submission_rows
from app.intake.rows import Row
from app.intake.taking import CHUNK, HEAVIEST, Receipt, keep, rehearsal, take
from app.intake.words import Channel, Fate, SubmissionState
from tests.reporting import NOW, laboratory, report

NUMBER = 2 * CHUNK + 100
KILLS = int(os.environ.get("TOCSIN_TEST_KILLS", "2"))


class PowerCut(Exception):
    """The machine stops."""


def many(number: int = NUMBER, fail_at: int | None = None) -> Iterator[Row]:
    for n in range(number):
        if n == fail_at:
            raise PowerCut
        finding = {"substance_name": f"name {n % 7}"}
        yield Row((n + 1,), report(reference=f"R-{n}", findings=[finding]))


def attempt(
    database: Database, lab, rows: Iterator[Row], begins: Begins = Begins.TAKING_OVER, now=NOW
) -> Receipt:
    return take(
        database, [b"part one", b"part two"], lambda: rows, by=lab, channel=Channel.FILE,
        clock=lambda: now, reading="csv", begins=begins,
    )  # fmt: skip


def count(database: Database, table) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def submissions(database: Database) -> list[Submission]:
    with database.reading() as session:
        return list(session.scalars(select(Submission).order_by(Submission.id)))


def test_an_interrupted_submission_goes_on_after_the_last_row_that_was_settled(
    database: Database,
) -> None:
    lab = laboratory(database, "DE")
    with pytest.raises(PowerCut):
        attempt(database, lab, many(fail_at=CHUNK + 50))
    (cut,) = submissions(database)
    assert (cut.state, cut.rows_done, cut.fates) == (
        SubmissionState.RECEIVED, CHUNK, {"queued": CHUNK},
    )  # fmt: skip
    receipt = attempt(database, lab, many())
    assert (receipt.submission.id, receipt.resumed) == (cut.id, CHUNK)
    assert receipt.fates == {Fate.QUEUED: NUMBER}
    (whole,) = submissions(database)
    assert (whole.state, whole.rows_done, whole.fates) == (
        SubmissionState.PROCESSED, NUMBER, {"queued": NUMBER},
    )  # fmt: skip
    assert count(database, Report) == count(database, SubmissionRow) == NUMBER


def test_the_same_content_again_is_on_record_and_changes_nothing(database: Database) -> None:
    lab = laboratory(database, "DE")
    first = attempt(database, lab, many(30))
    again = attempt(database, lab, many(30), now=NOW + timedelta(days=1))
    assert again.repeated
    assert again.fates == {Fate.UNCHANGED: 30}
    assert again.submission.id != first.submission.id
    assert again.submission.repeats_id == first.submission.id
    assert count(database, Report) == count(database, SubmissionRow) == 30
    with database.reading() as session:
        assert b"".join(content_of(session, again.submission)) == b"part onepart two"
        rows = submission_rows(session, again.submission)
    assert [line.fate for line, _ in rows] == [Fate.UNCHANGED] * 30
    assert all(found is not None for _, found in rows)
    assert attempt(database, lab, many(30)).submission.repeats_id == first.submission.id


def test_content_with_a_rejected_row_is_read_again_since_it_may_be_taken_by_now(
    database: Database,
) -> None:
    lab = laboratory(database, "DE")

    def rows() -> Iterator[Row]:
        yield from many(3)
        yield Row((4,), report("FR", reference="R-FR"))

    assert attempt(database, lab, rows()).fates == {Fate.QUEUED: 3, Fate.REJECTED: 1}
    assert attempt(database, lab, rows()).fates == {Fate.UNCHANGED: 3, Fate.REJECTED: 1}


def test_another_authority_that_sends_the_same_bytes_is_read(database: Database) -> None:
    attempt(database, laboratory(database, "DE"), many(3))
    other = attempt(database, laboratory(database, "FR"), many(3))
    assert not other.repeated


def test_a_reader_that_was_taken_over_stops_and_what_it_did_last_is_undone(
    database: Database,
) -> None:
    lab = laboratory(database, "DE")

    def interrupted() -> Iterator[Row]:
        for row in many():
            if row.number == CHUNK + 10:  # meanwhile the same import is started once more
                assert attempt(database, lab, many()).fates == {Fate.QUEUED: NUMBER}
            yield row

    with pytest.raises(Conflict, match="taken over"):
        attempt(database, lab, interrupted())
    assert count(database, Report) == count(database, SubmissionRow) == NUMBER


def test_the_same_sent_by_another_door_meanwhile_does_not_stop_the_first(
    database: Database,
) -> None:
    lab = laboratory(database, "DE")

    def disturbed() -> Iterator[Row]:
        for row in many(CHUNK + 20):
            if row.number == CHUNK + 10:
                other = attempt(database, lab, many(CHUNK + 20), Begins.AT_ONCE)
                assert other.fates == {Fate.UNCHANGED: CHUNK, Fate.QUEUED: 20}
            yield row

    first = attempt(database, lab, disturbed())
    assert first.fates == {Fate.QUEUED: CHUNK, Fate.UNCHANGED: 20}


CSV = "reference,event_kind,event_date,country,substance_name\n"


@pytest.mark.parametrize("begins", [Begins.LATER, Begins.AT_ONCE])
def test_what_waits_or_was_left_is_read_to_its_end_by_the_worker(
    database: Database, begins: Begins
) -> None:
    lab = laboratory(database, "DE")
    lines = (f"R-{n},seizure,2026-11-02,DE,MDMB-x\n" for n in range(12))
    content = (CSV + "".join(lines)).encode()
    sent = Sent(Channel.FILE, "in.csv", reading="csv", begins=begins)
    kept, _ = keep(database, [content], sent, by=lab, now=NOW)
    at_once = take_up_waiting(database, clock=lambda: NOW)
    assert at_once == (1 if begins is Begins.LATER else 0)
    later = NOW + LEASE + timedelta(seconds=1)
    assert take_up_waiting(database, clock=lambda: later) == 1 - at_once
    (read,) = submissions(database)
    assert (read.id, read.state, read.fates) == (
        kept.id, SubmissionState.PROCESSED, {"queued": 12},
    )  # fmt: skip
    assert count(database, Report) == 12


def test_what_the_worker_cannot_read_is_refused_with_the_reason(database: Database) -> None:
    lab = laboratory(database, "DE")
    sent = Sent(Channel.FILE, "in.csv", reading="csv", begins=Begins.LATER)
    keep(database, [b"no,such,columns\n1,2,3\n"], sent, by=lab, now=NOW)
    assert take_up_waiting(database, clock=lambda: NOW) == 0
    (refused,) = submissions(database)
    assert refused.state is SubmissionState.REFUSED
    assert "unknown column" in (refused.problem or "")
    assert take_up_waiting(database, clock=lambda: NOW) == 0


def test_a_rehearsal_says_what_would_happen_and_changes_nothing(database: Database) -> None:
    lab = laboratory(database, "DE")
    take(
        database, [b"x"], lambda: iter([Row((1,), report())]), by=lab, channel=Channel.API,
        clock=lambda: NOW,
    )  # fmt: skip
    rows = [
        report(), report(version=2), report(version=2, count=3), report("FR", reference="X"),
        report(reference="N", findings=[{"structure": "CCOC(=O)c1cc(Br)ccc1[N+](=O)[O-]"}]),
        report(reference="N", type="withdrawal", version=2, findings=None),
    ]  # fmt: skip
    tables = (Report, Finding, Submission, SubmissionRow)
    before = [count(database, table) for table in tables]
    judged = list(
        rehearsal(
            database, [Row((n,), row) for n, row in enumerate(rows, 1)], by=lab, clock=lambda: NOW
        )
    )
    assert [one.fate for one in judged] == [
        Fate.UNCHANGED, Fate.AMENDED, Fate.REJECTED, Fate.REJECTED, Fate.ACCEPTED, Fate.WITHDRAWN,
    ]  # fmt: skip
    assert [count(database, table) for table in tables] == before


def _write(path: Path, number: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["reference", "event_kind", "event_date", "country", "substance_name", "count", "type"]
        )
        out.writerows(
            [f"B-{n}", "seizure", "2025", "DE", f"name {n % 40}", n + 1, "aggregate"]
            for n in range(number)
        )


def test_an_import_killed_at_random_points_and_resumed_has_exact_totals(
    database: Database, tmp_path: Path
) -> None:
    """The command itself, stopped by SIGKILL; TOCSIN_TEST_KILLS=50 for the long run."""
    number = (KILLS + 3) * CHUNK  # each kill lands before the end
    _write(tmp_path / "in.csv", number)
    laboratory(database, "DE")
    url = database.url
    env = {**os.environ, "TOCSIN_DATABASE_URL": url, "TOCSIN_DATA_DIR": str(tmp_path / "data")}
    command = [
        sys.executable, "-m", "app", "import", str(tmp_path / "in.csv"), "--authority", "LAB-DE",
    ]  # fmt: skip
    rng, landed = random.Random(7), 0
    for _ in range(KILLS):
        before = count(database, Report)
        limit = time.monotonic() + 60
        process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
        pause = rng.uniform(0, 0.4)
        while process.poll() is None and time.monotonic() < limit:
            if count(database, Report) > before:
                time.sleep(pause)  # it is at work: stop it somewhere within the next chunks
                break
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        landed += process.wait() == -signal.SIGKILL
    assert landed
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert f"reports: {number:,} ({number:,}" in done.stdout, done.stdout
    with database.reading() as session:
        reports, total = session.execute(
            select(func.count(), func.sum(Report.count)).select_from(Report)
        ).one()
        rows = session.scalar(select(func.count()).select_from(SubmissionRow))
        # sent again after its end it would be on record as a repeat
        (kept,) = session.scalars(select(Submission).where(Submission.repeats_id.is_(None))).all()
    assert (reports, total) == (number, number * (number + 1) // 2)
    assert rows == number
    assert kept.state is SubmissionState.PROCESSED


def test_rows_with_very_long_structures_are_settled_in_smaller_chunks(database: Database) -> None:
    """Otherwise a thousand rows could be gigabytes."""
    lab, heard = laboratory(database, "DE"), []
    heavy = [{"structure": "C" * (HEAVIEST // 3)}]  # too long for a structure: rejected
    rows = [Row((n,), report(reference=f"H-{n}", findings=heavy)) for n in range(1, 11)]
    take(
        database, [b"heavy"], lambda: iter(rows), by=lab, channel=Channel.FILE,
        clock=lambda: NOW, progress=heard.append,
    )  # fmt: skip
    assert heard == [4, 8, 10]
