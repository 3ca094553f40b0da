"""Handling (TLP 2.0): the one place that decides which rows a reader may see.

    clear   for everybody
    green   for the community: everybody with a login or a key
    amber   the rows for the reporting authority and the secretariat; peers get figures only
    red     the rows for the reporting authority alone; figures for the secretariat only

An embargo holds a report at red until its day has come. Every door builds its queries on the two
functions below, so a page, the API, a feed, a mail and a file cannot disagree.
"""

from __future__ import annotations

from datetime import date
from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Dialect, SmallInteger, and_, case, literal, or_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

from app.access.roles import SECRETARIAT, Actor


class Handling(IntEnum):
    """How far something may travel, the widest first."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    RED = 3

    @property
    def word(self) -> str:
        """The word people use: clear, green, amber, red."""
        return self.name.lower()

    @property
    def meaning(self) -> str:
        """Who may see what bears it, in half a sentence."""
        return _MEANINGS[self]

    @classmethod
    def of(cls, word: str) -> Handling:
        """The level of a word."""
        return cls[word.upper()]


_MEANINGS = {
    Handling.CLEAR: "for everybody",
    Handling.GREEN: "for signed-in readers",
    Handling.AMBER: "for the reporter and the secretariat; figures for signed-in readers",
    Handling.RED: "for the reporter; figures for the secretariat",
}


class HandlingType(TypeDecorator[Handling]):
    """Stored as its number, so that "at most amber" is a comparison the database can make."""

    impl = SmallInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Handling | None:
        return None if value is None else Handling(value)


def row_clearance(actor: Actor) -> Handling:
    """The most restricted rows of *other* authorities this actor may see one by one."""
    if actor.role in SECRETARIAT:
        return Handling.AMBER
    return Handling.GREEN if actor.signed_in else Handling.CLEAR


def figure_clearance(actor: Actor) -> Handling:
    """The most restricted reports that may enter a figure, signal or list shown to this actor."""
    if actor.role in SECRETARIAT:
        cleared = Handling.RED
    else:
        cleared = Handling.AMBER if actor.signed_in else Handling.CLEAR
    return cleared if actor.figures_up_to is None else min(cleared, Handling(actor.figures_up_to))


def visible_rows(
    actor: Actor,
    *,
    authority_id: InstrumentedAttribute[int],
    handling: InstrumentedAttribute[Handling],
    embargo_until: InstrumentedAttribute[date | None],
    today: date,
) -> ColumnElement[bool]:
    """The condition that keeps to the rows `actor` may see one by one."""
    released = or_(embargo_until.is_(None), embargo_until <= today)
    others = and_(handling <= row_clearance(actor), released)
    if actor.authority_id is None:
        return others
    return or_(authority_id == actor.authority_id, others)


def effective_handling(
    handling: InstrumentedAttribute[Handling],
    embargo_until: InstrumentedAttribute[date | None],
    today: date,
) -> ColumnElement[Any]:
    """The handling that counts on `today`: red while an embargo lasts."""
    held = and_(embargo_until.is_not(None), embargo_until > today)
    return case((held, literal(int(Handling.RED))), else_=handling)


def visible_up_to(actor: Actor, handling: InstrumentedAttribute[Handling]) -> ColumnElement[bool]:
    """The condition for things derived from reports (signals, alerts): figures, not rows."""
    return handling <= figure_clearance(actor)
