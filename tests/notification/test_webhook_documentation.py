"""What docs/webhooks.md says is what is posted."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from app import outgoing
from app.notification import outbox, posting, webhooks
from app.notification.posting import headers_of
from tests.notification.making import NOW
from tests.notification.receiving import parcel

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")


@pytest.fixture
def verified():
    """The example of the page, as somebody would copy it."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict = {}
    exec(code, names)
    return names["verified"]


def test_the_example_takes_what_we_sign_and_nothing_else(verified):
    sent = parcel("https://hook.example/", "secret")
    headers, now = headers_of(sent, NOW), NOW.timestamp()
    assert verified("secret", headers, sent.body, now)
    assert verified("secret", headers, sent.body, now + 299)
    assert not verified("secret", headers, sent.body, now + 301), "an old copy"
    assert not verified("other", headers, sent.body, now)
    assert not verified("secret", headers, sent.body + b" ", now)
    later = headers | {"Tocsin-Timestamp": str(int(now) + 1)}
    assert not verified("secret", later, sent.body, now), "the time is signed too"
    assert not verified("secret", headers | {"Tocsin-Timestamp": "now"}, sent.body, now)


@pytest.mark.parametrize("held", ["new", "old"])
def test_during_a_rotation_either_secret_verifies(verified, held):
    sent = parcel("https://hook.example/", "new", "old")
    assert verified(held, headers_of(sent, NOW), sent.body, NOW.timestamp())


def test_the_headers_and_bounds_of_the_page_are_those_of_the_code():
    ours = {name for name in headers_of(parcel("https://x/"), NOW) if name.startswith("Tocsin-")}
    assert set(re.findall(r"^\| `(Tocsin-\w+)` \|", PAGE, re.MULTILINE)) == ours
    (example,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert list(json.loads(example)) == ["delivery", "event", "item"]
    assert outbox.BACK_OFF == (30, 60, 300, 900, 3_600, 14_400, 43_200)
    assert (posting.READ_SECONDS, posting.ALL_SECONDS, outgoing.QUOTED) == (10, 20, 200)
    assert timedelta(hours=1) == posting.LONGEST_RETRY
    assert (webhooks.FAILS_FOR.days, webhooks.OVERLAP.days, webhooks.FAILURES) == (3, 7, 10)
    assert (webhooks.TESTS_AN_HOUR, webhooks.ATTEMPTS_KEPT) == (10, 200)
