"""The API for files and spectra: what goes in comes out, and nothing runs on the way."""

from __future__ import annotations

from io import BytesIO

import pytest

from app.access.roles import Role
from tests.intake.attachments.making import DOPAMINE, PDF, curve, msp
from tests.reporting import key_for, report

HTML = b"<html><script>alert(1)</script></html>"


@pytest.fixture
def code(post) -> str:
    """The number of a public report of Germany."""
    receipt = post(report())
    assert receipt.status_code == 201, receipt.text
    return receipt.json["rows"][0]["report"]


@pytest.fixture
def send(client, key, code):
    """Attach a file to that report, as the raw body."""

    def attach(content: bytes, name: str = "", headers=None, **more: str):
        query = {"filename": name, **more}
        path = f"/api/v1/reports/{code}/attachments"
        return client.post(path, data=content, query_string=query, headers=headers or key)

    return attach


def test_a_spectrum_is_attached_and_told_of(client, key, code, send):
    answer = send(msp(), "run.msp", finding="0", note="reference standard")
    assert answer.status_code == 201, answer.text
    told = answer.json
    assert told["id"] == "AT-00001" and told["report"] == code and told["finding"] == 0
    assert (told["format"], told["kind"], told["size"]) == ("MSP", "spectrum", len(msp()))
    assert told["note"] == "reference standard" and told["handling"] == "clear"
    (spectrum,) = told["spectra"]
    assert (spectrum["technique"], spectrum["points"]) == ("ESI-MSn", 8)
    assert [91.0529, 1.0] in spectrum["peaks"]
    assert answer.headers["Location"].endswith("/api/v1/attachments/AT-00001")
    assert client.get("/api/v1/attachments/AT-00001", headers=key).json == told
    listed = client.get(f"/api/v1/reports/{code}/attachments", headers=key).json
    assert [one["id"] for one in listed["items"]] == ["AT-00001"] and listed["next"] is None
    assert send(msp(), "run.msp", finding="0").status_code == 200


def test_a_form_with_a_file_does_as_well(client, key, code):
    form = {"file": (BytesIO(PDF), "Report of analysis.pdf")}
    path = f"/api/v1/reports/{code}/attachments"
    answer = client.post(path, data=form, headers=key, content_type="multipart/form-data")
    assert answer.status_code == 201 and answer.json["filename"] == "Report of analysis.pdf"
    empty = client.post(path, data={"a": "b"}, headers=key, content_type="multipart/form-data")
    assert empty.status_code == 422 and "choose a file" in empty.text


@pytest.mark.parametrize(("content", "name", "kind"), [
    (PDF, "a\u202e \"x\";\r\nX: y.pdf", "application/pdf"),
    (msp(), "run.msp", "text/plain"),
    (curve([(1000, 1)]), "", "chemical/x-jcamp-dx"),
])  # fmt: skip
def test_a_file_is_given_out_for_saving_and_for_nothing_else(client, send, content, name, kind):
    assert send(content, name).status_code == 201
    answer = client.get("/attachments/AT-00001")  # of a public report, so for everybody
    assert answer.status_code == 200 and answer.data == content
    assert answer.mimetype == kind
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "\r" not in answer.headers["Content-Disposition"] and "X" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; sandbox")
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(("content", "name", "wanted"), [
    (HTML, "page.html", "carry scripts"),
    (b"<svg/>", "drawing.png", "carry scripts"),
    (PDF, "report.jdx", "but its content is PDF"),
    (b"MZ" + bytes(100), "tool.exe", "none of the formats"),
    (b"", "nothing.pdf", "the file is empty"),
    (msp().replace(b"91.0529\t999", b"91.0529\tmany"), "run.msp", "line 9: an intensity is"),
    (PDF + bytes(10 * 1024 * 1024), "large.pdf", "the limit is 10 MB"),
])  # fmt: skip
def test_what_may_not_be_attached_is_refused_in_words(
    client, key, code, send, content, name, wanted
):
    answer = send(content, name)
    assert answer.status_code in (400, 422) and wanted in answer.json["detail"]
    assert answer.json["errors"][0]["field"] == "file"
    assert client.get(f"/api/v1/reports/{code}/attachments", headers=key).json["items"] == []


@pytest.mark.parametrize("finding", ["1", "-1", "x", "99999999999999999999", "²"])
def test_a_finding_that_is_not_there_is_refused(send, finding):
    answer = send(PDF, "a.pdf", finding=finding)
    assert answer.status_code == 422 and answer.json["errors"][0]["field"] == "finding"


def test_a_file_is_taken_off_by_its_own_authority_alone(client, key, database, send):
    send(PDF, "a.pdf")
    other = key_for(database, "FR")
    assert client.delete("/api/v1/attachments/AT-00001", headers=other).status_code == 403
    assert client.delete("/api/v1/attachments/AT-00001", headers=key).status_code == 200
    for path in ("/api/v1/attachments/AT-00001", "/attachments/AT-00001", "/spectra/AT-00001"):
        assert client.get(path, headers=key).status_code == 404


def test_another_authority_attaches_nothing(database, code, send):
    assert send(PDF, "a.pdf", headers=key_for(database, "FR")).status_code == 403
    analyst = key_for(database, "IT", Role.ANALYST)
    assert send(PDF, "a.pdf", headers=analyst).status_code == 403


@pytest.mark.parametrize("body", [
    {"peaks": list(DOPAMINE)},
    {"text": msp().decode()},
    {"text": "\n".join(f"{mz} {height}" for mz, height in DOPAMINE), "technique": "ESI-MSn"},
])  # fmt: skip
def test_a_spectrum_is_found_again(client, database, send, body):
    send(msp(), "run.msp", finding="0")
    peer = key_for(database, "FR", Role.SUBSCRIBER)
    answer = client.post("/api/v1/spectra/search", json=body, headers=peer)
    assert answer.status_code == 200, answer.text
    seen = answer.json
    assert (seen["spectra"], seen["laboratories"], seen["countries"]) == (1, 1, 1)
    (hit,) = seen["hits"]
    assert hit["score"] == pytest.approx(1) and hit["matched"] == 8
    assert (hit["attachment"], hit["country"]) == ("AT-00001", "DE")
    assert seen["substances"][0]["substance"] == hit["substances"][0]


def test_a_stored_spectrum_is_asked_for_beside_its_own_report(client, database, key, send):
    send(msp(), "run.msp")
    asked = {"attachment": "AT-00001", "position": 0}
    own = client.post("/api/v1/spectra/search", json=asked, headers=key).json
    assert own["spectra"] == own["own"] == 0
    gone = client.post("/api/v1/spectra/search", json=asked | {"position": 1}, headers=key)
    assert gone.status_code == 404


@pytest.mark.parametrize("body", [
    {}, {"peaks": []}, {"peaks": [[1, 2]], "text": "1 2"}, {"peaks": [[1]]}, {"least": 0.7},
    {"peaks": [[1, 2]], "least": 0.1}, {"text": "no spectrum"}, {"peaks": [[-1, 2]]},
    {"peaks": [[1, 0]]}, {"peaks": [[1, 2]], "technique": "IR"}, {"text": "\x00"}, {"text": ""},
    {"peaks": [[1e300, 2]]}, {"text": "1 2\n3 \ud800"},
])  # fmt: skip
def test_a_question_that_makes_no_sense_is_told_so(client, key, body):
    answer = client.post("/api/v1/spectra/search", json=body, headers=key)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json["title"]


def test_strangers_do_not_search(client):
    assert client.post("/api/v1/spectra/search", json={"peaks": [[1, 2]]}).status_code == 401


def test_the_document_says_that_a_file_goes_in(client):
    path = client.get("/api/v1/openapi.json").json["paths"]["/reports/{code}/attachments"]
    content = path["post"]["requestBody"]["content"]
    assert set(content) == {"application/octet-stream", "multipart/form-data"}
