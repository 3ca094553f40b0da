"""Commands about the files that reports are sent in: import profiles and empty tables."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy.orm import Session

from app.access.roles import Actor, Role
from app.cli import FILE, database, main, plainly
from app.clock import utc_now
from app.errors import Refused


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
