"""Signals: what the rules noticed, why, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Role
from app.entrance import actor, allow, database, now, settings, today
from app.errors import Conflict, Refused
from app.intake.duplicates.queries import undecided
from app.intake.trends import months_by_substance
from app.notification.acknowledging import by_signal
from app.notification.addresses import host_for
from app.notification.telling import tell
from app.registry import queries as registry
from app.surveillance import queries as surveillance
from app.surveillance import triage
from app.surveillance.episodes import OUTCOMES
from app.surveillance.evidence import Evidence
from app.surveillance.grounds import grounds_of
from app.surveillance.models import EpisodeState, Rule, Tier
from app.surveillance.phrases import month
from app.surveillance.queries import SeenEpisode
from app.surveillance.rulebook import rulebook
from app.surveillance.ruleset import ruleset
from app.surveillance.wording import would_not_fire
from app.web import charts, web
from app.web.wording import label, rule_name

SPARK_MONTHS = 18
NUMBER_WORDS = {
    "reports": "Reports, annual totals included",
    "confirmed": "Confirmed (grade A or B)",
    "events": "Events",
    "deaths": "Deaths linked, in the window",
}
THRESHOLD_WORDS = {
    "fresh_months": "An older report, this many months back, silences it",
    "presumptive_reports": "Reports of grade C that stand in for one of A or B",
    "urgent_deaths": "Linked deaths that make it urgent",
    "age_months": "First seen at most this many months ago",
    "window_months": "Months counted",
    "countries": "Countries needed",
    "events": "Events needed",
    "young_months": "Months since first seen in which it is young",
    "young_statistic": "Likelihood ratio needed while it is young",
    "established_statistic": "Likelihood ratio needed once it is established",
    "keep_statistic": "Likelihood ratio below which it no longer counts",
    "sightings": "Reporters and months with it needed since the onset",
    "reporters": "Reporters needed since the onset",
    "unburst_statistic": "Likelihood ratio needed without the two largest reporter-months",
    "least_events": "Events needed since the onset",
    "history_months": "Months of events looked at",
    "statistic": "Likelihood ratio needed",
    "new_members": "New members needed, or else so many countries",
    "largest_share": "Largest share of the excess that one member may have",
    "new_months": "Months in which a member is new",
    "chance": "Largest probability that the silence was chance",
    "gap_months": "Months of silence needed",
    "within_months": "Months in which the events must fall",
    "watched_months": "Months at least that a rate of long ago is taken over",
    "ic025": "Lower limit of the information component it must exceed",
    "harms": "Harms needed",
    "days": "Days within which they must fall",
    "fresh_days": "Days in which it is news",
    "history_days": "Days before it that tell what is usual",
    "p": "Largest probability that it is chance",
    "prior": "Earlier seizures needed",
    "deviations": "Robust standard deviations above the median",
    "tier": "Tier",
    "least": "Reports needed in the latest span",
    "ratio": "Times the share before",
    "baseline_spans": "Spans before it that are compared",
    "span_tolerance": "How much spans may differ in length",
}
CHANCES = ("p", "q", "chance", "turnover_p")
EXPOSURES = {
    "declared": "the samples that laboratories say they analysed",
    "reports": "all that the same laboratories reported",
    "active": "whether laboratories reported at all in the month",
    "constant": "nothing: every month taken alike",
}
MONTHS = ("onset", "silent_from")
DETAIL_WORDS = {
    "onset": "Estimated onset",
    "rate_ratio": "Times the expected rate",
    "expected": "Events expected since the onset",
    "statistic": "Log likelihood ratio",
    "threshold": "It had to exceed",
    "unburst": "The same if its two largest reporter-months were as those before",
    "doubling_months": "Doubling time over the last year, months",
    "reporters": "Reporters since the onset",
    "sightings": "Reporters and months with it since the onset",
    "p": "Last three months against the twelve before: probability by chance",
    "q": "The same as a false discovery rate among its kind",
    "exposure": "How much was looked for, told by",
    "silent_from": "Silent from",
    "silent_months": "Months of silence",
    "chance": "Probability that the silence was chance",
    "events_before": "Events before the silence",
    "harms": "Harms, deaths by causal role",
    "of": "Of so many reports",
    "usual": "Share usual in its class",
    "fraction": "Its share, drawn towards the class",
    "ic": "Information component",
    "ic025": "Its lower 95 % limit",
    "compared_with": "Substances compared with",
    "harms_before": "Harms in the two years before",
    "deaths_of_any_cause": "Deaths, whatever its part in them",
    "grams": "Grams",
    "median_grams": "Median of earlier seizures, grams",
    "bound_grams": "Unusual above, grams",
    "seizures_before": "Earlier seizures",
    "new_members": "Members first seen in the last twelve months",
    "largest_share": "Largest share of one member in the excess",
    "turnover_p": "Probability of so many new members by chance",
    "count": "Counted in the span",
    "before": "Counted in the spans before",
}

# the same numbers of other comparisons
CLUSTER_WORDS = {"p": "Probability of so many by chance, given those before"}
TOTALS_WORDS = {
    "rate_ratio": "Times its share before",
    "p": "Probability of so many by chance, given the spans before",
    "of": "Of so many reports of all substances",
}


@web.get("/signals")
@allow(Role.PUBLIC)
def signals() -> Any:
    """Signals filtered by the address, the newest first."""
    args = request.args
    tier = next((t for t in Tier if t.word == args.get("tier")), None)
    rule = next((r for r in Rule if r == args.get("rule")), None)
    state = next((s for s in EpisodeState if s == args.get("state")), None)
    group = args.get("group") or None
    with database().reading() as session:
        page = surveillance.episodes(
            session,
            actor(),
            state=state,
            tier=tier,
            rule=rule,
            group=group,
            after=args.get("after"),
            limit=30,
        )
        return render_template(
            "signals.html",
            page=page,
            sparks=sparks(session, page.items),
            filters={"tier": tier, "rule": rule, "state": state, "group": group},
            tiers=sorted(Tier, reverse=True),
            rule_options=[(rule.value, rule_name(rule)) for rule in Rule],
            states=EpisodeState,
            groups=sorted(registry.group_sizes(session, actor())),
            assessment=surveillance.last_assessment(session),
        )


@web.get("/signals/rules")
@allow(Role.PUBLIC)
def signal_rules() -> Any:
    """Every rule in plain words, with its thresholds."""
    limits = ruleset()
    return render_template(
        "signal_rules.html",
        rules=rulebook(),
        version=limits.version,
        urgent_deaths=limits.tiers.urgent_deaths,
        may_try=actor().role in SECRETARIAT,
    )


@web.get("/signals/<code>")
@allow(Role.PUBLIC)
def signal(code: str) -> Any:
    """One signal: the sentence, what it rests on, and what would have to be untrue."""
    with database().reading() as session:
        seen = surveillance.episode_by_code(session, actor(), code)
        evidence, about = Evidence.from_dict(seen.view.evidence), seen.episode.substance_id
        return render_template(
            "signal.html",
            episode=seen.episode,
            view=seen.view,
            **_drawn(session, evidence, about),
            statistics=_statistics(evidence),
            evidence=evidence,
            last_met=seen.last_met,
            would_not_fire=would_not_fire(evidence),
            possible_duplicates=undecided(session, actor(), today(), about) if about else 0,
            family=surveillance.listing_families(session, actor(), [seen]).get(seen.episode.id),
            listed=surveillance.listed_under(session, actor(), seen.episode),
            grounds=grounds_of(session, actor(), seen, today(), after=request.args.get("after")),
            may_decide=actor().role in SECRETARIAT,
            outcomes=OUTCOMES,
            quiet_days=ruleset().episodes.quiet_days,
            number_words=NUMBER_WORDS,
            threshold_words=THRESHOLD_WORDS,
            month=month,
        )


@web.post("/signals/<code>/acknowledge")
@allow(*SECRETARIAT)
def acknowledge(code: str) -> Any:
    """Say that somebody has seen it."""
    note = request.form.get("note", "").strip()
    return _decide(
        code,
        lambda db: _acknowledged(db, code, note),
        f"{code} is acknowledged. It stays open until it is closed or lapses.",
    )


def _acknowledged(session: Session, code: str, note: str) -> None:
    """Whoever has seen the signal has seen the alert about it."""
    episode = triage.acknowledge(session, code, by=actor(), now=now(), note=note)
    by_signal(session, episode, by=actor(), now=now())


@web.post("/signals/<code>/close")
@allow(*SECRETARIAT)
def close(code: str) -> Any:
    """Close it, with what came of it and why."""
    outcome, note = request.form.get("outcome", ""), request.form.get("note", "").strip()

    def end(db: Session) -> None:
        changes = triage.close(db, code, outcome=outcome, by=actor(), now=now(), note=note)
        tell(db, changes, now=now(), host=host_for(settings()))

    return _decide(code, end, f"{code} is closed: {label(outcome)}.")


def _decide(code: str, act: Callable[[Session], Any], done: str) -> Any:
    """Do it in a transaction, and say that it is done, or why not."""
    try:
        with database().transaction() as session:
            surveillance.episode_by_code(session, actor(), code)
            act(session)
            flash(done)
    except (Conflict, Refused) as refusal:
        flash(f"Nothing changed: {refusal}.", "problem")
    return redirect(url_for("web.signal", code=code))


def _drawn(session: Session, evidence: Evidence, substance_id: int | None) -> dict[str, Any]:
    """The chart of a signal and the months behind it.

    It is the curve that the rule looked at, with what it expected; for rules without one the
    events of the substance by month; nothing where there is neither.
    """
    looked_at = "months" in evidence.details
    if looked_at:
        columns = charts.curve_columns(evidence.details)
    elif substance_id is not None:
        columns = _month_columns(session, substance_id)
    else:
        columns = []
    drawn = charts.both_widths("months", columns) if columns else {}
    return {"chart": drawn, "columns": columns, "looked_at": looked_at}


def _statistics(evidence: Evidence) -> list[tuple[str, Any]]:
    """What the statistic of a rule says, in the order of `DETAIL_WORDS`."""
    told = evidence.details
    words = DETAIL_WORDS
    if evidence.rule is Rule.CLUSTER_OF_HARM:
        words = DETAIL_WORDS | CLUSTER_WORDS
    elif told.get("basis") == "totals":
        words = DETAIL_WORDS | TOTALS_WORDS
    return [
        (word, _said(name, told[name]))
        for name, word in words.items()
        if told.get(name) is not None
    ]


def _said(name: str, value: Any) -> Any:
    if name in CHANCES:
        return "less than 0.001" if value < 0.001 else f"{value:.3f}"
    if name == "exposure":
        return EXPOSURES.get(value, value)
    return month(value) if name in MONTHS else value


def _month_columns(session: Session, substance_id: int) -> list[charts.Column]:
    """Events of a substance by month."""
    since = charts.months_back(today(), SPARK_MONTHS - 1)
    found = months_by_substance(session, actor(), today(), [substance_id], since)
    counts = {month: (events, 0) for month, events in found.get(substance_id, {}).items()}
    return charts.month_columns(counts, since, today())


def sparks(session: Session, signals: Sequence[SeenEpisode]) -> dict[int, charts.Sparkline]:
    """Events by month of each substance, as small lines; none for a substance without events."""
    substance_ids = [s.episode.substance_id for s in signals if s.episode.substance_id is not None]
    since = charts.months_back(today(), SPARK_MONTHS - 1)
    counts = months_by_substance(session, actor(), today(), substance_ids, since)
    months = charts.months_between(since, today())
    return {
        number: charts.sparkline([found.get(month, 0) for month in months])
        for number, found in counts.items()
    }
