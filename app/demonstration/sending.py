"""Sending the demonstration's reports through the same door as everybody's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.access.models import Authority, acting
from app.access.roles import Role
from app.db import Database
from app.errors import Refused
from app.intake.keeping import sliced
from app.intake.rows import Row
from app.intake.taking import take
from app.intake.words import Channel, Fate


def send(
    database: Database,
    home: Authority,
    reports: Sequence[dict[str, Any]],
    *,
    received: datetime,
    simulated: bool,
) -> int:
    """Take reports of `home` in as received then; how many. Raises Refused if one is rejected."""
    rows = [Row((number,), report) for number, report in enumerate(reports, start=1)]
    receipt = take(
        database,
        sliced(json.dumps(list(reports)).encode()),
        lambda: rows,
        by=acting(Role.LABORATORY, "demonstration", home),
        channel=Channel.DEMONSTRATION,
        clock=lambda: received,
        simulated=simulated,
    )
    if rejected := receipt.fates[Fate.REJECTED]:
        raise Refused(f"{rejected} of {len(reports)} demonstration reports were rejected")
    return len(reports)
