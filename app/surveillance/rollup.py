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
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import and_, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from app.bulk import insert_rows
from app.clock import end_of_day
from app.db import one_of_ids, take_turns
from app.registry.models import WATCHED, Substance
from app.surveillance import arrays, reading
from app.surveillance.abreast import read_abreast
from app.surveillance.arrays import (
    CELL,
    COUNTED,
    DAY,
    DAY_COUNTED,
    DAY_KEY,
    KEY,
    SEEN,
    SEEN_KEY,
    SHARED,
    SINGLE,
    VOLUME,
    VOLUME_KEY,
    WEIGHED,
    WEIGHED_KEY,
    Records,
)
from app.surveillance.changed import changed_reports
from app.surveillance.months import month_of
from app.surveillance.reading import View
from app.surveillance.rolled import Part, RolledMonth, Rollup
from app.surveillance.rows import Since
from app.surveillance.rules import looks_back_to
from app.surveillance.ruleset import Ruleset, ruleset
from app.surveillance.sightings import COUNTED_ROLES
from app.surveillance.spots import harms_since, seized_since

SETTLED = timedelta(hours=6)
# with more reports than that changed, counting them all anew is quicker
MOST_CHANGED = 200_000
AT_ONCE = 500  # rows written
TOGETHER = 256  # substances whose records are kept in one row
NOTHING = Since(days=10**6, harms=10**6, seized=10**6)  # months that do not come
COUNTING = 4  # raised whenever what is counted, or how, changes
DTYPES = {
    Part.CELLS: CELL,
    Part.SHARED: SHARED,
    Part.VOLUME: VOLUME,
    Part.SEEN: SEEN,
    Part.DAYS: DAY,
    Part.HARMS: SINGLE,
    Part.SEIZED: SINGLE,
    Part.WEIGHTS: WEIGHED,
}


def roll(session: Session, *, now: datetime) -> date:
    """Bring the rollup up to the last settled day; which day that is.

    Costs what was received since; from scratch the first time, and when substances came to be
    watched or not.
    """
    take_turns(session, "rollup")
    day = (now - SETTLED).date() - timedelta(days=1)
    there = usable(session, day)
    if there is not None and there.as_of == day:
        return day
    changed = None if there is None else changed_reports(session, after=there.as_of, until=day)
    if there is None or changed is None or len(changed) > MOST_CHANGED:
        _from_scratch(session, day)
    else:
        _bring_up(session, there.as_of, day, changed)
    _note(session, day, now)
    return day


def as_rolled(day: date, reports: tuple[int, ...] | None = None) -> View:
    """The view that the rollup of a day is, or was."""
    return View(day, reports, handling_at=end_of_day(day), since=kept_since(day))


def kept_since(day: date) -> Since:
    """The first months of which the rollup of a day keeps recent sightings one by one."""
    return asked_since(day, ruleset(), looks_back_to(day, ruleset()))


def asked_since(day: date, limits: Ruleset, days: date) -> Since:
    """From which months on recent sightings are asked for; by the day, since `days`."""
    return Since(
        days=month_of(days),
        harms=month_of(harms_since(day, limits)),
        seized=month_of(seized_since(day, limits)),
    )


def usable(session: Session, as_of: date) -> Rollup | None:
    """The rollup where it can serve a view of `as_of`."""
    there = session.scalars(select(Rollup).execution_options(populate_existing=True)).one_or_none()
    if there is None or there.as_of > as_of or there.layout != layout():
        return None
    if there.watched != _watched(session, there.newest_substance):
        return None
    return there


def layout() -> str:
    """A digest of what records hold and what is counted: another one means counting anew."""
    kept = kept_since(date(2000, 1, 1))
    said = repr((COUNTING, *(dtype.descr for dtype in DTYPES.values()), COUNTED_ROLES, kept))
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
            mark=uuid4().hex,
        )
    )
    session.flush()


def _from_scratch(session: Session, day: date) -> None:
    found = reading.known(session, as_rolled(day), partial(read_abreast, session))
    session.execute(delete(RolledMonth))
    for part in Part:
        _keep(session, part, getattr(found, part.value))


def _bring_up(session: Session, since: date, day: date, changed: tuple[int, ...]) -> None:
    """Replace the months in which something changed, and forget days that are too long ago."""
    before, after = (
        reading.known(session, replace(as_rolled(of, changed), since=kept_since(day)))
        for of in (since, day)
    )
    for part, change in CHANGES.items():
        less, more = (getattr(known, part.value) for known in (before, after))
        _replace(session, part, less, more, change)
    kept = kept_since(day)
    for part, month in (
        (Part.DAYS, kept.days),
        (Part.HARMS, kept.harms),
        (Part.SEIZED, kept.seized),
    ):
        session.execute(
            delete(RolledMonth).where(RolledMonth.part == part, RolledMonth.month < month)
        )


def _replace(session: Session, part: Part, before: Records, after: Records, change: Change) -> None:
    months = sorted({*_places(part, before), *_places(part, after)})
    if not months:
        return
    there = held(session, part, among=months)
    gone = delete(RolledMonth).where(
        RolledMonth.part == part,
        RolledMonth.substance_id == bindparam("of"),
        RolledMonth.month == bindparam("in_month"),
    )
    session.connection().execute(gone, [{"of": of, "in_month": month} for of, month in months])
    _keep(session, part, change(there, before, after))


Change = Callable[[Records, Records, Records], Records]  # held, before, after


def _summing(of: str, key: Sequence[str], counted: Sequence[str]) -> Change:
    """Take away and add, where the months of one substance or authority changed at all."""

    def change(held: Records, before: Records, after: Records) -> Records:
        less_and_more = arrays.joined(arrays.negative(before, counted), after)
        if not len(less_and_more):
            return held
        touched = _at(held, less_and_more, of)
        anew = arrays.summed(
            arrays.joined(held.take(np.flatnonzero(touched)), less_and_more), key, counted
        )
        return arrays.joined(held.take(np.flatnonzero(~touched)), anew)

    return change


def _at(held: Records, changed: Records, of: str) -> NDArray[np.bool_]:
    """Which records are of the same months and the same substance or authority as some of these."""
    low, high = changed["month"].min(), changed["month"].max()
    size = int(changed[of].max()) + 2  # the last is of none
    there = np.zeros((size, int(high - low) + 3), bool)  # and so are the first month and the last
    there[changed[of], changed["month"] - low + 1] = True
    months = np.clip(held["month"], low - 1, high + 1) - (low - 1)
    found: NDArray[np.bool_] = there[np.minimum(held[of], size - 1), months]
    return found


SUMMED = {
    Part.CELLS: COUNTED,
    Part.SHARED: COUNTED,
    Part.VOLUME: ("reports",),
    Part.SEEN: ("reports",),
    Part.DAYS: DAY_COUNTED,
    Part.WEIGHTS: ("seizures",),
}  # what adds up in the records of each part


def _changed_shared(held: Records, before: Records, after: Records) -> Records:
    if not len(before):
        return arrays.joined(held, after)
    return arrays.joined(held[~np.isin(held["event"], before["event"])], after)


def _changed_singles(held: Records, before: Records, after: Records) -> Records:
    if not len(before):
        return arrays.joined(held, after)
    return arrays.joined(held[~np.isin(held["report"], before["report"])], after)


_changed_cells = _summing("substance", ("substance", *KEY), COUNTED)
_changed_volume = _summing("authority", VOLUME_KEY, ("reports",))
_changed_seen = _summing("substance", SEEN_KEY, ("reports",))
_changed_days = _summing("substance", DAY_KEY, DAY_COUNTED)
_changed_weights = _summing("substance", WEIGHED_KEY, ("seizures",))
CHANGES: dict[Part, Change] = {
    Part.CELLS: _changed_cells,
    Part.SHARED: _changed_shared,
    Part.VOLUME: _changed_volume,
    Part.SEEN: _changed_seen,
    Part.DAYS: _changed_days,
    Part.HARMS: _changed_singles,
    Part.SEIZED: _changed_singles,
    Part.WEIGHTS: _changed_weights,
}


def _keep(session: Session, part: Part, rows: Records) -> None:
    """Write records down, month by month."""
    of = _substances(part, rows)
    order, _ = arrays.grouped([rows["month"], of])  # as they are read: by month
    rows, of = rows.take(order), of[order]
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


def held(
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
    """The number under which records are kept: some hundred substances lie together."""
    if part in (Part.SHARED, Part.VOLUME):
        return np.zeros(len(rows), np.int64)
    return rows["substance"].astype(np.int64) // TOGETHER * TOGETHER
