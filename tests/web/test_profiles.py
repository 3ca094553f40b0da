"""Import profiles on their pages: written, tried on a file, saved, and seen by nobody else."""

from __future__ import annotations

import io

from flask.testing import FlaskClient

from app.access.roles import Role
from tests.intake.test_profiles import HEAD, LINE, ZOLL
from tests.web.conftest import Visit
from tests.web.making import HOSTILE

OWN = {"Sec-Fetch-Site": "same-origin"}
SWEDISH = ZOLL.replace('country = "DE"', 'country = "SE"')


def write(client: FlaskClient, text: str = SWEDISH, path: str = "/profiles/new", **more):
    form = {"name": "zoll", "text": text, "action": "save"} | more
    return client.post(path, data=form, headers=OWN)


def test_a_profile_is_saved_listed_and_changed(visit: Visit):
    lab = visit(Role.LABORATORY)
    assert write(lab).location == "/profiles/zoll"
    assert "Zoll, Jahrestabelle" in lab.get("/profiles").text
    page = lab.get("/profiles/zoll").text
    assert "Version 1 of LABORATORY-SE" in page and 'name="seen" value="1"' in page
    changed = SWEDISH.replace("Jahrestabelle", "Monatstabelle")
    assert write(lab, changed, "/profiles/zoll", seen="1").status_code == 302
    assert "Monatstabelle" in lab.get("/profiles/zoll").text
    late = write(lab, SWEDISH.replace("Gramm", "gr"), "/profiles/zoll", seen="1")
    assert late.status_code == 409
    assert "somebody else meanwhile" in late.text and "&#34;gr&#34; = " in late.text


def test_a_mistake_is_told_and_what_was_written_stays(visit: Visit):
    answer = write(visit(Role.LABORATORY), SWEDISH.replace("event_date =", "event_dat ="))
    assert answer.status_code == 422
    assert "line 9, columns.event_dat: is no field of a report" in answer.text
    assert "event_dat = &#34;Datum&#34;" in answer.text
    answer = write(visit(Role.LABORATORY), name="new")
    assert answer.status_code == 422 and "is no name of a profile" in answer.text


def test_trying_shows_what_would_be_read_and_keeps_nothing(visit: Visit):
    lab = visit(Role.LABORATORY)
    lines = [HEAD, LINE, LINE.replace("BESCHLAGNAHME", HOSTILE).replace(";17;", ";18;"), ""]
    file = (io.BytesIO("\n".join(lines).encode()), "zoll.csv")
    page = write(lab, action="try", file=file)
    assert page.status_code == 200
    assert "1 of them would be rejected" in page.text and "2026-11-03" in page.text
    assert HOSTILE not in page.text and "&lt;script&gt;" in page.text
    assert "Nothing was sent yet" in lab.get("/submissions").text
    assert "zoll" not in lab.get("/profiles").text.replace("tocsin", "")


def test_a_file_that_does_not_fit_is_told_why(visit: Visit):
    lab = visit(Role.LABORATORY)
    for name, content, said in (
        ("a.csv", b"Jahr;Neu\n1;2\n", "profile zoll needs the column Nr."),
        ("a.csv", b"", "the file is empty"),
        ("../../a.exe", b"x", "a profile reads .csv"),
        ("", b"", "choose a file"),
    ):
        page = write(lab, action="try", file=(io.BytesIO(content), name))
        assert page.status_code == 422 and said.lower() in page.text.lower()


def test_others_neither_see_nor_change_it_and_an_admin_sees_all(visit: Visit):
    write(visit(Role.LABORATORY))
    other, admin = visit(Role.FOCAL_POINT), visit(Role.ADMIN)
    assert other.get("/profiles/zoll").status_code == 404
    assert other.post("/profiles/zoll/remove", headers=OWN).status_code == 404
    assert "LABORATORY-SE" in admin.get("/profiles").text
    page = admin.get("/profiles/zoll?authority=LABORATORY-SE").text
    assert "Jahrestabelle" in page and "<textarea" not in page
    assert write(admin).status_code == 403
    assert visit(Role.ANALYST).get("/profiles").status_code == 403


def test_a_shipped_one_is_copied_and_removing_ones_own_leaves_it(visit: Visit):
    lab = visit(Role.LABORATORY)
    assert "NFLIS-Drug" in lab.get("/profiles/nflis").text
    assert "SubstanceDetected" in lab.get("/profiles/new?from=nflis").text
    assert lab.get("/profiles/new?from=../../pyproject").status_code == 404
    assert write(lab, name="nflis").status_code == 302
    assert "Jahrestabelle" in lab.get("/profiles/nflis").text
    assert lab.post("/profiles/nflis/remove", headers=OWN).status_code == 302
    assert "NFLIS-Drug" in lab.get("/profiles/nflis").text
