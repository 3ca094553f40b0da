"""Replaying the past: what the rules would have said, and how early that would have been."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.main import FILE, database, main, plainly
from app.errors import Refused
from app.spreadsheets import plain_cell

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.surveillance.replay import Month, Step
    from app.surveillance.scoring import Official

COLUMNS = (
    "month", "what", "rule", "node_kind", "node", "name", "scope", "tier", "countries", "events",
    "reports", "rank", "score", "sentence",
)  # fmt: skip


@main.command()
@click.option("--from", "first", metavar="YYYY-MM", required=True, help="The first month.")
@click.option("--to", "last", metavar="YYYY-MM", required=True, help="The last month.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
    help="CSV: what opened, rose and closed, with the rank on the priority list of that month.",
)  # fmt: skip
@click.option("--score", type=FILE, help="CSV of official dates: substance, year (outcome).")
@click.option(
    "--known-after", type=click.IntRange(0, 3650), default=None, metavar="DAYS",
    help="Reports that came in over a year late: as if known so long after their event or span. "
    "Without it, 0 when most came in so late.",
)  # fmt: skip
@click.option("--as-received", is_flag=True, help="Never pretend: what came late was not known.")
@plainly
def replay(
    *,
    first: str,
    last: str,
    out: Path,
    score: Path | None,
    known_after: int | None,
    as_received: bool,
) -> None:
    """Say month by month what the rules would have said, knowing no more than was known then.

    Where history is taken as known in its time, an embedded database takes no reports until the
    replay has ended: run that on a copy (tocsin backup).
    """
    from app.access.roles import SYSTEM
    from app.surveillance import replay as past
    from app.surveillance.clocks import official_table

    begin, end = _month("--from", first), _month("--to", last)
    if end < begin:
        raise Refused(f"--to {last} lies before --from {first}")
    if known_after is not None and as_received:
        raise Refused("--known-after and --as-received ask for opposite things; choose one")
    with database().reading() as session:  # what is pretended below is rolled back at its end
        official, unknown = official_table(session, score) if score else ([], [])
        _pretend(session, end, known_after, as_received=as_received)
        months: list[Month] = []
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            span = (end.year - begin.year) * 12 + end.month - begin.month + 1
            replayed = past.replay(session, SYSTEM, first=begin, last=end)
            with click.progressbar(replayed, length=span, label="months") as bar:
                for month in bar:
                    writer.writerows(_cells(step) for step in month.steps)
                    months.append(month)
        steps = [step for month in months for step in month.steps]
        opened = sum(step.what == "opened" for step in steps)
        click.echo(f"{opened:,} signals opened in {len(months)} months; all in {out}")
        if score:
            _score(session, months, official, unknown)


@main.command()
@click.argument("file", type=FILE)
@click.option(
    "--months", type=click.IntRange(1, 120), default=12, help="How far back; 12 unless said."
)
@plainly
def preview(file: Path, months: int) -> None:
    """Say what the rule set in FILE would have fired, against the one in force."""
    from app.clock import utc_now
    from app.surveillance.preview import preview as compared
    from app.surveillance.ruleset import read_ruleset, ruleset

    in_force, other = ruleset(), read_ruleset(file)
    with database().reading() as session:
        found = compared(session, in_force, other, as_of=utc_now().date(), months=months)
    for one in found.differences:
        before, after = (tier.word if tier else "silent" for tier in (one.now, one.then))
        where = "" if one.signal.scope == "world" else f" ({one.signal.scope})"
        what = f"{one.signal.rule.value} {one.name}{where}"
        click.echo(f"{one.month:%Y-%m}  {before:>7} -> {after:<7}  {what}")
    click.echo(
        f"{len(found.differences):,} signals differ. Over {found.months} month-ends rule set "
        f"{in_force.version} fired {found.fired_now:,} times, {other.version} would have "
        f"{found.fired_then:,} times."
    )


def _pretend(session: Session, last: date, days: int | None, *, as_received: bool) -> None:
    """Take history as known in its time where that was asked for, or is the only sense of it."""
    from app.surveillance.hindsight import assume_known, came_late

    late, reports = came_late(session, last=last)
    if as_received or not late or (days is None and late * 2 < reports):
        return
    changed = assume_known(session, days=days or 0)
    when = f"{days} days after" if days else "at the end of"
    click.echo(
        f"{changed:,} of {reports:,} reports came in over a year late. They are replayed as if "
        f"known {when} their event or span, under the names they have today; this is no record of "
        "what was known."
    )


def _month(option: str, text: str) -> date:
    if not re.fullmatch(r"(19|20)\d\d-(0[1-9]|1[0-2])", text):
        raise Refused(f'{option} "{text}" is no month; write YYYY-MM')
    return date(int(text[:4]), int(text[5:]), 1)


def _cells(step: Step) -> Iterator[object]:
    from app.surveillance.wording import sentence

    signal, evidence = step.signal, step.evidence
    row = (
        f"{step.month:%Y-%m}", step.what, signal.rule.value, signal.node.kind.value,
        signal.node.key, step.name, signal.scope, step.tier.word, " ".join(evidence.countries),
        evidence.numbers["events"], evidence.numbers["reports"], step.rank,
        None if step.score is None else round(step.score, 2), sentence(evidence, step.name),
    )  # fmt: skip
    return (plain_cell(value) if isinstance(value, str) else value for value in row)


def _score(
    session: Session, months: Sequence[Month], official: Sequence[Official], unknown: Sequence[str]
) -> None:
    """Print how early and how truly the rules spoke, beside clocks that cost nothing."""
    from app.surveillance.clocks import clocks, controlled_since, families_of
    from app.surveillance.scorecard import Beside, scorecard

    beside = Beside(
        clocks(session, last=months[-1].end), families_of(session), controlled_since(session)
    )
    for line in scorecard(months, official, unknown, beside):
        click.echo(line)
