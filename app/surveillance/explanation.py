"""Why a substance stands where it stands: its score taken apart, down to the reports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.errors import NotFound
from app.languages import N_
from app.registry.models import Substance
from app.surveillance.behind import Behind, reports_behind
from app.surveillance.counterfactuals import Counterfactual, boards, counterfactuals, depends_on
from app.surveillance.priority import Entry
from app.surveillance.ranking import PriorityList, priority_list
from app.surveillance.standing import Standing
from app.surveillance.windows import months_before

MONTHS_BACK = 1


@dataclass(frozen=True, slots=True)
class Earlier:
    """The same list as of an earlier day; `entry` is None when the substance was not in it."""

    as_of: date
    entry: Entry | None

    def gained(self, now: Entry) -> list[tuple[str, float]]:
        """Points that each pillar gained since; all of them when it was not in the list."""
        before = {p.name: p.contribution for p in self.entry.pillars} if self.entry else {}
        return [(p.name, p.contribution - before.get(p.name, 0.0)) for p in now.pillars]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One substance of a list, and what its place rests on."""

    of: PriorityList
    entry: Entry
    among: int  # substances in its list
    standing: Standing | None  # of a list for consideration
    counterfactuals: tuple[Counterfactual, ...]
    behind: tuple[Behind, ...]
    earlier: Earlier

    @property
    def depends_on(self) -> list[str]:
        """What alone would move it further than a rank should hang on."""
        return depends_on(self.counterfactuals)


def explain(
    session: Session,
    actor: Actor,
    substance: Substance,
    *,
    preset: str,
    as_of: date,
    now: datetime,
) -> Explanation:
    """Explain a place in the list of one reader. Raises NotFound when it is in neither list."""
    of = priority_list(session, actor, as_of=as_of, now=now, preset=preset)
    entry = of.of(substance.id)
    if entry is None:
        raise NotFound(N_("%(code)s is in no priority list that you may see"), code=substance.code)
    day = months_before(as_of, MONTHS_BACK)
    before = priority_list(session, actor, as_of=day, now=now, preset=preset)
    return Explanation(
        of=of,
        entry=entry,
        among=len(of.controlled if entry.controlled else of.ranked),
        standing=None if entry.controlled else of.standings()[substance.id],
        counterfactuals=tuple(counterfactuals(of, entry, boards(of))),
        behind=tuple(reports_behind(session, actor, of, entry)),
        earlier=Earlier(day, before.of(substance.id)),
    )
