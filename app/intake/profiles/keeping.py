"""Profiles that an authority keeps for itself: finding, saving and removing them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.models import Authority
from app.access.roles import REPORTERS, Actor, Role
from app.access.service import record
from app.db import take_turns
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.intake.profiles import NAME, Profile, load_profile, parse_profile, profile_names
from app.intake.profiles.models import ImportProfile

RESERVED = ("new",)  # an address of its own


def find_profile(
    session: Session, authority_id: int | None, name: str, digest: str | None = None
) -> Profile:
    """The profile of that name: the authority's own before the one that is shipped.

    With `digest` the version that has it, also when it is no longer the newest; Refused is raised
    when there is none. Raises NotFound for an unknown name, listing those there are.
    """
    query = select(ImportProfile).where(
        ImportProfile.authority_id == authority_id, ImportProfile.name == name
    )
    if digest is None:
        query = query.where(ImportProfile.superseded_at.is_(None))
    else:
        query = query.where(ImportProfile.digest == digest)
    held = session.scalar(query.order_by(ImportProfile.version.desc()).limit(1))
    if held is not None:
        return parse_profile(held.name, held.text)
    shipped = load_profile(name) if name in profile_names() else None
    if digest is not None and (shipped is None or shipped.digest != digest):
        raise Refused(f"its import profile {name} is no longer as it was; send it again")
    if shipped is None:
        own = [one.name for one in own_profiles(session, authority_id)]
        known = ", ".join(sorted({*own, *profile_names()}))
        raise NotFound(f'there is no import profile "{name}"; there are: {known}')
    return shipped


def own_profiles(session: Session, authority_id: int | None) -> list[ImportProfile]:
    """The profiles an authority keeps, as they stand, by name."""
    query = (
        select(ImportProfile)
        .where(ImportProfile.authority_id == authority_id, ImportProfile.superseded_at.is_(None))
        .order_by(ImportProfile.name)
    )
    return list(session.scalars(query))


def profiles_for(session: Session, actor: Actor) -> list[ImportProfile]:
    """The profiles somebody may see: those of their authority, for an admin those of all."""
    if actor.role is not Role.ADMIN:
        return own_profiles(session, actor.authority_id)
    query = (
        select(ImportProfile)
        .join(Authority)
        .where(ImportProfile.superseded_at.is_(None))
        .order_by(Authority.code, ImportProfile.name)
    )
    return list(session.scalars(query))


def own_profile(session: Session, authority_id: int | None, name: str) -> ImportProfile | None:
    """The authority's own profile of that name, as it stands."""
    query = select(ImportProfile).where(
        ImportProfile.authority_id == authority_id,
        ImportProfile.name == name,
        ImportProfile.superseded_at.is_(None),
    )
    return session.scalar(query)


def versions_of(session: Session, profile: ImportProfile) -> list[ImportProfile]:
    """All versions of a profile, newest first."""
    query = (
        select(ImportProfile)
        .where(
            ImportProfile.authority_id == profile.authority_id, ImportProfile.name == profile.name
        )
        .order_by(ImportProfile.version.desc())
    )
    return list(session.scalars(query))


def save_profile(
    session: Session, name: str, text: str, *, by: Actor, now: datetime, seen: int | None = None
) -> int:
    """Keep `text` as the newest version of the profile; its number. The same text is a no-op.

    `seen` is the version that was edited, 0 when a new profile is meant. Raises Forbidden for who
    does not report, Refused when the name or the text will not do, Conflict when another version
    was saved meanwhile.
    """
    authority_id = _authority_of(by)
    if not NAME.fullmatch(name) or name in RESERVED:
        raise Refused(f'"{name}" is no name of a profile; use up to 40 of a–z, 0–9, "-" and "_"')
    profile = parse_profile(name, text)
    text = text.replace("\r\n", "\n")
    held = _held(session, authority_id, name)
    if held is not None and held.text == text:
        return held.version
    if seen is not None and seen != (held.version if held else 0):
        raise Conflict(f"{name} was saved by somebody else meanwhile; look at it before you save")
    newest = session.scalar(
        select(func.max(ImportProfile.version)).where(
            ImportProfile.authority_id == authority_id, ImportProfile.name == name
        )
    )
    if held is not None:
        held.superseded_at = now
    version = (newest or 0) + 1
    session.add(
        ImportProfile(
            authority_id=authority_id,
            name=name,
            version=version,
            title=profile.title,
            text=text,
            digest=profile.digest,
            updated_by=by.label,
            updated_at=now,
        )
    )
    session.flush()
    subject = f"{by.authority_code}/{name}"
    record(session, by, "profile.save", subject, now, version=version, digest=profile.digest)
    return version


def remove_profile(session: Session, name: str, *, by: Actor, now: datetime) -> None:
    """Let a profile no longer be found; its versions stay. Raises Forbidden, NotFound."""
    held = _held(session, _authority_of(by), name)
    if held is None:
        raise NotFound(f'your authority keeps no import profile "{name}"')
    held.superseded_at = now
    record(session, by, "profile.remove", f"{by.authority_code}/{name}", now, version=held.version)


def _held(session: Session, authority_id: int, name: str) -> ImportProfile | None:
    """The newest version; whoever saves at the same time waits until this one is done."""
    take_turns(session, f"profiles of {authority_id}")
    return own_profile(session, authority_id, name)


def _authority_of(by: Actor) -> int:
    if by.role not in REPORTERS or by.authority_id is None:
        raise Forbidden("profiles are kept by those who report for an authority")
    return by.authority_id
