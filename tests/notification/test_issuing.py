"""Issued, updated, closed, retracted: what is told, to whom, and what stays."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app.access.models import AuditEvent
from app.access.roles import ANYBODY, Actor, Role
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.feeds.atom import atom
from app.feeds.cap import cap
from app.feeds.json_feed import json_feed
from app.notification import drafts, ending, issuing
from app.notification.models import (
    AlertState,
    DigestEntry,
    DraftState,
    Edition,
    Message,
    MessageState,
    Product,
)
from app.notification.queries import alert_by_code, alerts, history
from app.surveillance.models import NodeId, NodeKind, Tier
from tests.notification.making import (
    AMBER,
    BASE,
    CLEAR,
    GREEN,
    HOST,
    NOW,
    RED,
    a_subscriber,
    a_substance,
    an_episode,
    messages,
    told,
)
from tests.notification.written import (
    ANNA,
    BELA,
    ROOT,
    all_sent,
    checked,
    issued,
    retracted,
    updated,
)

LATER = NOW + timedelta(days=1)
PEER = Actor(Role.SUBSCRIBER, "peer@example.org")


def test_issuing_writes_an_edition_and_a_message_for_each_who_asked(database):
    with database.transaction() as session:
        substance = a_substance(session)
        a_subscriber(session, "all@example.org")
        a_subscriber(session, "opioids@example.org", group="nitazenes", country="FR")
        a_subscriber(session, "elsewhere@example.org", country="SE")
        a_subscriber(session, "urgent@example.org", min_tier=Tier.URGENT)
        alert = issued(session, substances=(substance.code,))
        edition = session.scalars(select(Edition)).one()
        assert (edition.reason, edition.handling, edition.tier) == ("issued", CLEAR, Tier.ALERT)
        assert edition.detail["substance"] == substance.code
        assert edition.detail["product"] == "advisory" and edition.detail["episodes"] == []
        assert edition.detail["text"]["unknown"] == "How many there are."
        assert edition.sentences[0] == "Three laboratories found a nitazene in blue tablets."
        assert (alert.product, alert.state, alert.valid_until) == (
            Product.ADVISORY, AlertState.ISSUED, date(2027, 1, 31),
        )  # fmt: skip
        assert [m.recipient for m in messages(session)] == [
            "all@example.org", "opioids@example.org",
        ]  # fmt: skip


def test_it_stands_beside_the_notice_of_the_same_substance(database):
    with database.transaction() as session:
        substance = a_substance(session)
        told(session, an_episode(session, substance))
        written = [issued(session, substances=(substance.code,)) for _ in range(2)]
        assert len(alerts(session, ANYBODY, substance_id=substance.id).items) == 3
        told(session, an_episode(session, substance, scope="Europe"))
        assert [len(alert.editions) for alert in written] == [1, 1]


def test_it_may_be_about_a_family_and_no_substance(database):
    with database.transaction() as session:
        a_subscriber(session, "a@example.org", group="nitazenes")
        a_subscriber(session, "b@example.org", group="synthetic cathinones")
        alert = issued(session, subject="family:nitazene")
        assert alert.node == NodeId(NodeKind.FAMILY, "nitazene")
        assert [m.recipient for m in messages(session)] == ["a@example.org"]
        seen = alert_by_code(session, ANYBODY, alert.code)
        assert seen.edition.detail["group"] == "nitazenes"
        assert seen.edition.detail["substance"] is None


@pytest.mark.parametrize(
    ("handling", "readers"),
    [(CLEAR, {ANYBODY, PEER, ANNA}), (GREEN, {PEER, ANNA}), (AMBER, {PEER, ANNA})],
)
def test_its_audience_reads_it_and_nobody_else(database, handling, readers):
    with database.transaction() as session:
        for clearance in (CLEAR, GREEN, AMBER):
            a_subscriber(session, f"{clearance.word}@example.org", clearance=clearance)
        alert = issued(session, handling=handling)
        assert {m.subscription.clearance for m in messages(session)} == {
            level for level in (CLEAR, GREEN, AMBER) if level >= handling
        }
    with database.reading() as session:
        for reader in (ANYBODY, PEER, ANNA):
            listed = [seen.alert.code for seen in alerts(session, reader).items]
            assert listed == ([alert.code] if reader in readers else [])
            if reader not in readers:
                with pytest.raises(NotFound):
                    alert_by_code(session, reader, alert.code)


def test_a_clear_one_is_in_the_feeds_and_an_amber_one_is_not(database):
    with database.transaction() as session:
        substance = a_substance(session)
        shown, family = issued(session, substances=(substance.code,)), issued(session)
        issued(session, substances=(substance.code,), handling=AMBER, headline="For few")
        seen = alerts(session, ANYBODY).items
        feed = json_feed(seen, base_url=BASE, feed_url=f"{BASE}/feed.json")
        codes = [family.code, shown.code]
        assert [item["id"] for item in feed["items"]] == [f"{BASE}/alerts/{c}" for c in codes]
        xml = atom(seen, base_url=BASE, feed_url=f"{BASE}/feed.atom", updated=NOW).decode()
        for one in seen:
            warning = cap(one, [], base_url=BASE, sender="x@example.org").decode()
            for said in (xml, warning):
                assert "Three laboratories found" in said and "None" not in said


def test_an_update_is_a_new_edition_for_those_who_ask_and_those_who_know_the_old(database):
    with database.transaction() as session:
        a_subscriber(session, "fr@example.org", country="FR")
        a_subscriber(session, "se@example.org", country="SE")
        alert = issued(session)
        all_sent(session)
        updated(session, alert, now=LATER, countries=("SE",), headline="Now in Sweden")
        new = [m.recipient for m in messages(session) if m.state is MessageState.WAITING]
        assert sorted(new) == ["fr@example.org", "se@example.org"]
    with database.reading() as session:
        seen = alert_by_code(session, ANYBODY, alert.code)
        assert [e.headline for e in history(session, ANYBODY, seen.alert)] == [
            "Nitazenes in tablets sold as oxycodone", "Now in Sweden",
        ]  # fmt: skip
        assert (seen.edition.reason, seen.modified, seen.first_issued) == ("updated", LATER, NOW)


def test_an_update_for_more_readers_is_what_all_of_them_read(database):
    with database.transaction() as session:
        alert = issued(session, handling=AMBER, headline="For few")
        updated(session, alert, now=LATER, handling=CLEAR, headline="For all")
    with database.reading() as session:
        for reader in (ANYBODY, PEER, ANNA):
            assert alert_by_code(session, reader, alert.code).edition.headline == "For all"
        seen = alert_by_code(session, ANYBODY, alert.code)
        assert [e.headline for e in history(session, ANYBODY, seen.alert)] == ["For all"]


def test_closing_is_shown_and_not_mailed_and_what_waits_is_not_sent(database):
    with database.transaction() as session:
        subscription = a_subscriber(session)
        alert = issued(session)
        session.add(
            DigestEntry(
                subscription_id=subscription.id, edition_id=alert.editions[0].id, due_at=LATER
            )
        )
        session.flush()
        draft = issuing.revise(session, alert.code, by=ANNA, now=NOW)
        ending.close(session, alert.code, "It has passed.", by=ANNA, now=LATER)
        assert messages(session) == [] and session.scalar(select(DigestEntry)) is None
        assert draft.state is DraftState.DISCARDED
        seen = alert_by_code(session, ANYBODY, alert.code)
        assert (seen.state, seen.open, seen.edition.reason) == (AlertState.CLOSED, False, "closed")
        assert seen.edition.sentences[0] == "Closed. It has passed."
        for attempt in (
            lambda: ending.close(session, alert.code, "Again.", by=ANNA, now=LATER),
            lambda: issuing.revise(session, alert.code, by=ANNA, now=LATER),
        ):
            with pytest.raises(Conflict, match="is closed"):
                attempt()


def test_an_update_that_was_checked_before_the_end_is_not_issued_after_it(database):
    with database.transaction() as session:
        alert = issued(session)
        draft = issuing.revise(session, alert.code, by=ANNA, now=NOW)
        drafts.submit(session, draft.code, version=1, by=ANNA, now=NOW)
        drafts.check(session, draft.code, version=1, by=BELA, now=NOW)
        retracted(session, alert, now=LATER)
        with pytest.raises(Conflict, match="was discarded already"):
            issuing.issue(session, draft.code, version=1, by=ANNA, now=LATER, host=HOST)


def test_a_retraction_needs_a_reason_and_a_second_person(database):
    with database.transaction() as session:
        alert = issued(session)
        with pytest.raises(Refused, match="say why"):
            ending.ask_retraction(session, alert.code, "  ", by=ANNA, now=NOW)
        draft = ending.ask_retraction(session, alert.code, "A mix-up.", by=ROOT, now=NOW)
        confirm = {"version": 1, "now": NOW, "host": HOST}
        with pytest.raises(Forbidden, match="somebody else"):
            ending.confirm_retraction(session, draft.code, by=ROOT, **confirm)
        for attempt in (
            lambda: drafts.check(session, draft.code, version=1, by=BELA, now=NOW),
            lambda: issuing.issue(session, draft.code, version=1, by=BELA, now=NOW, host=HOST),
            lambda: drafts.send_back(session, draft.code, "x", version=1, by=BELA, now=NOW),
        ):
            with pytest.raises(Conflict, match="is a retraction"):
                attempt()
        assert alert.state is AlertState.ISSUED
        ending.confirm_retraction(session, draft.code, by=BELA, **confirm)
        assert alert.state is AlertState.RETRACTED
        with pytest.raises(Conflict, match="retracted already"):
            ending.ask_retraction(session, alert.code, "Again.", by=ANNA, now=NOW)
        trail = session.scalars(select(AuditEvent.action).where(AuditEvent.subject == alert.code))
        assert list(trail) == ["alert.issue", "alert.ask_retraction", "alert.retract"]


def test_an_ordinary_draft_is_not_confirmed_as_a_retraction(database):
    with database.transaction() as session:
        draft = checked(session)
        with pytest.raises(Conflict, match="is no retraction"):
            ending.confirm_retraction(session, draft.code, version=1, by=ROOT, now=NOW, host=HOST)


def test_a_retraction_reaches_all_who_were_told_and_nobody_else(database):
    with database.transaction() as session:
        home = {who: a_subscriber(session, f"{who}@example.org") for who in (
            "sent", "hand", "waiting", "parked", "ended", "bounced", "digest", "lowered", "moved",
        )}  # fmt: skip
        alert = issued(session, handling=AMBER)
        of = {m.recipient.split("@")[0]: m for m in messages(session)}
        for who in ("sent", "ended", "bounced", "lowered", "moved"):
            of[who].state = MessageState.SENT
        of["hand"].leased_until = LATER
        of["parked"].state = MessageState.PARKED
        session.delete(of["digest"])
        _digest(session, home["digest"], alert.editions[0])
        home["ended"].ended_at = NOW
        home["bounced"].bounced_at = NOW
        home["lowered"].clearance = CLEAR
        home["moved"].filters = {"countries": ["SE"]}
        a_subscriber(session, "new@example.org")
        session.flush()
        retracted(session, alert, now=LATER)
        edition = session.scalars(select(Edition).order_by(Edition.id.desc())).first()
        about = [m.recipient.split("@")[0] for m in messages(session) if m.edition is edition]
        assert sorted(about) == ["digest", "hand", "moved", "sent"]
        kept = {m.recipient.split("@")[0] for m in messages(session) if m.edition is not edition}
        assert not kept & {"waiting", "parked"}  # not sent any more, nor tried again


def _digest(session, subscription, edition):
    sent = Message(
        subscription=subscription, recipient=subscription.recipient, message_id="<d@x>",
        purpose="digest", state=MessageState.SENT, next_try_at=NOW,
    )  # fmt: skip
    session.add(sent)
    session.flush()
    session.add(
        DigestEntry(
            subscription_id=subscription.id, edition_id=edition.id, due_at=NOW, message_id=sent.id
        )
    )


def test_what_was_retracted_is_not_said_again(database):
    with database.transaction() as session:
        alert = issued(session)
        retracted(session, alert, now=LATER)
    with database.reading() as session:
        seen = alert_by_code(session, ANYBODY, alert.code)
        assert (seen.state, seen.edition.reason) == (AlertState.RETRACTED, "retracted")
        said = str(seen.edition.sentences) + str(seen.edition.detail)
        assert "mix-up" in said and "blue tablets" not in said
        assert len(history(session, ANYBODY, seen.alert)) == 2


def test_what_has_served_can_still_be_retracted(database):
    with database.transaction() as session:
        a_subscriber(session)
        alert = issued(session)
        all_sent(session)
        ending.close(session, alert.code, "It has passed.", by=ANNA, now=NOW)
        retracted(session, alert, now=LATER)
        assert alert.state is AlertState.RETRACTED
        assert [m.edition.reason for m in messages(session)] == ["issued", "retracted"]


def test_what_is_valid_no_more_is_shown_so_and_closed_the_day_after(database):
    with database.transaction() as session:
        alert = issued(session)
        last, after = date(2027, 1, 31), date(2027, 2, 1)
        seen = alert_by_code(session, ANYBODY, alert.code)
        assert [seen.expired(day) for day in (last, after)] == [False, True]
        at = NOW.replace(year=2027, month=1, day=31)
        assert ending.close_expired(session, now=at) == 0
        assert ending.close_expired(session, now=at + timedelta(days=1)) == 1
        assert alert.state is AlertState.CLOSED
        assert not alert_by_code(session, ANYBODY, alert.code).expired(after)
        assert ending.close_expired(session, now=at + timedelta(days=2)) == 0


def test_a_notice_is_nobodys_to_close_or_retract(database):
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session)))
        (seen,) = alerts(session, ANYBODY).items
        for attempt in (
            lambda: ending.close(session, seen.alert.code, "x", by=ANNA, now=NOW),
            lambda: ending.ask_retraction(session, seen.alert.code, "x", by=ANNA, now=NOW),
            lambda: issuing.revise(session, seen.alert.code, by=ANNA, now=NOW),
        ):
            with pytest.raises(Conflict, match="changes and closes with its signals"):
                attempt()


def test_what_rests_on_a_simulated_signal_is_marked_an_exercise(database):
    with database.transaction() as session:
        substance = a_substance(session)
        episode = an_episode(session, substance, simulated=True)
        assert issued(session, sources=(episode.code,)).simulated
        assert not issued(session).simulated
        assert issued(session, exercise=True).simulated


def test_what_was_closed_to_the_audience_after_the_check_is_not_issued(database):
    with database.transaction() as session:
        substance = a_substance(session)
        episode = an_episode(session, substance, views={CLEAR: Tier.ALERT})
        draft = checked(session, sources=(episode.code,))
        episode.views[0].handling = RED
        session.flush()
        with pytest.raises(Refused, match=f"{episode.code} is TLP:RED"):
            issuing.issue(session, draft.code, version=1, by=ANNA, now=NOW, host=HOST)
