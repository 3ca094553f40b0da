"""The house as it is described: its walls, its file sizes, its commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from app.cli import main

ROOT = Path(__file__).parents[1]
LONGEST = 400
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_no_wall_is_walked_through():
    pytest.importorskip("importlinter")
    linter = Path(sys.executable).parent / "lint-imports"
    command = [linter, "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout


def test_no_file_is_too_long_to_be_read():
    files = [path for room in ("app", "chem", "tests") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 100
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert not {str(path): n for path, n in lengths.items() if n > LONGEST}


def commands(group: click.Group, path: str = "tocsin"):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


@pytest.mark.parametrize("command", [words for words, _ in commands(main)])
def test_every_command_is_in_the_readme(command):
    table = [line for line in README.splitlines() if line.startswith("| `tocsin")]
    assert any(re.search(rf"`{command}[ `]", line) for line in table)


def test_the_readme_promises_no_command_that_is_not_there():
    there = {words for words, _ in commands(main)}
    named = set(re.findall(r"`(tocsin(?: [a-z]+)+)", README))
    assert all(any(words == c or words.startswith(f"{c} ") for c in there) for words in named)


def test_every_command_says_what_it_does():
    assert all(command.help for _, command in commands(main))


def test_what_make_is_asked_for_it_can_do():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    asked = set(re.findall(r"(?:^    |`)(?:PORT=\d+ )?make ([a-z]+)", README, re.MULTILINE))
    assert {"run", "test", "check", "bench"} <= asked <= targets
