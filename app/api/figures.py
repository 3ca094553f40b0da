"""Figures for everybody who may count: what was reported, where and when, and in which form."""

from __future__ import annotations

from typing import Annotated

from flask import Response
from pydantic import BaseModel, Field

from app.access.roles import Role
from app.api import api
from app.api.asking import Listed, ask
from app.api.contract import promise
from app.api.exports import List, deliver
from app.api.reading import AboutEvents, AboutSubstances, wanted_of
from app.entrance import actor, allow, today
from app.intake import tallies
from app.intake.tallies import Figure, Form
from app.intake.words import EventKind


class FigureOut(BaseModel):
    """Reports of one substance in one country, month (or year) and kind of event."""

    substance: str
    substance_name: str
    group: str
    family: str
    country: str
    period: str
    type: str
    event_kind: str
    simulated: bool
    reports: int


class FormOut(BaseModel):
    """A salt, solvate, stereo variant or isotope label of a substance, as reports named it."""

    substance: str
    substance_name: str
    form: str  # the counter-ions; empty for the parent itself
    inchikey: str
    reports: int
    first_event: str


class FiguresAsked(Listed, AboutEvents):
    """What may be asked of the figures."""

    after: (
        Annotated[
            str,
            Field(
                pattern=r"^TS-[0-9]{5,9}~[A-Z]{2}~[0-9]{4}~[0-9]{1,2}~(event|aggregate)~"
                rf"({'|'.join(EventKind)})~[01]$",
                description="the cursor of `next`",
            ),
        ]
        | None
    ) = None


class FormsAsked(Listed, AboutSubstances):
    """What may be asked of the forms."""

    after: (
        Annotated[
            str,
            Field(
                pattern=r"^TS-[0-9]{5,9}~[A-Z]{14}-[A-Z]{10}-[A-Z]~[^\x00-\x1f\x7f~]{0,120}$",
                description="the cursor of `next`",
            ),
        ]
        | None
    ) = None


@api.get("/figures")
@allow(Role.PUBLIC)
@promise("Figures", answers=FigureOut, listed=True, asks=FiguresAsked)
def list_figures() -> Response:
    """How many reports there are of each substance by country, month and kind of event.

    Amber reports count for everybody signed in, though only the reporting authority and the
    secretariat see their rows; red ones for the secretariat. Events are counted one by one, of
    aggregates the reports inside them; the two are never added up.
    """
    asked, who, day = ask(FiguresAsked), actor(), today()
    wanted = wanted_of(asked, who)
    figures: List[Figure] = List(
        "figures",
        FigureOut,
        lambda session, after, limit: tallies.figures(
            session, who, day, wanted, after=after, limit=limit
        ),
        _figure_out,
    )
    return deliver(figures, asked)


@api.get("/forms")
@allow(Role.PUBLIC)
@promise("Forms", answers=FormOut, listed=True, asks=FormsAsked)
def list_forms() -> Response:
    """Salts, solvates, stereo variants and isotope labels, with the reports that named them."""
    asked, who, day = ask(FormsAsked), actor(), today()
    wanted = wanted_of(asked, who)
    forms: List[Form] = List(
        "forms",
        FormOut,
        lambda session, after, limit: tallies.forms(
            session, who, day, wanted, after=after, limit=limit
        ),
        _form_out,
    )
    return deliver(forms, asked)


def _figure_out(figure: Figure) -> FigureOut:
    return FigureOut(
        substance=f"TS-{figure.substance_id:05d}",
        substance_name=figure.substance_name,
        group=figure.group,
        family=figure.family,
        country=figure.country,
        period=figure.period,
        type=figure.type,
        event_kind=figure.event_kind,
        simulated=figure.simulated,
        reports=figure.reports,
    )


def _form_out(form: Form) -> FormOut:
    return FormOut(
        substance=f"TS-{form.substance_id:05d}",
        substance_name=form.substance_name,
        form=form.label,
        inchikey=form.inchikey,
        reports=form.reports,
        first_event=form.first.isoformat(),
    )
