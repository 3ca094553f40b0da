"""What reports count for as known on a day: what the rollup keeps, and what changed since.

What was worked out of one rollup is kept in this process, so that the next assessment need not
read ten million records to look at a thousand new ones. A rollup has a mark of its own and is never
changed under it; whoever sees another mark works everything out anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.surveillance import arrays, reading
from app.surveillance.arrays import Records
from app.surveillance.changed import changed_reports
from app.surveillance.reading import View
from app.surveillance.rolled import Part, Rollup
from app.surveillance.rollup import CHANGES, MOST_CHANGED, SUMMED, as_rolled, held, usable
from app.surveillance.rows import Events, Known, Since, from_month

T = TypeVar("T")


class Worked:
    """What was worked out of one rollup: of each name only the latest, so that it cannot grow."""

    def __init__(self, mark: str | None = None) -> None:
        self.mark = mark
        self._found: dict[str, tuple[Hashable, Any]] = {}

    def get(self, name: str, key: Hashable) -> Any:
        """What was worked out under a name and of a key; None if nothing was."""
        known = self._found.get(name)
        return known[1] if known is not None and known[0] == key else None

    def keep(self, name: str, key: Hashable, made: Any) -> None:
        """Keep it in the place of what was worked out before."""
        self._found[name] = key, made


_lock = threading.Lock()
_latest = Worked()


def _worked(mark: str) -> Worked:
    """What this process has worked out of the rollup of that mark."""
    global _latest  # noqa: PLW0603 - one rollup is the latest
    with _lock:
        if _latest.mark != mark:
            _latest = Worked(mark)
        return _latest


def forget() -> None:
    """Work everything out anew from here on, as after a restart."""
    global _latest  # noqa: PLW0603 - one rollup is the latest
    with _lock:
        _latest = Worked()


class Counted:
    """What reports count for as known at the end of a day, through the rollup where it serves.

    What changed since the day of the rollup is read once, whatever is asked for and how often.
    """

    def __init__(self, session: Session, as_of: date, *, since: Since, anew: bool = False) -> None:
        """`since` is from when on `days`, `harms` and `seized` will be asked for; `anew`: from the
        reports themselves, as everything once was."""
        self._session = session
        self._as_of = as_of
        self._since = since
        rollup = None if anew else usable(session, as_of)
        self._change: tuple[Known, Known] | None = None
        if rollup is not None:
            self._change = _change(session, as_of, since, rollup.as_of)
        served = rollup is not None and self._change is not None
        self._worked = _worked(rollup.mark) if rollup is not None and served else Worked()

    def once(self, name: str, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` makes, which depends on what is kept and on `key` alone.

        What another rollup took the place of while it was made is used, and not kept.
        """
        found: T | None = self._worked.get(name, key)
        if found is None:
            found = make()
            mark = self._session.scalar(select(Rollup.mark))
            if self._worked.mark in (None, mark):
                self._worked.keep(name, key, found)
        return found

    def kept(self, part: Part, since: int | None = None) -> Records:
        """The records of the rollup, from a month on; without one, all there are."""
        if self._change is None:
            return _from(since, getattr(self._anew, part.value))
        return held(self._session, part, since)

    def less(self, part: Part, since: int | None = None) -> Records:
        """What the reports that changed came to in the rollup."""
        return self._changed(0, part, since)

    def more(self, part: Part, since: int | None = None) -> Records:
        """What they come to now."""
        return self._changed(1, part, since)

    def change(self, part: Part, since: int | None = None) -> Records:
        """What is to be added to what is kept, of records that add up: some are below nought."""
        less = arrays.negative(self.less(part, since), SUMMED[part])
        return arrays.joined(less, self.more(part, since))

    def all(self, part: Part, since: int | None = None) -> Records:
        """The records as of the day, from a month on."""
        parts = self.kept(part, since), self.less(part, since), self.more(part, since)
        return CHANGES[part](*parts)

    def events(self, since: int) -> Events:
        """The events from the month `since` on."""
        return Events(self.all(Part.CELLS, since), self.all(Part.SHARED, since))

    def harms(self) -> Records:
        """Recent deaths and acute poisonings, one by one."""
        return self._whole(Part.HARMS, self._since.harms)

    def seized(self) -> Records:
        """Recent seizures of a weight, one by one."""
        return self._whole(Part.SEIZED, self._since.seized)

    def _whole(self, part: Part, since: int | None) -> Records:
        kept = self.once(part.value, since, lambda: self.kept(part, since))
        return CHANGES[part](kept, self.less(part, since), self.more(part, since))

    @property
    def since(self) -> Since:
        """From when on recent sightings can be asked for."""
        return self._since

    def _changed(self, which: int, part: Part, since: int | None) -> Records:
        if self._change is None:
            none: Records = getattr(self._anew, part.value)[:0]
            return none
        return _from(since, getattr(self._change[which], part.value))

    @cached_property
    def _anew(self) -> Known:
        return reading.known(self._session, View(self._as_of, since=self._since))


def _from(since: int | None, rows: Records) -> Records:
    if since is None:
        return rows
    return rows.take(np.flatnonzero(from_month(since, rows["month"].astype(np.int64))))


def _change(session: Session, as_of: date, since: Since, day: date) -> tuple[Known, Known] | None:
    """What to take away from the rollup and what to add: of the few reports that changed.

    None where the rollup cannot serve.
    """
    rolled = as_rolled(day)
    if not rolled.since.holds(since):
        return None
    changed = changed_reports(session, after=day, until=as_of)
    if len(changed) > MOST_CHANGED:
        return None
    before = reading.known(session, as_rolled(day, changed))
    return before, reading.known(session, View(as_of, changed, since=since))
