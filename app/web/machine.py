"""The doors for machines: CAP, health and metrics."""

from __future__ import annotations

from typing import cast

from flask import Response, request
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy import select

from app.access.roles import ANYBODY, Role
from app.entrance import allow, database, now, settings
from app.feeds import cap as cap_feed
from app.feeds.pages import MAX_AGE
from app.jobs import Job
from app.languages import LANGUAGES
from app.notification.queries import alert_by_code, history, outbox_state, refused_settings
from app.web import web
from app.web.feeds import asked_language


@web.get("/cap/<code>.xml")
@allow(Role.PUBLIC)
def cap(code: str) -> Response:
    """One public alert as CAP 1.2, in every language, or with `lang` in one."""
    languages = (asked_language(),) if request.args.get("lang") else LANGUAGES
    with database().reading() as session:
        seen = alert_by_code(session, ANYBODY, code)
        body = cap_feed.cap(
            seen,
            history(session, ANYBODY, seen.alert),
            base_url=settings().base_url,
            sender=settings().mail_from,
            languages=languages,
        )
    response = Response(body, content_type=cap_feed.MEDIA_TYPE)
    response.cache_control.public, response.cache_control.max_age = True, MAX_AGE
    response.last_modified = seen.modified
    response.add_etag()
    return cast(Response, response.make_conditional(request))


@web.get("/healthz")
@allow(Role.PUBLIC)
def healthz() -> Response:
    """The web process answers."""
    return Response("ok\n", content_type="text/plain")


@web.get("/readyz")
@allow(Role.PUBLIC)
def readyz() -> Response:
    """The database answers and its schema is the one expected."""
    ready = database().revision() == database().newest_revision()
    text = "ready\n" if ready else "the schema is of another version; run: tocsin init\n"
    return Response(text, 200 if ready else 503, content_type="text/plain")


@web.get("/metrics")
@allow(Role.PUBLIC)
def metrics() -> Response:
    """How the service is doing, for Prometheus; nothing here tells of a substance or a country."""
    registry = CollectorRegistry()
    with database().reading() as session:
        # how many were sent would tell strangers when something restricted is told
        parked = Gauge("tocsin_messages_parked", "Messages given up on", registry=registry)
        parked.set(outbox_state(session).parked)
        refused = Gauge(
            "tocsin_mail_settings_refused",
            "1 while the mail server takes nothing as this service is set up",
            registry=registry,
        )
        refused.set(refused_settings(session) is not None)
        age = Gauge(
            "tocsin_job_finished_age_seconds", "Since a job finished", ["job"], registry=registry
        )
        for job in session.scalars(select(Job)):
            if job.last_finished:
                age.labels(job.name).set((now() - job.last_finished).total_seconds())
    return Response(generate_latest(registry), content_type="text/plain; version=0.0.4")
