"""What was declared of a substance stands under its heading of the dossier."""

from __future__ import annotations

from typing import Any

from app.access.roles import ANYBODY
from app.db import Database
from app.registry.facts import Topic
from app.registry.models import Substance
from app.review.dossier import dossier
from tests.intake.declaring import declared
from tests.reporting import NOW, laboratory


def test_measures_and_uses_are_told_in_the_order_of_a_review(known: Database) -> None:
    by = laboratory(known, "DE")

    def send(topic: Topic, **fields: Any) -> None:
        sent = {"reference": str(topic), "substance": "Etizolam", "source": "gazette 7"} | fields
        declared(known, topic, sent, by=by)

    send(Topic.MEASURE, country="DE", kind="nps_act", since="2025-02", title="Act, annex 2")
    send(Topic.USE, kind="industrial", description="none so far")
    with known.reading() as session:
        substance = session.query(Substance).filter_by(name="Etizolam").one()
        told = {s.number: s.facts for s in dossier(session, ANYBODY, NOW.date(), substance)}
    assert told[12] == ("Germany, industrial use: none so far (gazette 7).",)
    assert told[18][-1] == (
        "Germany: nps act, since 2025-02: Act, annex 2 (gazette 7); indicative, not legal advice."
    )
    assert told[9] == ("A medicine in India, Italy and Japan: anxiolytic.",)
