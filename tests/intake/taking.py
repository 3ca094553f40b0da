"""Taking reports in as the API does, without the web."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.access.roles import Actor
from app.db import Database
from app.intake.keeping import sliced
from app.intake.readers import read_json
from app.intake.taking import Receipt, take
from app.intake.words import Channel
from tests.reporting import NOW


def take_reports(
    database: Database, reports: Sequence[dict[str, Any]], *, by: Actor, now: datetime = NOW
) -> Receipt:
    """What became of these reports."""
    content = json.dumps(list(reports)).encode()
    return take(
        database,
        sliced(content),
        lambda: read_json(content),
        by=by,
        channel=Channel.API,
        clock=lambda: now,
    )
