"""The forms a substance came in, and what happened to it."""

from __future__ import annotations

from datetime import date

from flask import Response
from pydantic import BaseModel

from app.access.roles import Role
from app.api import api
from app.api.contract import listing, promise
from app.db import Page
from app.entrance import actor, allow, database, today
from app.intake import figures
from app.intake.figures import FormRow
from app.intake.history import Happening
from app.intake.words import Precision
from app.registry import queries
from app.surveillance.biography import biography

EXACTNESS = {Precision.YEAR: 4, Precision.MONTH: 7, Precision.DAY: 10}  # characters of a date


class SentFormOut(BaseModel):
    """A salt, stereo variant or isotope label of a substance, as submitted."""

    label: str | None  # the counter-ions; null for the parent itself
    inchikey: str
    reports: int
    first: date


class HappeningOut(BaseModel):
    """One thing that happened to a substance; the date is as exact as it is known."""

    date: str
    kind: str
    told: str
    code: str | None
    by: str | None  # told to the secretariat, as the reason
    reason: str | None


@api.get("/substances/<code>/forms")
@allow(Role.PUBLIC)
@promise("Forms of a substance", answers=SentFormOut, listed=True)
def forms_of_substance(code: str) -> Response:
    """The forms that reports named, the most frequent first; of the reports you may count."""
    with database().reading() as session:
        substance = queries.substance_by_code(session, actor(), code)
        return listing(Page(figures.forms(session, actor(), today(), substance.id)), _form_out)


@api.get("/substances/<code>/history")
@allow(Role.PUBLIC)
@promise("History of a substance", answers=HappeningOut, listed=True)
def list_history(code: str) -> Response:
    """What happened to a substance, as far as you may know, the newest first."""
    with database().reading() as session:
        substance = queries.substance_by_code(session, actor(), code)
        return listing(Page(biography(session, actor(), today(), substance)), _happening_out)


def _form_out(form: FormRow) -> SentFormOut:
    return SentFormOut(
        label=form.label or None, inchikey=form.inchikey, reports=form.reports, first=form.first
    )


def _happening_out(one: Happening) -> HappeningOut:
    return HappeningOut(
        date=one.day.isoformat()[: EXACTNESS[one.precision]],
        kind=one.kind,
        told=one.told,
        code=one.code,
        by=one.by,
        reason=one.reason,
    )
