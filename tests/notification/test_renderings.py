"""One source, three lengths; and the mail of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notification.mail import compose
from app.notification.models import Product
from app.notification.products import RESPONSES, Content, response_sentences
from app.notification.renderings import (
    GSM_LENGTH,
    PAGE_TEXTS,
    UCS_LENGTH,
    WIDTH,
    Source,
    cut,
    full_text,
    page_text,
    short,
    sms_length,
    ucs_length,
)
from tests.notification.making import (
    AMBER,
    BASE,
    CLEAR,
    NOW,
    SENDER,
    a_subscriber,
    a_substance,
    messages,
)
from tests.notification.written import all_sent, issued, retracted, updated

SOURCE = Source(
    code="A-00042",
    product="advisory",
    headline="Nitazenes in tablets sold as oxycodone",
    text={"happened": "It was found.", "known": "Blue.", "unknown": "Where from.", "advice": ""},
    response=("screen", "inform_care"),
    substances=(("TS-00001", "Protonitazene"),),
    about="",
    countries=("DE", "FR"),
    sources=("E-00007",),
    tier="alert",
    handling=AMBER,
    issued_at=NOW,
    valid_until=date(2027, 1, 31),
    reason="issued",
    note="",
    simulated=False,
    url=f"{BASE}/alerts/A-00042",
)


def fits(text: str) -> bool:
    count = sms_length(text)
    return count <= GSM_LENGTH if count is not None else ucs_length(text) <= UCS_LENGTH


def test_the_short_one_says_for_whom_what_and_where_to_read_on():
    assert short(SOURCE) == (
        "TLP:AMBER ADVISORY: Nitazenes in tablets sold as oxycodone "
        "https://tocsin.example.org/alerts/A-00042"
    )


@given(
    headline=st.text(min_size=1, max_size=300),
    product=st.sampled_from(["alert", "advisory", "briefing"]),
    reason=st.sampled_from(["issued", "updated", "closed", "retracted"]),
    simulated=st.booleans(),
)
def test_whatever_the_headline_it_is_one_message_with_mark_and_link(
    headline, product, reason, simulated
):
    source = replace(SOURCE, headline=headline, product=product, reason=reason, simulated=simulated)
    text = short(source)
    assert text.startswith("TLP:AMBER ") and text.endswith(source.url)
    if sms_length(text) is not None or (not simulated and reason == "issued"):
        assert fits(text)


def test_a_long_headline_is_cut_at_a_word_and_uses_the_room():
    text = short(replace(SOURCE, headline="fluorinated tablets " * 20))
    assert fits(text) and sms_length(text) > 140
    assert "tablets... https://" in text or "fluorinated... https://" in text


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("α-PVP – “flakka”", 'alpha-PVP - "flakka"'),
        ("Čtyři ş", "Ctyri s"),
        ("Ça été là", "Ça été là"),
    ],
)
def test_what_the_gsm_alphabet_lacks_is_written_plain(written, sent):
    text = short(replace(SOURCE, headline=written))
    assert f": {sent} https" in text
    assert sms_length(text) is not None


def test_what_cannot_be_written_plain_goes_as_ucs_2():
    source = replace(SOURCE, headline="药" * 100, url="https://t.example/alerts/A-00042")
    text = short(source)
    assert sms_length(text) is None
    assert ucs_length(text) <= UCS_LENGTH and "药…" in text


def test_the_full_one_says_everything_and_the_page_what_fits():
    long = " ".join(f"Sentence number {n} of it." for n in range(80))
    every = tuple(response_sentences())
    source = replace(
        SOURCE, text=dict.fromkeys(PAGE_TEXTS, long), response=every,
        substances=tuple((f"TS-{n:05d}", f"Name {n}") for n in range(20)),
    )  # fmt: skip
    flat_full, flat_page = (" ".join(said(source).split()) for said in (full_text, page_text))
    assert flat_full.count("Sentence number 79 of it.") == 4
    assert "Name 19" in flat_full
    assert "Sentence number 79" not in flat_page and "and 14 more" in flat_page
    for words in response_sentences().values():
        assert words in flat_full and words in flat_page
    assert all(len(line) <= WIDTH for line in page_text(source).split("\n"))
    for said in (flat_full, flat_page):
        assert "TLP:AMBER" in said and source.url in said and "31 January 2027" in said


@given(st.text(max_size=400), st.integers(min_value=1, max_value=400))
def test_a_cut_text_is_no_longer_and_says_that_it_goes_on(text, longest):
    kept = cut(text, longest)
    if len(text) <= longest:
        assert kept == text
    else:
        assert len(kept) <= longest + 2 and kept.endswith("…")


def test_every_product_and_option_has_its_words():
    assert {p.value for p in Product} - {"notice"} == {"alert", "advisory", "briefing"}
    for kind in ("alert", "advisory", "briefing"):
        assert kind.upper() in short(replace(SOURCE, product=kind))
    assert set(RESPONSES) == {"health", "forensic", "border"}
    assert Content().product is Product.ADVISORY


def mails(session):
    return [compose(m, base_url=BASE, sender=SENDER) for m in messages(session)]


def body(mail, kind="plain"):
    return mail.get_body((kind,)).get_content()


def test_the_mail_is_the_one_page_with_kind_and_tlp_in_its_subject(database):
    with database.transaction() as session:
        substance = a_substance(session)
        a_subscriber(session)
        alert = issued(session, substances=(substance.code,), headline="A <b>bold</b> one")
        (mail,) = mails(session)
        assert mail["Subject"] == "Advisory: A <b>bold</b> one [TLP:CLEAR]"
        text = body(mail)
        assert text.startswith("A <b>bold</b> one\n")
        assert "WHAT IS NOT KNOWN\nHow many there are." in text
        assert f"{BASE}/alerts/{alert.code}" in text
        html = body(mail, "html")
        assert "A &lt;b&gt;bold&lt;/b&gt; one" in html and "<b>bold" not in html
        assert [part.get_content_type() for part in mail.walk()].count("image/png") == 1


def test_the_mail_of_what_is_about_no_substance_has_no_picture(database):
    with database.transaction() as session:
        a_subscriber(session)
        issued(session, subject="family:nitazene")
        (mail,) = mails(session)
        assert "ABOUT        Nitazene" in body(mail)
        assert "image/png" not in [part.get_content_type() for part in mail.walk()]


def test_updates_and_retractions_say_so_in_the_same_thread(database):
    with database.transaction() as session:
        a_subscriber(session)
        alert = issued(session)
        all_sent(session)
        updated(session, alert, known="More.")
        all_sent(session)
        second = mails(session)[1]
        assert second["Subject"].startswith("UPDATE Advisory: ")
        retracted(session, alert)
        first, _, third = mails(session)
        assert third["Subject"].startswith("RETRACTED Advisory: ")
        assert len({mail["References"] for mail in (first, second, third)}) == 1
        assert "It was a mix-up." in body(third) and "blue tablets" not in body(third)
        # one that a worker had in hand goes out late, and must not be taken for news
        assert first["Subject"].startswith("[Since retracted] Advisory: ")
        assert body(first).startswith("RETRACTED SINCE")


def test_an_exercise_says_so_everywhere(database):
    with database.transaction() as session:
        a_subscriber(session)
        issued(session, exercise=True, handling=CLEAR)
        (mail,) = mails(session)
        assert mail["Subject"].startswith("[Simulated] ")
        assert "SIMULATED" in body(mail) and "Simulated." in body(mail, "html")
    assert " EXERCISE ADVISORY: " in short(replace(SOURCE, simulated=True))
