"""The whole way: reports come in, the rules run, people are told, the mail server has the mail."""

import json
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from app.access.roles import ANYBODY, SYSTEM, Actor, Role
from app.notification.delivery import Delivered
from app.notification.models import Alert, Edition, Message
from app.notification.queries import alerts
from app.notification.telling import Told, tell
from app.registry.blocks import SubstanceBlocks, cutting_rules
from app.surveillance import service
from app.surveillance.models import NodeKind
from app.surveillance.queries import episodes
from app.surveillance.service import assess
from app.surveillance.triage import close
from tests.notification.making import (
    AMBER,
    BLOCK,
    CLEAR,
    GREEN,
    HOST,
    NOW,
    RED,
    a_subscriber,
    a_substance,
    messages,
)
from tests.notification.sending import send, through
from tests.surveillance import making as seen
from tests.surveillance.making import a_report
from tests.surveillance.test_curved_rules import background, unnamed

TODAY = NOW.date()
ANALYST = Actor(Role.ANALYST, "analyst")


def assess_and_tell(session, days=0):
    now = NOW + timedelta(days=days)
    outcome = assess(session, as_of=now.date(), now=now)
    return tell(session, outcome.changes, now=now, host=HOST)


def report(session, substance, country, days=0, **more):
    return a_report(session, substance, country, TODAY + timedelta(days=days - 1), **more)


def test_reports_from_three_countries_are_one_mail_and_one_alert(database, mail_server):
    with database.transaction() as session:
        a_subscriber(session)
        substance = a_substance(session)
        for country in ("DE", "EE", "FR"):
            report(session, substance, country)
        done = assess_and_tell(session)
        assert (done.alerts, done.editions, done.messages) == (1, 1, 1)
    assert send(database, through(mail_server)) == Delivered(sent=1)
    (mail,) = mail_server.accepted
    assert mail["Subject"].startswith("Protonitazene: ")
    assert "Germany" in mail.get_body(("plain",)).get_content()
    with database.transaction() as session:
        assert assess_and_tell(session) == Told()
        assert assess_and_tell(session, days=1) == Told()


def test_amber_reports_reach_the_subscriber_and_not_the_public(database):
    with database.transaction() as session:
        a_subscriber(session)
        substance = a_substance(session)
        for country in ("DE", "EE", "FR"):
            report(session, substance, country, handling=AMBER)
        assess_and_tell(session)
        assert [m.edition.handling for m in messages(session)] == [AMBER]
        assert alerts(session, ANYBODY).items == []
        report(session, substance, "PL", days=1, handling=CLEAR)
        assess_and_tell(session, days=1)
        (public,) = alerts(session, ANYBODY).items
        assert public.edition.countries == ["PL"]
        (everything,) = alerts(session, SYSTEM).items
        assert set(everything.edition.countries) == {"DE", "EE", "FR", "PL"}


def test_red_reports_are_told_to_nobody_by_mail(database):
    with database.transaction() as session:
        a_subscriber(session)
        report(session, a_substance(session), "DE", handling=RED)
        done = assess_and_tell(session)
        assert (done.alerts, done.messages) == (1, 0)
        assert messages(session) == []


def test_when_an_analyst_closes_the_last_episode_the_alert_closes_without_a_mail(database):
    with database.transaction() as session:
        a_subscriber(session)
        report(session, a_substance(session), "DE")
        assess_and_tell(session)
        (seen,) = episodes(session, ANALYST).items
        changes = close(
            session,
            seen.episode.code,
            outcome="data_error",
            by=ANALYST,
            now=NOW,
            note="mislabelled",
        )
        done = tell(session, changes, now=NOW, host=HOST)
        assert (done.closed, done.messages) == (1, 0)
        (alert,) = alerts(session, ANYBODY).items
        assert not alert.open


def test_an_alert_about_a_substance_that_was_taken_back_is_gone_for_everybody_else(database):
    with database.transaction() as session:
        substance = a_substance(session)
        report(session, substance, "DE")
        assess_and_tell(session)
        assert alerts(session, ANYBODY).items
        assert episodes(session, ANYBODY).items
        substance.handling = RED
        session.flush()
        assert not alerts(session, ANYBODY).items
        assert not episodes(session, ANYBODY).items


# what is no single substance: each emerges from reports of one level, in several countries


def a_family_emerges(session, level, *, shares_a_block_alone=False):
    """Four new substances at once; of one family, or of four that share a tail and nothing else."""
    background(session)
    for n, country in enumerate(("DE", "FR", "SE", "PL")):
        apart = {"family": f"family-{n}", "group": f"group {n}"} if shares_a_block_alone else {}
        member = seen.a_substance(session, f"Novelzene {n}", **apart)
        member.handling = level
        if shares_a_block_alone:
            slot, _, fragment = BLOCK.key.partition(":")
            blocks = [[slot, fragment, "pent-4-enyl"]]
            session.add(
                SubstanceBlocks(substance_id=member.id, ruleset=cutting_rules(), blocks=blocks)
            )
        for month in (9, 10):
            a_report(session, member, country, date(2026, month, 3 + n), handling=level)


def a_block_emerges(session, level):
    a_family_emerges(session, level, shares_a_block_alone=True)


def a_name_goes_round(session, level):
    for country in ("DE", "FR"):
        unnamed(session, "Novelzene-7", country, level, day=date(2026, 10, 20))


ON = date(2026, 10, 31)


@pytest.mark.parametrize(
    ("kind", "happens"),
    [
        (NodeKind.FAMILY, a_family_emerges),
        (NodeKind.BLOCK, a_block_emerges),
        (NodeKind.NAME, a_name_goes_round),
    ],
)
@pytest.mark.parametrize("level", [CLEAR, GREEN, AMBER, RED])
def test_what_is_no_single_substance_is_mailed_to_those_cleared_for_it_and_told_to_no_other(
    database, mail_server, kind, happens, level
):
    with database.transaction() as session:
        for clearance in (CLEAR, GREEN, AMBER):
            a_subscriber(
                session, f"{clearance.word}@example.org", clearance=clearance, created_at=NOW
            )
        happens(session, level)
        outcome = assess(session, as_of=ON, now=NOW)
        tell(session, outcome.changes, now=NOW, host=HOST)
        about = select(Alert).where(Alert.node_kind == kind)
        assert len(session.scalars(about).all()) == 1

    send(database, through(mail_server))
    starts = {
        NodeKind.FAMILY: "Nitazenes: growing as a whole",
        NodeKind.BLOCK: "Building block pent-4-enyl (tail): growing",
        NodeKind.NAME: 'Unknown name "Novelzene-7": reported',
    }
    got = {mail["To"] for mail in mail_server.accepted if mail["Subject"].startswith(starts[kind])}
    cleared = {f"{c.word}@example.org" for c in (CLEAR, GREEN, AMBER) if c >= level}
    assert got == cleared
    with database.reading() as session:
        for edition in session.scalars(select(Edition).where(Edition.handling < level)):
            said = json.dumps([edition.headline, edition.sentences, edition.detail])
            assert "ovelzene" not in said
        for mail in mail_server.accepted:
            if mail["To"] not in cleared:
                assert "ovelzene" not in mail.as_string()
        if level is not CLEAR:
            assert "ovelzene" not in str(
                [(a.edition.headline, a.edition.detail) for a in alerts(session, ANYBODY).items]
            )


def test_what_goes_on_as_it_was_is_told_once_however_often_it_is_looked_at(database, monkeypatch):
    """The rules find it three times; then the episodes are looked at again with the same found.

    The step itself is taken a thousand times in tests/surveillance/test_episodes.py.
    """
    with database.transaction() as session:
        a_subscriber(session)
        a_name_goes_round(session, CLEAR)
        report(session, a_substance(session), "DE")
        assess_and_tell(session)

        def counted():
            tables = (Alert, Edition, Message)
            return [session.scalar(select(func.count()).select_from(table)) for table in tables]

        assert counted() == [2, 2, 2]
        for days in (0, 0, 1):
            assert assess_and_tell(session, days) == Told()
        found = service.evaluate(session, as_of=TODAY + timedelta(days=1), limits=service.ruleset())
        assert len(found.fired) > 1
        monkeypatch.setattr(service, "evaluate", lambda *_, **__: found)
        for _ in range(40):
            assert assess_and_tell(session, days=1) == Told()
        assert counted() == [2, 2, 2]
