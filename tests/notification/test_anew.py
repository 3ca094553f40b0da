"""Mail in the language of its subscription; what is told is the same."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.languages import LANGUAGES, speaking
from app.notification import digest_mail, digests
from app.notification.anew import headline_of, sentences_of
from app.notification.confirming import compose_confirmation
from app.notification.models import Edition, Product, Purpose, Rhythm
from app.surveillance.evidence import Evidence
from app.surveillance.models import Rule, Tier
from app.surveillance.wording import sentence
from tests.notification.making import (
    AMBER,
    BASE,
    CLEAR,
    FAMILY,
    NOW,
    SENDER,
    a_subscriber,
    a_substance,
    an_episode,
    messages,
    told,
)
from tests.notification.sending import letters
from tests.notification.test_letters import parts
from tests.notification.written import issued

SPREAD = Evidence(
    rule=Rule.NEW_SPREAD,
    scope="world",
    tier=Tier.URGENT,
    level=CLEAR,
    countries=("DE", "EE", "ES"),
    numbers={"reports": 4, "confirmed": 3, "events": 4, "deaths": 1},
    first=date(2026, 8, 1),
    first_end=date(2026, 8, 31),
    last=date(2026, 11, 1),
    since=date(2026, 5, 20),
    as_of=date(2026, 11, 20),
    ruleset="2026-11",
    thresholds={"window_months": 6, "countries": 3, "events": 3},
    details={"reports": ["DE-1", "EE-7"]},
)

ENGLISH = ("Why you are told", "Please", "Where", "reported", "Nobody", "consideration")


def a_spread(session, about, *evidence, **more):
    """An open episode whose views have real evidence, and the sentences made of it."""
    views = {one.level: one.tier for one in evidence}
    episode = an_episode(session, about, views=views, countries=SPREAD.countries, **more)
    for view, one in zip(episode.views, evidence, strict=True):
        view.evidence = one.as_dict() | {"told": {"tier": 1, "regions": []}}
        view.sentence = sentence(one, episode.name)
    session.flush()
    return episode


def mail_in(session, language, *evidence, reason="opened", **more):
    """Subject, text and HTML of the alert as it is sent to somebody who reads the language."""
    a_subscriber(session).language = language
    told(session, a_spread(session, a_substance(session), *evidence, **more), reason=reason)
    return written(session)


def written(session):
    headers, bodies = parts(letters().write(session, messages(session)[-1]).content)
    return headers["Subject"].strip(), bodies[0][3], bodies[1][3]


def in_one_line(text):
    """A text as it reads, however its lines are broken."""
    return text.replace("\r", "").replace("\n    ", " ").replace("\n", " ")


def test_an_alert_in_french(database):
    with database.transaction() as session:
        subject, text, html = mail_in(session, "fr", SPREAD)
        assert subject == "Protonitazene\u00a0: nouvelle et en extension (3 pays) [TLP:CLEAR]"
        said = (
            "Protonitazene a été signalé par 3 pays (Allemagne, Espagne et Estonie) au cours des "
            "6 derniers mois\u202f; son premier signalement dans ce registre concerne un événement "
            "survenu en août 2026. Depuis le 20 mai 2026, 1 décès"
        )
        assert said in in_one_line(text) and said in html
        assert "OÙ        Allemagne, Espagne, Estonie" in text
        assert "Convention de 1961, Tableau I" in text and "Convention de 1961, Tableau I" in html
        assert "POURQUOI VOUS ÊTES AVERTI" in text and "Pourquoi vous êtes averti" in html
        assert '<html lang="fr">' in html
        for english in ENGLISH:
            assert english not in html and english not in text


def test_an_alert_in_spanish(database):
    with database.transaction() as session:
        subject, text, html = mail_in(session, "es", SPREAD)
        assert subject == "Protonitazene: nueva y en expansión (3 países) [TLP:CLEAR]"
        said = (
            "Protonitazene fue notificado por 3 países (Alemania, España y Estonia) en los últimos "
            "6 meses; su primera notificación en este registro se refiere a un suceso ocurrido en "
            "agosto de 2026."
        )
        assert said in in_one_line(text) and said in html
        assert "20 de mayo de 2026" in in_one_line(text)
        assert "DÓNDE     Alemania, España, Estonia" in text
        assert '<html lang="es">' in html
        for english in ENGLISH:
            assert english not in html and english not in text


def test_what_is_stored_for_all_stays_in_english_whoever_is_told(database):
    with database.transaction() as session, speaking("fr"):
        mail_in(session, "fr", SPREAD)
        edition = session.scalars(select(Edition)).one()
        assert edition.headline == "Protonitazene: new spread in 3 countries"


@pytest.mark.parametrize("kept", [None, {}, {"countries": ["DE"]}])
def test_an_edition_without_evidence_has_its_sentences_in_english(database, kept):
    with database.transaction() as session:
        mail_in(session, "fr", SPREAD)
        edition = session.scalars(select(Edition)).one()
        (episode,) = edition.detail["episodes"]
        before = {name: said for name, said in episode.items() if name != "evidence"}
        episodes = [before if kept is None else before | {"evidence": kept}]
        edition.detail = edition.detail | {"episodes": episodes}
        session.flush()
        subject, text, _html = written(session)
        assert subject.startswith("Protonitazene\u00a0: nouvelle et en extension (3 pays)")
        assert "Protonitazene was reported by 3 countries (Estonia, Germany" in in_one_line(text)
        assert "POURQUOI VOUS ÊTES AVERTI" in text


def test_a_sentence_told_again_says_that_the_evidence_has_doubled(database):
    with database.transaction() as session:
        subject, text, _html = mail_in(session, "es", SPREAD, reason="doubled")
        assert "duplicado desde que se le avisó" in subject
        with speaking("es"):
            doubled = sentences_of(session.scalars(select(Edition)).one())[0]
        assert doubled.endswith("duplicado desde que se le avisó.")
        assert doubled in in_one_line(text)


def test_evidence_of_a_higher_view_is_in_no_lower_edition(database):
    amber = replace(SPREAD, level=AMBER, countries=(*SPREAD.countries, "KE"), details={})
    with database.transaction() as session:
        a_subscriber(session, clearance=AMBER)
        told(session, a_spread(session, a_substance(session), SPREAD, amber))
        clear_one, amber_one = session.scalars(select(Edition).order_by(Edition.handling))
        assert clear_one.detail["episodes"][0]["evidence"]["handling"] == "clear"
        assert amber_one.detail["episodes"][0]["evidence"]["handling"] == "amber"
        assert "KE" in json.dumps(amber_one.detail)
        assert "KE" not in json.dumps(clear_one.detail)
        for edition in (clear_one, amber_one):  # reports by number are no part of a sentence
            assert "EE-7" not in json.dumps(edition.detail)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_headline_said_anew_is_the_stored_one_in_english(database, language):
    with database.transaction() as session:
        a_subscriber(session)
        told(session, an_episode(session, FAMILY, Rule.FAMILY, members=[a_substance(session)]))
        edition = session.scalars(select(Edition)).one()
        with speaking(language):
            headline = headline_of(edition)
        assert headline.startswith("Nitazenes")
        assert (headline == edition.headline) == (language == "en")


def test_what_people_wrote_stays_as_they_wrote_it_and_is_marked_as_english(known):
    with known.transaction() as session:
        a_subscriber(session).language = "fr"
        issued(session, product=Product.ADVISORY)
        subject, text, html = written(session)
        assert subject == "Avis\u00a0: Nitazenes in tablets sold as oxycodone [TLP:CLEAR]"
        assert "Three laboratories found a nitazene in blue tablets." in text
        assert "OÙ               Allemagne et France" in text and "CE QUE L’ON SAIT" in text
        assert '<h1 lang="en" style' in html and "Ce qui s’est passé</h2>" in html
        assert '<p lang="en" style="margin: 0 0 10px;">Three laboratories' in html
        assert '<html lang="fr">' in html
        assert "Personne ne lit les réponses à cette adresse." in text


def test_a_digest_and_its_alerts_are_in_the_language(database):
    with database.transaction() as session:
        mail_in(session, "es", SPREAD)
        (message,) = messages(session)
        edition = session.scalars(select(Edition)).one()
        message.purpose = Purpose.DIGEST
        message.detail = {"rhythm": "daily", "editions": [edition.id]}
        subject, text, html = written(session)
        assert subject == "Tocsin, resumen diario: 1 alerta [TLP:CLEAR]"
        assert text.startswith("1 alerta desde ayer.")
        assert "URGENTE  Protonitazene: nueva y en expansión (3 países)" in text
        assert "Protonitazene fue notificado por 3 países" in html
        assert '<html lang="es">' in html


def test_a_reminder_and_a_second_contact_are_written_to_in_the_language(database):
    with database.transaction() as session:
        mail_in(session, "fr", SPREAD)
        (message,) = messages(session)
        message.purpose = Purpose.REMINDER
        message.detail = {"number": 1, "of": 3, "answers": message.message_id}
        subject, text, _html = written(session)
        assert subject.startswith("Rappel\u00a0: Protonitazene")
        assert "Rappel 1 sur 3" in text
        message.purpose = Purpose.ESCALATION
        since = {"since": "20 November 2026, 09:30 UTC", "at": NOW.isoformat()}
        message.detail = {"first": "duty@example.org", "reached": True} | since
        assert "le 20 novembre 2026 à 09:30 UTC" in in_one_line(written(session)[1])


def test_the_holder_of_an_address_is_asked_in_the_language(database):
    with database.transaction() as session:
        mail_in(session, "fr", SPREAD)
        (message,) = messages(session)
        message.detail = {"until": "2026-12-01T10:00:00+00:00", "asked_at": NOW.isoformat()}
        mail = compose_confirmation(message, base_url=BASE, sender=SENDER, secret="x" * 32)
        text = mail.get_body(("plain",)).get_content()
        assert str(mail["Subject"]).startswith("Veuillez confirmer")
        assert "valable jusqu’au 1er décembre 2026" in text


def test_a_family_is_told_of_by_the_members_that_readers_may_know(database):
    with database.transaction() as session:
        a_subscriber(session).language = "fr"
        one = a_substance(session, "Alphazene", connectivity="AAAAAAAAAAAAAA")
        hidden = a_substance(session, "Secretzene", connectivity="BBBBBBBBBBBBBB")
        hidden.handling = AMBER
        details = {
            "members": [
                {"id": one.code, "name": one.name},
                {"id": hidden.code, "name": "Secretzene"},
            ],
            "members_in_all": 2,
            "onset": "2026-06",
            "rate_ratio": 3.24,
        }
        grown = replace(SPREAD, rule=Rule.FAMILY, details=details)
        told(session, a_spread(session, FAMILY, grown, rule=Rule.FAMILY))
        subject, text, _html = written(session)
        said = in_one_line(text)
        assert subject.startswith("Nitazenes\u00a0: en hausse dans son ensemble (3 pays)")
        assert "est signalé 3,2 fois plus souvent qu’attendu depuis juin 2026" in said
        assert "(Alphazene)" in said and "Secretzene" not in said


def test_a_digest_marks_what_people_wrote_and_counts_its_paragraphs_for_no_signals(known):
    with known.transaction() as session:
        one = a_subscriber(session)
        one.language, one.rhythm = "es", Rhythm.WEEKLY
        issued(session, product=Product.ADVISORY)
        digests.gather(session, now=NOW + timedelta(days=8), host="tocsin.example.org")
        digest = next(m for m in messages(session) if m.purpose is Purpose.DIGEST)
        mail = digest_mail.compose(session, digest, base_url=BASE, sender=SENDER)
        html = mail.get_body(("html",)).get_content()
        assert ' lang="en">Nitazenes in tablets sold as oxycodone</a>' in html
        assert '<span lang="en">Three laboratories found a nitazene in blue tablets.</span>' in html
        assert "señales más" not in html
