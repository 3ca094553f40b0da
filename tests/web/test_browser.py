"""The pages as people see them, in Debian's Chromium, on a wide screen and on a telephone."""

from __future__ import annotations

import re

import pytest

from tests.web.browsing import TEXT_ACCIDENTS, WIDTHS, signed_in

pytestmark = pytest.mark.browser

PAGES = (
    "/", "/substances", "/substances?q=nitazene", "/clusters", "/signals", "/priority", "/reports",
    "/alerts", "/status", "/login", "/nowhere", "/submissions", "/review", "/curation",
    "/subscriptions", "/admin", "/profiles", "/profiles/nflis", "/docs/codes",
)  # fmt: skip
DETAILS = (
    "/substances/TS-",
    "/signals/E-",
    "/clusters/",
    "/reports/RP-",
    "/alerts/A-",
    "/review/C-",
    "/priority/TS-",
)
SIZES = ((1440, "light"), (390, "light"), (390, "dark"))

EMPTY_PICTURES = "() => [...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
LOAD_ALL = """() => Promise.all([...document.images].map(i => {
  i.loading = "eager";
  return i.decode().catch(() => {});
}))"""


@pytest.fixture(scope="module")
def details(site: str, chromium) -> list[str]:
    """The address of one page of each kind of thing."""
    page = signed_in(chromium, site, 1440, "light")
    found = []
    for address in ("/substances?q=isotonitazene", "/signals?rule=NEW_SPREAD", *PAGES):
        page.goto(address)
        found += re.findall(r'href="(/[^"?#]+)"', page.content())
    page.context.close()
    return [next(path for path in found if path.startswith(start)) for start in DETAILS]


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_nothing_is_cut_lies_on_something_else_or_fails_to_load(
    site: str, chromium, details: list[str], width: int, scheme: str
):
    page = signed_in(chromium, site, width, scheme)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in (*PAGES, *details):
        complaints.clear()
        page.goto(path)
        page.evaluate(LOAD_ALL)
        whole, window = page.evaluate(WIDTHS)
        assert whole <= window, f"{path} is {whole} px wide"
        assert page.evaluate(EMPTY_PICTURES) == [], path
        assert page.evaluate(TEXT_ACCIDENTS) == [], path
        expected = ["404 (NOT FOUND)"] if path == "/nowhere" else []
        assert len(complaints) == len(expected), (path, complaints)
    page.context.close()


def test_opened_tables_stay_inside_the_window_too(site: str, chromium, details: list[str]):
    page = signed_in(chromium, site, 390, "light")
    for path in ("/", "/priority", *details):
        page.goto(path)
        page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
        whole, window = page.evaluate(WIDTHS)
        assert whole <= window, path
    page.context.close()


@pytest.mark.parametrize("language", ["fr", "es"])
def test_longer_words_stay_inside_the_window(
    site: str, chromium, details: list[str], language: str
):
    page = signed_in(chromium, site, 390, "light")
    page.goto(f"/?lang={language}")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        for path in (*PAGES, *details):
            page.goto(path)
            whole, window = page.evaluate(WIDTHS)
            assert whole <= window, (path, width)
    page.context.close()


def test_a_slash_moves_to_the_search_and_return_searches(site: str, chromium):
    page = signed_in(chromium, site, 1440, "light")
    page.goto("/signals")
    page.keyboard.press("/")
    page.keyboard.type("isotonitazene")
    page.keyboard.press("Enter")
    page.wait_for_url("**/substances?q=isotonitazene")
    assert page.locator("a.name", has_text="Isotonitazene").count()
    page.context.close()


def test_the_first_key_press_offers_to_skip_the_navigation(site: str, chromium):
    page = signed_in(chromium, site, 1440, "light")
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    page.context.close()


def test_structures_are_legible_in_the_dark(site: str, chromium):
    """Their ink is turned light, on a paper that is dark."""
    page = signed_in(chromium, site, 1440, "dark")
    page.goto("/substances?q=nitazene")
    style = page.evaluate("() => getComputedStyle(document.querySelector('img.mol')).filter")
    assert "invert" in style
    page.context.close()


def test_filters_are_kept_in_the_address(site: str, chromium):
    page = signed_in(chromium, site, 390, "light")
    page.goto("/signals")
    page.select_option("[name=tier]", "urgent")
    page.click("main form button")
    assert "tier=urgent" in page.url
    assert page.locator("[name=tier]").input_value() == "urgent"
    page.context.close()
