"""The `tocsin` command: thin doors over the rooms' verbs."""

from __future__ import annotations

import logging
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from sqlalchemy.exc import OperationalError

from app.access.roles import Role
from app.clock import utc_now
from app.db import Database
from app.errors import Refused, TocsinError
from app.settings import Settings

if TYPE_CHECKING:
    from app.intake.judging import Judged

Command = TypeVar("Command", bound=Callable[..., Any])

ROLES = click.Choice([role.value for role in Role if role is not Role.PUBLIC])
TIERS = click.Choice(["watch", "alert", "urgent"])
MOST_SAID = 20  # problems that a dry run says one by one
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def plainly(command: Command) -> Command:
    """Say an expected error in one sentence, without a trace."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except Refused as error:
            for problem in error.problems:
                click.echo(str(problem), err=True)
            kept = f" (kept as {error.submission})" if error.submission else ""
            raise click.ClickException(f"{error}{kept}") from None
        except OperationalError as error:
            raise click.ClickException(f"the database does not answer: {error.orig}") from None
        except BrokenPipeError:
            raise  # whoever read our output has enough
        except (TocsinError, OSError) as error:
            raise click.ClickException(str(error)) from None

    return run  # type: ignore[return-value]


def settings() -> Settings:
    """The settings, read from the environment."""
    found = Settings.from_env(os.environ)
    logging.basicConfig(
        level=found.log_level,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    return found


def database() -> Database:
    """The database of the settings; the schema must be there."""
    from app.upkeep import require_schema

    db = Database(settings().database_url)
    require_schema(db)
    return db


@contextmanager
def counting() -> Iterator[Callable[[int], None] | None]:
    """A line on the terminal that says how many rows were read so far; None in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    try:
        yield lambda rows: click.echo(f"\rrows read: {rows:,}", nl=False, err=True)
    finally:
        click.echo(err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tocsin")
def main() -> None:
    """Tocsin, an early warning service for new psychoactive substances."""


@main.command()
@plainly
def init() -> None:
    """Create or migrate the database and load the knowledge base. Safe to repeat."""
    from app.upkeep import prepare

    click.echo(prepare(settings(), now=utc_now()))


@main.command()
@plainly
def serve() -> None:
    """Run the web server."""
    from app.serving import serve_web

    serve_web(settings())


@main.command()
@plainly
def worker() -> None:
    """Run the worker: assess and deliver on a schedule."""
    from app.worker import run_worker

    database()
    run_worker(settings())


@main.command()
@plainly
def run() -> None:
    """Run web server and worker together until Ctrl-C."""
    from app.serving import run_both

    sys.exit(run_both(settings(), say=click.echo))


@main.command()
@click.option("--only-real", is_flag=True, help="Leave the simulated reports out.")
@plainly
def demo(only_real: bool) -> None:
    """Load the demonstration: real US yearly counts, and simulated events of other countries."""
    from app.demonstration import load_demonstration
    from app.upkeep import prepare

    found = settings()
    prepare(found, now=utc_now())
    click.echo(load_demonstration(found, only_real=only_real))


@main.command()
@plainly
def doctor() -> None:
    """Check settings, database, chemistry, mail and worker; say what to do."""
    from app.upkeep import check_up

    lines, well = check_up(settings(), now=utc_now())
    click.echo("\n".join(lines))
    sys.exit(0 if well else 1)


@main.command()
@click.argument("target", type=click.Path(path_type=Path))
@plainly
def backup(target: Path) -> None:
    """Write a consistent copy of the embedded database to TARGET while the service runs."""
    from app.upkeep import back_up

    click.echo(back_up(settings(), target))


@main.command()
@click.argument("source", type=FILE)
@click.option("--yes", is_flag=True, help="Replace the present database without asking.")
@plainly
def restore(source: Path, yes: bool) -> None:
    """Put a backup in place of the embedded database; the present one is kept beside it."""
    from app.upkeep import put_back

    if not yes:
        click.confirm("The service must be stopped. Replace the database?", abort=True)
    click.echo(put_back(settings(), source, now=utc_now()))


@main.group()
def authority() -> None:
    """Authorities: bodies that report or subscribe."""


@authority.command("add")
@click.argument("code")
@click.argument("name")
@click.option(
    "--country", metavar="XX", help="ISO 3166-1 code; leave out for an international body."
)
@click.option("--reports-for", multiple=True, metavar="XX", help="Another country it reports for.")
@plainly
def authority_add(code: str, name: str, country: str | None, reports_for: tuple[str, ...]) -> None:
    """Register an authority."""
    from app.access.service import add_authority

    with database().transaction() as session:
        add_authority(session, code, name, country=country, reports_for=reports_for, now=utc_now())
    click.echo(f"{code} added", err=True)


@main.group()
def user() -> None:
    """People with a login."""


@user.command("add")
@click.argument("email")
@click.option("--authority", "code", required=True, metavar="CODE")
@click.option("--role", type=ROLES, required=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@plainly
def user_add(email: str, code: str, role: str, password_stdin: bool) -> None:
    """Give somebody a login; without --password-stdin a password is made and printed."""
    from app.access.service import add_person, authority_by_code

    password = sys.stdin.readline().rstrip("\n") if password_stdin else secrets.token_urlsafe(15)
    with database().transaction() as session:
        add_person(
            session,
            email,
            authority=authority_by_code(session, code),
            role=Role(role),
            password=password,
            now=utc_now(),
        )
    click.echo(f"{email} added as {role} of {code}", err=True)
    if not password_stdin:
        click.echo(password)


@main.group()
def key() -> None:
    """API keys."""


@key.command("issue")
@click.option("--authority", "code", required=True, metavar="CODE")
@click.option("--role", type=ROLES, required=True)
@plainly
def key_issue(code: str, role: str) -> None:
    """Issue an API key; it is printed now and never again."""
    from app.access.service import authority_by_code, issue_key

    with database().transaction() as session:
        home = authority_by_code(session, code)
        issued = issue_key(session, home, role=Role(role), now=utc_now())
    click.echo(issued)


@key.command("revoke")
@click.argument("prefix")
@plainly
def key_revoke(prefix: str) -> None:
    """Make the key with this PREFIX (the part between the underscores) worthless."""
    from app.access.service import revoke_key

    with database().transaction() as session:
        revoke_key(session, prefix, now=utc_now())
    click.echo(f"{prefix} revoked", err=True)


@main.command()
@click.argument("email")
@click.option("--authority", "code", required=True, metavar="CODE")
@click.option("--group", help="Only this UNODC group.")
@click.option("--country", metavar="XX", help="Only alerts in which this country reports.")
@click.option("--min-tier", type=TIERS, default="watch", show_default=True)
@plainly
def subscribe(email: str, code: str, group: str | None, country: str | None, min_tier: str) -> None:
    """Let EMAIL be told of alerts on behalf of an authority."""
    from app.access.service import authority_by_code
    from app.notification.subscriptions import subscribe as begin
    from app.surveillance.models import Tier

    with database().transaction() as session:
        begin(
            session,
            email,
            authority=authority_by_code(session, code),
            group=group,
            country=country,
            min_tier=Tier[min_tier.upper()],
            now=utc_now(),
        )
    click.echo(f"{email} will be told", err=True)


@main.command("import")
@click.argument("path", type=FILE)
@click.option("--authority", "code", required=True, metavar="CODE")
@click.option("--profile", help="Import profile that maps the file's own columns, e.g. nflis.")
@click.option("--dry-run", is_flag=True, help="Say what would become of each row; change nothing.")
@plainly
def import_file(path: Path, code: str, profile: str | None, dry_run: bool) -> None:
    """Import reports from a file. A second import changes nothing; an interrupted one goes on.

    Reads CSV (any delimiter and encoding of a spreadsheet), XLSX, SDF, JSON and NDJSON.
    """
    from app.cli_files import reporting
    from app.intake.files import rehearse_file, take_file

    db = database()
    with db.reading() as session:
        by = reporting(session, code)
    with counting() as progress:
        if dry_run:
            judged = rehearse_file(
                db, path, by=by, profile=profile, clock=utc_now, progress=progress
            )
            lines = _rehearsed(judged)
        else:
            receipt = take_file(db, path, by=by, profile=profile, clock=utc_now, progress=progress)
            lines = receipt.summary()
    click.echo("\n".join(lines))


def _rehearsed(judged: Iterable[Judged]) -> list[str]:
    """What a dry run found: the first rows that would be rejected, and the numbers."""
    from app.intake.taking import Tally
    from app.intake.words import Fate

    tally = Tally()
    wrong: list[str] = []
    for one in judged:
        tally.add([one])
        if one.fate is Fate.REJECTED and len(wrong) < MOST_SAID:
            wrong += [str(problem) for problem in one.notes]
    more = tally.fates[Fate.REJECTED] - len(wrong)
    rest = [f"and {more:,} more reports that would be rejected"] if more > 0 else []
    return [*wrong, *rest, "dry run: nothing was kept or changed", *tally.summary()]


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
    from app.worker import Work, deliver_waiting

    done = deliver_waiting(Work(database(), settings()))
    click.echo(", ".join(f"{number} {what}" for what, number in done.items()))


@main.command()
@click.argument("path", type=FILE)
@click.option("--out", type=click.Path(path_type=Path), help="JSON lines; default standard output.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1, 64))
@plainly
def structures(path: Path, out: Path | None, jobs: int) -> None:
    """Read the structures of a .smi, .csv or .sdf file; one JSON line a row, in order."""
    from app.structures import describe_file

    lines = describe_file(path, jobs=jobs)
    if out is None:
        for line in lines:
            click.echo(line)
        return
    with counting() as progress, out.open("w", encoding="utf-8") as target:
        for number, line in enumerate(lines, start=1):
            target.write(line + "\n")
            if progress and number % 100 == 0:
                progress(number)


from app import cli_files  # noqa: E402, F401 - hangs its commands on the group above
