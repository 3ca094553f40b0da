"""Counted events kept, so that an assessment costs what is new and not what was ever reported.

The rollup is the as-of view of one day that is over, S. A later day is the rollup, less what the
reports that changed since had come to on S, plus what they come to now. What they had come to need
not be remembered: nothing that is received later changes a view of the past, so it is counted again
from the reports as of S. That law (tests/surveillance/test_leakage.py) is what the rollup stands
on; tests/surveillance/test_rollup.py holds it against counting everything anew.

S is a day that ended some hours ago (`SETTLED`): a transaction that began before midnight has been
committed by then, so none of its rows is missed. Today's rows are never kept, only counted.

A view of a day before S is read from the reports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from app.bulk import insert_rows
from app.clock import end_of_day
from app.db import one_of_ids, take_turns
from app.registry.models import WATCHED, Substance
from app.surveillance import arrays, reading
from app.surveillance.arrays import CELL, COUNTED, KEY, SHARED, VOLUME, VOLUME_KEY, Records
from app.surveillance.changed import changed_reports
from app.surveillance.reading import Events, View
from app.surveillance.rolled import Part, RolledMonth, Rollup
from app.surveillance.sightings import COUNTED_ROLES

SETTLED = timedelta(hours=6)
# with more reports than that changed, counting them all anew is quicker
MOST_CHANGED = 200_000
AT_ONCE = 20_000  # rows written
COUNTING = 1  # raised whenever what is counted, or how, changes
CELL_KEY = ("substance", *KEY)
DTYPES = {Part.CELLS: CELL, Part.SHARED: SHARED, Part.VOLUME: VOLUME}


def roll(session: Session, *, now: datetime) -> date:
    """Bring the rollup up to the last settled day; which day that is.

    Costs what was received since; from scratch the first time, and when substances came to be
    watched or not.
    """
    take_turns(session, "rollup")
    day = (now - SETTLED).date() - timedelta(days=1)
    held = _usable(session, day)
    if held == day:
        return day
    changed = None if held is None else changed_reports(session, after=held, until=day)
    if held is None or changed is None or len(changed) > MOST_CHANGED:
        _from_scratch(session, day)
    else:
        _bring_up(session, held, day, changed)
    _note(session, day, now)
    return day


def known_events(session: Session, *, as_of: date, since: int) -> Events:
    """The events known as of a day from the month `since` on, through the rollup if it serves."""
    if (change := _change(session, as_of, since)) is None:
        return reading.events(session, View(as_of, since))
    before, after = (reading.events(session, view) for view in change)
    return Events(
        _changed_cells(_held(session, Part.CELLS, since), before.cells, after.cells),
        _changed_shared(_held(session, Part.SHARED, since), before.shared, after.shared),
    )


def known_volumes(session: Session, *, as_of: date, since: int | None = None) -> Records:
    """The volumes known as of a day from the month `since` on, likewise."""
    if (change := _change(session, as_of, since)) is None:
        return reading.volumes(session, View(as_of, since))
    before, after = (reading.volumes(session, view) for view in change)
    return _changed_volume(_held(session, Part.VOLUME, since), before, after)


def _change(session: Session, as_of: date, since: int | None) -> tuple[View, View] | None:
    """What to take away from the rollup and what to add, as views of the few reports that changed.

    None where the rollup cannot serve.
    """
    day = _usable(session, as_of)
    if day is None:
        return None
    changed = changed_reports(session, after=day, until=as_of)
    if len(changed) > MOST_CHANGED:
        return None
    return _as_rolled(day, changed, since), View(as_of, since, changed)


def _as_rolled(day: date, reports: tuple[int, ...] | None = None, since: int | None = None) -> View:
    """The view that the rollup of a day is, or was."""
    return View(day, since, reports, handling_at=end_of_day(day))


def _usable(session: Session, as_of: date) -> date | None:
    """The day of the rollup where it can serve a view of `as_of`."""
    held = session.scalars(select(Rollup)).one_or_none()
    if held is None or held.as_of > as_of or held.layout != layout():
        return None
    if held.watched != _watched(session, held.newest_substance):
        return None
    return held.as_of


def layout() -> str:
    """A digest of what records hold and what is counted: another one means counting anew."""
    said = repr((COUNTING, *(dtype.descr for dtype in DTYPES.values()), COUNTED_ROLES))
    return hashlib.sha256(said.encode()).hexdigest()


def _watched(session: Session, newest: int) -> str:
    """A digest of the watched substances up to a number: it stays as it is when one is new."""
    watched = select(Substance.id).where(Substance.standing.in_(WATCHED), Substance.id <= newest)
    ids = np.array(session.scalars(watched.order_by(Substance.id)).all(), "<i8")
    return hashlib.sha256(ids.tobytes()).hexdigest()


def _note(session: Session, day: date, now: datetime) -> None:
    newest = session.scalar(select(func.max(Substance.id))) or 0
    session.execute(delete(Rollup))
    session.add(
        Rollup(
            as_of=day,
            rolled_at=now,
            newest_substance=newest,
            watched=_watched(session, newest),
            layout=layout(),
        )
    )
    session.flush()


def _from_scratch(session: Session, day: date) -> None:
    view = _as_rolled(day)
    found = reading.events(session, view)
    session.execute(delete(RolledMonth))
    _keep(session, Part.CELLS, found.cells)
    _keep(session, Part.SHARED, found.shared)
    _keep(session, Part.VOLUME, reading.volumes(session, view))


def _bring_up(session: Session, held: date, day: date, changed: tuple[int, ...]) -> None:
    """Replace the months in which something changed."""
    views = _as_rolled(held, changed), _as_rolled(day, changed)
    before, after = (reading.events(session, view) for view in views)
    _replace(session, Part.CELLS, before.cells, after.cells, _changed_cells)
    _replace(session, Part.SHARED, before.shared, after.shared, _changed_shared)
    less, more = (reading.volumes(session, view) for view in views)
    _replace(session, Part.VOLUME, less, more, _changed_volume)


def _replace(
    session: Session,
    part: Part,
    before: Records,
    after: Records,
    change: Callable[[Records, Records, Records], Records],
) -> None:
    months = sorted({*_places(part, before), *_places(part, after)})
    if not months:
        return
    held = _held(session, part, among=months)
    gone = delete(RolledMonth).where(
        RolledMonth.part == part,
        RolledMonth.substance_id == bindparam("of"),
        RolledMonth.month == bindparam("in_month"),
    )
    session.connection().execute(gone, [{"of": of, "in_month": month} for of, month in months])
    _keep(session, part, change(held, before, after))


def _changed_cells(held: Records, before: Records, after: Records) -> Records:
    change = arrays.joined(arrays.negative(before, COUNTED), after)
    same = ~np.isin(_substance_month(held), _substance_month(change))
    changed = arrays.summed(arrays.joined(held[~same], change), CELL_KEY, COUNTED)
    return arrays.joined(held[same], changed)


def _changed_volume(held: Records, before: Records, after: Records) -> Records:
    change = arrays.joined(arrays.negative(before, ("reports",)), after)
    return arrays.summed(arrays.joined(held, change), VOLUME_KEY, ("reports",))


def _substance_month(rows: Records) -> NDArray[np.int64]:
    place: NDArray[np.int64] = rows["substance"].astype(np.int64) * 2**20 + rows["month"]
    return place


def _changed_shared(held: Records, before: Records, after: Records) -> Records:
    kept: Records = held[~np.isin(held["event"], before["event"])]
    return arrays.joined(kept, after)


def _keep(session: Session, part: Part, rows: Records) -> None:
    """Write records down, month by month."""
    of = _substances(part, rows)
    order = np.lexsort([of, rows["month"]])  # as they are read: by month
    rows, of = rows[order], of[order]
    begins = np.flatnonzero(
        np.concatenate(
            ([len(rows) > 0], (of[1:] != of[:-1]) | (rows["month"][1:] != rows["month"][:-1]))
        )[: len(rows)]
    )
    ends = np.append(begins[1:], len(rows))
    for start in range(0, len(begins), AT_ONCE):
        some = range(start, min(start + AT_ONCE, len(begins)))
        insert_rows(
            session,
            RolledMonth,
            [
                {
                    "part": part,
                    "substance_id": int(of[begins[n]]),
                    "month": int(rows["month"][begins[n]]),
                    "records": rows[begins[n] : ends[n]].tobytes(),
                }
                for n in some
            ],
        )


def _held(
    session: Session,
    part: Part,
    since: int | None = None,
    among: Sequence[tuple[int, int]] | None = None,
) -> Records:
    """The records kept, from a month on, or of these substances and months."""
    query = select(RolledMonth.substance_id, RolledMonth.month, RolledMonth.records)
    query = query.where(RolledMonth.part == part)
    if since is not None:  # of events known to the year only: those of the year, see reading
        years = and_(RolledMonth.month < 0, RolledMonth.month <= -(since // 12))
        query = query.where(or_(RolledMonth.month >= since, years))
    if among is not None:
        query = query.where(
            one_of_ids(session, RolledMonth.substance_id, sorted({of for of, _ in among})),
            one_of_ids(session, RolledMonth.month, sorted({month for _, month in among})),
        )
    wanted = None if among is None else set(among)
    found = [
        written
        for of, month, written in session.execute(query)
        if wanted is None or (of, month) in wanted
    ]
    return np.frombuffer(b"".join(found), DTYPES[part])


def _places(part: Part, rows: Records) -> Iterable[tuple[int, int]]:
    """The substances and months of records, as they are kept under."""
    return zip(_substances(part, rows).tolist(), rows["month"].tolist(), strict=True)


def _substances(part: Part, rows: Records) -> NDArray[np.int64]:
    if part is Part.CELLS:
        return rows["substance"].astype(np.int64)
    return np.zeros(len(rows), np.int64)
