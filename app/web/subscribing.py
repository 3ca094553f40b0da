"""The form of a subscription: what stands in it, what may be chosen, and what was wished for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.access.roles import Actor
from app.countries import REGIONS, country_name
from app.intake.words import EventKind
from app.languages import LANGUAGES, N_, _, decimal, plain
from app.notification.filters import LISTS, Filters
from app.notification.models import Rhythm
from app.notification.wishes import (
    CLEARANCES,
    USUAL_SIMILAR,
    Wish,
    blocks_known,
    family_ids,
    time_zones,
)
from app.registry.models import Cluster
from app.registry.queries import listed_to
from app.surveillance.models import Rule, Tier
from app.surveillance.phrases import region
from app.surveillance.titles import rule_title
from app.web.wording import country_options, family_name, label, options
from chem.families import GROUPS

PLAIN = (
    "min_tier", "clearance", "rhythm", "time_zone", "quiet_from", "quiet_until", "language",
    "second_contact",
)  # fmt: skip
SHORT = ("group", "country")
RHYTHMS = {
    Rhythm.IMMEDIATE: N_("at once"),
    Rhythm.DAILY: N_("once a day, at 7 in the morning"),
    Rhythm.WEEKLY: N_("once a week, on Monday at 7 in the morning"),
}
SHORTLY = {
    Rhythm.IMMEDIATE: N_("at once"),
    Rhythm.DAILY: N_("daily"),
    Rhythm.WEEKLY: N_("weekly"),
}
MOST_SAID = 4  # values of one filter in a line of the list


def choices(session: Session, by: Actor) -> dict[str, Any]:
    """What may be chosen in the form, as far as `by` may know of it."""
    clusters = session.scalars(
        select(Cluster.key).where(Cluster.members.any(listed_to(by))).order_by(Cluster.key)
    )
    named = {key: name for key, name in blocks_known(session, listed_to(by)).items() if name}
    zones = time_zones()
    return {
        "groups": options(GROUPS),
        "families": sorted(((one, family_name(one)) for one in family_ids()), key=_by_word),
        "clusters": [(key, key) for key in clusters],
        "blocks": sorted(
            ((key, f"{key.partition(':')[0]}: {name}") for key, name in named.items()),
            key=_by_word,
        ),
        "countries": country_options(),
        "regions": options(REGIONS),
        "rules": [(rule.value, rule_title(rule)) for rule in Rule],
        "event_kinds": options(EventKind),
        "tiers": [(tier.word, label(tier.word)) for tier in Tier],
        "clearances": [(level.word, level.word) for level in reversed(CLEARANCES)],
        "rhythms": [(rhythm.value, plain(said)) for rhythm, said in RHYTHMS.items()],
        "zones": zones,
        "areas": sorted({zone.partition("/")[0] for zone in zones if "/" in zone}),
        "hours": range(24),
        "languages": list(LANGUAGES.items()),
    }


def _by_word(pair: tuple[str, str]) -> str:
    return pair[1].casefold()


def wished(form: MultiDict[str, str]) -> dict[str, Any]:
    """What the form says, as `read_wish` takes it."""
    filters: dict[str, Any] = {name: form.getlist(name) for name in LISTS}
    if structure := form.get("similar_smiles", "").strip():
        least = form.get("similar_at_least", "").strip() or USUAL_SIMILAR
        filters["similar_to"] = {"smiles": structure, "at_least": least}
    filters["containing"] = form.get("containing", "")
    filters["near_me"] = bool(form.get("near_me"))
    said = {name: form[name] for name in PLAIN if name in form}
    said |= {name: form[name] for name in SHORT if form.get(name)}
    return {**said, "filters": filters}


def as_typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """The form as it was filled in, to be shown again."""
    lists = {name: form.getlist(name) for name in LISTS}
    for short, name in zip(SHORT, ("groups", "countries"), strict=True):
        lists[name] += [form[short]] if form.get(short) else []
    return {**form.to_dict(), **lists, "substances": form.get("substances", "")}


def as_held(wish: Wish) -> dict[str, Any]:
    """A wish as somebody would have filled in the form."""
    filters = wish.filters
    similar = filters.similar_to
    return {
        **{name: sorted(getattr(filters, name)) for name in LISTS},
        "substances": "\n".join(sorted(filters.substances)),
        "similar_smiles": similar.smiles if similar else "",
        "similar_at_least": similar.at_least if similar else USUAL_SIMILAR,
        "containing": filters.containing,
        "near_me": filters.near_me,
        "min_tier": wish.min_tier.word,
        "clearance": wish.clearance.word,
        "rhythm": wish.rhythm.value,
        "time_zone": wish.time_zone,
        "quiet_from": "" if wish.quiet_from is None else str(wish.quiet_from),
        "quiet_until": "" if wish.quiet_until is None else str(wish.quiet_until),
        "language": wish.language,
        "second_contact": wish.second_contact or "",
    }


def what_words(held: Mapping[str, Any], min_tier: Tier) -> str:
    """Filters in a line: "nitazenes, Sweden, alert and above"."""
    filters = Filters.from_json(held)
    said: list[str] = []
    for values, word in (
        (filters.groups, label),
        (filters.families, family_name),
        (filters.clusters, str),
        (filters.blocks, lambda key: key.replace(":", " ", 1)),
        (filters.substances, str),
    ):
        said += _some(sorted(map(word, values)))
    if filters.similar_to is not None:
        least = decimal(filters.similar_to.at_least, 2)
        said.append(_("at least %(share)s similar to a structure", share=least))
    if filters.containing:
        said.append(_("containing a structure"))
    said += _some(sorted(map(country_name, filters.countries)))
    said += _some(sorted(map(region, filters.regions)))
    said += [_("near the authority")] if filters.near_me else []
    said += _some(sorted(rule_title(rule).lower() for rule in filters.rules))
    said += _some(sorted(map(label, filters.event_kinds)))
    said = said or [_("everything")]
    above = _("%(tier)s and above", tier=label(min_tier.word))
    return ", ".join([*said, _("every tier") if min_tier is Tier.WATCH else above])


def when_words(one: Any) -> str:
    """Rhythm and quiet hours in a line: "at once, not from 22:00 to 7:00 (Europe/Paris)"."""
    said = plain(SHORTLY[one.rhythm])
    if one.quiet_from is not None:
        hours = {"begin": f"{one.quiet_from}:00", "end": f"{one.quiet_until}:00"}
        said += _(", not from %(begin)s to %(end)s", **hours)
    return said if one.time_zone == "UTC" else f"{said} ({one.time_zone})"


def _some(words: Iterable[str]) -> list[str]:
    known = list(words)
    more = len(known) - MOST_SAID
    return known if more < 1 else [*known[:MOST_SAID], _("%(number)s more", number=more)]
