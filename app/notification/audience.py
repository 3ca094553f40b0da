"""What those an alert is written for may not be told: asked before it is checked, and when issued.

A draft may cite signals, reports and substances, and write names; so may the reason for which what
was told is closed or retracted. Whatever its audience could not look up by itself is a problem
here: what is cited must exist for a reader at or below its handling, and no name may stand in it
that is known from more restricted reports alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.access.handling import Handling, effective_handling
from app.countries import country_name
from app.errors import Problem
from app.intake.models import Finding, Report
from app.intake.sight import current
from app.intake.words import Resolution
from app.notification.products import MOST, Content, Telling, quoted
from app.registry.models import Substance, SubstanceName
from app.registry.names import name_key
from app.surveillance.models import Episode, EpisodeView
from app.surveillance.queries import names_the_known

# words that laboratories send in the place of a name; a text may use them
SAYING_NOTHING = frozenset({
    "unknown", "unidentified", "unresolved", "unnamed", "substance", "compound", "mixture",
    "powder", "sample", "opioid", "cannabinoid", "cathinone", "benzodiazepine", "stimulant",
    "nitazene", "isomer", "analogue", "derivative", "none",
})  # fmt: skip
SHORTEST_NAME = 3  # of what is looked for in a text


def kept_from(session: Session, content: Telling, *, today: date) -> tuple[Problem, ...]:
    """What the content would tell that its audience may not know; none when it may go out."""
    return (
        *_substances(session, content),
        *_signals(session, content),
        *_reports(session, content, today),
        *_names(session, content, today),
    )


def cautions(session: Session, content: Content, *, today: date) -> list[str]:
    """What the second person should look at: countries that no report of this openness names.

    They may be known from elsewhere, so this refuses nothing.
    """
    ids = [_number(code) for code in content.substances]
    if not ids or not content.countries:
        return []
    openness = effective_handling(Report.handling, Report.embargo_until, today)
    # by the index on finding.substance_id
    query = (
        select(Report.country)
        .join(Finding, Finding.report_id == Report.id)
        .where(Finding.substance_id.in_(ids), current(), openness <= int(content.handling))
        .distinct()
    )
    seen = set(session.scalars(query))
    silent = [country_name(code) for code in content.countries if code not in seen]
    if not silent:
        return []
    return [
        f"{', '.join(sorted(silent))}: named here, though no report that is open to TLP:"
        f"{content.handling.word.upper()} finds the substance there. Make sure it may be told."
    ]


def _substances(session: Session, content: Telling) -> list[Problem]:
    named = [(code, "substances") for code in content.substances]
    named += [(code, _field_of(content, code)) for code in sorted(quoted(content)["TS"])]
    ids = {_number(code) for code, _ in named}
    query = select(Substance.id, Substance.handling).where(Substance.id.in_(ids))
    levels = {number: level for number, level in session.execute(query)}
    return _above(content, named, levels)


def _signals(session: Session, content: Telling) -> list[Problem]:
    """A signal exists for an audience that has a view of it (unique key of episode_view), and may
    know of all whom the view names."""
    named = [(code, "sources") for code in content.sources if code.startswith("E-")]
    named += [(code, _field_of(content, code)) for code in sorted(quoted(content)["E"])]
    numbers = {_number(code) for code, _ in named}
    open_enough = Substance.handling <= int(content.handling)
    query = (
        select(EpisodeView.episode_id, func.min(EpisodeView.handling))
        .where(
            EpisodeView.episode_id.in_(numbers),
            names_the_known(open_enough, Episode.id.in_(numbers)),
        )
        .group_by(EpisodeView.episode_id)
    )
    levels = {number: Handling(level) for number, level in session.execute(query)}
    return _above(content, named, levels)


def _reports(session: Session, content: Telling, today: date) -> list[Problem]:
    """Rows travel less far than figures: signed-in readers see those up to green one by one."""
    named = [(code, "sources") for code in content.sources if code.startswith("RP-")]
    named += [(code, _field_of(content, code)) for code in sorted(quoted(content)["RP"])]
    rows = min(content.handling, Handling.GREEN)
    openness = effective_handling(Report.handling, Report.embargo_until, today)
    query = select(Report.id).where(
        Report.id.in_({_number(code) for code, _ in named}), current(), openness <= int(rows)
    )
    readable = set(session.scalars(query))
    # one answer for what is restricted and what never was: whoever writes may not know of it either
    return [
        Problem(field, f"there is no report {code} that readers of {_tlp(content)} may look up")
        for code, field in dict.fromkeys(named)
        if _number(code) not in readable
    ]


def _names(session: Session, content: Telling, today: date) -> list[Problem]:
    """Names that stand in the text and are known from more restricted reports alone."""
    texts = {field: text.casefold() for field, text in content.texts.items() if text}
    restricted = {
        name
        for name in _restricted_names(session, content.handling, today)
        if name and any(_stands_in(name, text) for text in texts.values())
    }
    if not restricted:
        return []
    open_keys = _open_keys(session, {name_key(name) for name in restricted}, content.handling)
    return [
        Problem(
            field,
            f'"{name}" is known to us from reports above {_tlp(content)} alone; leave the name '
            "out, or tell fewer",
        )
        for name in sorted(restricted)
        if name_key(name) not in open_keys
        for field, text in texts.items()
        if _stands_in(name, text)
    ]


def _restricted_names(session: Session, level: Handling, today: date) -> Iterable[str]:
    """Names above a level: of substances, and written by laboratories and resolved to nothing.

    Of the latter only those that the secretariat may read, or a refusal would tell of the others.
    """
    yield from session.scalars(select(Substance.name).where(Substance.handling > level))
    yield from session.scalars(
        select(SubstanceName.name)
        .outerjoin(Substance, Substance.id == SubstanceName.substance_id)
        .where(
            or_(
                SubstanceName.handling > level,
                SubstanceName.authority_id.is_not(None),
                Substance.handling > level,
            )
        )
    )
    openness = func.min(effective_handling(Report.handling, Report.embargo_until, today))
    waiting = (current(), Finding.resolution == Resolution.QUEUED, Finding.name_key.is_not(None))
    keys = (
        select(Finding.name_key)
        .join(Report)
        .where(*waiting)
        .group_by(Finding.name_key)
        .having(openness > int(level), openness <= int(Handling.AMBER))
    )
    written = select(Finding.substance_name).join(Report).where(*waiting)
    for name in session.scalars(written.where(Finding.name_key.in_(keys)).distinct()):
        if name:
            yield name


def _open_keys(session: Session, keys: set[str], level: Handling) -> set[str]:
    """Of these, the names that everybody at the level may read in the registry anyway."""
    query = (
        select(SubstanceName.key)
        .outerjoin(Substance, Substance.id == SubstanceName.substance_id)
        .where(
            SubstanceName.key.in_(keys),
            SubstanceName.handling <= level,
            SubstanceName.authority_id.is_(None),
            or_(Substance.id.is_(None), Substance.handling <= level),
        )
    )
    return set(session.scalars(query))


def _stands_in(name: str, text: str) -> bool:
    """Whether a folded text holds the name as words of its own."""
    wanted = " ".join(name.casefold().split())
    if len(wanted) < SHORTEST_NAME or wanted in SAYING_NOTHING or wanted not in text:
        return False
    return re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", text) is not None


def _above(
    content: Telling, named: Iterable[tuple[str, str]], levels: dict[int, Handling]
) -> list[Problem]:
    """What is not there, or not at this level."""
    found = []
    for code, field in dict.fromkeys(named):
        level = levels.get(_number(code))
        if level is None and field in MOST:  # in a text it may be anything: E-10 is fuel, too
            found.append(Problem(field, f"there is no {code}"))
        elif level is not None and level > content.handling:
            word = f"TLP:{level.word.upper()}"
            found.append(Problem(field, f"{code} is {word} and the audience {_tlp(content)}"))
    return found


def _field_of(content: Telling, code: str) -> str:
    """The text that quotes a number, however many noughts it writes."""
    kind, digits = code.split("-")
    pattern = re.compile(rf"\b{kind}-0*{int(digits)}\b", re.IGNORECASE)
    return next(name for name, text in content.texts.items() if pattern.search(text))


def _tlp(content: Telling) -> str:
    return f"TLP:{content.handling.word.upper()}"


def _number(code: str) -> int:
    return int(code.split("-")[1])
