"""Feeds of one's own, for programs that can send no key."""

from __future__ import annotations

from typing import Literal

from flask import Response
from pydantic import BaseModel, Field

from app.access.handling import Handling
from app.access.roles import SIGNED_IN
from app.api import api
from app.api.contract import answer, body, listing, promise
from app.db import Page
from app.entrance import actor, allow, database, now, settings
from app.feeds.personal import LONGEST_LABEL, FeedToken, feeds_of, make_feed, revoke_feed


class FeedIn(BaseModel, extra="forbid"):
    """What will read the feed, and how far it is cleared."""

    label: str = Field(max_length=LONGEST_LABEL)
    clearance: Literal["green", "amber"] = "green"


class FeedOut(BaseModel):
    """A feed of one's own; `id` is the beginning of its secret."""

    id: str
    label: str
    clearance: str
    holder: str
    created_at: str
    last_used_on: str | None


class MadeFeedOut(FeedOut):
    """A new feed, with its addresses for the only time."""

    json_feed: str
    atom: str


@api.get("/feeds")
@allow(*SIGNED_IN)
@promise("Feeds of one's own", answers=FeedOut, listed=True)
def list_feeds() -> Response:
    """Your feeds in use, the newest first; for an administrator, everybody's."""
    with database().reading() as session:
        return listing(Page(feeds_of(session, actor())), _feed_out)


@api.post("/feeds")
@allow(*SIGNED_IN)
@promise("Make a feed", takes=FeedIn, answers=MadeFeedOut, status=201)
def add_feed() -> Response:
    """Make an address that carries alerts up to a clearance; its secret is shown once."""
    wanted = body(FeedIn)
    with database().transaction() as session:
        clearance = Handling.of(wanted.clearance)
        made = make_feed(session, wanted.label, clearance, by=actor(), now=now())
        address = f"{settings().base_url}/feed/{made.secret}"
        known = _feed_out(made.token).model_dump()
    return answer(MadeFeedOut(**known, json_feed=f"{address}.json", atom=f"{address}.atom"), 201)


@api.delete("/feeds/<code>")
@allow(*SIGNED_IN)
@promise("Revoke a feed", status=204)
def end_feed(code: str) -> Response:
    """Make a feed worthless from now on."""
    with database().transaction() as session:
        revoke_feed(session, code, by=actor(), now=now())
    return Response(status=204)


def _feed_out(one: FeedToken) -> FeedOut:
    return FeedOut(
        id=one.prefix,
        label=one.label,
        clearance=one.clearance.word,
        holder=one.holder,
        created_at=one.created_at.isoformat(),
        last_used_on=one.last_used_on.isoformat() if one.last_used_on else None,
    )
