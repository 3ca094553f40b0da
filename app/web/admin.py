"""Administration: who is known here."""

from __future__ import annotations

from typing import Any

from flask import render_template
from sqlalchemy import select

from app.access.models import ApiKey, AuditEvent, Authority, Person
from app.access.roles import Role
from app.entrance import allow, database
from app.web import web


@web.get("/admin")
@allow(Role.ADMIN)
def admin() -> Any:
    """Authorities, people, keys, and the last lines of the audit trail."""
    with database().reading() as session:
        return render_template(
            "admin.html",
            authorities=list(session.scalars(select(Authority).order_by(Authority.code))),
            people=list(session.scalars(select(Person).order_by(Person.email))),
            keys=list(session.scalars(select(ApiKey).order_by(ApiKey.created_at.desc()))),
            trail=list(
                session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(50))
            ),
        )
