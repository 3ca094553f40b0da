"""Commands about authorities, people, keys and who is told."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING

import click

from app.access.roles import Role
from app.cli.main import RHYTHMS, ROLES, TIERS, database, main, plainly
from app.clock import utc_now

if TYPE_CHECKING:
    pass


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
@click.argument("email", required=False)
@click.option("--authority", "code", required=True, metavar="CODE")
@click.option("--group", multiple=True, help="Only this UNODC group; may be given several times.")
@click.option("--family", multiple=True, help="Only this family.")
@click.option("--country", multiple=True, metavar="XX", help="Only alerts on this country.")
@click.option("--min-tier", type=TIERS, default="watch", show_default=True)
@click.option("--rhythm", type=RHYTHMS, default="immediate", show_default=True)
@click.option("--time-zone", default="UTC", show_default=True, metavar="ZONE")
@click.option("--language", type=click.Choice(["en", "fr", "es"]), default="en", show_default=True)
@click.option("--webhook", type=int, metavar="ID", help="Tell this webhook, and no EMAIL.")
@plainly
def subscribe(
    email: str | None,
    *,
    code: str,
    group: tuple[str, ...],
    family: tuple[str, ...],
    country: tuple[str, ...],
    webhook: int | None,
    **settings: str,
) -> None:
    """Let EMAIL be told of alerts on behalf of an authority."""
    from app.access.roles import SYSTEM
    from app.access.service import authority_by_code
    from app.notification.subscriptions import subscribe as begin
    from app.notification.wishes import read_wish

    if (email is None) == (webhook is None):
        raise click.UsageError("give an EMAIL, or a webhook with --webhook: one of the two")
    filters = {"groups": list(group), "families": list(family), "countries": list(country)}
    with database().transaction() as session:
        home = authority_by_code(session, code)
        sent = settings | {"filters": filters}
        wish = read_wish(session, sent, authority=home, by=SYSTEM)
        begin(session, email, authority=home, wish=wish, webhook_id=webhook, now=utc_now())
    click.echo(f"{email or f'webhook {webhook}'} will be told", err=True)
