"""A dry run says of every row what the real run will say of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.db import Database
from app.intake import taking
from app.intake.files import rehearse_file, take_file
from app.intake.models import Report, SubmissionRow
from tests.databases import EMPTY
from tests.intake.taking import take_reports
from tests.reporting import NOW, PROTONITAZENE, PROTONITAZENE_HCL, laboratory, report

STRUCTURES = (PROTONITAZENE, PROTONITAZENE_HCL[1], f"{PROTONITAZENE}.CCOc1ccccc1", "c1ccccc", None)
NAMES = ("Protonitazene", "Blue thing", "=HYPERLINK(1)", None)
findings = st.fixed_dictionaries(
    {"structure": st.sampled_from(STRUCTURES), "substance_name": st.sampled_from(NAMES)}
)
rows = st.builds(
    report,
    country=st.sampled_from(["DE", "DE", "DE", "FR", "UK"]),
    reference=st.sampled_from(["A", "B"]),
    version=st.integers(0, 3),
    type=st.sampled_from(["event", "event", "aggregate", "withdrawal"]),
    event_date=st.sampled_from(["2026-11", "2026-11-02", "2031", "soon"]),
    handling=st.sampled_from(["clear", "amber", "red"]),
    sold_as=st.sampled_from([None, "blues"]),
    findings=st.lists(findings, max_size=2),
)


def told(database: Database) -> list[tuple[int, str, list[dict[str, object]]]]:
    """The fate of each row of the newest submission, and the notes on it."""
    with database.reading() as session:
        newest = session.scalar(select(func.max(SubmissionRow.submission_id)))
        of_it = select(SubmissionRow).where(SubmissionRow.submission_id == newest)
        lines = session.scalars(of_it.order_by(SubmissionRow.row))
        return [(line.row, line.fate.value, line.notes) for line in lines]


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=st.lists(rows, max_size=2), sent=st.lists(rows, min_size=1, max_size=7))
def test_a_dry_run_says_the_same_as_the_real_run_and_changes_nothing(
    backend, tmp_path, before, sent
) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text("\n".join(json.dumps(one) for one in sent))
    database = backend.make(EMPTY)
    try:
        by = laboratory(database, "DE")
        if before:
            take_reports(database, before, by=by)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(taking, "CHUNK", 2)  # rows lean on rows of earlier chunks
            with database.reading() as session:
                held = list(session.scalars(select(Report.id)))
            said = [
                (one.row.number, one.fate.value, [note.as_dict() for note in one.notes])
                for one in rehearse_file(database, path, by=by, clock=lambda: NOW)
            ]
            with database.reading() as session:
                assert list(session.scalars(select(Report.id))) == held
            take_file(database, path, by=by, clock=lambda: NOW)
        assert said == told(database)
    finally:
        backend.drop(database)
