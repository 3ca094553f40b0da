"""Handling reports anew: a focal point releases one of its authority's, or holds it back."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from flask import Response
from pydantic import BaseModel, BeforeValidator, Field

from app.access.roles import Role
from app.api import api
from app.api.asking import as_day
from app.api.contract import answer, body, promise
from app.api.shapes import ReportOut, report_out
from app.entrance import actor, allow, database, now, today
from app.intake import queries
from app.intake.release import LONGEST_REASON, Wish, rehandle
from app.intake.schema import HandlingWord


class HandlingIn(BaseModel, extra="forbid"):
    """How a report is to be handled from now on; what is left out stays as it is.

    `embargo_until: null` ends an embargo. A release (wider, or sooner) needs a reason.
    """

    handling: HandlingWord | None = None
    embargo_until: Annotated[date, BeforeValidator(as_day)] | None = None
    reason: str = Field(default="", max_length=LONGEST_REASON)


@api.post("/reports/<code>/handling")
@allow(Role.FOCAL_POINT)
@promise("Handle a report anew", takes=HandlingIn, answers=ReportOut)
def handle_report(code: str) -> Response:
    """Release a report of your authority or hold it back, without a new version of it.

    What was told before stays told; signals and alerts follow at the next assessment.
    """
    wanted = body(HandlingIn)
    with database().transaction() as session:
        report = queries.report_by_code(session, actor(), today(), code)
        wish = Wish(wanted.handling, "embargo_until" in wanted.model_fields_set,
                    wanted.embargo_until)  # fmt: skip
        rehandle(session, [report], wish, by=actor(), reason=wanted.reason, now=now())
        return answer(report_out(report))
