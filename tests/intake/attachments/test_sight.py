"""Who sees a file, who finds its spectrum, and who only counts it; for every level and role.

The expectation is the README's table, as in tests/access/test_handling.py; the code is not asked.
"""

from __future__ import annotations

import pytest

from app.access.roles import ANYBODY, Actor, Role
from app.db import Database
from app.errors import NotFound
from app.intake.attachments.detection import MSP, read
from app.intake.attachments.queries import attachment_by_code, spectrum_at
from app.intake.attachments.seen import LIKE_PEAKS, Seen, question, seen_before
from app.intake.attachments.service import carry
from app.intake.attachments.spectrum import Technique
from tests.access.test_handling import CASES, EMBARGOES, FIGURES, ROWS, TODAY, expected, readers
from tests.intake.attachments.making import DOPAMINE, curve, msp, put
from tests.intake.attachments.test_attaching import listed, reported
from tests.intake.taking import take_reports
from tests.reporting import NOW, laboratory, report

ASKED = read(msp(), MSP)[0]


def look(database: Database, who: Actor, **how) -> Seen:
    with database.reading() as session:
        return seen_before(session, who, TODAY, how.pop("asked", ASKED), **how)


@pytest.fixture
def attached(database: Database) -> tuple[Database, Actor, dict[str, int]]:
    """The same spectrum on a report of France in each case, and which file is which case."""
    france = laboratory(database, "FR")
    files = {}
    for number, (level, embargo) in enumerate(CASES):
        code = reported(
            database, france, reference=f"case {number}", handling=level,
            embargo_until=EMBARGOES[embargo],
        )  # fmt: skip
        files[put(database, code, msp(name=f"S{number}"), "s.msp", by=france).code] = number
    return database, france, files


def test_a_file_and_its_spectrum_are_seen_as_the_rows_of_the_report(attached) -> None:
    database, france, files = attached
    for who, role in readers(france, database):
        rows = expected(ROWS, role) if role else set(files.values())
        with database.reading() as session:
            for code, number in files.items():
                if number in rows:
                    assert attachment_by_code(session, who, TODAY, code).code == code
                    assert spectrum_at(session, who, TODAY, code, 0).position == 0
                else:
                    with pytest.raises(NotFound):
                        attachment_by_code(session, who, TODAY, code)
                    with pytest.raises(NotFound):
                        spectrum_at(session, who, TODAY, code, 0)


def test_a_search_shows_rows_and_counts_figures_as_the_table_has_it(attached) -> None:
    database, france, files = attached
    for who, role in readers(france, database):
        everything = set(files.values())
        rows = expected(ROWS, role) if role else everything
        figures = expected(FIGURES, role) if role else everything
        seen = look(database, who)
        shown = {files[hit.spectrum.attachment.code] for hit in seen.hits}
        assert (shown, seen.spectra) == (rows, len(figures)), role
        assert seen.others == seen.countries == (1 if role and figures else 0)
        assert seen.own == (0 if role else len(figures))
        assert [one.spectra for one in seen.substances] == ([len(figures)] if figures else [])
        assert not any("red" in CASES[number][0] for number in shown) or role is None


def test_no_bar_lets_a_reader_measure_what_is_not_shown(attached) -> None:
    """Whatever is asked for, what is counted is counted from the same bar."""
    database, _, _ = attached
    germany = laboratory(database, "BE")
    counted = look(database, germany).spectra
    for least in (0.5, 0.8, 0.999, 1.0):
        assert look(database, germany, least=least).spectra == counted
    assert look(database, germany).bar == LIKE_PEAKS


def test_a_report_that_is_closed_later_closes_its_files(database: Database) -> None:
    france, germany = laboratory(database, "FR"), laboratory(database, "DE")
    code = reported(database, france, handling="clear")
    attachment = put(database, code, msp(), "s.msp", by=france)
    assert look(database, germany).spectra == 1
    reported(database, france, handling="red", version=2)
    with database.reading() as session:
        for who in (germany, ANYBODY, Actor(Role.ADMIN, "admin")):
            with pytest.raises(NotFound):
                attachment_by_code(session, who, TODAY, attachment.code)
        assert attachment_by_code(session, france, TODAY, attachment.code)
    seen = look(database, germany)
    assert (seen.spectra, seen.hits, seen.substances) == (0, [], [])


def test_a_report_that_is_opened_later_opens_its_files_only_when_its_reporter_says_so(
    database: Database,
) -> None:
    france, germany = laboratory(database, "FR"), laboratory(database, "DE")
    attachment = put(
        database, reported(database, france, handling="red"), msp(), "s.msp", by=france
    )
    standing = reported(database, france, handling="clear", version=2)
    assert listed(database, ANYBODY, standing) == []
    assert look(database, germany).spectra == 0
    with database.transaction() as session:
        carry(session, attachment.code, by=france, now=NOW)
    assert listed(database, ANYBODY, standing) == [attachment.code]
    assert [hit.report.code for hit in look(database, germany).hits] == [standing]


def test_a_withdrawn_report_was_not_seen_before(database: Database) -> None:
    france, germany = laboratory(database, "FR"), laboratory(database, "DE")
    put(database, reported(database, france), msp(), "s.msp", by=france)
    withdrawal = report("FR", version=2, type="withdrawal", findings=None)
    take_reports(database, [withdrawal], by=france)
    assert look(database, germany).spectra == 0


def test_laboratories_and_countries_are_counted_once_and_ones_own_apart(
    database: Database,
) -> None:
    for country in ("FR", "IT"):
        who = laboratory(database, country)
        for reference in ("1", "2"):
            code = reported(database, who, reference=reference)
            put(database, code, msp(name=f"{country}{reference}"), "s.msp", by=who)
    germany = laboratory(database, "DE")
    own = put(database, reported(database, germany), msp(), "s.msp", by=germany)
    seen = look(database, germany)
    assert (seen.others, seen.countries, seen.spectra, seen.own) == (2, 2, 5, 1)
    with database.reading() as session:
        here = attachment_by_code(session, germany, TODAY, own.code)
        assert seen_before(session, germany, TODAY, ASKED, beside=here).own == 0


def test_a_curve_is_found_by_its_shape_and_not_by_peaks(database: Database) -> None:
    france = laboratory(database, "FR")
    code = reported(database, france)
    bands = [(1665, 0.9), (1345, 0.95), (1110, 0.4)]
    put(database, code, curve(bands), "ir.jdx", by=france)
    put(database, code, msp(), "ms.msp", by=france)
    asked = question(curve(bands, step=2))
    hits = look(database, ANYBODY, asked=asked).hits
    assert [hit.spectrum.technique for hit in hits] == [Technique.IR]


def test_what_is_pasted_is_asked_for_as_it_is(database: Database) -> None:
    pasted = "\n".join(f"{mz} {height}" for mz, height in DOPAMINE).encode()
    assert question(pasted).technique is Technique.MS
    assert question(pasted, Technique.EI_MS).technique is Technique.EI_MS
    assert question(msp()).precursor_mz == 154.0863
    france = laboratory(database, "FR")
    put(database, reported(database, france), msp(), "s.msp", by=france)
    assert look(database, ANYBODY, asked=question(pasted)).spectra == 1
    assert look(database, ANYBODY, asked=question(pasted, Technique.EI_MS)).spectra == 0
