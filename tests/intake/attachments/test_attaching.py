"""Files stay with their report, once each, for ever; only its own authority changes them."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.access.models import AuditEvent
from app.access.roles import ANYBODY, Actor, Role
from app.db import Database
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.intake import lists
from app.intake import queries as intake
from app.intake.attachments import service
from app.intake.attachments.models import Attachment, StoredFile, StoredSpectrum
from app.intake.attachments.queries import attachments_of, drawn
from tests.intake.attachments.making import DOPAMINE, PDF, msp, put
from tests.intake.taking import take_reports
from tests.reporting import NOW, laboratory, report

TODAY = NOW.date()


def reported(database: Database, by: Actor, **changed) -> str:
    """The number of a report as it stands after this was sent."""
    country = by.countries[0]
    take_reports(database, [report(country, **changed)], by=by)
    with database.reading() as session:
        found, _ = next(lists.reports(session, by, NOW, lists.Wanted(), limit=1))
        return found.code


def listed(database: Database, who: Actor, code: str) -> list[str]:
    with database.reading() as session:
        found = intake.report_by_code(session, who, TODAY, code)
        return [one.code for one in attachments_of(session, who, TODAY, found)]


def trail(database: Database) -> list[str]:
    with database.reading() as session:
        query = select(AuditEvent.action).where(AuditEvent.action.like("attachment.%"))
        return list(session.scalars(query.order_by(AuditEvent.id)))


def test_a_file_is_kept_as_sent_and_its_spectrum_beside_it(database: Database) -> None:
    germany = laboratory(database, "DE")
    code = reported(database, germany)
    attachment = put(database, code, msp(), "run.msp", by=germany, finding=0)
    with database.reading() as session:
        held = session.get_one(Attachment, attachment.id)
        assert service.content_of(session, held) == msp()
        assert (held.filename, held.format, held.finding) == ("run.msp", "MSP", 0)
        assert held.file.size == len(msp()) and held.file.media_type == "text/plain"
        (spectrum,) = drawn(session, [one.id for one in held.spectra]).values()
    assert spectrum.x == pytest.approx([mz for mz, _ in DOPAMINE], abs=1e-4)
    assert trail(database) == ["attachment.add"]


def test_the_same_file_again_is_there_already(database: Database) -> None:
    germany = laboratory(database, "DE")
    code = reported(database, germany)
    first = put(database, code, PDF, "a.pdf", by=germany)
    with database.transaction() as session:
        again, new = service.attach(
            session, code, service.opened(PDF, "b.pdf"), by=germany, now=NOW
        )
    assert (again.id, new) == (first.id, False)
    other = put(database, code, PDF, "a.pdf", by=germany, finding=0)  # there it says another thing
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(StoredFile)) == 1
    assert listed(database, germany, code) == [first.code, other.code]


def test_a_file_survives_an_amendment_of_its_report(database: Database) -> None:
    germany = laboratory(database, "DE")
    first = reported(database, germany)
    attachment = put(database, first, PDF, "a.pdf", by=germany)
    second = reported(database, germany, version=2, count=3)
    assert first != second
    assert listed(database, germany, second) == [attachment.code]
    assert listed(database, ANYBODY, second) == [attachment.code]
    with pytest.raises(Conflict, match="amended since"):
        put(database, first, PDF, "b.pdf", by=germany)


def test_what_was_taken_off_is_seen_by_nobody_and_lost_to_nobody(database: Database) -> None:
    germany = laboratory(database, "DE")
    code = reported(database, germany)
    attachment = put(database, code, PDF, "a.pdf", by=germany)
    with database.transaction() as session:
        service.remove(session, attachment.code, by=germany, now=NOW)
    assert listed(database, germany, code) == []
    with database.transaction() as session:
        with pytest.raises(NotFound):
            service.remove(session, attachment.code, by=germany, now=NOW)
        held = session.get_one(Attachment, attachment.id)
        assert service.content_of(session, held) == PDF
        assert (held.removed_by, held.removed_at) == (germany.label, NOW)
    put(database, code, PDF, "a.pdf", by=germany)
    assert trail(database) == ["attachment.add", "attachment.remove", "attachment.add"]


def test_only_its_own_authority_changes_the_files_of_a_report(database: Database) -> None:
    germany, france = laboratory(database, "DE"), laboratory(database, "FR")
    code = reported(database, germany)
    attachment = put(database, code, PDF, "a.pdf", by=germany)
    subscriber = Actor(Role.SUBSCRIBER, "s", germany.authority_id, germany.authority_code, ("DE",))
    for who in (france, subscriber, Actor(Role.ANALYST, "analyst"), Actor(Role.ADMIN, "admin")):
        with pytest.raises(Forbidden):
            put(database, code, PDF, "b.pdf", by=who)
        for change in (service.remove, service.carry):
            with database.transaction() as session, pytest.raises(Forbidden):
                change(session, attachment.code, by=who, now=NOW)
    hidden = reported(database, germany, reference="R-2", handling="red")
    with pytest.raises(NotFound):
        put(database, hidden, PDF, "b.pdf", by=france)


def test_a_report_has_room_for_so_many_files(database: Database, monkeypatch) -> None:
    germany = laboratory(database, "DE")
    code = reported(database, germany)
    monkeypatch.setattr(service, "MOST_FILES", 2)
    monkeypatch.setattr(service, "MOST_EVER", 3)
    files = [put(database, code, PDF + bytes([n]), "a.pdf", by=germany) for n in range(2)]
    with pytest.raises(Refused, match="has 2 files; take one off"):
        put(database, code, PDF + b"\x02", "a.pdf", by=germany)
    for file in files:
        with database.transaction() as session:
            service.remove(session, file.code, by=germany, now=NOW)
    put(database, code, PDF + b"\x03", "a.pdf", by=germany)
    with pytest.raises(Refused, match="has had 3 files"):
        put(database, code, PDF + b"\x04", "a.pdf", by=germany)


def test_a_file_belongs_to_a_finding_that_is_there(database: Database) -> None:
    germany = laboratory(database, "DE")
    code = reported(database, germany)
    with pytest.raises(Refused, match="has no finding 1; it has: 0"):
        put(database, code, PDF, "a.pdf", by=germany, finding=1)


def test_nothing_is_attached_to_a_withdrawal(database: Database) -> None:
    germany = laboratory(database, "DE")
    code = reported(database, germany)
    attachment = put(database, code, msp(), "a.msp", by=germany)
    take_reports(database, [report("DE", version=2, type="withdrawal", findings=None)], by=germany)
    with database.transaction() as session:
        with pytest.raises(Conflict):
            service.carry(session, attachment.code, by=germany, now=NOW)
        assert session.scalar(select(func.count(StoredSpectrum.id))) == 1


def test_a_file_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(Refused, match="10 MB"):
        service.opened(PDF + bytes(10 * 1024 * 1024), "a.pdf")
