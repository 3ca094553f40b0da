"""What one feed is about: everything, or a group, a family, a country, a substance, or several.

Groups and families are compared with what an edition said of its substances when it was told, so a
feed tells what its items say, and an alert about a whole family is in the feed of that family. What
names several substances is in the feed of each.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import urlencode

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.countries import countries, country_name, why_no_country
from app.errors import NotFound, shown
from app.intake.history import life_of
from app.languages import SOURCE, _
from app.notification.named import of_family, of_group, of_substances
from app.registry.queries import substance_by_code
from chem.families import GROUPS, families

FOLDERS = {
    "group": "groups",
    "family": "families",
    "country": "countries",
    "substance": "substances",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Which alerts a feed holds; what is empty narrows nothing."""

    group: str = ""
    family: str = ""
    country: str = ""
    substance: str = ""  # its number
    substance_name: str = ""
    substance_ids: tuple[int, ...] = ()  # with those merged into it

    @property
    def title(self) -> str:
        """What it is about, in the language spoken; empty for everything."""
        place = country_name(self.country) if self.country else ""
        family = _("family %(name)s", name=self.family) if self.family else ""
        words = (self.group, family, self.substance_name, place)
        return ", ".join(word for word in words if word)

    @property
    def named(self) -> dict[str, str]:
        """What narrows it, as the address says it."""
        said = {
            "group": slug(self.group),
            "family": self.family,
            "country": self.country,
            "substance": self.substance,
        }
        return {name: value for name, value in said.items() if value}

    @property
    def plain(self) -> bool:
        """Whether its address is a path alone: everything, or one thing."""
        return len(self.named) <= 1

    def path(self, file: str, language: str = SOURCE) -> str:
        """The address of the feed, without its host: `/groups/nitazenes/feed.json`; English needs
        no word for its language."""
        if not self.plain:
            return self.at(f"/{file}", language)
        folders = [f"/{FOLDERS[name]}/{value}" for name, value in self.named.items()]
        return _with("".join(folders) + f"/{file}", {}, language)

    def at(self, path: str, language: str = SOURCE) -> str:
        """The address `path`, narrowed by arguments."""
        return _with(path, self.named, language)

    def conditions(self) -> list[ColumnElement[bool]]:
        """What keeps to its alerts, but for the country, which is asked for by `alerts`.

        Asked of the newest edition of each alert (ix_edition_latest), so no index on the text.
        """
        found: list[ColumnElement[bool]] = []
        if self.group:
            found.append(of_group(self.group))
        if self.family:
            found.append(of_family(self.family))
        if self.substance:
            found.append(of_substances(self.substance_ids))
        return found


EVERYTHING = Scope()


def _with(path: str, arguments: dict[str, str], language: str) -> str:
    said = arguments | ({"lang": language} if language != SOURCE else {})
    return f"{path}?{urlencode(said)}" if said else path


def scope_of(
    session: Session,
    actor: Actor,
    *,
    group: str = "",
    family: str = "",
    country: str = "",
    substance: str = "",
) -> Scope:
    """The scope that an address names. Raises NotFound, with what would be right."""
    code, name, ids = "", "", []
    if substance:
        found = substance_by_code(session, actor, substance)
        code, name, ids = found.code, found.name, life_of(session, actor, found).ids
    return Scope(
        group=_group(group),
        family=_family(family),
        country=_country(country),
        substance=code,
        substance_name=name,
        substance_ids=tuple(ids),
    )


def slug(group: str) -> str:
    """A group as addresses write it: "fentanyl-analogues"."""
    return group.replace(" ", "-")


def _group(text: str) -> str:
    if not text:
        return ""
    known = {slug(group): group for group in GROUPS}
    wanted = slug(text.strip().lower())
    if wanted not in known:
        raise NotFound(f'there is no group "{shown(text)}"; the groups are: {", ".join(known)}')
    return known[wanted]


def _family(text: str) -> str:
    if not text:
        return ""
    known = [family.id for family in families()]
    wanted = text.strip().lower()
    if wanted not in known:
        near = get_close_matches(wanted[:60], known, n=3, cutoff=0.5) or known
        raise NotFound(f'there is no family "{shown(text)}"; did you mean {", ".join(near)}?')
    return wanted


def _country(text: str) -> str:
    wanted = text.strip().upper()
    if wanted and wanted not in countries():
        raise NotFound(why_no_country(text))
    return wanted
