"""CAP 1.2 as OASIS and ITU-T X.1303bis describe it, written out as a table that a test can apply.

Each element has its children in the order of the standard, with how often each may come (least,
most; None: any number) and what its text must match. `complaints` names everything that is wrong.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, fromstring

NAMESPACE = "{urn:oasis:names:tc:emergency:cap:1.2}"
ONE, MAYBE, ANY, SOME = (1, 1), (0, 1), (0, None), (1, None)

# YYYY-MM-DDThh:mm:ss±hh:mm; UTC is -00:00, and no Z
MOMENT = r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[-,+]\d\d:\d\d"
NAME = r"[^ ,<&\s]+"  # no spaces, commas or restricted characters
TEXT = r"(?s).*\S.*"
URI = r"[A-Za-z][A-Za-z0-9+.-]*:\S+"
REFERENCE = rf"{NAME},{NAME},{MOMENT}"
NUMBER = r"-?\d+(\.\d+)?"
POINT = rf"{NUMBER},{NUMBER}"


def words(*said: str) -> str:
    return "|".join(said)


CATEGORY = words(
    "Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra",
    "CBRNE", "Other",
)  # fmt: skip
RESPONSE = words(
    "Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"
)
URGENCY = words("Immediate", "Expected", "Future", "Past", "Unknown")
SEVERITY = words("Extreme", "Severe", "Moderate", "Minor", "Unknown")
CERTAINTY = words("Observed", "Likely", "Possible", "Unlikely", "Unknown")

# element: [(child, how often, what its text must match; None: it has children)]
CHILDREN: dict[str, list[tuple[str, tuple[int, int | None], str | None]]] = {
    "alert": [
        ("identifier", ONE, NAME),
        ("sender", ONE, NAME),
        ("sent", ONE, MOMENT),
        ("status", ONE, words("Actual", "Exercise", "System", "Test", "Draft")),
        ("msgType", ONE, words("Alert", "Update", "Cancel", "Ack", "Error")),
        ("source", MAYBE, TEXT),
        ("scope", ONE, words("Public", "Restricted", "Private")),
        ("restriction", MAYBE, TEXT),
        ("addresses", MAYBE, TEXT),
        ("code", ANY, TEXT),
        ("note", MAYBE, TEXT),
        ("references", MAYBE, rf"{REFERENCE}( {REFERENCE})*"),
        ("incidents", MAYBE, TEXT),
        ("info", ANY, None),
    ],
    "info": [
        ("language", MAYBE, r"[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*"),
        ("category", SOME, CATEGORY),
        ("event", ONE, TEXT),
        ("responseType", ANY, RESPONSE),
        ("urgency", ONE, URGENCY),
        ("severity", ONE, SEVERITY),
        ("certainty", ONE, CERTAINTY),
        ("audience", MAYBE, TEXT),
        ("eventCode", ANY, None),
        ("effective", MAYBE, MOMENT),
        ("onset", MAYBE, MOMENT),
        ("expires", MAYBE, MOMENT),
        ("senderName", MAYBE, TEXT),
        ("headline", MAYBE, TEXT),
        ("description", MAYBE, TEXT),
        ("instruction", MAYBE, TEXT),
        ("web", MAYBE, URI),
        ("contact", MAYBE, TEXT),
        ("parameter", ANY, None),
        ("resource", ANY, None),
        ("area", ANY, None),
    ],
    "eventCode": [("valueName", ONE, TEXT), ("value", ONE, TEXT)],
    "parameter": [("valueName", ONE, TEXT), ("value", ONE, TEXT)],
    "geocode": [("valueName", ONE, TEXT), ("value", ONE, TEXT)],
    "resource": [
        ("resourceDesc", ONE, TEXT),
        ("mimeType", ONE, r"[\w.+-]+/[\w.+-]+"),
        ("size", MAYBE, r"\d+"),
        ("uri", MAYBE, URI),
        ("derefUri", MAYBE, TEXT),
        ("digest", MAYBE, r"[0-9a-f]{40}"),
    ],
    "area": [
        ("areaDesc", ONE, TEXT),
        ("polygon", ANY, rf"{POINT}( {POINT}){{3,}}"),
        ("circle", ANY, rf"{POINT} {NUMBER}"),
        ("geocode", ANY, None),
        ("altitude", MAYBE, NUMBER),
        ("ceiling", MAYBE, NUMBER),
    ],
}


def complaints(xml: bytes) -> list[str]:
    """Everything by which a message breaks the standard; empty for a valid one."""
    root = fromstring(xml)
    if root.tag != f"{NAMESPACE}alert":
        return [f"the root is {root.tag}"]
    return [*_of(root, "alert"), *_together(root)]


def _of(element: Element, name: str) -> list[str]:
    rules = CHILDREN[name]
    order = [child for child, _, _ in rules]
    there = [child.tag.removeprefix(NAMESPACE) for child in element]
    found = [f"{name} has a {child}" for child in there if child not in order]
    known = [order.index(child) for child in there if child in order]
    if known != sorted(known):
        found.append(f"{name} has its elements out of order: {there}")
    for child, (least, most), pattern in rules:
        ones = element.findall(NAMESPACE + child)
        if len(ones) < least or (most is not None and len(ones) > most):
            found.append(f"{name} has {len(ones)} × {child}")
        for one in ones:
            if pattern is None:
                found += _of(one, child)
            elif len(one) or re.fullmatch(pattern, one.text or "") is None:
                found.append(f"{child} is {one.text!r}")
    return found


def _together(root: Element) -> list[str]:
    """What the prose of the standard asks beyond its schema."""
    found = []

    def text(name: str) -> str:
        return root.findtext(NAMESPACE + name) or ""

    if text("msgType") in {"Update", "Cancel", "Ack", "Error"} and not text("references"):
        found.append(f"{text('msgType')} refers to nothing")
    if text("scope") == "Restricted" and not text("restriction"):
        found.append("Restricted without a restriction")
    if text("scope") == "Private" and not text("addresses"):
        found.append("Private without addresses")
    if text("status") == "Exercise" and not text("note"):
        found.append("an Exercise says in its note which")
    return found
