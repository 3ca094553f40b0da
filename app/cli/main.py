"""The group of all commands and what they share: how an error is said, settings, database."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from sqlalchemy.exc import OperationalError

from app.access.roles import Role
from app.db import Database
from app.errors import Refused, TocsinError
from app.settings import Settings

if TYPE_CHECKING:
    pass

Command = TypeVar("Command", bound=Callable[..., Any])

ROLES = click.Choice([role.value for role in Role if role is not Role.PUBLIC])
TIERS = click.Choice(["watch", "alert", "urgent"])
RHYTHMS = click.Choice(["immediate", "daily", "weekly"])
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
