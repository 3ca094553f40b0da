"""The pages as people see them, in Debian's Chromium, on a wide screen and on a telephone."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from app import create_app
from app.db import Database
from app.settings import Settings
from tests.web.making import NOW, PASSWORD, fill

sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
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
)
SIZES = ((1440, "light"), (390, "light"), (390, "dark"))

# Pieces of text that lie on each other, and those that reach out of the window (not in a .scroll).
TEXT_ACCIDENTS = """() => {
  const unseen = ".unseen, .skip, title, option, pattern";
  const pieces = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const [text, parent] = [node.data.trim().slice(0, 40), node.parentElement];
    if (!text || parent.closest(unseen) || !parent.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects())
      if (box.width > 1 && box.height > 1) pieces.push([box, text, parent]);
  }
  const found = [];
  pieces.forEach(([a, one, parent], n) => {
    const out = a.left < -1 || a.right > innerWidth + 1;
    if (out && !parent.closest(".scroll")) found.push(`cut: ${one}`);
    for (const [b, other] of pieces.slice(n + 1)) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const most = Math.min(a.height, b.height);
      if (across > 2 && down > most * 0.45) found.push(`"${one}" on "${other}"`);
    }
  });
  return found.slice(0, 5);
}"""
EMPTY_PICTURES = "() => [...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
LOAD_ALL = """() => Promise.all([...document.images].map(i => {
  i.loading = "eager";
  return i.decode().catch(() => {});
}))"""
WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service with a small full register."""
    folder = tmp_path_factory.mktemp("site")
    settings = Settings.from_env({"TOCSIN_DATA_DIR": str(folder)})
    database = Database(settings.database_url)
    fill(database)
    app = create_app(settings, database=database, clock=lambda: NOW)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    database.engine.dispose()


@pytest.fixture(scope="module")
def chromium():
    """Debian's browser; without it these tests are skipped, and in CI they fail."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"there is no {CHROMIUM}")
        pytest.skip(f"there is no {CHROMIUM}")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


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


def signed_in(chromium, site: str, width: int, scheme: str):
    """A page of an administrator's browser, who may see everything."""
    context = chromium.new_context(
        base_url=site, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = context.new_page()
    page.goto("/login")
    page.fill("main [name=email]", "admin@tocsin.test")
    page.fill("main [name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/")
    return page


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
