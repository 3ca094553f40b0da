"""Commands about files: reports to take in, import profiles, empty tables, structures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.orm import Session

from app.access.roles import Actor, Role
from app.cli.main import FILE, MOST_SAID, counting, database, main, plainly
from app.clock import utc_now
from app.errors import Refused

if TYPE_CHECKING:
    from app.intake.judging import Judged


@main.command("import")
@click.argument("path", type=FILE)
@click.option("--authority", "code", required=True, metavar="CODE")
@click.option("--profile", help="Import profile that maps the file's own columns, e.g. nflis.")
@click.option("--dry-run", is_flag=True, help="Say what would become of each row; change nothing.")
@click.option(
    "--as",
    "what",
    type=click.Choice(["measures", "uses", "standards"]),
    help="What it declares, instead of reports: a CSV, JSON or NDJSON file.",
)
@plainly
def import_file(
    path: Path, code: str, profile: str | None, dry_run: bool, what: str | None
) -> None:
    """Import reports from a file. A second import changes nothing; an interrupted one goes on.

    Reads CSV (any delimiter and encoding of a spreadsheet), XLSX, SDF, JSON and NDJSON.
    """
    from app.intake.files import rehearse_file, take_file

    db = database()
    with db.reading() as session:
        by = reporting(session, code)
    if what:
        if profile or dry_run:
            raise Refused("--as goes without --profile and --dry-run")
        _import_declared(path, what, by)
        return
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


def _import_declared(path: Path, what: str, by: Actor) -> None:
    """Import what a file declares of substances."""
    from app.intake.declared_files import take_declared_file
    from app.registry.facts import Topic

    topic = Topic(what.removesuffix("s"))
    _, lines = take_declared_file(database(), path, topic, by=by, now=utc_now())
    click.echo("\n".join(lines))


def _rehearsed(judged: Iterable[Judged]) -> list[str]:
    """What a dry run found: the first rows that would be rejected, and the numbers."""
    from app.intake.tally import Tally
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


def reporting(session: Session, code: str) -> Actor:
    """The command line, as it reports for an authority. Raises NotFound."""
    from app.access.models import acting
    from app.access.service import authority_by_code

    return acting(Role.LABORATORY, "command line", authority_by_code(session, code))


@main.group()
def profile() -> None:
    """Import profiles: how a source's own columns and codes are read."""


@profile.command("add")
@click.argument("path", type=FILE)
@click.option("--authority", "code", required=True, metavar="CODE")
@click.option("--name", help="Name of the profile; by default the file's own.")
@plainly
def profile_add(path: Path, code: str, name: str | None) -> None:
    """Keep a profile (TOML) for an authority; once more with a changed file saves a new version."""
    from app.intake.profiles.keeping import save_profile

    text, name = _text(path), name or path.stem.lower()
    with database().transaction() as session:
        version = save_profile(session, name, text, by=reporting(session, code), now=utc_now())
    click.echo(f"profile {name} of {code} saved, version {version}", err=True)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8 text") from None


@main.command()
@click.argument("path", type=click.Path(path_type=Path))
@plainly
def template(path: Path) -> None:
    """Write an empty table for reports to PATH (.csv, or .xlsx with drop-downs)."""
    from app.intake.templates import template as made

    content = made(path.suffix)
    if path.exists():
        raise Refused(f"{path} is there already; choose another name")
    path.write_bytes(content)
    click.echo(f"{path} written; fill it in and send it with: tocsin import", err=True)


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
