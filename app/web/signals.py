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
from app.languages import N_, _, decimal, plain
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
    "reports": N_("Reports, annual totals included"),
    "confirmed": N_("Confirmed (grade A or B)"),
    "events": N_("Events"),
    "deaths": N_("Deaths linked, in the window"),
}
THRESHOLD_WORDS = {
    "fresh_months": N_("An older report, this many months back, silences it"),
    "presumptive_reports": N_("Reports of grade C that stand in for one of A or B"),
    "urgent_deaths": N_("Linked deaths that make it urgent"),
    "age_months": N_("First seen at most this many months ago"),
    "window_months": N_("Months counted"),
    "countries": N_("Countries needed"),
    "events": N_("Events needed"),
    "young_months": N_("Months since first seen in which it is young"),
    "young_statistic": N_("Likelihood ratio needed while it is young"),
    "established_statistic": N_("Likelihood ratio needed once it is established"),
    "keep_statistic": N_("Likelihood ratio below which it no longer counts"),
    "sightings": N_("Reporters and months with it needed since the onset"),
    "reporters": N_("Reporters needed since the onset"),
    "unburst_statistic": N_("Likelihood ratio needed without the two largest reporter-months"),
    "least_events": N_("Events needed since the onset"),
    "history_months": N_("Months of events looked at"),
    "statistic": N_("Likelihood ratio needed"),
    "new_members": N_("New members needed, or else so many countries"),
    "largest_share": N_("Largest share of the excess that one member may have"),
    "new_months": N_("Months in which a member is new"),
    "chance": N_("Largest probability that the silence was chance"),
    "gap_months": N_("Months of silence needed"),
    "within_months": N_("Months in which the events must fall"),
    "watched_months": N_("Months at least that a rate of long ago is taken over"),
    "ic025": N_("Lower limit of the information component it must exceed"),
    "harms": N_("Harms needed"),
    "days": N_("Days within which they must fall"),
    "fresh_days": N_("Days in which it is news"),
    "history_days": N_("Days before it that tell what is usual"),
    "p": N_("Largest probability that it is chance"),
    "prior": N_("Earlier seizures needed"),
    "deviations": N_("Robust standard deviations above the median"),
    "tier": N_("Tier"),
    "least": N_("Reports needed in the latest span"),
    "ratio": N_("Times the share before"),
    "baseline_spans": N_("Spans before it that are compared"),
    "span_tolerance": N_("How much spans may differ in length"),
}
CHANCES = ("p", "q", "chance", "turnover_p")
EXPOSURES = {
    "declared": N_("the samples that laboratories say they analysed"),
    "reports": N_("all that the same laboratories reported"),
    "active": N_("whether laboratories reported at all in the month"),
    "constant": N_("nothing: every month taken alike"),
}
MONTHS = ("onset", "silent_from")
DETAIL_WORDS = {
    "onset": N_("Estimated onset"),
    "rate_ratio": N_("Times the expected rate"),
    "expected": N_("Events expected since the onset"),
    "statistic": N_("Log likelihood ratio"),
    "threshold": N_("It had to exceed"),
    "unburst": N_("The same if its two largest reporter-months were as those before"),
    "doubling_months": N_("Doubling time over the last year, months"),
    "reporters": N_("Reporters since the onset"),
    "sightings": N_("Reporters and months with it since the onset"),
    "p": N_("Last three months against the twelve before: probability by chance"),
    "q": N_("The same as a false discovery rate among its kind"),
    "exposure": N_("How much was looked for, told by"),
    "silent_from": N_("Silent from"),
    "silent_months": N_("Months of silence"),
    "chance": N_("Probability that the silence was chance"),
    "events_before": N_("Events before the silence"),
    "harms": N_("Harms, deaths by causal role"),
    "of": N_("Of so many reports"),
    "usual": N_("Share usual in its class"),
    "fraction": N_("Its share, drawn towards the class"),
    "ic": N_("Information component"),
    "ic025": N_("Its lower 95 % limit"),
    "compared_with": N_("Substances compared with"),
    "harms_before": N_("Harms in the two years before"),
    "deaths_of_any_cause": N_("Deaths, whatever its part in them"),
    "grams": N_("Grams"),
    "median_grams": N_("Median of earlier seizures, grams"),
    "bound_grams": N_("Unusual above, grams"),
    "seizures_before": N_("Earlier seizures"),
    "new_members": N_("Members first seen in the last twelve months"),
    "largest_share": N_("Largest share of one member in the excess"),
    "turnover_p": N_("Probability of so many new members by chance"),
    "count": N_("Counted in the span"),
    "before": N_("Counted in the spans before"),
}

# the same numbers of other comparisons
CLUSTER_WORDS = {"p": N_("Probability of so many by chance, given those before")}
TOTALS_WORDS = {
    "rate_ratio": N_("Times its share before"),
    "p": N_("Probability of so many by chance, given the spans before"),
    "of": N_("Of so many reports of all substances"),
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
        return (
            _("less than %(share)s", share=decimal(0.001, 3))
            if value < 0.001
            else decimal(value, 3)
        )
    if name == "exposure":
        return plain(EXPOSURES[value]) if value in EXPOSURES else value
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
