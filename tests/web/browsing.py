"""A real browser on a real service, for the tests of what people see."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from app import create_app
from app.settings import Settings
from tests.web.making import FULL, NOW, PASSWORD

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
WIDTHS = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"

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


@pytest.fixture(scope="module")
def site(backends, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service with a small full register."""
    folder = tmp_path_factory.mktemp("site")
    settings = Settings.from_env({"TOCSIN_DATA_DIR": str(folder)})
    database = backends["sqlite"].make(FULL)
    app = create_app(settings, database=database, clock=lambda: NOW)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    backends["sqlite"].drop(database)


@pytest.fixture(scope="module")
def chromium():
    """Debian's browser; without it these tests are skipped, and in CI they fail."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"there is no {CHROMIUM}")
        pytest.skip(f"there is no {CHROMIUM}")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


def signed_in(chromium, site: str, width: int, scheme: str, role: str = "admin", **context):
    """A page of somebody's browser; an administrator may see everything."""
    size = {"width": width, "height": 900}
    context = chromium.new_context(base_url=site, viewport=size, color_scheme=scheme, **context)
    page = context.new_page()
    page.set_default_timeout(9000)
    page.goto("/login")
    page.fill("main [name=email]", f"{role}@tocsin.test")
    page.fill("main [name=password]", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/")
    return page
