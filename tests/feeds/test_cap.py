"""CAP 1.2, held against the standard written out in `cap12`."""

from __future__ import annotations

from datetime import date, timedelta
from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from app.access.roles import ANYBODY
from app.feeds.cap import NAMESPACE, cap
from app.notification.models import Alert
from app.notification.queries import alert_by_code, history
from app.surveillance.models import EpisodeState, Tier
from tests.feeds.cap12 import complaints
from tests.feeds.making import LATER, WHY, retract
from tests.notification.making import BASE, CLEAR, GREEN, NOW, a_substance, an_episode, told

SENDER = "alerts@tocsin.example.org"


def as_cap(session):
    """The alert as a CAP message, which must be valid whatever it says."""
    seen = alert_by_code(session, ANYBODY, "A-00001")
    xml = cap(seen, history(session, ANYBODY, seen.alert), base_url=BASE, sender=SENDER)
    assert complaints(xml) == []
    return xml


def cap_values(xml):
    """What it says, in English, which stands first."""
    root = ElementTree.fromstring(xml)
    said = {}
    for element in root.iter():
        said.setdefault(element.tag.removeprefix(f"{{{NAMESPACE}}}"), element.text)
    return said


@pytest.mark.parametrize(
    ("tier", "urgency", "severity"),
    [
        (Tier.WATCH, "Future", "Unknown"),
        (Tier.ALERT, "Expected", "Moderate"),
        (Tier.URGENT, "Immediate", "Severe"),
    ],
)
def test_tiers_become_urgency_and_severity(database, tier, urgency, severity):
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session), views={CLEAR: tier}))
        said = cap_values(as_cap(session))
    assert (said["urgency"], said["severity"]) == (urgency, severity)
    assert (said["status"], said["msgType"], said["scope"]) == ("Actual", "Alert", "Public")
    assert (said["category"], said["certainty"]) == ("Health", "Observed")
    assert said["sent"] == "2026-11-20T09:30:00-00:00"
    assert said["areaDesc"] == "Estonia, France, Germany"


def test_an_update_refers_to_what_was_said_before(database):
    with database.transaction() as session:
        episode = an_episode(session, a_substance(session))
        told(session, episode)
        first = cap_values(as_cap(session))
        told(session, episode, now=LATER, reason="wider")
        second = cap_values(as_cap(session))
    assert second["msgType"] == "Update"
    assert second["identifier"] != first["identifier"]
    assert second["references"] == ",".join(first[k] for k in ("sender", "identifier", "sent"))


def test_an_exercise_is_an_exercise(database):
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session), simulated=True))
        said = cap_values(as_cap(session))
    assert said["status"] == "Exercise"
    assert "invented" in said["note"]
    assert said["headline"].startswith("[Simulated] ")


def test_when_nothing_is_open_any_more_it_is_all_clear(database):
    with database.transaction() as session:
        episode = an_episode(session, a_substance(session))
        told(session, episode)
        episode.state = EpisodeState.CLOSED
        told(session, episode, now=LATER, reason="closed")
        said = cap_values(as_cap(session))
    assert (said["responseType"], said["urgency"]) == ("AllClear", "Past")
    assert said["msgType"] == "Update"


def test_what_was_taken_back_cancels_all_that_was_said_before(database):
    with database.transaction() as session:
        episode = an_episode(session, a_substance(session))
        told(session, episode)
        told(session, episode, now=NOW + timedelta(hours=1), reason="wider")
        before = cap_values(as_cap(session))
        retract(session)
        said = cap_values(as_cap(session))
    assert said["msgType"] == "Cancel"
    assert len(said["references"].split()) == 2
    assert said["references"].endswith(f"{before['identifier']},{before['sent']}")
    assert said["headline"].startswith("[Retracted] ")
    assert WHY in said["description"]
    assert (said["responseType"], said["certainty"]) == ("None", "Unknown")


def test_who_never_read_it_is_not_told_to_cancel_it(database):
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session), views={GREEN: Tier.ALERT}))
        retract(session)
        assert cap_values(as_cap(session))["msgType"] == "Alert"


def test_a_last_day_is_when_it_expires(database):
    with database.transaction() as session:
        told(session, an_episode(session, a_substance(session)))
        assert "expires" not in cap_values(as_cap(session))
        session.scalars(select(Alert)).one().valid_until = date(2026, 12, 31)
        assert cap_values(as_cap(session))["expires"] == "2026-12-31T23:59:59-00:00"


def test_any_text_and_no_country_still_make_a_valid_message(database):
    with database.transaction() as session:
        name = '<script>alert("1")</script> & \x0b\x1b co]]>'
        told(session, an_episode(session, a_substance(session, name), countries=[]))
        assert cap_values(as_cap(session))["areaDesc"] == "World"


VALID = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>A</identifier>
<sender>b@c</sender><sent>2026-11-20T09:30:00-00:00</sent><status>Actual</status>
<msgType>Alert</msgType><scope>Public</scope><info><category>Health</category><event>E</event>
<urgency>Past</urgency><severity>Minor</severity><certainty>Likely</certainty></info></alert>"""
BROKEN = {
    "a Z for UTC": ("09:30:00-00:00", "09:30:00Z"),
    "a space in the sender": ("b@c", "b c"),
    "an unknown urgency": ("Past", "Soon"),
    "a missing event": ("<event>E</event>", ""),
    "the wrong order": ("<event>E</event>", "<certainty>Likely</certainty><event>E</event>"),
    "a stranger": ("<event>E</event>", "<event>E</event><tier>urgent</tier>"),
    "an update of nothing": ("<msgType>Alert", "<msgType>Update"),
    "another namespace": ("cap:1.2", "cap:1.1"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_the_standard_as_written_here_finds(fault):
    assert complaints(VALID.encode()) == []
    assert complaints(VALID.replace(*BROKEN[fault]).encode()) != []
