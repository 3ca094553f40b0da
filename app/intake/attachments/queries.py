"""Reading attachments back, for those who may see the report they are on.

A file shares the handling of the version it was sent with, and is closed with the report when a
later version is closed: the same two conditions as for the report's own rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

import numpy as np
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session, joinedload, selectinload, undefer

from app.access.roles import Actor
from app.db import id_of
from app.errors import NotFound
from app.intake.attachments.models import Attachment, StoredSpectrum
from app.intake.attachments.spectrum import Numbers, Spectrum
from app.intake.models import Report
from app.intake.sight import rows_for, still_open_to

_CODE = re.compile(r"AT-([0-9]{1,10})", re.IGNORECASE)


def seen_by(actor: Actor, today: date) -> ColumnElement[bool]:
    """Attachments this actor may see one by one; join Report on `Attachment.report_id`."""
    return and_(
        Attachment.removed_at.is_(None), rows_for(actor, today), still_open_to(actor, today)
    )


def attachments_of(session: Session, actor: Actor, today: date, report: Report) -> list[Attachment]:
    """The files on a report in any of its versions, in the order they came."""
    query = (
        select(Attachment)
        .join(Report, Report.id == Attachment.report_id)
        .where(
            Attachment.authority_id == report.authority_id,
            Attachment.reference == report.reference,
            seen_by(actor, today),
        )
        .options(
            joinedload(Attachment.file),
            joinedload(Attachment.report),
            selectinload(Attachment.spectra),
        )
        .order_by(Attachment.id)
    )
    return list(session.scalars(query))


def attachment_by_code(session: Session, actor: Actor, today: date, code: str) -> Attachment:
    """One attachment. Raises NotFound, also for one not to be seen and one taken off."""
    number = _CODE.fullmatch(code)
    query = (
        select(Attachment)
        .join(Report, Report.id == Attachment.report_id)
        .where(Attachment.id == (id_of(number[1]) if number else -1), seen_by(actor, today))
        .options(
            joinedload(Attachment.file),
            joinedload(Attachment.report),
            selectinload(Attachment.spectra),
        )
    )
    attachment = session.scalar(query)
    if attachment is None:
        raise NotFound(f"there is no attachment {code} that you may see")
    return attachment


def spectrum_at(
    session: Session, actor: Actor, today: date, code: str, position: int
) -> StoredSpectrum:
    """One spectrum of an attached file. Raises NotFound."""
    attachment = attachment_by_code(session, actor, today, code)
    for stored in attachment.spectra:
        if stored.position == position:
            return stored
    raise NotFound(f"{attachment.code} has no spectrum {position}")


def drawn(session: Session, ids: Iterable[int]) -> dict[int, Spectrum]:
    """The spectra of these numbers with their points; who may see them was asked before."""
    query = (
        select(StoredSpectrum)
        .where(StoredSpectrum.id.in_(list(ids)))
        .options(undefer(StoredSpectrum.x), undefer(StoredSpectrum.y))
    )
    return {one.id: _spectrum(one) for one in session.scalars(query)}


def _spectrum(stored: StoredSpectrum) -> Spectrum:
    return Spectrum(
        technique=stored.technique,
        x=_numbers(stored.x),
        y=_numbers(stored.y),
        x_unit=stored.x_unit,
        y_unit=stored.y_unit,
        sticks=stored.sticks,
        name=stored.name,
        instrument=stored.instrument,
        ion_mode=stored.ion_mode,
        precursor_mz=stored.precursor_mz,
        exact=stored.exact,
    )


def _numbers(packed: bytes) -> Numbers:
    return np.frombuffer(packed, dtype="<f4").astype(np.float64)
