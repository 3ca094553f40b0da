"""How openly a substance may be spoken of: as openly as the most open report that names it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.access.handling import Handling, effective_handling
from app.intake.models import Finding, Report
from app.intake.sight import current
from app.registry.models import Substance


def settle_openness(
    session: Session, *, now: datetime, among: Collection[int] | None = None
) -> None:
    """Let a substance that reports brought be as open as the most open report that names it.

    Needed where that changes without a report that names it: a name resolved, an embargo over, the
    only open report amended or withdrawn. What the knowledge base holds is open to everybody; one
    that was merged into another stays as open as it was. `among` keeps to these substances.
    """
    openness = effective_handling(Report.handling, Report.embargo_until, now.date())
    most_open = (
        select(func.min(openness))
        .join(Finding, Finding.report_id == Report.id)
        .where(Finding.substance_id == Substance.id, current())
        .scalar_subquery()
    )
    openness_due = func.coalesce(most_open, int(Handling.RED))
    standing = Substance.found_by.is_not(None) & Substance.merged_into_id.is_(None)
    if among is not None:
        standing &= Substance.id.in_(among)
    session.execute(
        update(Substance)
        .where(standing, openness_due != Substance.handling)
        .values(handling=openness_due)
        .execution_options(synchronize_session=False)
    )
