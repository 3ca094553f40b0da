"""Signals, episodes and alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Role
from app.api import api
from app.api.asking import Country, Group, NumberedAsked, Paged, ask
from app.api.contract import USUAL_PAGE, answer, body, listing, promise
from app.api.shapes import ReportOut, link, report_out
from app.db import Page
from app.entrance import actor, allow, database, now, today
from app.notification import queries as alerts
from app.notification.acknowledging import by_signal
from app.notification.queries import SeenAlert
from app.notification.wording import about_of
from app.surveillance import queries
from app.surveillance.grounds import grounds_of
from app.surveillance.models import Episode, EpisodeState, NodeKind, Rule, Tier
from app.surveillance.queries import SeenEpisode
from app.surveillance.triage import acknowledge


class EpisodeOut(BaseModel):
    """One episode as this reader may know it.

    `node` is what it is about: a substance by its number, a family, block or cluster by its id, a
    name as written. `substance_name` is its name, whatever it is. `listed_under` is the signal of a
    family to which it is left to tell of this one.
    """

    id: str
    url: str
    rule: str
    scope: str
    node_kind: str
    node: str
    substance: str | None
    substance_name: str
    tier: str
    state: str
    since: date
    sentence: str
    evidence: dict[str, Any]
    listed_under: str | None
    simulated: bool


class AboutOut(BaseModel):
    """What an alert is about: a substance by its number, a family, block or cluster by its id.

    `url` is its page, where it has one.
    """

    kind: NodeKind
    key: str
    name: str
    url: str | None


class MemberOut(BaseModel):
    """A substance that takes part in what an alert tells of, and the open alert on itself."""

    substance: str
    name: str
    url: str
    alert: str | None


class AlertOut(BaseModel):
    """One alert in the newest wording this reader may see.

    `substance` is null where it is about something that several substances share, or about a name
    that nobody has resolved; `substance_name` is then the name of that. `product` is a notice,
    which signals write, or an alert, advisory or briefing that people wrote; these have `text` by
    part, `response` and a day until which they are valid.
    """

    id: str
    url: str
    product: str
    state: str
    valid_until: date | None
    substance: str | None
    substance_name: str
    about: AboutOut | None
    members: list[MemberOut]
    tier: str
    headline: str
    sentences: list[str]
    text: dict[str, str] | None
    response: list[str] | None
    countries: list[str]
    handling: str
    issued_at: datetime
    modified_at: datetime
    simulated: bool


DayCursor = Annotated[
    str,
    Field(
        pattern=r"^[12][0-9]{3}-("
        r"(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|"
        r"(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9])"
        r")\.[0-9]{1,18}$",
        description="the cursor of `next`",
    ),
]


class DatedAsked(Paged):
    """What may be asked of a list that goes on by day and number."""

    after: DayCursor | None = None


class SignalsAsked(DatedAsked):
    """What may be asked of signals."""

    tier: Literal["watch", "alert", "urgent"] | None = None
    rule: Rule | None = None
    group: Group | None = None


class EpisodesAsked(SignalsAsked):
    """What may be asked of episodes of every state."""

    state: EpisodeState | None = None


class AlertsAsked(NumberedAsked):
    """What may be asked of alerts."""

    group: Group | None = None
    country: Country | None = None


class NoteIn(BaseModel, extra="forbid"):
    """What the person who looks after an episode has to say."""

    note: str = Field(default="", max_length=2000)


@api.get("/signals")
@allow(Role.PUBLIC)
@promise(
    "Open signals",
    answers=EpisodeOut,
    listed=True,
    asks=SignalsAsked,
)
def list_signals() -> Response:
    """Episodes that are open or acknowledged, newest first."""
    return _episodes(ask(SignalsAsked), EpisodeState.OPEN)


@api.get("/episodes")
@allow(Role.PUBLIC)
@promise(
    "Episodes",
    answers=EpisodeOut,
    listed=True,
    asks=EpisodesAsked,
)
def list_episodes() -> Response:
    """Episodes of every state, newest first."""
    asked = ask(EpisodesAsked)
    return _episodes(asked, asked.state)


@api.get("/episodes/<code>")
@allow(Role.PUBLIC)
@promise("One episode", answers=EpisodeOut)
def show_episode(code: str) -> Response:
    """One episode with its evidence."""
    with database().reading() as session:
        return answer(_shown(session, code))


@api.get("/episodes/<code>/reports")
@allow(Role.PUBLIC)
@promise("Reports behind an episode", answers=ReportOut, listed=True, asks=DatedAsked)
def list_reports_behind(code: str) -> Response:
    """The reports that a rule counted and that you may read one by one, newest event first.

    They are those known on the day of the evidence, in the versions of that day. Of a name that
    means no substance there are none: who sent it is a matter of curation.
    """
    asked = ask(DatedAsked)
    with database().reading() as session:
        seen = queries.episode_by_code(session, actor(), code)
        found = grounds_of(
            session, actor(), seen, today(), after=asked.after, limit=asked.limit or USUAL_PAGE
        )
        return listing(found.page if found else Page([]), report_out)


@api.post("/episodes/<code>/acknowledge")
@allow(*SECRETARIAT)
@promise("Acknowledge an episode", takes=NoteIn, answers=EpisodeOut)
def acknowledge_episode(code: str) -> Response:
    """Say that somebody has seen an episode and looks after it."""
    said = body(NoteIn)
    with database().transaction() as session:
        episode = acknowledge(session, code, by=actor(), now=now(), note=said.note)
        by_signal(session, episode, by=actor(), now=now())
        return answer(_shown(session, code))


@api.get("/alerts")
@allow(Role.PUBLIC)
@promise("Alerts", answers=AlertOut, listed=True, asks=AlertsAsked)
def list_alerts() -> Response:
    """Alerts, the last changed first."""
    asked = ask(AlertsAsked)
    with database().reading() as session:
        page = alerts.alerts(
            session,
            actor(),
            group=asked.group,
            country=asked.country,
            after=asked.after,
            limit=asked.limit or USUAL_PAGE,
        )
        return listing(page, _alert_out)


@api.get("/alerts/<code>")
@allow(Role.PUBLIC)
@promise("One alert", answers=AlertOut)
def show_alert(code: str) -> Response:
    """One alert."""
    with database().reading() as session:
        return answer(_alert_out(alerts.alert_by_code(session, actor(), code)))


def _episodes(asked: SignalsAsked, state: EpisodeState | None) -> Response:
    with database().reading() as session:
        page = queries.episodes(
            session,
            actor(),
            state=state,
            tier=Tier[asked.tier.upper()] if asked.tier else None,
            rule=asked.rule,
            group=asked.group,
            after=asked.after,
            limit=asked.limit or USUAL_PAGE,
        )
        return listing(Page(_episodes_out(session, page.items), page.next), lambda shown: shown)


def _shown(session: Session, code: str) -> EpisodeOut:
    (shown,) = _episodes_out(session, [queries.episode_by_code(session, actor(), code)])
    return shown


def _episodes_out(session: Session, seen: Sequence[SeenEpisode]) -> list[EpisodeOut]:
    evidence = queries.evidence_for(session, actor(), seen, today())
    families = queries.listing_families(session, actor(), seen)
    return [
        _episode_out(one, told, families.get(one.episode.id))
        for one, told in zip(seen, evidence, strict=True)
    ]


def _episode_out(seen: SeenEpisode, evidence: dict[str, Any], family: Episode | None) -> EpisodeOut:
    episode, view, substance = seen.episode, seen.view, seen.episode.substance
    return EpisodeOut(
        id=episode.code,
        url=link(f"/signals/{episode.code}"),
        rule=episode.rule.value,
        scope=episode.scope,
        node_kind=episode.node_kind.value,
        node=substance.code if substance else episode.node_key,
        substance=substance.code if substance else None,
        substance_name=episode.name,
        tier=view.tier.word,
        state=episode.state.value,
        since=view.since,
        sentence=view.sentence,
        evidence=evidence,
        listed_under=family.code if family else None,
        simulated=episode.simulated,
    )


def _about_out(detail: Mapping[str, Any]) -> AboutOut | None:
    about = about_of(detail)
    if about is None:
        return None
    url = link(about["path"]) if about["path"] else None
    return AboutOut(kind=about["kind"], key=about["key"], name=about["name"], url=url)


def _alert_out(seen: SeenAlert) -> AlertOut:
    detail = seen.edition.detail
    return AlertOut(
        id=seen.alert.code,
        url=link(f"/alerts/{seen.alert.code}"),
        product=seen.alert.product.value,
        state=seen.state.value,
        valid_until=seen.alert.valid_until,
        substance=detail["substance"],
        substance_name=detail["name"],
        about=_about_out(detail),
        members=[
            MemberOut(
                substance=member["code"],
                name=member["name"],
                url=link(f"/substances/{member['code']}"),
                alert=member["alert"],
            )
            for member in detail.get("members", ())
        ],
        tier=seen.edition.tier.word,
        headline=seen.edition.headline,
        sentences=seen.edition.sentences,
        text=detail.get("text"),
        response=detail.get("response"),
        countries=seen.edition.countries,
        handling=seen.edition.handling.word,
        issued_at=seen.first_issued,
        modified_at=seen.modified,
        simulated=seen.alert.simulated,
    )
