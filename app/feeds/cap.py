"""One alert as a Common Alerting Protocol 1.2 message (OASIS, ITU-T X.1303bis).

How our words become CAP's:

    simulated            status Exercise, otherwise Actual
    first edition        msgType Alert; later ones Update, with references to those before
    tier watch           urgency Future,    severity Unknown,  responseType Monitor
    tier alert           urgency Expected,  severity Moderate, responseType Assess
    tier urgent          urgency Immediate, severity Severe,   responseType Assess
    nothing open         urgency Past,      severity Unknown,  responseType AllClear
    certainty            Observed, always: a laboratory has seen the substance

Severity is Unknown, not Minor, for a watch: that nobody reported harm does not mean there is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from app.countries import country_name
from app.feeds.entries import AUTHOR, CONSIDERATION, SIMULATED, Entry, entry, printable, public
from app.notification.models import Edition
from app.notification.queries import SeenAlert
from app.surveillance.models import Tier

MEDIA_TYPE = "application/cap+xml"
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
COUNTRY_CODES = "ISO3166-1"

URGENCY = {Tier.WATCH: "Future", Tier.ALERT: "Expected", Tier.URGENT: "Immediate"}
SEVERITY = {Tier.WATCH: "Unknown", Tier.ALERT: "Moderate", Tier.URGENT: "Severe"}
RESPONSE = {Tier.WATCH: "Monitor", Tier.ALERT: "Assess", Tier.URGENT: "Assess"}


def cap(seen: SeenAlert, earlier: Sequence[Edition], *, base_url: str, sender: str) -> bytes:
    """The newest edition of an alert; `earlier` are the editions the public could read before it.

    `sender` is the address the service is known by. Raises NotPublic for what is not clear.
    """
    one = entry(seen, base_url)
    before = [public(edition) for edition in earlier if edition.id < seen.edition.id]
    alert = Element("alert", {"xmlns": NAMESPACE})
    _add(alert, "identifier", _identifier(one.code, seen.edition))
    _add(alert, "sender", _token(sender))
    _add(alert, "sent", _when(seen.modified))
    _add(alert, "status", "Exercise" if seen.alert.simulated else "Actual")
    _add(alert, "msgType", "Update" if before else "Alert")
    _add(alert, "scope", "Public")
    if seen.alert.simulated:
        _add(alert, "note", SIMULATED)
    if before:
        _add(alert, "references", " ".join(_reference(sender, one.code, e) for e in before))
    _info(alert, seen, one)
    xml: bytes = tostring(alert, encoding="utf-8", xml_declaration=True)
    return xml


def _info(alert: Element, seen: SeenAlert, one: Entry) -> None:
    """The info block; CAP's schema fixes the order of its elements."""
    tier = seen.edition.tier
    info = SubElement(alert, "info")
    _add(info, "language", "en")
    _add(info, "category", "Health")
    _add(info, "event", "New psychoactive substance")
    _add(info, "responseType", RESPONSE[tier] if seen.open else "AllClear")
    _add(info, "urgency", URGENCY[tier] if seen.open else "Past")
    _add(info, "severity", SEVERITY[tier] if seen.open else "Unknown")
    _add(info, "certainty", "Observed")
    _add(info, "effective", _when(seen.modified))
    _add(info, "senderName", AUTHOR)
    _add(info, "headline", one.title)
    _add(info, "description", one.text)
    _add(info, "instruction", CONSIDERATION)
    _add(info, "web", one.url)
    for name in ("substance", "name", "inchikey", "group", "family", "effect", "tier"):
        _parameter(info, name, one.facts[name])
    if one.facts["substance"] is None and one.facts["node"]:
        _parameter(info, "kind", one.facts["node"]["kind"])
        _parameter(info, "key", one.facts["node"]["key"])
    for member in one.facts["members"]:
        _parameter(info, "member", member["code"])
    if one.image:
        resource = SubElement(info, "resource")
        _add(resource, "resourceDesc", "Structure")
        _add(resource, "mimeType", "image/png")
        _add(resource, "uri", one.image)
    _area(info, seen.edition.countries)


def _parameter(info: Element, name: str, value: str | None) -> None:
    """A coded value under a name of ours; none for what is not known."""
    if value is not None:
        parameter = SubElement(info, "parameter")
        _add(parameter, "valueName", f"nps:{name}")
        _add(parameter, "value", value)


def _area(info: Element, codes: Sequence[str]) -> None:
    """The countries concerned, or the world when none is named."""
    area = SubElement(info, "area")
    _add(area, "areaDesc", ", ".join(sorted(country_name(code) for code in codes)) or "World")
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
