"""Import profiles: how a source's own columns and codes become our fields, as data.

Those beside this file are shipped; an authority keeps its own in the database (`keeping`).
`docs/profiles.md` tells how one is written.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from app.errors import NotFound
from app.intake.profiles.parsing import NAME, parse_profile
from app.intake.profiles.profile import Profile

__all__ = ["NAME", "Profile", "load_profile", "parse_profile", "profile_names", "shipped_text"]

HERE = Path(__file__).parent


def profile_names() -> list[str]:
    """The profiles that are shipped."""
    return sorted(path.stem for path in HERE.glob("*.toml"))


def shipped_text(name: str) -> str:
    """The text of a shipped profile. Raises NotFound, listing those there are."""
    if name not in profile_names():
        known = ", ".join(profile_names())
        raise NotFound(f'there is no import profile "{name}"; there are: {known}')
    return (HERE / f"{name}.toml").read_text(encoding="utf-8")


@cache
def load_profile(name: str) -> Profile:
    """The shipped profile of that name. Raises NotFound, listing those there are."""
    return parse_profile(name, shipped_text(name))
