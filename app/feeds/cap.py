"""One alert as a Common Alerting Protocol 1.2 message (OASIS, ITU-T X.1303bis).

How our words become CAP's:

    simulated            status Exercise, otherwise Actual
    first edition        msgType Alert; later ones Update, with references to those before
    retracted            msgType Cancel, with the same references
    tier watch           urgency Future,    severity Unknown,  responseType Monitor
    tier alert           urgency Expected,  severity Moderate, responseType Assess
    tier urgent          urgency Immediate, severity Severe,   responseType Assess
    closed               urgency Past,      severity Unknown,  responseType AllClear
    retracted            urgency Unknown,   severity Unknown,  responseType None
    valid_until          expires, at the end of that day (UTC)
    certainty            Observed: a laboratory has seen the substance; Unknown when retracted

A message has one block of information for each language that it is told in, English first; what
people wrote has one, in English. A value that several substances have is given for each, after the
number of the substance.

Severity is Unknown, not Minor, for a watch: that nobody reported harm does not mean there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time
from xml.etree.ElementTree import Element, SubElement, tostring

from app.countries import country_name
from app.feeds.entries import (
    AUTHOR,
    CONSIDERATION,
    SIMULATED,
    Entry,
    entry,
    in_force,
    printable,
    public,
    retracted,
)
from app.languages import LANGUAGES, _, plain, speaking
from app.notification.models import Edition
from app.notification.queries import SeenAlert
from app.surveillance.models import Tier

MEDIA_TYPE = "application/cap+xml"
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
COUNTRY_CODES = "ISO3166-1"

URGENCY = {Tier.WATCH: "Future", Tier.ALERT: "Expected", Tier.URGENT: "Immediate"}
SEVERITY = {Tier.WATCH: "Unknown", Tier.ALERT: "Moderate", Tier.URGENT: "Severe"}
RESPONSE = {Tier.WATCH: "Monitor", Tier.ALERT: "Assess", Tier.URGENT: "Assess"}

CODED = ("substance", "name", "inchikey", "group", "family", "effect")
LAST_SECOND = time(23, 59, 59)


def cap(
    seen: SeenAlert,
    earlier: Sequence[Edition],
    *,
    base_url: str,
    sender: str,
    languages: Iterable[str] = LANGUAGES,
) -> bytes:
    """The newest edition of an alert; `earlier` are the editions the public could read before it.

    `sender` is the address the service is known by. Raises NotPublic for what is not clear.
    """
    told = _told(seen, base_url, languages)
    code = seen.alert.code
    before = [public(edition) for edition in earlier if edition.id < seen.edition.id]
    alert = Element("alert", {"xmlns": NAMESPACE})
    _add(alert, "identifier", _identifier(code, seen.edition))
    _add(alert, "sender", _token(sender))
    _add(alert, "sent", _when(seen.modified))
    _add(alert, "status", "Exercise" if seen.alert.simulated else "Actual")
    _add(alert, "msgType", _kind(seen) if before else "Alert")
    _add(alert, "scope", "Public")
    if seen.alert.simulated:
        _add(alert, "note", SIMULATED)
    if before:
        _add(alert, "references", " ".join(_reference(sender, code, e) for e in before))
    for language, one in told.items():
        with speaking(language):
            _info(alert, seen, one)
    xml: bytes = tostring(alert, encoding="utf-8", xml_declaration=True)
    return xml


def _told(seen: SeenAlert, base_url: str, languages: Iterable[str]) -> dict[str, Entry]:
    """The alert in each of these languages that it is told in."""
    told = {}
    for language in languages:
        with speaking(language):
            one = entry(seen, base_url)
        told[one.language] = one
    return told


def _info(alert: Element, seen: SeenAlert, one: Entry) -> None:
    """An info block in the language spoken; CAP's schema fixes the order of its elements."""
    response, urgency, severity, certainty = _standing(seen)
    info = SubElement(alert, "info")
    _add(info, "language", one.language)
    _add(info, "category", "Health")
    _add(info, "event", _("New psychoactive substance"))
    _add(info, "responseType", response)
    _add(info, "urgency", urgency)
    _add(info, "severity", severity)
    _add(info, "certainty", certainty)
    _add(info, "effective", _when(seen.modified))
    if seen.alert.valid_until:
        _add(info, "expires", _when(datetime.combine(seen.alert.valid_until, LAST_SECOND, UTC)))
    _add(info, "senderName", AUTHOR)
    _add(info, "headline", one.title)
    _add(info, "description", one.text)
    _add(info, "instruction", plain(CONSIDERATION))
    _add(info, "web", one.url)
    _parameter(info, "product", one.facts["product"])
    for substance in one.facts["substances"] or [one.facts]:
        for name in CODED:
            _parameter(info, name, substance[name])
    _parameter(info, "tier", one.facts["tier"])
    if one.facts["substance"] is None and one.facts["node"]:
        _parameter(info, "kind", one.facts["node"]["kind"])
        _parameter(info, "key", one.facts["node"]["key"])
    for member in one.facts["members"]:
        _parameter(info, "member", member["code"])
    if one.picture:
        resource = SubElement(info, "resource")
        _add(resource, "resourceDesc", _("Structure"))
        _add(resource, "mimeType", "image/png")
        _add(resource, "uri", f"{one.picture}.png")
    _area(info, seen.edition.countries)


def _parameter(info: Element, name: str, value: str | None) -> None:
    """A coded value under a name of ours; none for what is not known."""
    if value:
        parameter = SubElement(info, "parameter")
        _add(parameter, "valueName", f"nps:{name}")
        _add(parameter, "value", value)


def _kind(seen: SeenAlert) -> str:
    """What a later message does to those before it."""
    return "Cancel" if retracted(seen) else "Update"


def _standing(seen: SeenAlert) -> tuple[str, str, str, str]:
    """CAP's responseType, urgency, severity and certainty of the alert as it stands."""
    tier = seen.edition.tier
    if retracted(seen):
        return "None", "Unknown", "Unknown", "Unknown"
    if in_force(seen):
        return RESPONSE[tier], URGENCY[tier], SEVERITY[tier], "Observed"
    return "AllClear", "Past", "Unknown", "Observed"


def _area(info: Element, codes: Sequence[str]) -> None:
    """The countries concerned, or the world when none is named."""
    area = SubElement(info, "area")
    _add(area, "areaDesc", ", ".join(sorted(country_name(code) for code in codes)) or _("World"))
    for code in codes:
        geocode = SubElement(area, "geocode")
        _add(geocode, "valueName", COUNTRY_CODES)
        _add(geocode, "value", code)


def _identifier(code: str, edition: Edition) -> str:
    return f"{code}.E{edition.id}"


def _reference(sender: str, code: str, edition: Edition) -> str:
    return f"{_token(sender)},{_identifier(code, edition)},{_when(edition.issued_at)}"


def _token(text: str) -> str:
    """CAP allows no spaces, commas, `<` or `&` in an identifier or a sender."""
    return "".join(c for c in text.strip() if c not in " ,<&\t\r\n")


def _when(moment: datetime) -> str:
    """CAP's form of a time: UTC is written -00:00, never Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def _add(parent: Element, name: str, text: object) -> None:
    SubElement(parent, name).text = printable(str(text))
