"""A file sent from a page is kept and read, or only looked at; its receipt says the rest."""

from __future__ import annotations

import io
import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.access.roles import Role
from app.intake.files import take_up_waiting
from app.intake.models import Report, Submission
from app.web import uploading
from tests.intake.test_profiles import HEAD, LINE, ZOLL
from tests.web.conftest import Visit
from tests.web.making import HOSTILE, ISOTONITAZENE, NOW

OWN = {"Sec-Fetch-Site": "same-origin"}
TABLE = (
    "reference,event_kind,event_date,country,substance_name,structure\n"
    f"U-1,seizure,2026-11-02,SE,Isotonitazene,{ISOTONITAZENE}\n"
    f"U-2,seizure,2026-11-02,XX,{HOSTILE},\n"
    "U-3,seizure,2026-11-02,SE,Nameless thing,\n"
)


def send(client: FlaskClient, content: str | bytes, name: str = "table.csv", **more: str):
    data = content if isinstance(content, bytes) else content.encode()
    form = {"file": (io.BytesIO(data), name), **more}
    return client.post("/reports/upload", data=form, headers=OWN)


def count(app, table) -> int:
    with app.extensions["tocsin.database"].reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_short_file_is_read_at_once_and_its_receipt_says_what_became_of_it(visit: Visit):
    lab = visit(Role.LABORATORY)
    answer = send(lab, TABLE, "reports/table.csv")
    assert answer.status_code == 302 and answer.location.startswith("/submissions/SUB-")
    page = lab.get(answer.location).text
    assert "<dd>table.csv</dd>" in page and "http-equiv" not in page
    assert ">Isotonitazene</a>" in page and "Nameless thing, not resolved" in page
    assert HOSTILE not in page
    rejected = lab.get(f"{answer.location}?fate=rejected").text
    assert "U-2" in rejected and "U-1" not in rejected
    again = lab.get(send(lab, TABLE.replace("XX", "SE")).location).text
    assert "No rows" not in again


def test_the_receipt_of_a_table_says_where_in_plain_words(visit: Visit):
    lab = visit(Role.LABORATORY)
    wrong = TABLE.replace(ISOTONITAZENE, "c1ccccc") + (
        "U-4,seizure,2026-11-02,SE,a,\nU-4,seizure,2026-11-03,SE,b,\n"
    )
    page = lab.get(send(lab, wrong).location).text
    assert "<b>structure</b>: " in page and "findings[" not in page
    assert "see the row where U-4 begins" in page
    own = "Nummer;Datum\n1;2.11.2026\n"
    assert 'href="/profiles">import profile</a>' in lab.get(send(lab, own).location).text


def test_the_same_file_twice_points_to_the_first(visit: Visit):
    lab = visit(Role.LABORATORY)
    text = "\n".join(TABLE.splitlines()[:2])
    first, second = send(lab, text).location, send(lab, text).location
    assert first != second
    page = lab.get(second).text
    assert "The same content was taken before" in page and f'href="{first}"' in page


def test_a_dry_run_tells_and_keeps_nothing(visit: Visit, full_app):
    before = count(full_app, Submission), count(full_app, Report)
    answer = send(visit(Role.LABORATORY), TABLE, dry_run="yes")
    assert answer.status_code == 200
    assert "Dry run of table.csv" in answer.text and "would be rejected" in answer.text
    assert "U-2" in answer.text and HOSTILE not in answer.text
    assert (count(full_app, Submission), count(full_app, Report)) == before


def test_a_long_file_waits_for_the_worker_and_its_page_loads_itself_again(
    visit: Visit, full_app, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(uploading, "AT_ONCE", 10)
    lab = visit(Role.LABORATORY)
    where = send(lab, TABLE).location
    page = lab.get(where).text
    assert '<meta http-equiv="refresh" content="5">' in page and "waits for the worker" in page
    assert take_up_waiting(full_app.extensions["tocsin.database"], clock=lambda: NOW) == 1
    page = lab.get(where).text
    assert "http-equiv" not in page and "U-3" in page


def test_a_profile_of_ones_own_is_chosen_by_name(visit: Visit):
    lab = visit(Role.LABORATORY)
    form = {"name": "zoll", "text": ZOLL.replace('"DE"', '"SE"'), "action": "save"}
    lab.post("/profiles/new", data=form, headers=OWN)
    assert "zoll: Zoll, Jahrestabelle" in lab.get("/reports/upload").text
    answer = send(lab, f"{HEAD}\n{LINE}\n", profile="zoll")
    page = lab.get(answer.location).text
    assert "2026/17" in page and "profile zoll" in page


@pytest.mark.parametrize(
    ("content", "name", "more", "said"),
    [
        (b"", "", {}, "choose a file"),
        (b"x", "report.docx", {}, "is not read"),
        (b"x", "report", {}, "is not read"),
        (b"[]", "report.json", {"profile": "nflis"}, "a profile reads tables"),
        (b"a,b\n", "report.csv", {"profile": "none"}, "there is no import profile"),
        (b"a,b\n1,2\n", "report.csv", {"dry_run": "yes"}, "unknown column"),
    ],
)
def test_what_cannot_be_sent_is_told_why(visit: Visit, content, name, more, said):
    answer = send(visit(Role.LABORATORY), content, name, **more)
    assert answer.status_code == 422
    assert said.lower() in answer.text.lower()


def test_a_file_that_cannot_be_read_is_kept_and_its_receipt_says_why(visit: Visit):
    lab = visit(Role.LABORATORY)
    for content in (b"a,b\n1,2\n", b"", bytes(range(256))):
        where = send(lab, content).location
        page = lab.get(where).text
        assert lab.get(f"{where}/results.csv").status_code == 404
        assert "nothing was taken" in page and 'class="flash problem"' in page


def test_files_may_be_larger_than_other_bodies_up_to_a_limit(visit: Visit, full_app):
    full_app.config["MAX_CONTENT_LENGTH"] = 1000
    lab = visit(Role.LABORATORY)
    padded = TABLE + "U-9,seizure,2026,SE,padding\n" * 60
    assert send(lab, padded, dry_run="yes").status_code == 200
    said = {"CONTENT_LENGTH": str(600 * 1024 * 1024)}
    answer = lab.post("/reports/upload", data=b"x", environ_overrides=said, headers=OWN)
    assert answer.status_code == 422 and "larger than 512 MB" in answer.text


def test_only_those_who_report_send_files(visit: Visit):
    for role in (Role.SUBSCRIBER, Role.ANALYST, Role.ADMIN):
        assert send(visit(role), TABLE).status_code == 403


def test_results_are_for_the_authority_alone(visit: Visit):
    where = send(visit(Role.LABORATORY), TABLE).location
    other, admin = visit(Role.FOCAL_POINT), visit(Role.ADMIN)
    assert other.get(f"{where}/results.csv").status_code == 404
    assert admin.get(where).status_code == 200
    assert admin.get(f"{where}/results.csv").status_code == 403
    assert "results.csv" not in admin.get(where).text


def test_rejected_rows_are_mended_and_sent_back(visit: Visit):
    lab = visit(Role.LABORATORY)
    where = send(lab, TABLE).location
    answer = lab.get(f"{where}/results.csv?only=rejected")
    assert answer.headers["Content-Disposition"].endswith('-rejected.csv"')
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2 and lines[0].endswith(",result,problem")
    assert "rejected" in lines[1] and "XX" in lines[1]
    page = lab.get(send(lab, answer.data.replace(b",XX,", b",SE,", 1)).location).text
    assert "U-2" in page and '<span class="fate queued">' in page


def test_the_results_of_json_are_lines_with_the_report_inside(visit: Visit):
    lab = visit(Role.LABORATORY)
    report = {"reference": "J-1", "event_kind": "seizure", "event_date": "2026", "country": "XX"}
    where = send(lab, json.dumps([report]), "reports.json").location
    (line,) = lab.get(f"{where}/results.ndjson").text.splitlines()
    told = json.loads(line)
    assert told["report"] == report and told["result"] == "rejected" and told["row"] == 1
    assert "country" in told["problem"]
    assert lab.get(f"{where}/results.csv").status_code == 404
    right = {"report": report | {"country": "SE", "findings": [{"substance_name": "Mephedrone"}]}}
    back = send(lab, json.dumps(told | right), "mended.ndjson").location
    assert '<span class="fate accepted">' in lab.get(back).text
