"""Bring the catalogues up to the source, and say what is to be translated."""

from __future__ import annotations

import click

from app.translations.catalogues import TRANSLATED, untranslated, update


def main() -> None:
    """Update every catalogue."""
    for language in TRANSLATED:
        kept = update(language)
        click.echo(f"{language}: {len(kept)} messages, {len(untranslated(kept))} to be translated")


if __name__ == "__main__":
    main()
