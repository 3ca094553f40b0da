"""What a form may say, and what no alert says."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.access.handling import Handling
from app.errors import Refused
from app.notification.comparing import changed_fields, in_words
from app.notification.models import Product
from app.notification.products import (
    LENGTHS,
    RESPONSES,
    Content,
    read_content,
    read_reason,
    response_sentences,
    unfinished,
    unwanted,
)
from app.surveillance.models import Tier
from tests.notification.written import a_content

CHOSEN = {"product": "briefing", "tier": "urgent", "handling": "green"}


def test_a_form_is_read_as_it_is_meant():
    content = read_content(
        CHOSEN
        | {
            "headline": "  Two\nlines ", "happened": "One.\r\nTwo.", "countries": "de, FR de",
            "substances": "ts-42", "sources": "e-7;RP-9", "valid_until": "2027-01-31",
            "subject": "family:nitazene", "exercise": "yes",
        },
        ["screen", "screen"],
    )  # fmt: skip
    assert content == Content(
        product=Product.BRIEFING, tier=Tier.URGENT, handling=Handling.GREEN,
        headline="Two lines", happened="One.\nTwo.", countries=("DE", "FR"),
        substances=("TS-00042",), sources=("E-00007", "RP-000009"),
        valid_until=date(2027, 1, 31), subject="family:nitazene", exercise=True,
        response=("screen",),
    )  # fmt: skip
    assert Content.of(content.as_dict()) == content


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("product", "notice"), ("tier", "4"), ("handling", "red"), ("handling", ""),
        ("countries", "UK"), ("substances", "isotonitazene"), ("sources", "A-00001"),
        ("sources", "RP-00000000001"), ("valid_until", "31.1.2027"), ("subject", "family:none"),
        ("subject", "substance:TS-00001"), ("headline", "x" * 161), ("known", "x" * 2_001),
        ("known", "a\x00b"), ("headline", "a\u202eb"), ("countries", "DE " + "XK " * 9),
        ("sources", " ".join(f"E-{n}" for n in range(61))),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_of_its_field(field, text):
    with pytest.raises(Refused) as refusal:
        read_content(CHOSEN | {field: text}, [])
    assert {problem.field for problem in refusal.value.problems} == {field}


def test_an_option_that_is_not_offered_is_refused():
    with pytest.raises(Refused, match="none of the options"):
        read_content(CHOSEN, ["ban_it"])


@pytest.mark.parametrize("field", LENGTHS)
@pytest.mark.parametrize(
    "text",
    [
        "It should be controlled.", "It must be  scheduled at once", "needs to be banned",
        "People took 5 mg of it", "about 200 µg", "20mcg", "A synthesis route is known",
        "made with reagents", "See https://shop.example", "www.shop.example", "abc.onion",
        "on Telegram", "bought from a vendor",
    ],
)  # fmt: skip
def test_no_dose_no_making_no_shop_and_no_measure(field, text):
    (problem,) = unwanted({field: text})
    assert problem.field == field


@pytest.mark.parametrize(
    "text",
    [
        "Seized: 12 kg and 300 g.", "Found at 2.1 ng/mL in blood.", "It is controlled in Germany.",
        "The list was scheduled for review.", "Laboratories synthesised a reference.",
    ],
)  # fmt: skip
def test_what_laboratories_say_may_be_said(text):
    assert unwanted({"known": text}) == []


def test_no_response_option_says_what_no_alert_says():
    assert unwanted(response_sentences()) == []
    assert len(response_sentences()) == sum(len(some) for some in RESPONSES.values())


def test_what_is_missing_is_named():
    today = date(2026, 11, 20)
    assert unfinished(a_content(), today) == ()
    assert [p.field for p in unfinished(Content(), today)] == [
        "headline", "happened", "known", "unknown", "substances", "response", "valid_until",
    ]  # fmt: skip
    for until in (today - timedelta(days=1), today + timedelta(days=732)):
        assert [p.field for p in unfinished(a_content(valid_until=until), today)] == ["valid_until"]
    assert unfinished(a_content(response=(), advice="Look."), today) == ()


def test_a_reason_is_a_sentence_that_may_be_told():
    assert read_reason(" A mix-up. ") == "A mix-up."
    for text in ("", " \n", "x" * 1_001, "see https://x.example", "a\x00"):
        with pytest.raises(Refused):
            read_reason(text)


def test_every_field_can_be_said_in_words_when_it_changes():
    after = a_content(
        exercise=True, substances=("TS-00001",), sources=("E-00001",), advice="x",
        subject="group:nitazenes", tier=Tier.WATCH, product=Product.ALERT,
    )  # fmt: skip
    changed = changed_fields(Content(), after)
    assert len(changed) == 15
    assert all(in_words(after, field) for field in changed)
