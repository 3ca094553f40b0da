"""What the worker does on its schedule, done now."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from app.cli.main import database, main, plainly, settings
from app.errors import Refused

if TYPE_CHECKING:
    pass


@main.command()
@click.option("--as-of", "as_of", metavar="YYYY-MM-DD", help="As it was known on that day.")
@plainly
def assess(as_of: str | None) -> None:
    """Run the rules and tell subscribers of what opened."""
    from app.worker import Work, assess_and_tell

    try:
        day = date.fromisoformat(as_of) if as_of else None
    except ValueError:
        raise Refused(f'"{as_of}" is no date; write YYYY-MM-DD') from None
    done = assess_and_tell(Work(database(), settings()), as_of=day)
    click.echo(", ".join(f"{number} {what}" for what, number in done.items()))


@main.command()
@click.option("--afresh", is_flag=True, help="Compare all reports again, not only new ones.")
@plainly
def duplicates(afresh: bool) -> None:
    """Look for reports of one event: link one reporter's own, propose others to a curator."""
    from app.worker import Work, compare_new

    done = compare_new(Work(database(), settings()), afresh=afresh)
    click.echo(", ".join(f"{number:,} {what}" for what, number in done.items()))


@main.command()
@plainly
def deliver() -> None:
    """Send what waits in the outbox."""
    from app.notification.queries import outbox_state
    from app.worker import Work, deliver_waiting, gather_and_remind, post_waiting

    work = Work(database(), settings())
    gather_and_remind(work)
    done, posted = deliver_waiting(work), post_waiting(work)
    with work.database.reading() as session:
        left = outbox_state(session)
    counts = ", ".join(f"{number + posted[what]} {what}" for what, number in done.items())
    click.echo(f"{counts}; in all {left.waiting} waiting, {left.parked} parked")
