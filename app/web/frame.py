"""What every page has around it: navigation, the demonstration note, versions, and wording."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from flask import Flask, Response, current_app, request, url_for
from flask.blueprints import BlueprintSetupState

from app.access.roles import REPORTERS, SECRETARIAT, SIGNED_IN, Actor, Role
from app.countries import country_name
from app.entrance import actor, allow, database, now, today
from app.errors import Refused
from app.intake.queries import simulated_present
from app.intake.waiting import waiting
from app.jobs import ailing
from app.languages import LANGUAGES, N_, spoken, teach
from app.web import dates, sentences, web, wording
from chem.identity import RDKIT_VERSION, RULESET

Entry = tuple[str, str, frozenset[str]]

# endpoint, word, and the endpoints that count as being there
NAVIGATION: tuple[Entry, ...] = (
    ("web.overview", N_("Overview"), frozenset()),
    (
        "web.substances",
        N_("Substances"),
        frozenset({"web.substance", "web.history", "web.merge", "web.split", "web.naming"}),
    ),
    ("web.clusters", N_("Clusters"), frozenset({"web.cluster"})),
    ("web.signals", N_("Signals"), frozenset({"web.signal", "web.alert", "web.alerts"})),
    ("web.priority", N_("Priority"), frozenset({"web.priority_of"})),
    ("web.reports", N_("Reports"), frozenset({"web.report"})),
)
DESK: tuple[tuple[Entry, frozenset[Role]], ...] = (
    (
        (
            "web.new_report",
            "New report",
            frozenset({"web.send_report", "web.ask_withdrawal", "web.withdraw_report"}),
        ),
        REPORTERS,
    ),
    (
        (
            "web.submissions",
            "Submissions",
            frozenset({"web.submission", "web.choose_upload", "web.upload"}),
        ),
        REPORTERS | {Role.ADMIN},
    ),
    (
        ("web.profiles", "Profiles", frozenset({"web.profile", "web.new_profile"})),
        REPORTERS | {Role.ADMIN},
    ),
    (
        ("web.spectra", "Spectra", frozenset({"web.search_spectra", "web.spectra_of"})),
        SIGNED_IN,
    ),
    (("web.handling", "Handling", frozenset()), frozenset({Role.FOCAL_POINT})),
    (("web.new_measure", "Declare a measure", frozenset()), REPORTERS),
    (("web.review", "Review", frozenset({"web.case"})), SIGNED_IN),
    (
        (
            "web.curation",
            "Curation",
            frozenset({"web.duplicates", "web.duplicate", "web.name_decisions", "web.merges"}),
        ),
        SECRETARIAT,
    ),
    (("web.drafts", "Drafts", frozenset({"web.draft", "web.new_draft"})), SECRETARIAT),
    (
        (
            "web.subscriptions",
            "Subscriptions",
            frozenset(
                {
                    "web.subscribe",
                    "web.subscription",
                    "web.change_subscription",
                    "web.webhooks",
                    "web.webhook",
                    "web.own_feeds",
                    "web.make_own_feed",
                }
            ),
        ),
        SIGNED_IN,
    ),
    (("web.admin", "Administration", frozenset()), frozenset({Role.ADMIN})),
)
NOTE_LASTS = timedelta(seconds=30)
DATES = ("day", "month", "moment", "dated", "ago", "seen_in", "seen_between", "exactly")
SAYINGS = (
    "number", "amount", "count", "spelled", "label", "sentence", "options", "listing", "places",
    "scope", "rule_name", "effect_class", "measured", "family_name", "family_label", "breaks",
    "formula", "told", "place", "measure_kind", "preset_name", "percent", "pillar_weights",
    "change_name", "firmness_word", "about",
)  # fmt: skip


@web.record_once
def _prepare(state: BlueprintSetupState) -> None:
    """Let everybody fetch the static files, and teach templates how things are said."""
    app = cast(Flask, state.app)
    app.view_functions["web.static"] = _static_file
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for name in DATES:
        app.jinja_env.filters[name] = getattr(dates, name)
    for name in SAYINGS:
        app.jinja_env.filters[name] = getattr(wording, name)
    for say in (
        sentences.news,
        sentences.said,
        sentences.basis,
        sentences.headline,
        sentences.told_language,
        sentences.sentences,
    ):
        app.jinja_env.filters[say.__name__] = say
    teach(app.jinja_env)
    app.jinja_env.filters["country"] = country_name


@allow(Role.PUBLIC)
def _static_file(filename: str) -> Response:
    """A file of the static folder; in the place of Flask's own view, which cannot be declared."""
    return web.send_static_file(filename)


@web.app_context_processor
def frame() -> dict[str, Any]:
    """What base.html needs; error pages too."""
    who = actor()
    return {
        "who": who,
        "today": today(),
        "navigation": NAVIGATION,
        "desk": desk_of(who),
        "unknowns": unknowns() if who.role in SECRETARIAT else 0,
        "ailing": ailing_jobs() if who.role in SECRETARIAT else [],
        "simulated_note": simulated_note(),
        "ruleset": RULESET,
        "rdkit_version": RDKIT_VERSION,
        "with_args": with_args,
        "language": spoken(),
        "languages": LANGUAGES,
    }


def desk_of(who: Actor) -> list[Entry]:
    """The working pages of one role."""
    return [entry for entry, roles in DESK if who.role in roles]


def with_args(**changes: str | None) -> str:
    """This page's address with some of its arguments changed; None leaves one out."""
    args: dict[str, Any] = {**request.args.to_dict(), **(request.view_args or {}), **changes}
    kept = {name: value for name, value in args.items() if value}
    return url_for(request.endpoint or "web.overview", **kept)


def simulated_note() -> bool:
    """Whether simulated reports are present; asked of the database at most every half minute."""
    held: tuple[datetime, bool] | None = current_app.extensions.get("tocsin.simulated")
    if held is None or not timedelta(0) <= now() - held[0] < NOTE_LASTS:
        with database().reading() as session:
            held = (now(), simulated_present(session))
        current_app.extensions["tocsin.simulated"] = held
    return held[1]


def ailing_jobs() -> list[str]:
    """Jobs that failed or are overdue, so that the secretariat is told wherever it is; asked of the
    database at most every half minute."""
    held: tuple[datetime, list[str]] | None = current_app.extensions.get("tocsin.ailing")
    if held is None or not timedelta(0) <= now() - held[0] < NOTE_LASTS:
        with database().reading() as session:
            held = (now(), ailing(session, now()))
        current_app.extensions["tocsin.ailing"] = held
    return held[1]


def unknowns() -> int:
    """Unresolved names that several countries report; counted at most every half minute."""
    kept: dict[int | None, tuple[datetime, int]] = current_app.extensions.setdefault(
        "tocsin.unknowns", {}
    )
    who = actor()
    held = kept.get(who.authority_id)
    if held is None or not timedelta(0) <= now() - held[0] < NOTE_LASTS:
        with database().reading() as session:
            held = (now(), waiting(session, who, today()).widespread)
        kept[who.authority_id] = held
    return held[1]


@web.before_request
def _refuse_nul() -> None:
    """No name, number or cursor contains a NUL, and PostgreSQL cannot be asked for one."""
    if any("\x00" in value for values in request.values.listvalues() for value in values):
        raise Refused("there is a NUL character in what was asked; leave it out")
