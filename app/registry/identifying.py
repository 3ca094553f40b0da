"""Giving a substance the identifiers that others know it by, and taking them away."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.errors import Conflict, NotFound, Refused
from app.registry.acts import audit, begin, given, only_curators
from app.registry.identifiers import verified
from app.registry.models import ActKind, ExternalIdentifier, Scheme, Substance

LONGEST_FORM = 120
LONGEST_SOURCE = 200


def identify_as(
    session: Session,
    substance: Substance,
    scheme: Scheme,
    value: str,
    *,
    source: str,
    of_form: str = "",
    shared: bool = False,
    by: Actor,
    now: datetime,
) -> ExternalIdentifier:
    """Note that others call the substance, or a salt of it, by this identifier.

    Raises Refused for one that fails its check, Conflict when the substance bears it already; also
    when another bears it, unless it is `shared`: some registers number two of ours as one.
    """
    only_curators(by)
    written = verified(scheme, value)
    where = _told(source, LONGEST_SOURCE, "source")
    form = " ".join(of_form.split())[:LONGEST_FORM]
    bearers = _bearers(session, scheme, written)
    if any(one.id == substance.id for one in bearers):
        raise Conflict(f"{substance.code} bears {written} already")
    if bearers and not shared:
        other = bearers[0]
        raise Conflict(
            f"{other.code} ({other.name}) bears {written}; merge the two if they are one "
            "substance, or say that both bear it"
        )
    held = ExternalIdentifier(
        substance_id=substance.id,
        of_substance_id=substance.id,
        scheme=scheme,
        value=written,
        of_form=form,
        source=where,
        added_by=by.label,
        at=now,
    )
    session.add(held)
    act = begin(session, ActKind.IDENTIFY, by=by, reason=where, now=now, substance_id=substance.id)
    act.detail = {"scheme": scheme.value, "value": written, "of_form": form}
    audit(session, act, by, now, substance=substance.code, scheme=scheme, value=written)
    return held


def forget_identifier(
    session: Session, substance: Substance, number: int, *, reason: str, by: Actor, now: datetime
) -> str:
    """Take an identifier away; what it was. Raises NotFound, Refused without a reason."""
    only_curators(by)
    why = given(reason)
    held = session.get(ExternalIdentifier, number)
    if held is None or held.substance_id != substance.id:
        raise NotFound(f"{substance.code} bears no such identifier")
    act = begin(session, ActKind.UNIDENTIFY, by=by, reason=why, now=now, substance_id=substance.id)
    act.detail = {"scheme": held.scheme.value, "value": held.value, "of_form": held.of_form}
    audit(session, act, by, now, substance=substance.code, scheme=held.scheme, value=held.value)
    session.delete(held)
    session.flush()
    return held.value


def _bearers(session: Session, scheme: Scheme, value: str) -> list[Substance]:
    query = (
        select(Substance)
        .join(ExternalIdentifier, ExternalIdentifier.substance_id == Substance.id)
        .where(ExternalIdentifier.scheme == scheme, ExternalIdentifier.value == value)
        .order_by(Substance.id)
    )
    return list(session.scalars(query))


def _told(text: str, most: int, field: str) -> str:
    tidy = " ".join(text.split())
    if not tidy or len(tidy) > most or "\x00" in tidy:
        raise Refused(f"the {field} needs 1 to {most} characters: where can it be looked up?")
    return tidy
