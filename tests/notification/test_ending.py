"""Why an alert ended: told to its readers, so held to what they may know, as its text is."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app.errors import Refused
from app.notification import ending
from app.notification.models import AlertState, Draft, DraftState, Edition
from tests.notification.making import AMBER, CLEAR, GREEN, HOST, NOW, RED, a_substance, an_episode
from tests.notification.written import ANNA, BELA, issued

LEVELS = (CLEAR, GREEN, AMBER)


def close(session, alert, reason):
    ending.close(session, alert.code, reason, by=ANNA, now=NOW)


def ask(session, alert, reason):
    return ending.ask_retraction(session, alert.code, reason, by=ANNA, now=NOW)


def confirm(session, draft):
    return ending.confirm_retraction(session, draft.code, version=1, by=BELA, now=NOW, host=HOST)


ENDS = {"closed": close, "retracted": ask}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("known_at", [CLEAR, GREEN, AMBER, RED])
def test_a_reason_names_a_substance_to_those_who_may_know_of_it(database, end, known_at):
    with database.transaction() as session:
        substance = a_substance(session, "Hiddenitazene")
        substance.handling = known_at
        for level in LEVELS:
            for reason in ("It was hiddenitazene.", f"It was {substance.code.lower()}."):
                alert = issued(session, handling=level)
                if known_at > level:
                    with pytest.raises(Refused) as refusal:
                        ENDS[end](session, alert, reason)
                    assert [problem.field for problem in refusal.value.problems] == ["reason"]
                    assert alert.state is AlertState.ISSUED
                else:
                    ENDS[end](session, alert, reason)


@pytest.mark.parametrize("end", ENDS)
def test_a_reason_cites_what_its_readers_may_look_up(database, end):
    with database.transaction() as session:
        hidden = an_episode(session, a_substance(session), views={AMBER: 2})
        with pytest.raises(Refused, match=f"reason: {hidden.code} is TLP:AMBER"):
            ENDS[end](session, issued(session), f"See {hidden.code}.")
        ENDS[end](session, issued(session, handling=AMBER), f"See {hidden.code}.")
        with pytest.raises(Refused, match="reason: there is no report RP-000099"):
            ENDS[end](session, issued(session), "See RP-99.")


def test_what_became_restricted_before_a_retraction_was_confirmed_is_not_told(database):
    with database.transaction() as session:
        substance = a_substance(session, "Hiddenitazene")
        alert = issued(session)
        draft = ask(session, alert, "It was hiddenitazene.")
        substance.handling = AMBER
        session.flush()
        with pytest.raises(Refused, match="Hiddenitazene"):
            confirm(session, draft)
        assert alert.state is AlertState.ISSUED
        assert "iddenitazene" not in str(session.scalars(select(Edition.sentences)).all())
        assert session.scalars(select(Draft.state)).all()[-1] is DraftState.SUBMITTED
        substance.handling = CLEAR
        session.flush()
        assert confirm(session, draft).state is AlertState.RETRACTED
