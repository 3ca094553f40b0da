"""Roles, and the actor: who is asking, on whose behalf."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person or a key may do. `PUBLIC` is everybody, signed in or not."""

    PUBLIC = "public"
    SUBSCRIBER = "subscriber"
    LABORATORY = "laboratory"
    FOCAL_POINT = "focal_point"
    ANALYST = "analyst"
    REVIEWER = "reviewer"
    ADMIN = "admin"


SIGNED_IN = frozenset(Role) - {Role.PUBLIC}
REPORTERS = frozenset({Role.LABORATORY, Role.FOCAL_POINT})
SECRETARIAT = frozenset({Role.ANALYST, Role.REVIEWER, Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a person, a key, the command line, or nobody in particular.

    `countries` are those the authority may report for. `figures_up_to` is a TLP level (its number)
    that what they ask with is cleared for, where that is less than they are themselves.
    """

    role: Role
    label: str
    authority_id: int | None = None
    authority_code: str | None = None
    countries: tuple[str, ...] = ()
    figures_up_to: int | None = None

    @property
    def signed_in(self) -> bool:
        """Whether we know who this is."""
        return self.role is not Role.PUBLIC


ANYBODY = Actor(Role.PUBLIC, "anybody")
SYSTEM = Actor(Role.ADMIN, "system")
