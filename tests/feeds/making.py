"""Editions for the tests of feeds."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.notification.models import Alert, AlertState, Edition
from tests.notification.making import CLEAR, NOW, Handling

LATER = NOW + timedelta(days=1)
WHY = "The laboratory withdrew its finding: the reference standard was mislabelled."


def retract(session: Session, *, at: datetime = LATER, levels: tuple[Handling, ...] = (CLEAR,)):
    """Take the one alert back, with the reason, at each level."""
    alert = session.scalars(select(Alert)).one()
    last = session.scalars(select(Edition).order_by(Edition.id.desc())).first()
    for level in levels:
        session.add(
            Edition(
                alert=alert,
                handling=level,
                tier=last.tier,
                reason="retracted",
                headline=last.headline,
                sentences=[WHY],
                countries=last.countries,
                detail=last.detail | {"episodes": []},
                issued_at=at,
            )
        )
        session.flush()
    alert.state = AlertState.RETRACTED
    return alert
