"""A report that is wrong is answered with row, field and remedy; it never sinks its neighbours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.access.roles import Actor, Role
from app.db import Database
from app.errors import Problem, Unreadable
from app.intake.judging import judge
from app.intake.keeping import content_of, sliced
from app.intake.models import Submission
from app.intake.queries import submission_rows
from app.intake.readers import read_json
from app.intake.schema import FINDING_FIELDS, MOST_PROBLEMS, REPORT_FIELDS
from app.intake.taking import take
from app.intake.words import Channel, Fate, SubmissionState
from tests.intake.taking import take_reports
from tests.reporting import NOW, PROTONITAZENE, laboratory, report

LAB = Actor(Role.LABORATORY, "lab", 1, "LAB-DE", ("DE", "AT"))


def problems(**changed: Any) -> list[Problem]:
    """What a laboratory is told about this report, sent as JSON."""
    body = json.dumps(report(**changed)).replace("Infinity", "1e400")
    (row,) = read_json(body.encode())
    (judged,) = judge([row], LAB, NOW.date())
    return judged.notes


def finding(**fields: Any) -> dict[str, Any]:
    return {"findings": [{"structure": PROTONITAZENE, **fields}]}


WRONG = [
    ({"reference": None}, "reference", "is required"),
    ({"reference": "  "}, "reference", "at least 1 character"),
    ({"reference": "x" * 201}, "reference", "at most 200"),
    ({"reference": "a\x00b"}, "reference", "control characters"),
    ({"reference": "\ud800"}, "reference", "string"),
    ({"reference": 7}, "reference", "string"),
    ({"refrence": "R"}, "refrence", "did you mean reference?"),
    ({"zzz": 1}, "zzz", "openapi.json"),
    ({"event_kind": "seisure"}, "event_kind", "seizure, collected_sample"),
    ({"event_kind": "Siezure"}, "event_kind", "did you mean seizure?"),
    ({"count": "many"}, "count", "is not a whole number"),
    ({"quantity": "a few", "unit": "g"}, "quantity", "a decimal point, such as 2.5"),
    ({"event_kind": None}, "event_kind", "is required"),
    ({"event_date": "2026-02-30"}, "event_date", "not a day of the calendar"),
    ({"event_date": "2026-13"}, "event_date", "not a day of the calendar"),
    ({"event_date": "02/11/2026"}, "event_date", "YYYY-MM-DD"),
    ({"event_date": "20261102"}, "event_date", "YYYY-MM-DD"),
    ({"event_date": "٢٠٢٦"}, "event_date", "YYYY-MM-DD"),
    ({"event_date": "1949"}, "event_date", "check the year"),
    ({"event_date": True}, "event_date", "a date is text"),
    ({"event_date": "\ud800"}, "event_date", "YYYY-MM-DD"),
    ({"event_date": "2026-11-23"}, "event_date", "future"),
    ({"event_date": "2027"}, "event_date", "future"),
    ({"period_end": "2026-10"}, "period_end", "before event_date"),
    ({"period_end": "9999-12-31"}, "period_end", "future"),
    ({"country": "UK"}, "country", "did you mean GB?"),
    ({"country": "de"}, "country", "did you mean DE?"),
    ({"country": "FR"}, "country", "LAB-DE reports for DE, AT, not for FR"),
    ({"country": True}, "country", "string"),
    ({"country": ["DE"]}, "country", "string"),
    ({"country": "\ud800"}, "country", "ISO 3166"),
    ({"origin": "China"}, "origin", "did you mean CN?"),
    ({"subdivision": "Bavaria"}, "subdivision", "DE-BY"),
    ({"subdivision": "DE-²"}, "subdivision", "DE-BY"),
    ({"subdivision": "DE-\ud800"}, "subdivision", "DE-BY"),
    ({"count": 0}, "count", "greater than or equal to 1"),
    ({"count": -5}, "count", "greater than or equal to 1"),
    ({"count": 10**40}, "count", "less than or equal"),
    ({"count": 1.5}, "count", "integer"),
    ({"count": True}, "count", "not true or false"),
    ({"version": False}, "version", "not true or false"),
    ({"version": 0}, "version", "greater than or equal to 1"),
    ({"quantity": 5}, "unit", "needs its unit"),
    ({"quantity": -1, "unit": "g"}, "quantity", "greater than or equal to 0"),
    ({"quantity": 1e400, "unit": "g"}, "quantity", "finite"),
    ({"quantity": "NaN", "unit": "g"}, "quantity", "finite"),
    ({"quantity": True, "unit": "g"}, "quantity", "not true or false"),
    ({"quantity": 5, "unit": "ounce"}, "unit", "g, kg, mg"),
    ({"trace": "perhaps"}, "trace", "boolean"),
    ({"handling": "TLP:RED"}, "handling", "clear, green, amber, red"),
    ({"handling": 3}, "handling", "clear, green, amber, red"),
    ({"handling": "\ud800"}, "handling", "clear, green, amber, red"),
    ({"embargo_until": "2027"}, "embargo_until", "YYYY-MM-DD"),
    ({"embargo_until": 86400}, "embargo_until", "YYYY-MM-DD"),
    ({"embargo_until": "2027-02-29"}, "embargo_until", "calendar"),
    ({"sold_as": "x" * 301}, "sold_as", "at most 300"),
    ({"sold_as": "a\x1bb"}, "sold_as", "control characters"),
    ({"matrix": "x" * 101}, "matrix", "at most 100"),
    ({"age_band": "37"}, "age_band", "35-44"),
    ({"findings": None}, "findings", "at least one"),
    ({"findings": []}, "findings", "at least one"),
    ({"findings": {}}, "findings", "list"),
    ({"findings": ["heroin"]}, "findings[0]", "dictionary"),
    ({"findings": [{}]}, "findings[0]", "substance_name, structure, or both"),
    ({"findings": [{"structure": " "}]}, "findings[0]", "substance_name, structure, or both"),
    ({"findings": [{"substance_name": "x"}] * 51}, "findings", "at most 50"),
    (finding(structure="c1ccccc"), "findings[0].structure", "ring"),
    (finding(structure="C\x00C"), "findings[0].structure", "NUL"),
    (finding(structure="\ud800"), "findings[0].structure", "string"),
    (finding(structure="C" * 100_001), "findings[0].structure", "100000"),
    (finding(structure_format="mol2"), "findings[0].structure_format", "auto|smiles"),
    (finding(substance_name="a\x00b"), "findings[0].substance_name", "control characters"),
    (finding(purity_percent=101), "findings[0].purity_percent", "less than or equal to 100"),
    (finding(purity_percent=True), "findings[0].purity_percent", "not true or false"),
    (finding(techniques=["GCMS"]), "findings[0].techniques[0]", "GC-MS"),
    (finding(techniques={"a": 1}), "findings[0].techniques", "list"),
    (finding(substnace_name="x"), "findings[0].substnace_name", "did you mean substance_name?"),
    (finding(role="cutting agent"), "findings[0].role", "adulterant"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "field", "remedy"), WRONG, ids=lambda x: repr(x)[:40])
def test_each_mistake_names_its_row_its_field_and_what_would_be_right(
    changed: dict[str, Any], field: str, remedy: str
) -> None:
    told = [p for p in problems(**changed) if p.field == field]
    assert told, problems(**changed)
    assert remedy in told[0].message or remedy in str(told[0])
    assert told[0].row == 1
    assert len(told[0].message) < 600
    json.dumps([p.as_dict() for p in told], ensure_ascii=False).encode()


def test_a_report_right_in_every_field_has_nothing_to_mend() -> None:
    assert problems() == []
    assert problems(country="AT", event_date=2026, period_end="2026-11") == []
    assert problems(event_date="2026-11-22") == []  # it is tomorrow already in the Pacific


def test_a_field_given_twice_is_not_settled_by_chance() -> None:
    body = json.dumps(report())[:-1] + ', "handling": "red", "handling": "clear"}'
    (row,) = read_json(body.encode())
    assert [(p.field, p.row) for p in row.problems] == [("handling", 1)]
    body = json.dumps(report()).replace('"structure":', '"structure": "CCO", "structure":')
    (row,) = read_json(body.encode())
    assert [p.field for p in row.problems] == ["findings[0].structure"]


def test_a_row_full_of_mistakes_gets_a_list_that_can_be_read() -> None:
    told = problems(**{f"field{n}": "x" * 10_000 for n in range(3000)}, **{"k" * 10_000: 1})
    assert len(told) == MOST_PROBLEMS + 1
    assert told[-1].message == f"and {3001 - MOST_PROBLEMS} more"
    assert sum(len(str(p)) for p in told) < 20_000


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b"nothing", b"[]", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff\xfe{",
        b'{"count": ' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 100_000, b'"\\ud800',
        "{“reference”: 1}".encode(), b'{"a": 1} {"b": 2}', b"\x00",
    ],
    ids=lambda b: repr(b[:20]),
)  # fmt: skip
def test_what_is_no_json_is_unreadable_in_words(body: bytes) -> None:
    with pytest.raises(Unreadable) as told:
        read_json(body)
    assert len(str(told.value)) < 200


def test_bad_rows_never_sink_good_ones(database: Database) -> None:
    rows: list[Any] = [report(**c) for c, _, _ in WRONG if c.get("quantity") != 1e400] + [
        1,
        None,
        "x",
        [],
        [[]],
        {},
        True,
    ]
    good = [report(reference=f"good {n}") for n in range(3)]
    mixed = [good[0], *rows[:40], good[1], *rows[40:], good[2]]
    receipt = take_reports(database, mixed, by=laboratory(database, "DE"))
    assert receipt.fates == {Fate.ACCEPTED: 3, Fate.REJECTED: len(rows)}
    with database.reading() as session:
        lines = submission_rows(session, receipt.submission, limit=500)
        fates = {line.row: line.fate for line, _ in lines}
        accepted = [row for row, fate in fates.items() if fate is Fate.ACCEPTED]
        assert accepted == [1, 42, len(mixed)]
        assert sorted(fates) == list(range(1, len(mixed) + 1))
        assert all(line.notes for line, _ in lines if line.fate is Fate.REJECTED)


TEXT = st.text(max_size=8) | st.sampled_from(["\x00", "\ud800", "DE", "2026-11-02", "1e999"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FINDINGS = st.lists(
    st.dictionaries(st.sampled_from(FINDING_FIELDS), ANYTHING, max_size=4)
    | st.fixed_dictionaries({"substance_name": st.text(max_size=300)})
    | st.fixed_dictionaries({"structure": st.text(max_size=20)}),
    max_size=3,
)
REPORTS = st.builds(
    lambda changed, findings: {**report(), "findings": findings, **changed},
    st.dictionaries(st.sampled_from(REPORT_FIELDS) | TEXT, ANYTHING, max_size=2),
    FINDINGS,
)  # fmt: skip
FATED = set(Fate)


def test_whatever_is_sent_every_row_gets_a_fate_and_every_byte_is_kept(database: Database) -> None:
    lab = laboratory(database, "DE")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(REPORTS | ANYTHING, max_size=4) | ANYTHING | REPORTS, st.data())
    def check(body: Any, data: st.DataObject) -> None:
        content = json.dumps(body).encode()
        content = data.draw(st.just(content) | st.just(content[:-1]) | st.binary(max_size=20))
        try:
            receipt = take(
                database, sliced(content), lambda: read_json(content), by=lab,
                channel=Channel.API, clock=lambda: NOW,
            )  # fmt: skip
        except Unreadable as error:
            code, state, rows = error.submission, SubmissionState.REFUSED, 0
        else:
            code, state = receipt.submission.code, SubmissionState.PROCESSED
            rows = receipt.fates.total()
            assert (
                rows == (len(body) if isinstance(body, list) else 1)
                or content != json.dumps(body).encode()
            )
        with database.reading() as session:
            kept = session.scalars(select(Submission).where(Submission.code == code)).one()
            assert (kept.state, b"".join(content_of(session, kept))) == (state, content)
            lines = submission_rows(session, kept)
            assert [line.row for line, _ in lines] == list(range(1, rows + 1))
            assert {line.fate for line, _ in lines} <= FATED

    check()
