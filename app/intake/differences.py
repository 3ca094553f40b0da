"""In what two versions of a report differ, field by field, for the person who has to mend one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.errors import shown
from app.intake.schema import ReportIn

MOST_SAID = 5


def differences(held: ReportIn, sent: ReportIn) -> list[str]:
    """Each field that says something else: "count: held 1, sent 9"."""
    plain = (report.model_dump(mode="json") for report in (held, sent))
    return list(_between("", *plain))


def told(found: list[str]) -> str:
    """The first few of them, for a sentence."""
    more = len(found) - MOST_SAID
    return "; ".join(found[:MOST_SAID]) + (f"; and {more} more" if more > 0 else "")


def _between(path: str, held: Any, sent: Any) -> Iterator[str]:
    if held == sent:
        return
    if isinstance(held, dict) and isinstance(sent, dict):
        for name in (*held, *(name for name in sent if name not in held)):
            place = f"{path}.{name}" if path else str(name)
            yield from _between(place, held.get(name), sent.get(name))
    elif path == "findings" and isinstance(held, list) and isinstance(sent, list):
        for number in range(max(len(held), len(sent))):
            pair = (side[number] if number < len(side) else None for side in (held, sent))
            yield from _between(f"{path}[{number}]", *pair)
    else:
        yield f"{path}: held {_said(held)}, sent {_said(sent)}"


def _said(value: Any) -> str:
    if value is None or value == []:
        return "nothing"
    if isinstance(value, dict):
        return shown(value.get("substance_name") or value.get("structure") or "a finding")
    return shown(", ".join(map(str, value)) if isinstance(value, list) else value)
