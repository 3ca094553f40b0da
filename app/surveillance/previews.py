"""Previews of proposed rule sets: asked for, run at once or by the worker, and kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.access.service import record
from app.db import id_of
from app.errors import NotFound, Problem, Refused, shown
from app.surveillance.models import PreviewState, RulesetPreview
from app.surveillance.preview import Difference, Preview, preview
from app.surveillance.queries import last_assessment
from app.surveillance.rulebook import thresholds
from app.surveillance.ruleset import Ruleset, parse_ruleset, ruleset, ruleset_text

LONGEST_TEXT = 100_000  # characters; the file in force has some 16,000
MOST_MONTHS = 24
MOST_DIFFERENCES = 1_000  # kept of one preview; a rule set that differs more is looked at in parts
KEPT = 50  # previews, the newest
AT_ONCE_MILLISECONDS = 4_000  # what somebody may wait for a page; more is for the worker
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?")


def with_changes(changes: Mapping[str, str]) -> str:
    """The file in force with other values of some thresholds, by "section.name", as a draft.

    Raises Refused for a name that is none, and for what is no number.
    """
    known = {one.name: one for held in thresholds().values() for one in held}
    problems = [
        Problem(name, f'"{shown(value)}" is no number')
        if name in known
        else Problem(name, "is no threshold of the rules")
        for name, value in changes.items()
        if name not in known or not _NUMBER.fullmatch(value)
    ]
    if problems:
        raise Refused("; ".join(str(one) for one in problems), tuple(problems))
    changed = {n: v for n, v in changes.items() if float(v) != float(known[n].value)}
    if not changed:
        return ruleset_text()
    version, text = ruleset().version, ruleset_text()
    text = text.replace(f'version = "{version}"', f'version = "draft {version}"', 1)
    for name, value in changed.items():
        head, _, rest = text.partition(f"[{name}]\nvalue = ")
        text = f"{head}[{name}]\nvalue = {value}\n{rest.partition(chr(10))[2]}"
    return text


def ask_for(
    session: Session, text: str, *, months: int, by: Actor, now: datetime
) -> RulesetPreview:
    """Keep a rule set to be previewed over so many months. Raises Refused where it is none."""
    if len(text) > LONGEST_TEXT:
        raise Refused(f"a rule set has at most {LONGEST_TEXT:,} characters; this has {len(text):,}")
    if not 1 <= months <= MOST_MONTHS:
        raise Refused(f"months: a preview looks back 1 to {MOST_MONTHS} months, not {months}")
    proposed, in_force = parse_ruleset(text, "the rule set"), ruleset()
    if _without_version(proposed) == _without_version(in_force):
        raise Refused(f"the rule set says what {in_force.version} says; change a threshold")
    asked = RulesetPreview(
        asked_by=by.label,
        asked_at=now,
        as_of=now.date(),
        months=months,
        version=proposed.version,
        compared_with=in_force.version,
        text=text,
        state=PreviewState.WAITING,
    )
    session.add(asked)
    session.flush()
    session.execute(delete(RulesetPreview).where(RulesetPreview.id <= asked.id - KEPT))
    record(session, by, "ruleset.preview", asked.code, now, version=asked.version, months=months)
    return asked


def changed(asked: RulesetPreview) -> list[tuple[str, Any, Any]]:
    """Name, value in force and value proposed of each threshold that differs.

    Empty once another rule set is in force than the one it was compared with.
    """
    if asked.compared_with != ruleset().version:
        return []
    held, proposed = asdict(ruleset()), asdict(parse_ruleset(asked.text, asked.code))
    return [
        (f"{section}.{name}", value, proposed[section][name])
        for section, values in held.items()
        if isinstance(values, dict)
        for name, value in values.items()
        if proposed[section].get(name) != value
    ]


def is_quick(session: Session, months: int) -> bool:
    """Whether a preview takes no longer than somebody waits: two assessments for each month-end.

    As long as the last one took; before the first there is nothing to look at.
    """
    last = last_assessment(session)
    each = last.milliseconds if last else 0
    return each * 2 * (months + 1) <= AT_ONCE_MILLISECONDS


def computed(session: Session, asked: RulesetPreview) -> dict[str, Any]:
    """What the rule set would have fired, plain enough for JSON. Nothing is written."""
    proposed = parse_ruleset(asked.text, asked.code)
    found = preview(session, ruleset(), proposed, as_of=asked.as_of, months=asked.months)
    return _result(found)


def finish(
    session: Session, code: str, result: dict[str, Any] | None, *, now: datetime
) -> RulesetPreview:
    """Write down what came of a preview; None when it could not be run."""
    asked = _by_code(session, code)
    asked.result, asked.done_at = result, now
    asked.state = PreviewState.DONE if result is not None else PreviewState.FAILED
    asked.compared_with = ruleset().version
    session.flush()
    return asked


def waiting(session: Session) -> RulesetPreview | None:
    """The oldest preview that waits for the worker."""
    return session.scalars(
        select(RulesetPreview)
        .where(RulesetPreview.state == PreviewState.WAITING)
        .order_by(RulesetPreview.id)
        .limit(1)
    ).one_or_none()


def recent(session: Session) -> list[RulesetPreview]:
    """All that are kept, the newest first."""
    return list(session.scalars(select(RulesetPreview).order_by(RulesetPreview.id.desc())))


def preview_by_code(session: Session, code: str) -> RulesetPreview:
    """One preview. Raises NotFound."""
    return _by_code(session, code)


def _by_code(session: Session, code: str) -> RulesetPreview:
    number = id_of(code.removeprefix("V-")) if code.startswith("V-") else None
    found = session.get(RulesetPreview, number) if number else None
    if found is None:
        raise NotFound(f"there is no preview {shown(code)}; the newest {KEPT} are kept")
    return found


def _without_version(rules: Ruleset) -> dict[str, Any]:
    return {**asdict(rules), "version": ""}


def _result(found: Preview) -> dict[str, Any]:
    return {
        "month_ends": found.months,
        "fired_now": found.fired_now,
        "fired_then": found.fired_then,
        "differ": len(found.differences),
        "differences": [_plain(one) for one in found.differences[:MOST_DIFFERENCES]],
    }


def _plain(one: Difference) -> dict[str, Any]:
    return {
        "month": one.month.isoformat(),
        "rule": one.signal.rule.value,
        "scope": one.signal.scope,
        "node_kind": one.signal.node.kind.value,
        "node": one.signal.node.key,
        "name": one.name,
        "now": one.now.word if one.now else None,
        "then": one.then.word if one.then else None,
    }
