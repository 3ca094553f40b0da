"""A file sent from Debian's Chromium: it says that it is on its way, and why it did not arrive."""

from __future__ import annotations

import pytest

from tests.web.browsing import signed_in

pytestmark = pytest.mark.browser

TABLE = (
    b"reference,event_kind,event_date,country,substance_name\n"
    b"SE-FILE-1,seizure,2026-11-02,SE,isotonitazene\n"
)


@pytest.fixture
def page(site: str, chromium):
    """A laboratory's browser at the page that takes files."""
    page = signed_in(chromium, site, 1280, "light", "laboratory")
    page.goto("/reports/upload")
    yield page
    page.context.close()


def choose(page, name: str, content: bytes) -> None:
    page.set_input_files("[name=file]", {"name": name, "mimeType": "text/csv", "buffer": content})


def test_a_file_that_loses_its_connection_is_sent_again(page):
    choose(page, "november.csv", TABLE)
    page.context.set_offline(True)
    page.click("button.primary")
    page.get_by_text("the connection was lost").wait_for()
    page.context.set_offline(False)
    page.click("button.primary")
    page.wait_for_url("**/submissions/SUB-*")
    assert "SE-FILE-1" in page.inner_text("main")


def test_a_refused_file_is_told_why_on_the_same_page_and_another_can_follow(page):
    choose(page, "november.pdf", b"%PDF-1.7")
    page.click("button.primary")
    page.locator(".flash.problem").wait_for()
    assert page.evaluate("document.activeElement.className") == "flash problem"
    choose(page, "november.csv", TABLE.replace(b"FILE-1", b"FILE-2"))
    page.click("button.primary")
    page.wait_for_url("**/submissions/SUB-*")
    assert "SE-FILE-2" in page.inner_text("main")
