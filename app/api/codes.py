"""What may be sent: fields and codes, as the schema has them."""

from __future__ import annotations

from flask import Response

from app.access.roles import Role
from app.api import api
from app.api.contract import answer, promise
from app.entrance import allow
from app.intake.codes import CodesOut, codes


@api.get("/codes")
@allow(Role.PUBLIC)
@promise("Fields and codes", answers=CodesOut)
def show_codes() -> Response:
    """Every field of a report, a finding and an activity, and every code with its meaning."""
    return answer(codes())
