"""Rows and servers for the tests of telling: each says only what the test is about."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.models import Authority
from app.notification.models import Message, Subscription
from app.notification.telling import Told, tell
from app.registry.models import Cluster, ControlListing, Standing, Substance
from app.surveillance.models import (
    Episode,
    EpisodeState,
    EpisodeView,
    NodeId,
    NodeKind,
    Rule,
    Tier,
    of_substance,
)
from app.surveillance.service import Change

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
HOST = "tocsin.example.org"
BASE = "https://tocsin.example.org"
SENDER = "Tocsin <alerts@tocsin.example.org>"

PROTONITAZENE = "CCCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN(CC)CC)cc1"
FAMILY = NodeId(NodeKind.FAMILY, "nitazene")
BLOCK = NodeId(NodeKind.BLOCK, "tail:*CCCC=C")
NAME = NodeId(NodeKind.NAME, "kestrel-7")
CLEAR, GREEN, AMBER, RED = Handling.CLEAR, Handling.GREEN, Handling.AMBER, Handling.RED


def an_authority(session: Session, code: str = "BFARM", country: str | None = "DE") -> Authority:
    found = session.scalar(select(Authority).where(Authority.code == code))
    if found is not None:
        return found
    authority = Authority(
        code=code, name=f"Authority {code}", country=country, reports_for=[], created_at=NOW
    )
    session.add(authority)
    session.flush()
    return authority


def a_substance(
    session: Session,
    name: str = "Protonitazene",
    *,
    connectivity: str = "SJHUJFHOXYDSJY",
    smiles: str = PROTONITAZENE,
    group: str = "nitazenes",
    family: str = "nitazene",
) -> Substance:
    cluster = session.scalar(select(Cluster).where(Cluster.key == family)) or Cluster(
        key=family, family=family, group=group, framework="", reason="", founded_at=NOW
    )
    substance = Substance(
        key=connectivity,
        connectivity=connectivity,
        inchikey=f"{connectivity}-UHFFFAOYSA-N",
        smiles=smiles,
        formula="C23H30N4O3",
        mass=410.5,
        name=name,
        standing=Standing.NPS,
        group=group,
        family=family,
        families=[family],
        effect="opioid",
        cas=None,
        fingerprint=b"",
        ruleset="2026-11",
        rdkit_version="2026.09.1",
        enrolled_at=NOW,
        handling=CLEAR,
        cluster=cluster,
    )
    substance.controls = [ControlListing(convention=1961, schedule="I", year=2024, source="a test")]
    session.add(substance)
    session.flush()
    return substance


def an_episode(
    session: Session,
    about: Substance | NodeId,
    rule: Rule = Rule.NEW_SPREAD,
    scope: str = "world",
    *,
    views: Mapping[Handling, Tier] | None = None,
    countries: Sequence[str] = ("DE", "EE", "FR"),
    simulated: bool = False,
    name: str | None = None,
    members: Sequence[Substance] = (),
) -> Episode:
    """An open episode with a view at each level named; its sentences say rule, scope and level.

    What is no substance has a `name`, and may have `members` at every level.
    """
    substance = about if isinstance(about, Substance) else None
    node = about if isinstance(about, NodeId) else of_substance(about.id)
    episode = Episode(
        node_kind=node.kind,
        node_key=node.key,
        node_name=name,
        rule=rule,
        substance=substance,
        scope=scope,
        state=EpisodeState.OPEN,
        simulated=simulated,
        opened_on=date(2026, 11, 20),
        evaluated_on=date(2026, 11, 20),
        ruleset="2026-11",
        views=[],
    )
    session.add(episode)
    for level, tier in (views or {CLEAR: Tier.ALERT}).items():
        add_view(episode, level, tier, countries, members)
    session.flush()
    return episode


def add_view(
    episode: Episode,
    level: Handling,
    tier: Tier,
    countries: Sequence[str] = ("DE", "EE", "FR"),
    members: Sequence[Substance] = (),
) -> None:
    episode.views.append(
        EpisodeView(
            handling=level,
            tier=tier,
            since=date(2026, 11, 20),
            sentence=f"{episode.rule.value} {episode.scope} {level.word}",
            evidence={
                "countries": list(countries),
                "details": {"members": [{"id": m.code, "name": m.name} for m in members]},
            },
        )
    )


def changes_of(
    episode: Episode, reason: str = "opened", levels: Sequence[Handling] | None = None
) -> list[Change]:
    """What an assessment would say of the episode's views (all of them, or those at `levels`)."""
    return [
        Change(
            episode_id=episode.id,
            substance_id=episode.substance_id,
            rule=episode.rule,
            scope=episode.scope,
            handling=view.handling,
            tier=view.tier,
            reason=reason,
            sentence=view.sentence,
            countries=tuple(view.evidence["countries"]),
            simulated=episode.simulated,
        )
        for view in episode.views
        if levels is None or view.handling in levels
    ]


def told(session: Session, *episodes: Episode, now: datetime = NOW, reason: str = "opened") -> Told:
    """Tell of every view of the episodes."""
    changes = [change for episode in episodes for change in changes_of(episode, reason)]
    return tell(session, changes, now=now, host=HOST)


def a_subscriber(session: Session, email: str = "duty@example.org", **filters: Any) -> Subscription:
    subscription = Subscription(
        email=email,
        authority=an_authority(session),
        filters={
            name: [filters[one]]
            for name, one in (("groups", "group"), ("countries", "country"))
            if filters.get(one)
        },
        min_tier=filters.get("min_tier", Tier.WATCH),
        clearance=filters.get("clearance", AMBER),
        created_at=filters.get("created_at", NOW),
        confirmed_at=filters.get("created_at", NOW),
        ended_at=filters.get("ended_at"),
    )
    session.add(subscription)
    session.flush()
    return subscription


def messages(session: Session) -> list[Message]:
    return list(session.scalars(select(Message).order_by(Message.id)))


def _speaking_tls(certificate: Path, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class MailServer:
    """A real SMTP server on a free port, which can be told how to answer.

    With a `certificate` (its file and that of its key) it speaks TLS: when asked to, or from the
    first byte where that is `implicit`.
    """

    def __init__(
        self, *, certificate: tuple[Path, Path | None] | None = None, implicit: bool = False
    ) -> None:
        self.accepted: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refusals: dict[str, str] = {}  # recipient -> answer to RCPT TO
        self.drops: set[str] = set()  # recipients whose mail makes it hang up
        self.stalls: set[str] = set()  # recipients whose mail it never answers
        self.senders: str | None = None  # answer to MAIL FROM
        self.verdict: str | None = None  # answer to the content
        self.login: bool | None = None  # whether a password is taken; None: none is asked for
        self.in_clear: list[str] = []  # senders of mail that was begun without TLS
        self.contents: list[bytes] = []
        self.connections = 0
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        context = _speaking_tls(*certificate) if certificate else None
        self._implicit = context if implicit else None
        self._controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            ssl_context=self._implicit,
            tls_context=None if implicit else context,
            auth_require_tls=False,
            authenticator=lambda *_: AuthResult(success=bool(self.login), handled=bool(self.login)),
        )

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def __enter__(self) -> MailServer:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    async def handle_EHLO(
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self._implicit is None and session.ssl is None:
            self.in_clear.append(address)
        if self.senders:
            return self.senders
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.drops & set(envelope.rcpt_tos):
            server.transport.abort()
            return "421 gone"
        if self.stalls & set(envelope.rcpt_tos):
            await asyncio.sleep(3600)
        if self.verdict:
            return self.verdict
        parsed = message_from_bytes(envelope.content, policy=policy.default)
        self.contents.append(envelope.content)
        self.accepted.append(parsed)  # type: ignore[arg-type]
        self.recipients += envelope.rcpt_tos
        return "250 OK"
