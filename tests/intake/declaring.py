"""Declaring measures, uses, lists and standards in tests, as through a door."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from app.access.roles import Actor
from app.db import Database
from app.intake.declaring import declare
from app.intake.keeping import Sent
from app.intake.readers import read_json
from app.intake.whole import take_whole
from app.intake.words import Channel
from app.registry.facts import Topic
from tests.reporting import NOW


def declared(database: Database, topic: Topic, sent: Any, *, by: Actor) -> None:
    """Take one declaration, or a list of them, all of which are right."""
    content = json.dumps(sent).encode()
    submission, _ = take_whole(
        database,
        [content],
        lambda: read_json(content),
        Sent(Channel.API),
        partial(declare, topic=topic, by=by, now=NOW),
        by=by,
        now=NOW,
    )
    assert set(submission.fates) == {"accepted"}
