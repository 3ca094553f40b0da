"""How an alert is worded: plain functions from what is open and new to headline and detail."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from app.access.handling import Handling
from app.countries import country_name
from app.languages import N_, _, ngettext, plain
from app.notification.about import About
from app.surveillance.models import NodeId, NodeKind, Rule, Tier
from app.surveillance.phrases import join, places, region
from app.surveillance.titles import rule_title
from chem.families import family_named

LONGEST_NAME = 200  # of a substance in a headline; some systematic names never end

# what rules notice, in a headline, where a place follows
EVENTS = {
    Rule.NEW_SPREAD: N_("new spread"),
    Rule.RE_EMERGENCE: N_("back after silence"),
    Rule.GROWTH: N_("growing"),
    Rule.HARM: N_("harmful beyond its class"),
    Rule.CLUSTER_OF_HARM: N_("cluster of harm"),
    Rule.QUANTITY: N_("unusual quantity"),
    Rule.FAMILY: N_("growing as a whole"),
    Rule.BLOCK: N_("growing with several substances"),
    Rule.NEW_UNKNOWN: N_("reported"),
}
RULE_ORDER = tuple(Rule)

# what is no substance, as a line begins with it and as a sentence speaks of it
BEGINS = {
    NodeKind.GROUP: N_("Group %(name)s"),
    NodeKind.CLUSTER: N_("Cluster %(name)s"),
    NodeKind.BLOCK: N_("Building block %(name)s"),
    NodeKind.NAME: N_('Unknown name "%(name)s"'),
}
SPOKEN = {
    NodeKind.FAMILY: N_("the family %(name)s"),
    NodeKind.GROUP: N_("the group %(name)s"),
    NodeKind.CLUSTER: N_("the cluster %(name)s"),
    NodeKind.BLOCK: N_("the building block %(name)s"),
    NodeKind.NAME: N_('the unknown name "%(name)s"'),
}
SINCE_TOLD = {
    "watch": N_(", now watch"),
    "alert": N_(", now alert"),
    "urgent": N_(", now urgent"),
    "doubled": N_(", doubled since you were told"),
}

_PLAIN_WORD = re.compile(r"[a-z]{2}")


@dataclass(frozen=True, slots=True)
class Shown:
    """One open episode as one audience sees it; `news` is what just changed for them.

    `evidence` is that of the view they are shown, from which its sentence is said in another
    language.
    """

    code: str
    rule: Rule
    scope: str
    tier: Tier
    handling: Handling
    sentence: str
    countries: tuple[str, ...]
    news: str | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The form kept in an edition's detail."""
        return {
            "code": self.code,
            "rule": self.rule.value,
            "scope": self.scope,
            "tier": self.tier.word,
            "handling": self.handling.word,
            "sentence": self.sentence,
            "countries": list(self.countries),
            "news": self.news,
            "evidence": dict(self.evidence),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Shown:
        """What was kept; editions from before evidence was kept have none."""
        return cls(
            code=kept["code"],
            rule=Rule(kept["rule"]),
            scope=kept["scope"],
            tier=Tier[kept["tier"].upper()],
            handling=Handling.of(kept["handling"]),
            sentence=kept["sentence"],
            countries=tuple(kept["countries"]),
            news=kept["news"],
            evidence=kept.get("evidence") or {},
        )


def in_order(shown: Sequence[Shown]) -> list[Shown]:
    """What is new first; then the highest tier; then the rules in their order."""
    return sorted(
        shown,
        key=lambda e: (e.news is None, -e.tier, RULE_ORDER.index(e.rule), e.scope, e.code),
    )


def node_name(node: NodeId, name: str) -> str:
    """What people call a node: a family in full, a building block with the part that it is.

    >>> node_name(NodeId(NodeKind.BLOCK, "tail:*CCCC=C"), "pent-4-enyl")
    'pent-4-enyl (tail)'
    """
    if node.kind is NodeKind.FAMILY:
        known = family_named(node.key)
        return known.name if known else name
    return f"{name} ({part_of(node.key)})" if node.kind is NodeKind.BLOCK else name


def part_of(block: str) -> str:
    """Which part of a molecule a building block is, from its key.

    >>> part_of("benzyl_substituent:*OCC")
    'benzyl substituent'
    """
    return block.partition(":")[0].replace("_", " ")


def begins(kind: NodeKind, name: str) -> str:
    """A node as a line begins with it: "Nitazenes", "Building block pent-4-enyl (tail)"."""
    if kind is NodeKind.FAMILY:  # what stands in brackets is for the page
        name = name.partition(" (")[0]
    name = shortened(name)
    return _capitalised(_(BEGINS[kind], name=name) if kind in BEGINS else name)


def headline(name: str, shown: Sequence[Shown], kind: NodeKind = NodeKind.SUBSTANCE) -> str:
    """One line for a subject or a list, from episodes `in_order`.

    "Protonitazene: new spread in 3 countries"; "…: first report in Chile, now urgent";
    "…: no signal open any more" when nothing is left.
    """
    begin = begins(kind, name)
    if not shown:
        return _("%(name)s: no signal open any more", name=begin)
    lead = shown[0]
    alike = [e for e in shown if e.rule is lead.rule and (e.news is None) == (lead.news is None)]
    said = _("%(name)s: %(event)s", name=begin, event=_event(lead, alike))
    since = {"raised": lead.tier.word, "doubled": "doubled"}.get(lead.news or "")
    return said + plain(SINCE_TOLD[since]) if since else said


def with_news(sentence: str, news: str | None) -> str:
    """The sentence of a signal, and that there is twice as much of it where that is the news."""
    if news != "doubled":
        return sentence
    return sentence + " " + _("The evidence has doubled since you were told.")


def _event(lead: Shown, alike: Sequence[Shown]) -> str:
    scopes = {e.scope for e in alike}
    match lead.rule:
        case Rule.FIRST_WORLD:
            return _("first report worldwide")
        case Rule.FIRST_REGION:
            return _first(scopes, join(sorted(region(scope) for scope in scopes)))
        case Rule.FIRST_COUNTRY:
            many = len(scopes) > 3
            said = _number_of_countries(len(scopes)) if many else join(places(list(scopes)))
            return _first(scopes, said)
        case rule:
            return _where(plain(EVENTS[rule]), rule, alike)


def _where(event: str, rule: Rule, alike: Sequence[Shown]) -> str:
    """The event, and in which countries or in how many; by itself where none is named."""
    seen = {country for e in alike for country in e.countries}
    by_name = {e.scope for e in alike} if all(len(e.scope) == 2 for e in alike) else set()
    if rule is Rule.QUANTITY:  # one seizure, told by where it was
        by_name = seen
    if 0 < len(by_name) <= 3:
        said = join(places(list(by_name)))
    elif seen:
        said = _number_of_countries(len(seen))
    else:
        return event
    return _("%(event)s in %(places)s", event=event, places=said)


def _first(scopes: Collection[str], said: str) -> str:
    if len(scopes) == 1:
        return _("first report in %(places)s", places=said)
    return _("first reports in %(places)s", places=said)


def _number_of_countries(count: int) -> str:
    return ngettext("%(number)s country", "%(number)s countries", count)


def place(scope: str) -> str:
    """A scope as people say it: "world" is worldwide, "DE" is Germany, "Europe" is itself."""
    return _("worldwide") if scope == "world" else region(country_name(scope))


def signal_name(rule: str, scope: str) -> str:
    """A signal by its rule and place: "First report in a region: Asia"."""
    title = rule_title(rule)
    if scope == "world":
        return title
    return _("%(signal)s: %(place)s", signal=title, place=place(scope))


def shortened(name: str) -> str:
    """A substance name that leaves room for the rest of the headline."""
    name = " ".join(name.split())
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _capitalised(name: str) -> str:
    """A name that begins a line: "Protonitazene", but "n-butyl …" and "α-PVP" as they are."""
    return name[0].upper() + name[1:] if _PLAIN_WORD.match(name) else name


def nothing_left(name: str, kind: NodeKind = NodeKind.SUBSTANCE) -> str:
    """The sentence of an alert whose signals have all ended."""
    name = shortened(name)
    spoken = _(SPOKEN[kind], name=name) if kind in SPOKEN else name
    return _("No signal about %(name)s is open any more.", name=spoken)


def path_of(node: NodeId) -> str | None:
    """Where on this service a node is shown; None for what has no page."""
    match node.kind:
        case NodeKind.SUBSTANCE:
            return f"/substances/{quote(node.key)}"
        case NodeKind.CLUSTER:
            return f"/clusters/{quote(node.key, safe=':')}"
        case NodeKind.FAMILY | NodeKind.GROUP:
            return f"/substances?{node.kind.value}={quote(node.key)}"
        case _:
            return None


def about_of(detail: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an edition is about, from its detail: kind, key, name and path; None for nothing."""
    told: dict[str, Any] | None = detail.get("about")
    if told is None and detail.get("substance"):
        node = NodeId(NodeKind.SUBSTANCE, detail["substance"])
        return _about(node, detail["name"])
    return told


def _about(node: NodeId, name: str) -> dict[str, Any]:
    return {"kind": node.kind.value, "key": node.key, "name": name, "path": path_of(node)}


def kind_of(detail: Mapping[str, Any]) -> str:
    """What kind of thing an edition is about: "nitazenes, family nitazene" for a substance.

    Of a substance the family only when it says more than the group; of a building block the
    fragment, since most that are new have no name.
    """
    about = detail.get("about")
    family, group = detail["family"], detail["group"]
    if about is None:
        both = family and family != group
        return _("%(group)s, family %(family)s", group=group, family=family) if both else str(group)
    match NodeKind(about["kind"]):
        case NodeKind.FAMILY:
            return _("a family of the group %(name)s", name=group) if group else _("a family")
        case NodeKind.GROUP:
            return _("a group of substances")
        case NodeKind.CLUSTER:
            of_family = family and _("a cluster of the family %(name)s", name=family)
            return of_family or _("a cluster")
        case NodeKind.BLOCK:
            block = about["key"]
            parts = {"part": part_of(block), "structure": block.partition(":")[2]}
            return _("a building block: %(part)s, %(structure)s", **parts)
        case _:
            return _("a name that laboratories wrote and nobody has resolved")


def detail(
    about: About, shown: Sequence[Shown], rulesets: Sequence[str], alerts: Mapping[int, str]
) -> dict[str, Any]:
    """What an edition says for machines; all that a feed needs, as it was when it was told.

    What is no substance has no structure, and names its members instead; `alerts` are the numbers
    of those that are open on members, by substance id.
    """
    substance = about.substance
    said: dict[str, Any] = {
        "substance": substance.code if substance else None,
        "name": about.name,
        "inchikey": substance.inchikey if substance else None,
        "connectivity": substance.connectivity if substance else None,
        "smiles": substance.smiles if substance else None,
        "group": _one(about.groups),
        "family": about.family,
        "effect": substance.effect if substance else _one({m.effect for m in about.members}),
        "controlled": [
            {"convention": c.convention, "schedule": c.schedule, "year": c.year}
            for c in (substance.controls if substance else ())
        ],
        "ruleset": max(rulesets, default=None),
        "episodes": [e.as_dict() for e in shown],
    }
    if substance is None:
        said["about"] = _about(about.node, about.name)
        said["members"] = [
            {"code": m.code, "name": m.name, "alert": alerts.get(m.id)} for m in about.members
        ]
    return said


def _one(words: Collection[str]) -> str:
    """The word that all have in common; "" when they have none."""
    return next(iter(words)) if len(words) == 1 else ""
