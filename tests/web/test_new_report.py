"""Reporting by form, as it works without any script."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.access.roles import REPORTERS, Role
from app.db import Database
from app.intake.keeping import content_of
from app.intake.models import Finding, Report, Submission
from app.intake.schema import FINDING_FIELDS, REPORT_FIELDS, ReportIn
from app.intake.words import Channel, ReportType
from app.web.formfields import Kind, finding_fields, sections
from app.web.typed import typed, typed_from
from tests.web.conftest import Visit
from tests.web.making import HIDDEN, HOSTILE, ISOTONITAZENE, NEW_TRYPTAMINE

OWN = {"Sec-Fetch-Site": "same-origin"}
REPORT = {
    "reference": "SE-2026-1", "version": "1", "type": "event", "event_kind": "seizure",
    "event_date": "2026-11", "country": "SE", "agency": "customs", "count": "1",
    "quantity": "12.5", "unit": "g", "physical_form": "powder", "handling": "green",
}  # fmt: skip
FINDING = {
    "structure": f"{ISOTONITAZENE}.Cl", "structure_format": "auto", "role": "main",
    "substance_name": "isotonitazene", "purity_percent": "71.5",
    "techniques": ["GC-MS", "NMR"], "confirmation": "reference_standard",
    "isomer_resolved": "true",
}  # fmt: skip


def filled(*findings: dict[str, object], **changed: object) -> MultiDict[str, object]:
    """The form filled in; a finding given replaces the one that is there."""
    form: MultiDict[str, object] = MultiDict(REPORT | {"do": "send"} | changed)
    for number, finding in enumerate(findings or (FINDING,)):
        for name, value in finding.items():
            values = value if isinstance(value, list) else [value]
            form.setlist(f"findings-{number}-{name}", values)
    return form


def send(client: FlaskClient, form: MultiDict[str, object], **headers: str) -> TestResponse:
    return client.post("/reports/new", data=form, headers=OWN | headers)


def chosen(text: str, name: str) -> str:
    """What stands in a field of the page."""
    box = re.search(rf'<select name="{name}".*?</select>', text, re.DOTALL)
    if box:
        found = re.search(r'value="([^"]*)" selected', box[0])
    elif area := re.search(rf'<textarea name="{name}"[^>]*>\n(.*?)</textarea>', text, re.DOTALL):
        return unescape(area[1])
    else:
        tag = re.search(rf'<input [^>]*name="{name}"[^>]*>', text)[0]
        found = re.search(r'value="([^"]*)"', tag)
    return unescape(found[1]) if found else ""


@pytest.fixture
def lab(visit: Visit) -> FlaskClient:
    return visit(Role.LABORATORY)


def test_every_field_of_the_schema_is_on_the_form(lab: FlaskClient):
    asked = [f.name for section in sections() for f in section.fields]
    assert sorted(asked) == sorted(REPORT_FIELDS)
    in_finding = [f.name for group in finding_fields() for f in group]
    assert sorted(in_finding) == sorted(FINDING_FIELDS)
    text = lab.get("/reports/new").text
    for name in (*asked, *(f"findings-0-{name}" for name in in_finding)):
        assert f'name="{name}"' in text, name
    assert 'name="findings-1-' not in text


def test_options_and_limits_are_those_of_the_schema(lab: FlaskClient):
    text = lab.get("/reports/new").text
    for word in ("seizure", "drug_checking", "impregnated_paper", "GC-MS", "intensive_care"):
        assert f'value="{word}"' in text
    assert f'value="{ReportType.WITHDRAWAL}"' not in text  # has a page of its own
    assert 'maxlength="300"' in text
    kinds = {f.name: f.kind for section in sections() for f in section.fields}
    assert (kinds["event_date"], kinds["embargo_until"]) == (Kind.DATE, Kind.DAY)
    assert (kinds["origin"], kinds["trace"]) == (Kind.COUNTRY, Kind.YES_NO)
    assert chosen(text, "country") == "SE" and 'value="DE" selected' not in text


@pytest.mark.parametrize("role", list(Role))
def test_reporters_alone_find_and_open_it(visit: Visit, role: Role):
    client = visit(role)
    allowed = role in REPORTERS
    assert ('href="/reports/new"' in client.get("/").text) == allowed
    assert (client.get("/reports/new").status_code == 200) == allowed
    asked = client.post("/reports/new/answer", data={"structure": "CCO"}, headers=OWN)
    assert (asked.status_code == 200) == allowed


def test_a_report_is_taken_and_kept_as_it_was_sent(full: Database, lab: FlaskClient):
    answer = send(lab, filled())
    assert answer.status_code == 302, answer.text
    page = lab.get(answer.location).text
    assert answer.location.startswith("/reports/RP-") and "Taken: RP-" in page
    with full.reading() as session:
        report = session.scalars(select(Report).where(Report.reference == "SE-2026-1")).one()
        assert (report.quantity, report.handling.word, report.precision) == (12.5, "green", "month")
        (finding,) = report.findings
        assert finding.substance.name == "Isotonitazene" and finding.form_label == "hydrochloride"
        assert finding.techniques == ["GC-MS", "NMR"] and finding.isomer_resolved is True
        assert report.submission.channel is Channel.FORM
        sent = json.loads(b"".join(content_of(session, report.submission)))
        assert sent["findings"][0]["structure"] == FINDING["structure"]
        assert ReportIn.model_validate(sent).quantity == 12.5


def test_a_script_is_told_where_to_go(lab: FlaskClient):
    answer = send(lab, filled(), Accept="application/json, text/html;q=0.9")
    assert answer.json["location"].startswith("/reports/RP-")
    wrong = send(lab, filled(event_date="soon"), Accept="application/json, text/html;q=0.9")
    assert wrong.status_code == 422 and wrong.mimetype == "text/html"


def test_an_unresolved_name_leads_to_the_receipt_which_says_so(lab: FlaskClient):
    answer = send(lab, filled({"substance_name": "Blue mystery 7"}))
    assert answer.location.startswith("/submissions/SUB-")
    page = lab.get(answer.location).text
    assert "a curator will resolve it" in page and "Taken; a name waits for a curator" in page


def test_several_findings_are_sent_and_a_blank_one_is_none(full: Database, lab: FlaskClient):
    blank = {"role": "main", "structure_format": "auto", "substance_name": "  "}
    send(lab, filled(FINDING, blank, {"substance_name": "3-MMC", "role": "minor"}))
    with full.reading() as session:
        report = session.scalars(select(Report).where(Report.reference == "SE-2026-1")).one()
        assert [f.substance.name for f in report.findings] == ["Isotonitazene", "3-MMC"]


def test_what_is_wrong_stands_beside_its_field_and_everything_typed_stays(
    full: Database, lab: FlaskClient
):
    bad = FINDING | {"structure": "c1ccccc", "purity_percent": "71,5 %"}
    form = filled(FINDING, bad, event_date="yesterday", quantity="", sold_as=HOSTILE, origin="XX")
    answer = send(lab, form)
    assert answer.status_code == 422
    for at in ("event_date", "origin", "findings-1-purity_percent"):
        assert f'href="#{at}"' in answer.text and f'id="{at}-wrong"' in answer.text
        assert re.search(rf'id="{at}"[^>]*aria-invalid="true"', answer.text)
    assert "write YYYY, YYYY-MM or YYYY-MM-DD" in answer.text
    assert 'id="reference-wrong"' not in answer.text
    assert HOSTILE not in answer.text
    for name, values in form.lists():
        if name not in {"do", "handling"} and "techniques" not in name:
            assert chosen(answer.text, name) == values[0], name
    assert answer.text.count('value="NMR" checked') == 2
    assert 'value="green" checked' in answer.text
    with full.reading() as session:
        assert not session.scalars(select(Report).where(Report.reference == "SE-2026-1")).all()


def test_what_only_intake_can_know_is_said_beside_its_field_too(lab: FlaskClient):
    broken = send(lab, filled(FINDING | {"structure": "c1ccccc"}))
    assert broken.status_code == 422 and 'id="findings-0-structure-wrong"' in broken.text
    foreign = send(lab, filled(country="DE"))
    assert 'id="country-wrong"' in foreign.text and "reports for SE" in foreign.text
    assert chosen(foreign.text, "country") == "DE"
    future = send(lab, filled(event_date="2031"))
    assert 'id="event_date-wrong"' in future.text
    nothing = send(lab, filled({"role": "main"}))
    assert 'href="#findings-0-substance_name"' in nothing.text


def test_a_report_held_with_other_content_is_pointed_to_its_next_version(lab: FlaskClient):
    send(lab, filled())
    again = send(lab, filled())
    assert again.status_code == 302 and "nothing changed" in lab.get(again.location).text
    other = send(lab, filled(quantity="13"))
    assert 'id="version-wrong"' in other.text and "send a correction as version 2" in other.text


def test_a_report_sent_twice_under_one_key_is_filed_once(full: Database, lab: FlaskClient):
    key = chosen(lab.get("/reports/new").text, "key")
    assert key and key != chosen(lab.get("/reports/new").text, "key")
    first, second = (send(lab, filled(key=key)) for _ in range(2))
    assert first.location == second.location
    other = send(lab, filled(key=key, quantity="99"))
    assert other.status_code == 422 and "was used for other content" in other.text
    assert chosen(other.text, "key") not in {"", key}
    with full.reading() as session:
        own = select(func.count()).select_from(Submission).where(Submission.state == "processed")
        assert session.scalar(own.where(Submission.channel == Channel.FORM)) == 1


def test_findings_are_added_and_taken_out_without_a_script(lab: FlaskClient):
    two = send(lab, filled(do="add", key="kept"))
    assert two.status_code == 200 and 'name="findings-1-structure"' in two.text
    assert chosen(two.text, "findings-0-structure") == FINDING["structure"]
    assert chosen(two.text, "reference") == "SE-2026-1" and chosen(two.text, "key") == "kept"
    one = send(lab, filled(FINDING, {"substance_name": "3-MMC"}, do="remove-0"))
    assert chosen(one.text, "findings-0-substance_name") == "3-MMC"
    assert 'name="findings-1-structure"' not in one.text
    none = send(lab, filled(do="remove-0"))
    assert chosen(none.text, "findings-0-structure") == ""
    assert send(lab, filled(do="remove-99999")).status_code == 200
    assert send(lab, filled(do="keep")).status_code == 200  # Return in a field sends nothing


def test_what_is_this_is_answered_without_a_script(lab: FlaskClient):
    page = send(lab, filled({"substance_name": "3-MMC"}, FINDING, do="answer-1")).text
    assert page.count('class="verdict"') == 1
    assert re.search(r"This is <a[^>]*>Isotonitazene</a>", page)
    assert "Schedule I of the 1961 Convention" in page and "<svg" in page


def ask(client: FlaskClient, **asked: str) -> str:
    answer = client.post("/reports/new/answer", data=asked, headers=OWN)
    assert answer.status_code == 200
    return answer.text


def test_an_answer_says_what_it_is_and_what_to_look_at(lab: FlaskClient):
    text = ask(lab, structure=f"{ISOTONITAZENE}.Cl", substance_name="protonitazene")
    assert "Salt taken off: hydrochloride" in text
    assert "is a name of Protonitazene, which is another substance" in text
    assert "1\u00a0country" in text and "215\u00a0reports in totals" in text
    assert "<html" not in text
    assert ask(lab).strip() == ""
    assert "Cannot be taken" in ask(lab, structure="c1ccccc")
    assert "resolve it" in ask(lab, substance_name=HOSTILE) and HOSTILE not in ask(
        lab, substance_name=HOSTILE
    )


def test_an_answer_tells_nothing_that_is_not_for_the_asker(full: Database, lab: FlaskClient):
    with full.transaction() as session:
        hidden = select(Finding).where(Finding.structure == HIDDEN)
        session.scalars(hidden).one().substance.handling = 3
    text = ask(lab, structure=HIDDEN)
    assert "New to the register, as far as you may see" in text
    assert "No report of it that you may see" in text and "TS-" in text  # of its relatives


def test_a_question_too_long_for_a_structure_is_refused_unread(lab: FlaskClient):
    answer = lab.post("/reports/new/answer", data={"structure": "C" * 130_000}, headers=OWN)
    assert answer.status_code == 413
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    data = {"structure": "CCO"}
    assert lab.post("/reports/new/answer", data=data, headers=elsewhere).status_code == 403


def test_a_report_is_corrected_as_its_next_version(full: Database, lab: FlaskClient):
    mixture = FINDING | {"structure": f"{ISOTONITAZENE}.{NEW_TRYPTAMINE}", "substance_name": "mix"}
    first = send(lab, filled(mixture, {"substance_name": "3-MMC"}, period_end="2026-11"))
    first = re.search(r"/reports/(RP-\d+)", lab.get(first.location).text)[1]
    page = lab.get(f"/reports/{first}").text
    assert f'href="/reports/new?amend={first}"' in page
    form = lab.get(f"/reports/new?amend={first}").text
    assert chosen(form, "version") == "2" and chosen(form, "quantity") == "12.5"
    assert chosen(form, "event_date") == "2026-11" and 'value="green" checked' in form
    assert chosen(form, "findings-0-structure") == mixture["structure"]
    assert chosen(form, "findings-1-substance_name") == "3-MMC"
    assert 'name="findings-2-structure"' not in form  # a mixture is one finding again
    send(lab, filled(version="2", quantity="13"))
    again = lab.get(f"/reports/new?amend={first}")
    assert again.status_code == 302 and first not in again.location  # to the newest version
    assert f"amend={first}" not in lab.get(f"/reports/{first}").text


def test_a_correction_that_changes_nothing_makes_no_version(full: Database, lab: FlaskClient):
    mixture = FINDING | {"structure": f"{ISOTONITAZENE}.{NEW_TRYPTAMINE}", "substance_name": "mix"}
    taken = send(lab, filled(mixture, {"substance_name": "3-MMC"}, period_end="2026-11"))
    code = re.search(r"/reports/(RP-\d+)", lab.get(taken.location).text)[1]
    offered = Offered(lab.get(f"/reports/new?amend={code}").text).sent
    refused = send(lab, offered | {"do": "send"})
    assert refused.status_code == 422
    assert "Nothing has changed since version 1." in refused.text
    assert send(lab, offered | {"do": "send", "version": "7"}).status_code == 422
    corrected = offered | {"do": "send", "quantity": "13"}
    first, again = send(lab, corrected), send(lab, corrected)  # the first answer was lost
    assert first.status_code == 302 and again.location == first.location
    with full.reading() as session:
        held = select(Report.version).where(Report.reference == "SE-2026-1")
        assert sorted(session.scalars(held)) == [1, 2]


class Offered(HTMLParser):
    """What a browser sends of the form of a report as it stands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.sent: dict[str, list[str]] = {}
        self.within = ""
        form = page[page.index('<form class="report-form"') :].partition("</form>")[0]
        self.feed(re.sub(r"<template.*?</template>", "", form, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name, value = told.get("name") or "", told.get("value") or ""
        ticked = told.get("type") not in {"checkbox", "radio"} or "checked" in told
        if tag in {"select", "textarea"}:
            self.within = name
        elif tag == "option" and "selected" in told:
            self.sent[self.within] = [value]
        elif tag == "input" and name and ticked:
            self.sent.setdefault(name, []).append(value)

    def handle_data(self, data: str) -> None:
        if self.lasttag == "textarea":  # its first line break is the page's
            self.sent.setdefault(self.within, [data.removeprefix("\n")])


def test_filling_the_form_from_a_report_and_reading_it_gives_the_same_report():
    form = typed(filled(FINDING, {"substance_name": "3-MMC"}).items(multi=True))
    sent = ReportIn.model_validate(form.fields())
    back = typed_from(sent.model_dump(mode="json", exclude_none=True)).fields()
    assert ReportIn.model_validate(back) == sent


def test_a_report_is_withdrawn_after_asking_once_more(full: Database, lab: FlaskClient):
    code = send(lab, filled()).location.rpartition("/")[2]
    assert f'href="/reports/{code}/withdraw"' in lab.get(f"/reports/{code}").text
    asked = lab.get(f"/reports/{code}/withdraw")
    assert "Withdraw SE-2026-1?" in asked.text
    form = {"key": chosen(asked.text, "key")}
    done = lab.post(f"/reports/{code}/withdraw", data=form, headers=OWN, follow_redirects=True)
    assert "Withdrawn: RP-" in done.text
    with full.reading() as session:
        versions = select(Report).where(Report.reference == "SE-2026-1").order_by(Report.version)
        first, tombstone = session.scalars(versions)
        assert first.superseded_at and tombstone.type is ReportType.WITHDRAWAL
        assert tombstone.handling is first.handling and not tombstone.findings
    other = send(lab, filled(key="used", reference="SE-2026-2"))
    path = f"{other.location}/withdraw"
    refused = lab.post(path, data={"key": "used"}, headers=OWN)
    assert refused.status_code == 422 and "was used for other content" in refused.text
    for page in (lab.get(f"/reports/{code}"), done):
        assert "/withdraw" not in page.text
    again = lab.post(f"/reports/{code}/withdraw", data=form, headers=OWN)
    assert again.status_code == 422 and "withdrawn already" in again.text


def test_what_others_reported_is_neither_corrected_nor_withdrawn(visit: Visit, lab: FlaskClient):
    open_report = re.search(r"/reports/(RP-\d+)", visit(Role.PUBLIC).get("/reports").text)[1]
    restricted = re.search(r"/reports/(RP-\d+)", visit(Role.ADMIN).get("/reports?country=IS").text)
    for code, status in ((open_report, 403), (restricted[1], 404), ("RP-999999", 404)):
        assert lab.get(f"/reports/new?amend={code}").status_code == status
        assert lab.get(f"/reports/{code}/withdraw").status_code == status
        assert lab.post(f"/reports/{code}/withdraw", headers=OWN).status_code == status
    page = lab.get(f"/reports/{open_report}").text
    assert "amend=" not in page and "/withdraw" not in page


@pytest.mark.parametrize(
    "form",
    [
        {"do": "answer-999999999999999999999"}, {"do": "remove--1"}, {"do": "\u0663"},
        {"findings-0-techniques": "<script>"}, {"findings-9999-structure": "C" * 99_000},
        {"findings-0-structure": "\U0001f600 C1CC", "do": "answer-0"}, {"version": "9" * 400},
        {"count": "NaN", "quantity": "inf", "unit": "g"}, {"reference": "a\tb"},
        {"findings-0-structure_format": "docx", "findings-0-structure": "C", "do": "answer-0"},
        {f"findings-{n}-substance_name": "x" for n in range(90)},
        {"type": "withdrawal", "event_kind": "seizure", "event_date": "2026", "country": "SE",
         "reference": "none such"},
    ],
)  # fmt: skip
def test_whatever_is_sent_is_answered_with_the_form(lab: FlaskClient, form: dict[str, str]):
    answer = lab.post("/reports/new", data=form, headers=OWN)
    assert answer.status_code in {200, 422}
    assert "<script>" not in answer.text.replace("<script src", "").replace("<script type", "")
