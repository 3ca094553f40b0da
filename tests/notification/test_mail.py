"""What people find in their inbox."""

from email import message_from_bytes, policy
from html.parser import HTMLParser
from pathlib import Path

import pytest

import app.notification
from app.notification.mail import compose
from app.surveillance.models import Rule, Tier
from tests.notification.making import (
    AMBER,
    BASE,
    CLEAR,
    NOW,
    SENDER,
    a_subscriber,
    a_substance,
    an_episode,
    messages,
    told,
)


def received(session, **episode):
    """The mail as the recipient's program reads it."""
    name = episode.pop("name", "Protonitazene")
    smiles = episode.pop("smiles", None)
    substance = a_substance(session, name, **({"smiles": smiles} if smiles is not None else {}))
    a_subscriber(session)
    told(session, an_episode(session, substance, **episode))
    mail = compose(messages(session)[-1], base_url=BASE, sender=SENDER)
    return message_from_bytes(mail.as_bytes(), policy=policy.default)


def text(mail):
    return mail.get_body(("plain",)).get_content()


def html(mail):
    return mail.get_body(("html",)).get_content()


def test_the_first_line_says_in_plain_words_what_happened(database):
    with database.transaction() as session:
        mail = received(session)
        assert text(mail).splitlines()[0] == "Protonitazene: new spread in 3 countries."
        assert mail["Subject"] == "Protonitazene: new spread in 3 countries [TLP:CLEAR]"


def test_it_says_what_where_why_and_where_to_read_more(database):
    with database.transaction() as session:
        mail = received(session)
        said = (
            "nitazenes, family nitazene",
            "Estonia, France, Germany",
            "NEW_SPREAD world clear",
            "New spread; tier",
            "1961 Convention, Schedule I",
            f"{BASE}/alerts/A-00001",
            f"{BASE}/substances/TS-00001",
            f"{BASE}/signals/E-00001",
            f"{BASE}/subscriptions",
            "or consideration",
            "TLP:CLEAR. It may be shared freely.",
            "Authority BFARM",
        )
        for words in said:
            assert words in text(mail), words
        for words in said[2:]:
            assert words.removesuffix("; tier") in html(mail), words


def test_headers_are_those_of_an_automatic_notice_in_a_thread(database):
    with database.transaction() as session:
        mail = received(session)
        message = messages(session)[0]
        assert mail["Message-ID"] == message.message_id
        assert mail["References"] == "<A-00001@tocsin.example.org>"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["To"] == "duty@example.org"
        assert mail["From"] == SENDER
        assert mail["Date"].datetime == NOW
        assert "List-Unsubscribe" not in mail


def test_the_structure_is_inside_the_mail_and_shown_by_it(database):
    with database.transaction() as session:
        mail = received(session)
        assert mail.get_content_type() == "multipart/alternative"
        plain, related = mail.iter_parts()
        assert plain.get_content_type() == "text/plain"
        assert related.get_content_type() == "multipart/related"
        (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
        assert picture.get_content().startswith(b"\x89PNG")
        assert f"cid:{picture['Content-ID'].strip('<>')}" in html(mail)


def test_a_structure_that_cannot_be_drawn_leaves_the_words(database):
    with database.transaction() as session:
        mail = received(session, smiles="c1ccccc")
        assert "cid:" not in html(mail)
        assert [p.get_content_type() for p in mail.iter_parts()] == ["text/plain", "text/html"]


def test_an_exercise_says_so_in_subject_text_and_html(database):
    with database.transaction() as session:
        mail = received(session, simulated=True)
        assert mail["Subject"].startswith("[Simulated] Protonitazene")
        assert "SIMULATED" in text(mail)
        assert "Simulated." in html(mail)


def test_a_name_cannot_add_a_header(database):
    with database.transaction() as session:
        mail = received(session, name="Evil\r\nBcc: all@example.org\n\nbody\x07\u2028")
        assert mail["Bcc"] is None
        assert mail["Subject"].strip().startswith("Evil Bcc: all@example.org body")
        assert mail["To"] == "duty@example.org"


def test_a_name_cannot_add_markup(database):
    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.seen = set()

        def handle_starttag(self, tag, attrs):
            self.seen.add(tag)
            assert not any(key.startswith("on") for key, _ in attrs)

    with database.transaction() as session:
        mail = received(session, name='<script>alert(1)</script>"><img onerror=x>')
        tags = Tags()
        tags.feed(html(mail))
        assert "script" not in tags.seen
        assert "&lt;script&gt;" in html(mail)
        assert "<script>" in text(mail)


def test_long_names_and_any_alphabet_survive(database):
    with database.transaction() as session:
        mail = received(session, name="α-ピロリジノ" + "x" * 280)
        assert mail["Subject"].startswith("α-ピロリジノ")
        assert "α-ピロリジノ" in html(mail)


def test_what_was_open_before_is_told_apart_from_what_is_new(database):
    with database.transaction() as session:
        a_subscriber(session)
        substance = a_substance(session)
        told(session, an_episode(session, substance))
        told(session, an_episode(session, substance, Rule.FIRST_COUNTRY, "CL", countries=["CL"]))
        mail = compose(messages(session)[-1], base_url=BASE, sender=SENDER)
        said = mail.get_body(("plain",)).get_content()
        new, before = said.split("OPEN BEFORE")
        assert "FIRST_COUNTRY CL clear" in new
        assert "NEW_SPREAD world clear" in before
        assert "NEW_SPREAD" not in new


@pytest.mark.parametrize("tier", list(Tier))
def test_each_tier_says_what_it_asks_for(database, tier):
    with database.transaction() as session:
        mail = received(session, views={CLEAR: tier})
        assert f"{tier.word}: " in text(mail)
        assert f'class="tier-{tier.word}"' in html(mail)


def test_an_amber_mail_is_marked_amber(database):
    with database.transaction() as session:
        mail = received(session, views={AMBER: Tier.ALERT})
        assert mail["Subject"].endswith("[TLP:AMBER]")
        assert "TLP:AMBER" in text(mail)


def test_mail_is_ended_by_one_click_and_its_address_stays_whole(database):
    url = f"{BASE}/unsubscribe/{'A' * 80}.{'b' * 30}"
    with database.transaction() as session:
        a_subscriber(session)
        told(session, an_episode(session, a_substance(session)))
        mail = compose(messages(session)[0], base_url=BASE, sender=SENDER, unsubscribe_url=url)
        assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in mail.as_bytes()  # never encoded
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert url in text(mail) and url in html(mail)


def test_every_mail_in_html_has_the_one_frame():
    folder = Path(app.notification.__file__).parent / "templates"
    framed = [path.name for path in folder.glob("*.html") if "<!doctype" in path.read_text()]
    assert framed == ["layout.html"]
