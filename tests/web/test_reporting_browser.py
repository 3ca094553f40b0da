"""Reporting by form in Debian's Chromium: with and without scripts, and with a bad connection."""

from __future__ import annotations

import json
import re

import pytest

from tests.web.browsing import TEXT_ACCIDENTS, WIDTHS, signed_in
from tests.web.making import ISOTONITAZENE

pytestmark = pytest.mark.browser

NAME, STRUCTURE = "[name=findings-0-substance_name]", "[name=findings-0-structure]"
DRAFTS = "() => Object.keys(localStorage).filter(place => place.startsWith('tocsin.draft:'))"
RING = (32, 200)  # where the editor's tool bar has a benzene ring
MIDDLE = {"x": 180, "y": 150}
BENZENE = re.compile(r"C1=CC=CC=C1|C1C=CC=CC=1")


@pytest.fixture
def page(site: str, chromium):
    """A laboratory's browser at the form, and nothing for it to complain about."""
    page = signed_in(chromium, site, 1280, "light", "laboratory")
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/reports/new")
    page.complaints = complaints
    yield page
    page.context.close()
    assert [c for c in complaints if "422" not in c and "ERR_" not in c] == []


def fill(page, reference: str, **more: str) -> None:
    """Everything that is needed but what was found."""
    page.fill("[name=reference]", reference)
    page.select_option("[name=event_kind]", more.get("kind", "seizure"))
    page.fill("[name=event_date]", "2026-11-02")


def wait_for_answer(page, text: str, block: int = 0):
    answer = page.locator("#findings .finding").nth(block).locator(".answer")
    answer.locator("p, li").filter(has_text=text).first.wait_for()


def test_without_a_script_a_report_is_written_answered_and_sent(site: str, chromium):
    page = signed_in(chromium, site, 1280, "light", "laboratory", java_script_enabled=False)
    page.goto("/reports/new")
    assert page.locator(".draw:visible").count() == 0
    page.fill(STRUCTURE, f"{ISOTONITAZENE}.Cl")
    page.click("text=What is this?")
    wait_for_answer(page, "Isotonitazene")
    page.click("text=Add a finding")
    page.fill("[name=findings-1-substance_name]", "3-MMC")
    page.click("text=Send the report")
    page.click("#to-mend a >> text=Your reference")
    assert page.url.endswith("#reference")
    assert page.input_value(STRUCTURE) == f"{ISOTONITAZENE}.Cl"
    fill(page, "SE-NO-SCRIPT")
    page.click("text=Send the report")
    assert page.locator("h1").inner_text().startswith("Seizure, Sweden")
    assert page.locator("td a.name").all_inner_texts() == ["Isotonitazene", "3-MMC"]
    page.context.close()


def test_an_answer_appears_while_one_types(page):
    page.fill(STRUCTURE, f"{ISOTONITAZENE}.Cl")
    wait_for_answer(page, "Isotonitazene")
    assert page.locator(".answer").first.get_attribute("aria-live") == "polite"
    assert page.locator(".answer svg").count() == 1
    assert page.locator(".ask:visible").count() == 0  # not needed any more
    page.fill(NAME, "protonitazene")
    wait_for_answer(page, "which is another substance")
    page.fill(STRUCTURE, "c1ccccc")
    wait_for_answer(page, "Cannot be taken")
    page.fill(STRUCTURE, "")
    page.fill(NAME, "")
    page.wait_for_function("() => !document.querySelector('.answer').children.length")


def test_the_last_question_is_the_one_that_is_answered(page):
    """An answer that comes late does not stand in the place of a newer one."""
    asked: list[str] = []

    def slow(route):
        asked.append(route.request.post_data)
        if len(asked) == 1:
            page.wait_for_timeout(1500)
        route.continue_()

    page.route("**/reports/new/answer", slow)
    page.fill(NAME, "isotonitazene")
    page.wait_for_timeout(700)
    page.fill(NAME, "3-MMC")
    wait_for_answer(page, "3-MMC")
    page.wait_for_timeout(500)
    assert "Isotonitazene" not in page.locator(".answer").first.inner_text()


def test_findings_are_added_and_taken_out_at_once(page):
    page.fill(NAME, "isotonitazene")
    page.click("text=Add a finding")
    page.keyboard.type("3-MMC")  # the new one has the focus
    wait_for_answer(page, "differ only in where a group sits", block=1)
    page.locator(".take-out").first.click()
    assert page.locator("#findings .finding").count() == 1
    assert page.locator(".nth").first.inner_text() == "1"
    fill(page, "SE-TAKEN-OUT")
    page.click("text=Send the report")
    page.wait_for_url("**/reports/RP-*")
    assert page.locator("td a.name").all_inner_texts() == ["3-MMC"]


def test_the_editor_is_fetched_when_somebody_draws_and_draws_what_is_written(page):
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.reload()
    assert not any("openchemlib" in url for url in fetched)
    page.locator(".draw").focus()
    page.keyboard.press("Enter")  # reachable by keyboard
    canvas = page.locator(".sketch canvas")
    canvas.nth(1).wait_for()
    assert any("openchemlib" in url for url in fetched)
    canvas.nth(0).click(position={"x": RING[0], "y": RING[1]})
    canvas.nth(1).click(position=MIDDLE)
    page.wait_for_function(f"() => document.querySelector('{STRUCTURE}').value")
    assert BENZENE.fullmatch(page.input_value(STRUCTURE))
    wait_for_answer(page, "C6H6")
    empty = canvas.nth(1).screenshot()
    page.fill(STRUCTURE, "InChI=1S/C11H15NO/c1-8-4-6-10(7-5-8)11(13)9(2)12-3/h4-7,9,12H,1-3H3")
    wait_for_answer(page, "Mephedrone")  # what the editor cannot read, the service reads for it
    page.wait_for_timeout(300)
    assert canvas.nth(1).screenshot() != empty
    page.click("text=Close the drawing")
    assert page.locator(".sketch:visible").count() == 0
    assert page.input_value(STRUCTURE).startswith("InChI")  # opening and closing changes nothing


def test_a_lost_connection_keeps_the_draft(page):
    page.fill(NAME, "isotonitazene")
    page.check("[name=findings-0-techniques][value=NMR]")
    page.click("text=Add a finding")
    page.fill("[name=findings-1-substance_name]", "3-MMC")
    fill(page, "SE-OFFLINE")
    page.context.set_offline(True)
    page.click("text=Send the report")
    page.get_by_text("there is no connection").wait_for()
    page.context.set_offline(False)
    page.reload()
    page.get_by_text("This is your draft of").wait_for()
    assert page.input_value("[name=findings-1-substance_name]") == "3-MMC"
    assert page.is_checked("[name=findings-0-techniques][value=NMR]")
    page.click("text=Send the report")
    page.wait_for_url("**/reports/RP-*")
    assert page.get_by_text("Taken: RP-").count() == 1
    assert page.evaluate(DRAFTS) == []


def test_a_lost_answer_does_not_file_the_report_twice(page):
    page.fill(NAME, "isotonitazene")
    fill(page, "SE-LOST-ANSWER")

    def lose(route):
        route.fetch()  # it arrives, and its answer is lost
        route.abort()

    before = page.context.cookies()
    page.route("**/reports/new", lose)
    page.click("text=Send the report")
    page.get_by_text("there is no connection").wait_for()
    page.unroute("**/reports/new")
    page.context.clear_cookies()  # `fetch` let the browser keep what the lost answer brought
    page.context.add_cookies(before)
    page.reload()
    page.click("text=Send the report")
    page.wait_for_url("**/reports/RP-*")
    assert page.get_by_text("Taken: RP-").count() == 1
    assert "version 1 " in page.locator(".meta").first.inner_text()
    page.goto("/submissions")
    rows = page.locator("tbody tr")
    assert rows.filter(has_text="form").count() == len(page.locator("tbody tr").all())
    codes = [page.request.get(link).text() for link in links(page, "/submissions/SUB-")]
    assert sum("SE-LOST-ANSWER" in text for text in codes) == 1


def links(page, start: str) -> list[str]:
    found = page.locator(f"main a[href^='{start}']").all()
    return [link.get_attribute("href") for link in found]


def test_a_draft_is_its_owners_alone_and_can_be_discarded(page, site: str):
    page.fill(NAME, "secret thing")
    (place,) = page.evaluate(DRAFTS)
    assert "laboratory@tocsin.test" in place
    page.reload()
    page.get_by_role("button", name="Discard it").click()
    page.wait_for_function(
        "() => !document.querySelector('[name=findings-0-substance_name]').value"
    )
    assert page.evaluate(DRAFTS) == []
    page.fill(NAME, "secret thing")
    assert page.evaluate(DRAFTS)
    page.context.clear_cookies()  # the session ends; somebody else signs in at this machine
    page.goto("/login")
    page.fill("main [name=email]", "focal_point@tocsin.test")
    page.fill("main [name=password]", "a long enough password")
    page.click("main button")
    page.goto("/reports/new")
    assert page.input_value(NAME) == ""
    assert page.get_by_text("This is your draft").count() == 0
    page.click("text=Sign out")
    page.wait_for_url(f"{site}/")
    assert page.evaluate(DRAFTS) == []


def test_who_is_signed_out_meanwhile_is_told_and_loses_nothing(page):
    page.fill(NAME, "isotonitazene")
    fill(page, "SE-SIGNED-OUT")
    wait_for_answer(page, "Isotonitazene")  # whose own answer renews the session
    page.context.clear_cookies()
    page.click("text=Send the report")
    page.get_by_text("you are signed out").wait_for()
    assert len(page.evaluate(DRAFTS)) == 1
    page.complaints.clear()  # the 401 of it


def test_what_is_to_be_mended_takes_the_focus_and_keeps_what_was_typed(page):
    page.fill(NAME, "isotonitazene")
    page.select_option("[name=event_kind]", "death")
    assert page.locator("#harm").get_attribute("open") is not None
    page.fill("[name=event_date]", "soon")
    page.click("text=Send the report")
    page.locator("#to-mend").wait_for()
    assert page.evaluate("() => document.activeElement.id") == "to-mend"
    assert page.input_value(NAME) == "isotonitazene"
    wait_for_answer(page, "Isotonitazene")
    page.fill("[name=event_date]", "2026-11-02")
    page.fill("[name=reference]", "SE-MENDED")
    page.click("text=Send the report")
    page.wait_for_url("**/reports/RP-*")
    page.click("main >> text=Correct")
    assert page.input_value("[name=version]") == "2"
    page.fill("[name=quantity]", "3")
    page.select_option("[name=unit]", "g")
    page.click("text=Send the correction")
    page.wait_for_url("**/reports/RP-*")
    assert "version 2" in page.locator(".meta").first.inner_text()
    page.click("main >> text=Withdraw")
    page.click("text=Withdraw it")
    page.wait_for_url("**/reports/RP-*")
    assert page.locator("h1").inner_text().startswith("Withdrawal")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_nothing_is_cut(site: str, chromium, scheme: str):
    page = signed_in(chromium, site, 390, scheme, "laboratory")
    page.goto("/reports/new")
    page.fill(STRUCTURE, f"{ISOTONITAZENE}.Cl")
    page.fill(NAME, "protonitazene, a name that is quite long and says nothing for certain at all")
    wait_for_answer(page, "Isotonitazene")
    page.click("text=Draw")
    page.locator(".sketch canvas").nth(1).wait_for()
    page.click("text=Send the report")
    page.locator("#to-mend").wait_for()
    wait_for_answer(page, "Isotonitazene")
    whole, window = page.evaluate(WIDTHS)
    assert whole <= window
    assert page.evaluate(TEXT_ACCIDENTS) == []
    held = page.evaluate("() => localStorage.getItem(Object.keys(localStorage)[0])")
    assert ["findings-0-structure", f"{ISOTONITAZENE}.Cl"] in json.loads(held)["pairs"]
    page.context.close()
