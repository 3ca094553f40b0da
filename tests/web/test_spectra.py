"""Spectra on pages: drawn honestly, said in words, and only for those who may see them."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
import pytest

from app.access.models import Authority
from app.access.roles import Actor, Role
from app.access.service import authority_by_code
from app.db import Database
from app.intake import lists
from app.intake.attachments.detection import JCAMP, MSP, read
from app.intake.attachments.spectrum import Spectrum, Technique
from app.web.spectra import bands, both_widths, mirrored, round_numbers, round_scale, said, table
from tests.intake.attachments.making import DOPAMINE, PDF, curve, msp, put
from tests.intake.taking import take_reports
from tests.reporting import report
from tests.web.conftest import Visit
from tests.web.making import HIDDEN_REFERENCE, NOW
from tests.web.test_pages import obeys

MASS = read(msp(), MSP)[0]
INFRARED = read(curve([(1665, 0.9), (1345, 0.95), (1110, 0.4)]), JCAMP)[0]
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def test_every_peak_is_a_stick_of_its_height() -> None:
    chart = both_widths("x", MASS)["wide"]
    sticks = re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", chart.path)
    assert len(sticks) == len(DOPAMINE)
    heights = [float(base) - float(top) for _, base, top in sticks]
    assert max(heights) == pytest.approx(chart.base - 32)
    assert heights[1] / max(heights) == pytest.approx(275 / 999, abs=0.01)
    assert [float(x) for x, _, _ in sticks] == sorted(float(x) for x, _, _ in sticks)


def test_main_peaks_are_named_and_no_names_lie_on_each_other() -> None:
    many = Spectrum(
        Technique.EI_MS, np.arange(40.0, 240), np.linspace(1, 100, 200), "m/z", "", sticks=True
    )
    for spectrum in (MASS, many):
        for chart in both_widths("x", spectrum).values():
            assert chart.labels[0].text in {"91.0529", "239"}
            for n, one in enumerate(chart.labels):
                assert 0 < one.x < chart.width
                for other in chart.labels[n + 1 :]:
                    apart = abs(one.x - other.x) > 6 * len(one.text)
                    assert apart or abs(one.y - other.y) >= 12


def test_infrared_runs_to_the_left_and_mass_to_the_right() -> None:
    at = {one.text: one.at for one in both_widths("x", INFRARED)["wide"].columns}
    assert at["4000"] < at["1000"]
    masses = {one.text: one.at for one in both_widths("x", MASS)["wide"].columns}
    assert masses["60"] < masses["120"]


def test_a_long_curve_is_drawn_in_few_points_and_keeps_its_extremes() -> None:
    x = np.linspace(600, 4000, 150_000)
    y = np.zeros_like(x)
    y[70_000] = 1.0
    chart = both_widths("x", Spectrum(Technique.IR, x, y, "1/cm", "absorbance", False))["narrow"]
    points = [float(point.split()[1]) for point in chart.path[1:].split("L")]
    assert len(points) < 3 * chart.width
    assert min(points) == 32.0 and max(points) == chart.base


def test_two_spectra_stand_head_to_tail_over_one_axis() -> None:
    chart = mirrored("x", MASS, MASS)["wide"]
    assert chart.path.count("M") == chart.other.count("M") == len(DOPAMINE)
    tops = [float(v) for v in re.findall(r"V([\d.]+)", chart.path)]
    lows = [float(v) for v in re.findall(r"V([\d.]+)", chart.other)]
    for top, low in zip(tops, lows, strict=True):
        assert chart.base - top == pytest.approx(low - chart.base, abs=0.2)
    assert mirrored("x", INFRARED, INFRARED)["wide"].filled is False


def test_what_is_drawn_is_said_and_stands_in_a_table() -> None:
    assert said(MASS) == (
        "MSn spectrum of positive ions from m/z 154.0863 with 8\u00a0peaks; the highest: m/z "
        "91.0529 (100\u00a0%), 65.0379 (28\u00a0%), 119.0481 (20\u00a0%) and 137.0568 (17\u00a0%)."
    )
    heads, rows = table(MASS)
    assert heads == ("m/z", "Relative intensity, %") and rows[0] == ("91.0529", "100.0")
    assert len(rows) == len(DOPAMINE)
    assert said(INFRARED).startswith("Infrared spectrum, 4000 to 600 cm⁻¹ in 851\u00a0points")
    assert [round(x) for x, _ in bands(INFRARED)[:3]] == [1344, 1664, 1112]


def test_marks_are_round_and_hold_the_values() -> None:
    assert round_numbers(600, 4000, 6) == [1000, 2000, 3000, 4000]
    assert round_scale(-0.02, 0.93, 4) == [-0.5, 0, 0.5, 1]
    assert round_scale(5, 5, 4) == [5]


@pytest.fixture
def files(full: Database) -> dict[str, str]:
    """A spectrum on a public report and one on an amber report; codes of reports and files."""
    found = {}
    with full.reading() as session:
        everybody = Actor(Role.ADMIN, "admin")
        for held, _ in lists.reports(session, everybody, NOW, lists.Wanted()):
            found[held.reference] = (held.code, held.authority_id)
    codes = {}
    for reference in ("DE-1", "FR-1", HIDDEN_REFERENCE):
        code, home = found[reference]
        with full.reading() as session:
            who = session.get_one(Authority, home)
            by = Actor(Role.LABORATORY, "key", who.id, who.code, who.countries)
        content = msp(name=f"of {reference}")
        codes[reference] = code
        codes[f"{reference} file"] = put(full, code, content, "s.msp", by=by, finding=0).code
    return codes


def test_a_report_shows_its_spectra_to_those_who_may_read_it(visit: Visit, files) -> None:
    for role in (Role.PUBLIC, Role.LABORATORY, Role.ANALYST):
        page = visit(role).get(f"/reports/{files['DE-1']}").text
        obeys(page)
        assert "of DE-1" in page and 'class="chart spectrum wide"' in page
        assert ("Seen before?" in page) == (role is not Role.PUBLIC)
        assert "Attach a file" not in page  # it is not theirs
    hidden = visit(Role.PUBLIC)
    code = files[f"{HIDDEN_REFERENCE} file"]
    assert hidden.get(f"/attachments/{code}").status_code == 404
    assert hidden.get(f"/spectra/{code}").status_code == 404
    assert visit(Role.ANALYST).get(f"/spectra/{code}").status_code == 200


def test_seen_before_counts_what_is_amber_and_shows_what_is_not(visit: Visit, files) -> None:
    peer = visit(Role.SUBSCRIBER)
    page = peer.get(f"/spectra?attachment={files['DE-1 file']}&position=0").text
    obeys(page)
    assert "2\u00a0other laboratories in 2\u00a0countries" in page
    assert files["FR-1"] in page and files[HIDDEN_REFERENCE] not in page
    assert f"of {HIDDEN_REFERENCE}" not in page
    assert (
        files[HIDDEN_REFERENCE]
        in visit(Role.ANALYST).get(f"/spectra?attachment={files['DE-1 file']}").text
    )


def test_a_spectrum_is_pasted_and_kept_by_nobody(visit: Visit, files) -> None:
    peer = visit(Role.SUBSCRIBER)
    text = "\n".join(f"{mz} {height}" for mz, height in DOPAMINE)
    answer = peer.post("/spectra", data={"text": text}, headers=SAME_ORIGIN)
    assert answer.status_code == 200 and "3\u00a0other laboratories" in answer.text
    obeys(answer.text)
    sent = {"file": (BytesIO(msp()), "run.msp"), "text": ""}
    answer = peer.post("/spectra", data=sent, headers=SAME_ORIGIN)
    assert "3\u00a0other laboratories" in answer.text
    for wrong, said_so in (
        ("91,05 3", "line 1"), ("<b>x", "none of the formats"), ("", "send a spectrum"),
    ):  # fmt: skip
        answer = peer.post("/spectra", data={"text": wrong}, headers=SAME_ORIGIN)
        assert answer.status_code == 422 and said_so in answer.text and "<b>x" not in answer.text


def test_a_laboratory_attaches_and_takes_off_on_the_page_of_its_report(
    full: Database, visit: Visit
) -> None:
    with full.reading() as session:
        home = authority_by_code(session, "LABORATORY-SE")
        by = Actor(Role.LABORATORY, "key", home.id, home.code, home.countries)
    take_reports(full, [report("SE", reference="SE-1")], by=by, now=NOW)
    with full.reading() as session:
        held, _ = next(lists.reports(session, by, NOW, lists.Wanted(country="SE"), limit=1))
        code = held.code
    browser = visit(Role.LABORATORY)
    assert "Attach a file" in browser.get(f"/reports/{code}").text

    def send(content: bytes, name: str) -> str:
        form = {"file": (BytesIO(content), name), "finding": "0", "note": "<i>n</i>"}
        path = f"/reports/{code}/attachments"
        answer = browser.post(path, data=form, headers=SAME_ORIGIN, follow_redirects=True)
        assert answer.status_code == 200
        return answer.text

    page = send(PDF, "Report.pdf")
    obeys(page)
    assert "Report.pdf is attached" in page and "&lt;i&gt;n&lt;/i&gt;" in page
    assert "Nothing was attached: a web page" in send(b"<html></html>", "x.html")
    number = re.search(r"/attachments/(AT-\d+)/remove", page)[1]
    answer = browser.post(
        f"/attachments/{number}/remove", headers=SAME_ORIGIN, follow_redirects=True
    )
    assert "is taken off" in answer.text and f"/attachments/{number}" not in answer.text
