"""Taking reports in: sent twice counts once, corrected stays on record, cut off loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from app.access.roles import ANYBODY, SYSTEM
from app.db import Database
from app.errors import Conflict, Forbidden, Refused, Unreadable
from app.intake import lists, taking
from app.intake.keeping import content_of, sliced
from app.intake.models import Report, Submission, SubmissionRow
from app.intake.queries import submission_rows
from app.intake.readers import read_json
from app.intake.rows import Row
from app.intake.service import Line, process
from app.intake.taking import CHUNK, Receipt, take
from app.intake.words import Channel, Fate, ReportType, SubmissionState
from tests.intake.taking import take_reports
from tests.reporting import NOW, laboratory, report

LATER = NOW + timedelta(days=1)


def sent_with_key(database: Database, body: bytes, by, key: str = "k") -> Receipt:
    return take(
        database, sliced(body), lambda: read_json(body), by=by, channel=Channel.API,
        clock=lambda: NOW, idempotency_key=key,
    )  # fmt: skip


def held(database: Database) -> list[Report]:
    with database.reading() as session:
        return list(session.scalars(select(Report).order_by(Report.version, Report.id)))


def listed(session, actor) -> list[int]:
    return [found.id for found, _ in lists.reports(session, actor, LATER, lists.Wanted())]


def fates_and_notes(database: Database, receipt: Receipt) -> list[tuple[Fate, str]]:
    with database.reading() as session:
        lines = submission_rows(session, receipt.submission)
    return [(line.fate, " ".join(n["message"] for n in line.notes)) for line, _ in lines]


def test_the_same_report_again_changes_nothing_however_it_is_written(database: Database) -> None:
    lab = laboratory(database, "DE")
    take_reports(database, [report()], by=lab)
    again = [
        report(),
        dict(reversed(report().items())),
        report(version=1, type="event", count=1),
        report(reference="  R-1 "),
    ]
    for one in again:
        assert take_reports(database, [one], by=lab, now=LATER).fates == {Fate.UNCHANGED: 1}
    assert [r.superseded_at for r in held(database)] == [None]


def test_a_higher_version_amends_and_what_was_said_stays(database: Database) -> None:
    lab = laboratory(database, "DE")
    take_reports(database, [report()], by=lab)
    receipt = take_reports(database, [report(version=3, count=9)], by=lab, now=LATER)
    assert receipt.fates == {Fate.AMENDED: 1}
    old, new = held(database)
    assert (old.count, old.received_at, old.superseded_at) == (1, NOW, LATER)
    assert (new.count, new.received_at, new.superseded_at) == (9, LATER, None)
    with database.reading() as session:
        assert listed(session, ANYBODY) == [new.id]


def test_the_same_version_with_other_content_is_a_conflict_with_a_remedy(
    database: Database,
) -> None:
    lab = laboratory(database, "DE")
    take_reports(database, [report(version=4)], by=lab)
    receipt = take_reports(database, [report(version=4, count=2)], by=lab)
    ((fate, said),) = fates_and_notes(database, receipt)
    assert fate is Fate.REJECTED
    assert said == (
        "version 4 of R-1 is held with other content (count: held 1, sent 2); "
        "send a correction as version 5"
    )
    assert len(held(database)) == 1


def test_a_lower_version_is_refused(database: Database) -> None:
    lab = laboratory(database, "DE")
    take_reports(database, [report(version=4)], by=lab)
    receipt = take_reports(database, [report(version=2)], by=lab)
    assert fates_and_notes(database, receipt) == [
        (Fate.REJECTED, "version 4 of R-1 is held already")
    ]


def test_a_withdrawal_hides_the_report_and_keeps_what_it_said(database: Database) -> None:
    lab = laboratory(database, "DE")
    take_reports(database, [report()], by=lab)
    gone = report(version=2, type="withdrawal", findings=None)
    assert take_reports(database, [gone], by=lab, now=LATER).fates == {Fate.WITHDRAWN: 1}
    old, tombstone = held(database)
    assert (old.type, old.superseded_at) == (ReportType.EVENT, LATER)
    assert (tombstone.type, tombstone.superseded_at) == (ReportType.WITHDRAWAL, None)
    with database.reading() as session:
        assert listed(session, lab) == []
    back = take_reports(database, [report(version=3)], by=lab, now=LATER)
    assert back.fates == {Fate.AMENDED: 1}
    with database.reading() as session:
        assert len(listed(session, lab)) == 1


def test_what_was_never_sent_cannot_be_withdrawn(database: Database) -> None:
    receipt = take_reports(
        database, [report(type="withdrawal", findings=None)], by=laboratory(database, "DE")
    )
    assert fates_and_notes(database, receipt) == [
        (Fate.REJECTED, "there is no report R-1 to withdraw")
    ]


def test_two_reports_of_one_reference_in_one_batch_are_judged_in_order(database: Database) -> None:
    batch = [report(), report(), report(count=2), report(version=2), report()]
    receipt = take_reports(database, batch, by=laboratory(database, "DE"))
    with database.reading() as session:
        lines = submission_rows(session, receipt.submission)
    assert [line.fate for line, _ in lines] == [
        Fate.ACCEPTED, Fate.UNCHANGED, Fate.REJECTED, Fate.AMENDED, Fate.UNCHANGED,
    ]  # fmt: skip
    first, second = held(database)
    pointed = [found.id if found else None for _, found in lines]
    assert pointed == [first.id, first.id, None, second.id, first.id]
    assert (first.superseded_at, second.superseded_at) == (NOW, None)


def test_a_reference_is_each_authoritys_own(database: Database) -> None:
    for country in ("DE", "FR"):
        lab = laboratory(database, country)
        assert take_reports(database, [report(country)], by=lab).fates == {Fate.ACCEPTED: 1}


def test_who_speaks_for_no_authority_cannot_report(database: Database) -> None:
    with pytest.raises(Forbidden):
        take_reports(database, [report()], by=SYSTEM)


def test_an_idempotency_key_gives_the_first_answer_again(database: Database) -> None:
    lab, body = laboratory(database, "DE"), json.dumps([report()]).encode()
    first, again = (sent_with_key(database, body, lab) for _ in range(2))
    assert (first.repeated, again.repeated) == (False, True)
    assert first.submission.code == again.submission.code
    assert first.fates == again.fates == {Fate.ACCEPTED: 1}
    with pytest.raises(Conflict, match=first.submission.code) as told:
        sent_with_key(database, body + b" ", lab)
    with database.reading() as session:
        kept = session.scalars(
            select(Submission).where(Submission.code == told.value.submission)
        ).one()
        assert b"".join(content_of(session, kept)) == body + b" "
        assert kept.state is SubmissionState.REFUSED
    other = sent_with_key(database, body, laboratory(database, "FR"))
    assert not other.repeated
    with pytest.raises(Refused, match="Idempotency-Key"):
        sent_with_key(database, body, lab, key="k" * 201)


def test_what_was_refused_is_refused_again_in_the_same_words(database: Database) -> None:
    lab, said = laboratory(database, "DE"), set()
    for _ in range(2):
        with pytest.raises(Unreadable) as told:
            sent_with_key(database, b"{", lab)
        said.add((str(told.value), told.value.submission))
    assert len(said) == 1


def test_one_key_sent_twice_at_the_same_moment_fails_neither_and_counts_once(
    database: Database,
) -> None:
    lab, body = laboratory(database, "DE"), json.dumps([report()]).encode()
    start, raised = Barrier(3), []

    def send() -> None:
        start.wait()
        try:
            sent_with_key(database, body, lab)
        except Exception as error:
            raised.append(error)

    threads = [Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
    assert len(held(database)) == 1


class PowerCut(Exception):
    """The machine stops."""


def many(number: int, fail_at: int | None = None) -> Iterator[Row]:
    for n in range(number):
        if n == fail_at:
            raise PowerCut
        finding = {"substance_name": f"name {n % 7}"}
        yield Row((n + 1,), report(reference=f"R-{n}", findings=[finding]))


@pytest.mark.parametrize("key", [None, "the same key"])
def test_a_take_that_was_interrupted_is_completed_by_the_next_one_exactly(
    database: Database, key: str | None
) -> None:
    lab, number = laboratory(database, "DE"), 2 * CHUNK + 100

    def attempt(rows: Iterable[Row]) -> Receipt:
        return take(
            database, [b"part one", b"part two"], lambda: rows, by=lab, channel=Channel.FILE,
            clock=lambda: NOW, idempotency_key=key,
        )  # fmt: skip

    with pytest.raises(PowerCut):
        attempt(many(number, fail_at=CHUNK + 50))
    assert len(held(database)) == CHUNK
    receipt = attempt(many(number))
    assert receipt.fates == {Fate.UNCHANGED: CHUNK, Fate.QUEUED: number - CHUNK}
    assert len({r.reference for r in held(database)}) == len(held(database)) == number
    assert attempt(many(number)).fates.total() == number
    with database.reading() as session:
        states = list(session.scalars(select(Submission.state).order_by(Submission.id)))
        rows = session.scalar(select(func.count()).select_from(SubmissionRow))
    assert states[:2] == [SubmissionState.RECEIVED, SubmissionState.PROCESSED]
    assert rows == CHUNK + number * (len(states) - 1)


def states(database: Database) -> list[tuple[SubmissionState, bytes]]:
    with database.reading() as session:
        kept = session.scalars(select(Submission).order_by(Submission.id))
        return [(one.state, b"".join(content_of(session, one))) for one in kept]


def small(database: Database, by, rows: Callable[[], Iterable[Row]]) -> Receipt:
    return take(database, [b"small"], rows, by=by, channel=Channel.API, clock=lambda: NOW)


def test_what_is_small_and_new_is_settled_at_once_and_says_so_in_the_same_words(
    database: Database,
) -> None:
    lab = laboratory(database, "DE")
    sent = [
        report(),
        report(reference="R-2", findings=[{"structure": "CN1CCCC1.CCO", "substance_name": "x"}]),
        report(reference="R-3", findings=[{"substance_name": "nobody knows"}]),
        report(reference="R-4", country="FR"),
        report(count=2),
    ]
    receipt = take_reports(database, sent, by=lab)
    with database.reading() as session:
        found = [line for line, _ in submission_rows(session, receipt.submission)]
        kept = session.get_one(Submission, receipt.submission.id)
    assert receipt.lines == [
        {name: getattr(line, name) for name in receipt.lines[0]} for line in found
    ]
    said = ("state", "rows_done", "fates", "content_hash", "content_bytes", "received_at")
    assert all(getattr(kept, name) == getattr(receipt.submission, name) for name in said)
    assert (kept.state, kept.tally) == (SubmissionState.PROCESSED, receipt.tally.plain())
    assert (kept.reader, kept.leased_until) == (None, None)


def test_what_is_small_is_kept_however_its_reading_ends(database: Database) -> None:
    lab = laboratory(database, "DE")
    with pytest.raises(PowerCut):
        small(database, lab, lambda: many(3, fail_at=1))
    assert states(database) == [(SubmissionState.RECEIVED, b"small")]
    assert held(database) == []


@pytest.mark.parametrize("failures", [1, 2])
def test_what_is_small_is_kept_however_its_filing_ends(
    database: Database, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    lab, left = laboratory(database, "DE"), [PowerCut()] * failures

    def failing(*rows: object, **said: object) -> list[Line]:
        lines = process(*rows, **said)
        if left:
            raise left.pop()
        return lines

    monkeypatch.setattr(taking, "process", failing)
    if failures == 1:  # the second try, with what was sent kept before, is all there is to see
        assert small(database, lab, lambda: many(3)).fates == {Fate.QUEUED: 3}
        assert states(database) == [(SubmissionState.PROCESSED, b"small")]
        assert len(held(database)) == 3
    else:
        with pytest.raises(PowerCut):
            small(database, lab, lambda: many(3))
        assert states(database) == [(SubmissionState.RECEIVED, b"small")]
        assert held(database) == []


def test_versions_that_arrive_at_once_leave_one_current(database: Database) -> None:
    lab = laboratory(database, "DE")
    take_reports(database, [report(reference=f"R-{n}") for n in range(6)], by=lab)
    begin = Barrier(2)

    def amend(version: int) -> None:
        begin.wait()
        for n in range(6):
            sent = report(reference=f"R-{n}", version=version, quantity=version, unit="g")
            take_reports(database, [sent], by=lab)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(amend, (2, 3)))
    with database.reading() as session:
        current = select(Report.reference, func.count()).where(Report.superseded_at.is_(None))
        found = {
            reference: n for reference, n in session.execute(current.group_by(Report.reference))
        }
    assert found == {f"R-{n}": 1 for n in range(6)}
