"""The `tocsin` command: thin doors over the rooms' verbs."""

from app.cli import (  # noqa: F401 - each module hangs its commands on the group
    files,
    jobs,
    people,
    replaying,
    service,
)
from app.cli.main import main

__all__ = ["main"]
