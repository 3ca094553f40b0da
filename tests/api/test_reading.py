"""Lists as machines read them: filters, fields, walks that nothing disturbs, files."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from sqlalchemy import select

from app import create_app
from app.access.models import AuditEvent
from app.access.roles import Role
from app.intake.lists import Wanted, findings, reports
from app.paging import page_of
from tests.databases import EMPTY
from tests.intake.taking import take_reports
from tests.reporting import NOW, key_for, laboratory, report

API = "/api/v1"
LISTS = ("reports", "reports/sent", "findings", "substances", "names", "forms", "figures",
         "clusters")  # fmt: skip
FENTANYL = "CCC(=O)N(c1ccccc1)C1CCN(CCc2ccccc2)CC1"


@pytest.fixture
def ask(client, key):
    """Ask as the laboratory of Germany."""
    return lambda path, **more: client.get(
        f"{API}/{path}", headers=key | more.pop("headers", {}), query_string=more, buffered=True
    )


@pytest.fixture
def sent(post):
    """What Germany sent: several kinds, precisions, levels, mixtures and awkward texts."""
    kinds = [
        report(reference="R-1", sold_as="=HYPERLINK(1)", subdivision="DE-BY", version=3),
        report(reference="R-2", handling="red", event_kind="death", causal_role="sole"),
        report(reference="R-3", type="aggregate", event_date="2025", count=7, handling="amber"),
        report(reference="R-4", event_date="2026-09", period_end="2026-09", handling="green"),
        report(reference="R-5", event_date="2026-08-01", period_end="2026-09-30", quantity=2.5,
               unit="g", trace=False),
        report(reference="R-6", findings=[
            {"structure": f"{FENTANYL}.Cn1cnc2c1c(=O)n(C)c(=O)n2C", "techniques": ["GC-MS", "NMR"]},
            {"substance_name": "Compound Z", "structure_format": "auto", "role": "minor"},
        ]),
        report(reference="R-7", embargo_until="2027-03-01",
               findings=[{"substance_name": "Compound Z", "structure_format": "smiles"}]),
    ]  # fmt: skip
    receipt = post(kinds).json
    assert not receipt["fates"].get("rejected"), receipt
    return kinds


def rows_of(answer):
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("path", LISTS)
def test_what_a_list_does_not_know_is_named_with_what_was_probably_meant(ask, path):
    for asked, field in (
        ({"limt": "3"}, "limt"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"after": "\x1fnonsense\x1f"}, "after"),
        ({"format": "pdf"}, "format"),
    ):
        answer = ask(path, **asked)
        assert answer.status_code == 422, (path, asked)
        assert [e["field"] for e in answer.json["errors"]] == [field]
    assert "did you mean limit?" in ask(path, limt="3").json["detail"]


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ({"country": "UK"}, "did you mean GB?"),
        ({"group": "nitazene"}, "did you mean nitazenes?"),
        ({"event_kind": "seizures"}, "did you mean seizure?"),
        ({"received_from": "2026"}, "write YYYY-MM-DD"),
        ({"simulated": "1"}, "none of: true, false"),
        ({"fields": "id,contry"}, "did you mean country?"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_the_remedy(ask, asked, remedy):
    answer = ask("reports", **asked)
    assert answer.status_code == 422 and remedy in answer.json["detail"]


def test_what_could_be_but_is_not_there_is_not_found(ask):
    for asked in ({"substance": "TS-09999"}, {"cluster": "none"}, {"authority": "NOBODY"}):
        assert ask("findings", **asked).status_code == 404


def test_a_parameter_given_twice_is_refused(ask):
    assert ask("reports", country=["DE", "FR"]).status_code == 422


@pytest.mark.parametrize(
    ("asked", "references"),
    [
        ({"event_kind": "death"}, {"R-2"}),
        ({"type": "aggregate"}, {"R-3"}),
        ({"handling": "green"}, {"R-4"}),
        ({"event_from": "2026-09-01", "event_to": "2026-10-31"}, {"R-4"}),
        ({"received_from": "2026-11-22"}, set()),
        ({"received_to": "2026-11-21", "reference": "R-5"}, {"R-5"}),
        ({"group": "fentanyl analogues"}, {"R-6"}),
        ({"family": "nitazene", "event_kind": "death"}, {"R-2"}),
        ({"country": "FR"}, set()),
        ({"simulated": "true"}, set()),
    ],
)
def test_filters_keep_what_was_asked_for(ask, sent, asked, references):
    assert {r["reference"] for r in ask("reports", **asked).json["items"]} == references
    found = {r["reference"] for r in ask("findings", **asked).json["items"]}
    assert found == references


def test_findings_are_asked_by_name_in_any_spelling_and_by_how_they_were_resolved(ask, sent):
    for asked in ({"name": "compound-z"}, {"resolution": "queued"}, {"role": "minor"}):
        items = ask("findings", **asked).json["items"]
        assert {i["substance_name"] for i in items} == {"Compound Z"}
    ids = [i["id"] for i in ask("findings").json["items"]]
    assert len(ids) == len(set(ids)) == 9  # the mixture has two


def test_fields_are_picked_by_path(ask, sent):
    answer = ask("reports", fields="id,findings.substance", reference="R-6").json
    (item,) = answer["items"]
    assert set(item) == {"id", "findings"}
    assert all(set(finding) == {"substance"} for finding in item["findings"])
    (row,) = rows_of(ask("reports", fields="reference,findings.substance", format="csv",
                         reference="R-6"))  # fmt: skip
    assert list(row) == ["reference", "findings.substance"]
    assert row["findings.substance"].count("TS-") == 2


def test_a_file_is_the_whole_list_and_the_accept_header_counts(ask, sent):
    items = ask("findings").json["items"]
    for answer in (ask("findings", format="ndjson"),
                   ask("findings", headers={"Accept": "application/x-ndjson"})):  # fmt: skip
        assert answer.content_type.startswith("application/x-ndjson")
        assert [json.loads(line) for line in answer.text.splitlines()] == items
    table = rows_of(ask("findings", format="csv"))
    assert [row["id"] for row in table] == [item["id"] for item in items]
    assert ask("findings", format="sdf").text.count("$$$$") == len(items)
    part = ask("findings", format="csv", limit="2")
    assert len(rows_of(part)) == 2 and 'rel="next"' in part.headers["Link"]


def test_no_cell_of_a_table_is_a_formula(ask, sent):
    (row,) = rows_of(ask("reports", format="csv", reference="R-1"))
    assert row["sold_as"] == "'=HYPERLINK(1)"


def test_what_was_sent_comes_back_and_changes_nothing_when_sent_again(ask, client, key, sent):
    lines = ask("reports/sent", format="ndjson")
    again = client.post(f"{API}/reports", data=lines.data, headers=key,
                        content_type="application/x-ndjson")  # fmt: skip
    assert again.status_code == 200 and again.json["fates"] == {"unchanged": len(sent)}
    assert ask("reports/sent").json["items"] == [json.loads(x) for x in lines.text.splitlines()]


def test_a_table_of_what_was_sent_changes_nothing_either(ask, sent, database, tmp_path):
    from app.access.models import Authority, acting
    from app.intake.files import take_file

    table = ask("reports/sent", format="csv", event_kind="seizure", event_from="2025-01-01")
    path = tmp_path / "own.csv"
    text = table.text.replace("'=HYPERLINK", "=HYPERLINK")  # the mark against formulas
    path.write_text(text, encoding="utf-8")
    with database.reading() as session:
        home = session.scalars(select(Authority).where(Authority.code == "LABORATORY-DE")).one()
    by = acting(Role.LABORATORY, "key", home)
    receipt = take_file(database, path, by=by, clock=lambda: NOW)
    assert dict(receipt.fates) == {"unchanged": len(sent) - 1}


def test_an_sd_file_holds_the_structures_as_sent(ask, sent):
    from rdkit import Chem

    text = ask("reports/sent", format="sdf", reference="R-1").text
    supplier = Chem.SDMolSupplier()
    supplier.SetData(text)
    (mol,) = supplier
    assert mol.GetProp("reference") == "R-1" and mol.GetNumAtoms() == 30


def test_figures_say_country_month_and_kind_and_nothing_of_the_reporter(client, database, post):
    amber = report(reference="SECRET-7", handling="amber", subdivision="DE-BY", sold_as="odd name")
    post([amber, report(reference="R-8", handling="red", event_kind="death")])
    peer = key_for(database, "FR")
    assert client.get(f"{API}/reports", headers=peer).json["items"] == []
    answer = client.get(f"{API}/figures", headers=peer)
    (figure,) = answer.json["items"]
    assert (figure["country"], figure["period"], figure["reports"]) == ("DE", "2026-11", 1)
    assert figure["event_kind"] == "seizure"
    assert not any(word in answer.text for word in ("SECRET", "LABORATORY", "DE-BY", "odd name"))
    assert client.get(f"{API}/figures").json["items"] == []
    (row,) = rows_of(client.get(f"{API}/figures?format=csv", headers=peer))
    assert row["reports"] == "1"


def test_events_and_what_totals_hold_are_counted_apart(ask, sent):
    items = ask("figures", group="nitazenes").json["items"]
    assert [i["reports"] for i in items if i["type"] == "aggregate"] == [7]
    assert {i["period"] for i in items if i["type"] == "aggregate"} == {"2025"}
    assert sum(i["reports"] for i in items if i["type"] == "event") == 4


def test_where_in_a_country_is_for_the_reporter_and_the_secretariat(client, database, ask, sent):
    secretariat = key_for(database, "CH", Role.ANALYST)
    peer = key_for(database, "FR")
    seen = {}
    for who, headers in (("own", {}), ("secretariat", secretariat), ("peer", peer)):
        (item,) = ask("reports", reference="R-1", headers=headers).json["items"]
        seen[who] = item["subdivision"]
    assert seen == {"own": "DE-BY", "secretariat": "DE-BY", "peer": None}


def test_reading_out_restricted_rows_of_others_is_put_on_record(client, database, sent):
    secretariat = key_for(database, "CH", Role.ANALYST)
    peer = key_for(database, "FR")
    client.get(f"{API}/findings?format=csv", headers=peer)
    client.get(f"{API}/reports?handling=green", headers=secretariat)
    client.get(f"{API}/reports?handling=amber&format=csv", headers=secretariat).get_data()
    client.get(f"{API}/findings?country=DE", headers=secretariat)
    with database.reading() as session:
        trail = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "rows.read_out").order_by(AuditEvent.id)
        )
        told = [(e.subject, e.detail["rows"], e.detail["asked"]) for e in trail]
    assert told == [
        ("reports", 1, {"handling": "amber", "format": "csv"}),
        ("findings", 1, {"country": "DE"}),
    ]


def test_names_say_what_they_mean_and_not_who_said_so(known, settings):
    client = create_app(settings, database=known, clock=lambda: NOW).test_client()
    groups = client.get(f"{API}/names?ambiguous=true&limit=5").json["items"]
    assert groups and all(n["meaning"] == "group" and n["substance"] is None for n in groups)
    (name,) = client.get(f"{API}/names?q=isotonitazene&group=nitazenes&limit=1").json["items"]
    assert name["substance"].startswith("TS-") and name["group"] == "nitazenes"
    forms = client.get(f"{API}/forms").json["items"]
    assert forms == []


@pytest.mark.parametrize("mode", ["similarity", "substructure"])
def test_a_search_is_walked_like_a_list(known, settings, mode):
    client = create_app(settings, database=known, clock=lambda: NOW).test_client()
    wanted = {"structure": "CC(N)C(=O)c1ccccc1", "mode": mode}
    whole = client.get(f"{API}/search", query_string=wanted | {"limit": 200}).json["items"]
    path, walked = f"{API}/search?limit=7", []
    while path and len(walked) < 40:
        answer = client.post(path, json=wanted).json
        walked += answer["items"]
        parts = urlsplit(answer["next"] or "")
        path = f"{parts.path}?{parts.query}" if answer["next"] else None
    assert len(walked) > 20
    assert [h["substance"]["id"] for h in walked] == [
        h["substance"]["id"] for h in whole[: len(walked)]
    ]


MEANWHILE = st.lists(
    st.tuples(st.sampled_from(["new", "amend", "withdraw"]), st.integers(0, 8)), max_size=6
)


@how(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(meanwhile=st.lists(MEANWHILE, min_size=3, max_size=3), limit=st.integers(1, 4))
def test_nothing_that_happens_meanwhile_makes_a_walk_skip_or_repeat(backends, meanwhile, limit):
    """Each row that stood at the start comes once, whatever arrives or is amended."""
    backend = backends["sqlite"]
    database = backend.make(EMPTY)
    try:
        by = laboratory(database, "DE")
        take_reports(database, [report(reference=f"R-{n}") for n in range(9)], by=by)
        versions, moment = dict.fromkeys((f"R-{n}" for n in range(9)), 1), NOW
        for listed, of in ((reports, lambda r: r.reference), (findings, lambda f: f.report_id)):
            with database.reading() as session:
                moment += timedelta(seconds=1)
                standing = [of(row) for row, _ in listed(session, by, moment, Wanted())]
            walked, after, events = [], None, [list(some) for some in meanwhile]
            while True:
                with database.reading() as session:
                    rows = listed(session, by, moment, Wanted(), after=after, limit=limit)
                    page = page_of(rows, limit)
                walked += [of(row) for row in page.items]
                after = page.next
                if after is None:
                    break
                for kind, number in events.pop() if events else ():
                    moment += timedelta(seconds=1)
                    happen(database, by, versions, kind, f"R-{number}", moment)
            assert walked == standing
    finally:
        backend.drop(database)


def happen(database, by, versions, kind, reference, moment):
    """A report arrives, or one is amended or withdrawn."""
    if kind == "new":
        reference = f"N-{moment:%H%M%S}"
    versions[reference] = versions.get(reference, 0) + 1
    more = {"type": "withdrawal"} if kind == "withdraw" else {}
    sent = report(reference=reference, version=versions[reference], **more)
    receipt = take_reports(database, [sent], by=by, now=moment)
    assert "rejected" not in {fate.value for fate in receipt.fates}
