"""Commands that prepare, run and keep the service."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.main import FILE, database, main, plainly, settings
from app.clock import utc_now

if TYPE_CHECKING:
    pass


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
