"""Small submissions, taken in one transaction: kept first, then read and settled as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.db import Database
from app.errors import Unreadable
from app.intake.keeping import Arrival, Sent, conclude
from app.intake.models import Submission
from app.intake.rows import Row
from app.intake.taking import keep, refusing
from app.intake.words import Fate

Settle = Callable[[Session, Submission, list[Row]], Counter[Fate]]


def take_whole(
    database: Database,
    content: Iterable[bytes],
    read: Callable[[], Iterable[Row]],
    sent: Sent,
    settle: Settle,
    *,
    by: Actor,
    now: datetime,
    most: int | None = None,
) -> tuple[Submission, bool]:
    """Keep `content`, then `settle` the rows that `read` finds in it; and whether it was answered
    before, so that nothing was done.

    Raises as `keep`, and Unreadable when there is no row in it, or more than `most`.
    """
    submission, arrival = keep(database, content, sent, by=by, now=now)
    if arrival is Arrival.ANSWERED:
        return submission, True
    with refusing(database, submission):
        rows = list(read())
        if not rows:
            raise Unreadable("there is no row in it")
        if most and len(rows) > most:
            raise Unreadable(f"there are more than {most:,} rows in it; send it in parts")
    with database.transaction() as session:
        submission = session.merge(submission)
        conclude(submission, settle(session, submission, rows))
    return submission, False
