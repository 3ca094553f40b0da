"""`python -m app` is `tocsin`."""

from app.cli import main

main()
